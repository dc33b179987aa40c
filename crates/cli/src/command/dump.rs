//! `pgark dump`

use std::num::NonZeroU32;
use std::path::Path;
use std::process::ExitCode;

use pgark_archive::{Compression, ScriptOptions};
use pgark_dump::{Content, Format, Inserts, Options, Report};

use super::connection;
use super::restore::script_options;
use crate::arguments::{DumpArguments, DumpFormat, RowArguments};
use crate::exit;
use crate::output::say;
use crate::output_file::OutputFile;

/// Dumps one database to a file or to standard output.
pub(crate) async fn run(arguments: DumpArguments, verbose: bool) -> anyhow::Result<ExitCode> {
    let config = connection::config(&arguments.connection)?;
    let options = Options {
        content: match (arguments.schema_only, arguments.data_only) {
            (true, _) => Content::SchemaOnly,
            (_, true) => Content::DataOnly,
            _ => Content::All,
        },
        jobs: arguments.jobs,
        compression: arguments.compress.unwrap_or(Compression::DEFAULT),
        format: format(&arguments, verbose)?,
        inserts: inserts(&arguments.rows)?,
        load_via_partition_root: arguments.rows.load_via_partition_root,
        allow_newer_server: arguments.allow_newer_server,
        ..Options::default()
    };
    // As with pg_dump, a script can go to "-", and an archive into a file of that name.
    let is_plain = arguments.format == DumpFormat::Plain;
    let path = arguments.file.as_deref();
    let output = OutputFile::open(path.filter(|path| !(is_plain && *path == Path::new("-"))))?;
    let report = pgark_dump::dump(&config, &options, output.sink()?).await?;
    output.finish()?;
    tell(&report);
    Ok(ExitCode::SUCCESS)
}

fn format(arguments: &DumpArguments, verbose: bool) -> anyhow::Result<Format> {
    let is_plain = arguments.format == DumpFormat::Plain;
    if !is_plain {
        if arguments.script.restrict_key.is_some() {
            return Err(usage(
                "--restrict-key is for scripts, so it needs --format=plain",
            ));
        }
        return Ok(Format::Custom);
    }
    if !matches!(arguments.compress, None | Some(Compression::None)) {
        return Err(usage(
            "scripts are not compressed: leave --compress out, or use --format=custom",
        ));
    }
    Ok(Format::Plain(Box::new(ScriptOptions {
        schema: !arguments.data_only,
        no_owner: arguments.storage.no_owner,
        no_tablespaces: arguments.storage.no_tablespaces,
        no_table_access_method: arguments.storage.no_table_access_method,
        verbose,
        ..script_options(&arguments.script)?
    })))
}

fn inserts(rows: &RowArguments) -> anyhow::Result<Option<Inserts>> {
    if rows.inserts || rows.column_inserts || rows.rows_per_insert.is_some() {
        return Ok(Some(Inserts {
            rows_per_statement: rows.rows_per_insert.unwrap_or(NonZeroU32::MIN),
            column_names: rows.column_inserts,
            on_conflict_do_nothing: rows.on_conflict_do_nothing,
        }));
    }
    if rows.on_conflict_do_nothing {
        return Err(usage(
            "--on-conflict-do-nothing needs --inserts, --rows-per-insert or --column-inserts",
        ));
    }
    Ok(None)
}

fn usage(what: &str) -> anyhow::Error {
    exit::Usage(what.to_owned()).into()
}

fn tell(report: &Report) {
    for warning in &report.warnings {
        say(format!("warning: {warning}"));
    }
}
