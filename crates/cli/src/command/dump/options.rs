//! What the options of `dump` ask for.

use std::ffi::OsString;
use std::num::NonZeroU32;
use std::os::unix::ffi::OsStringExt;

use bstr::BString;
use pgark_archive::{Compression, ScriptOptions};
use pgark_dump::{
    Content, Format, Inserts, NameOptions, Omit, Options, Sections, SessionOptions, TablePattern,
};

use super::super::restore::script_options;
use crate::arguments::{
    ContentArguments, DumpArguments, DumpFormat, NameArguments, OmitArguments, RowArguments,
    SectionName, SessionArguments, StorageArguments,
};
use crate::exit;

/// All of them.
pub(super) fn options(arguments: DumpArguments, verbose: bool) -> anyhow::Result<Options> {
    let format = format(&arguments, verbose)?;
    // As with pg_dump, scripts are compressed where that is asked for.
    let unasked = match format {
        Format::Custom => Compression::DEFAULT,
        Format::Plain(_) => Compression::None,
    };
    let content = &arguments.content;
    Ok(Options {
        content: kinds_of_content(content),
        statistics: content.statistics || content.statistics_only,
        sequence_data: content.sequence_data,
        sections: sections(&content.section),
        large_objects: match (content.large_objects, content.no_large_objects) {
            (true, _) => Some(true),
            (false, true) => Some(false),
            (false, false) => None,
        },
        names: names(arguments.names)?,
        omit: omit(&arguments.omit) | omitted_storage(&arguments.storage),
        format,
        inserts: inserts(&arguments.rows)?,
        load_via_partition_root: arguments.rows.load_via_partition_root,
        session: session(arguments.session),
        jobs: arguments.jobs.unwrap_or_else(Options::default_jobs),
        memory: arguments.memory,
        max_rate: arguments.max_rate,
        max_duration: arguments.max_duration,
        digests: arguments.telling.report.is_some(),
        allow_newer_server: arguments.allow_newer_server,
        compression: arguments.compress.unwrap_or(unasked),
        describes: false,
    })
}

fn kinds_of_content(arguments: &ContentArguments) -> Content {
    let schema = has_schema(arguments);
    let data = !arguments.schema_only && !arguments.statistics_only && !arguments.no_data;
    match (schema, data) {
        (true, true) => Content::All,
        (true, false) => Content::SchemaOnly,
        (false, true) => Content::DataOnly,
        (false, false) => Content::Neither,
    }
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
    Ok(Format::Plain(Box::new(ScriptOptions {
        schema: has_schema(&arguments.content),
        no_owner: arguments.storage.no_owner,
        no_tablespaces: arguments.storage.no_tablespaces,
        no_table_access_method: arguments.storage.no_table_access_method,
        enable_row_security: arguments.session.enable_row_security,
        quote_all_identifiers: arguments.session.quote_all_identifiers,
        verbose,
        ..script_options(&arguments.script)?
    })))
}

/// Whether rows are statements.
pub(in crate::command) fn inserts(rows: &RowArguments) -> anyhow::Result<Option<Inserts>> {
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

fn has_schema(arguments: &ContentArguments) -> bool {
    !arguments.data_only && !arguments.statistics_only && !arguments.no_schema
}

fn sections(named: &[SectionName]) -> Sections {
    if named.is_empty() {
        return Sections::all();
    }
    let section = |named: &SectionName| match named {
        SectionName::PreData => Sections::PRE_DATA,
        SectionName::Data => Sections::DATA,
        SectionName::PostData => Sections::POST_DATA,
    };
    named.iter().map(section).collect()
}

/// A text as its bytes.
pub(in crate::command) fn bytes(text: OsString) -> BString {
    text.into_vec().into()
}

fn names(arguments: NameArguments) -> anyhow::Result<NameOptions> {
    let list = |texts: Vec<OsString>| texts.into_iter().map(bytes).collect::<Vec<_>>();
    let tables = |alone: Vec<OsString>, with_children: Vec<OsString>| {
        let alone = list(alone).into_iter().map(TablePattern::alone);
        let others = list(with_children).into_iter();
        alone
            .chain(others.map(TablePattern::with_children))
            .collect::<Vec<_>>()
    };
    let mut names = NameOptions {
        is_partial: false,
        is_strict: arguments.strict_names,
        schemas: list(arguments.schemas),
        excluded_schemas: list(arguments.excluded_schemas),
        tables: tables(arguments.tables, arguments.tables_and_children),
        excluded_tables: tables(
            arguments.excluded_tables,
            arguments.excluded_tables_and_children,
        ),
        excluded_data: tables(
            arguments.excluded_data,
            arguments.excluded_data_and_children,
        ),
        extensions: list(arguments.extensions),
        excluded_extensions: list(arguments.excluded_extensions),
        foreign_data: list(arguments.foreign_data),
    };
    names.is_partial =
        !(names.schemas.is_empty() && names.tables.is_empty() && names.extensions.is_empty());
    for path in &arguments.filters {
        super::super::filter::add(path, |text| names.add_filter(text))?;
    }
    Ok(names)
}

/// What is left out of objects.
pub(in crate::command) fn omit(arguments: &OmitArguments) -> Omit {
    let asked = [
        (arguments.no_privileges, Omit::PRIVILEGES),
        (arguments.no_comments, Omit::COMMENTS),
        (arguments.no_publications, Omit::PUBLICATIONS),
        (arguments.no_subscriptions, Omit::SUBSCRIPTIONS),
        (arguments.no_security_labels, Omit::SECURITY_LABELS),
        (arguments.no_policies, Omit::POLICIES),
        (arguments.no_toast_compression, Omit::TOAST_COMPRESSION),
        (arguments.no_unlogged_table_data, Omit::UNLOGGED_TABLE_DATA),
    ];
    asked
        .into_iter()
        .filter_map(|(is_asked, what)| is_asked.then_some(what))
        .collect()
}

/// What is left out of how things are stored.
pub(in crate::command) fn omitted_storage(storage: &StorageArguments) -> Omit {
    if storage.no_tablespaces {
        Omit::TABLESPACES
    } else {
        Omit::empty()
    }
}

fn session(arguments: SessionArguments) -> SessionOptions {
    SessionOptions {
        encoding: arguments.encoding.map(bytes),
        role: arguments.role.map(bytes),
        snapshot: arguments.snapshot.map(bytes),
        serializable_deferrable: arguments.serializable_deferrable,
        lock_wait_timeout: arguments.lock_wait_timeout.map(bytes),
        quote_all_identifiers: arguments.quote_all_identifiers,
        enable_row_security: arguments.enable_row_security,
        extra_float_digits: arguments.extra_float_digits,
    }
}
