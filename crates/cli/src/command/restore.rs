//! `pgark restore`

pub(super) mod database;
mod watched;

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use bstr::BString;
use pgark_archive::{
    Filter, Reader, Renaming, RestrictKey, ScriptOptions, Selection, TocEntry, UseList, list,
    render, render_stream,
};

use crate::arguments::{
    ChoiceArguments, NewName, RenamingArguments, RestoreArguments, ScriptArguments,
};
use crate::exit;
use crate::output::say;
use crate::output_file::OutputFile;

/// Restores an archive into a database, writes it as a script, or lists what of it is chosen.
pub(crate) async fn run(arguments: RestoreArguments, verbose: bool) -> anyhow::Result<ExitCode> {
    if arguments.server.dbname.is_some() && !arguments.list {
        // It ends by itself when the user stops it, and tells what is there.
        return database::run(&arguments).await;
    }
    if arguments.file.is_none() && !arguments.list {
        return Err(exit::Usage(
            "where to restore to is not said: -d names a database, -f a file for a script".into(),
        )
        .into());
    }
    tokio::select! {
        result = write(arguments, verbose) => result,
        () = exit::interrupted() => Err(exit::Cancelled.into()),
    }
}

/// Writes an archive as a script, or lists what would be in it.
async fn write(arguments: RestoreArguments, verbose: bool) -> anyhow::Result<ExitCode> {
    let to_stdout = arguments.file.as_deref() == Some(Path::new("-"));
    let output = OutputFile::open(arguments.file.as_deref().filter(|_| !to_stdout), true)?;
    let sink = output.writer()?;
    let work = move || restore(&arguments, verbose, sink);
    let warnings = tokio::task::spawn_blocking(work).await??;
    output.finish()?;
    for warning in warnings {
        say(format!("warning: {warning}"));
    }
    Ok(ExitCode::SUCCESS)
}

fn restore(
    arguments: &RestoreArguments,
    verbose: bool,
    sink: Box<dyn Write + Send>,
) -> anyhow::Result<Vec<String>> {
    let (file, name) = open(arguments)?;
    let is_regular = file.metadata().is_ok_and(|metadata| metadata.is_file());
    let reading = || format!("could not restore archive {name}");
    let mut reader = Reader::new(file).with_context(reading)?;
    let renaming = renaming(&arguments.renaming);
    if !renaming.is_empty() {
        reader.rename(&renaming).with_context(reading)?;
    }
    let (selection, mut warnings) = choose(arguments, reader.toc())?;
    if arguments.list {
        let mut out = BufWriter::new(sink);
        list(reader.header(), reader.toc(), &selection, &mut out)
            .and_then(|()| out.flush())
            .context("could not write the list")?;
        return Ok(warnings);
    }
    let options = options(arguments, verbose)?;
    let (mut sink, more) = if is_regular {
        render(&mut reader, &selection, options, sink)
    } else {
        render_stream(&mut reader, &selection, options, sink)
    }
    .with_context(reading)?;
    sink.flush().context("could not write the script")?;
    warnings.extend(more);
    Ok(warnings)
}

/// The archive's file or standard input, and what to call it.
fn open(arguments: &RestoreArguments) -> anyhow::Result<(File, String)> {
    let path = arguments
        .archive
        .as_deref()
        .filter(|path| *path != Path::new("-"));
    let name = path.map_or_else(
        || "standard input".to_owned(),
        |path| format!("\"{}\"", path.display()),
    );
    let opened = match path {
        Some(path) => File::open(path),
        None => io::stdin().as_fd().try_clone_to_owned().map(File::from),
    };
    let file = opened.with_context(|| format!("could not open {name}"))?;
    Ok((file, name))
}

fn choose(
    arguments: &RestoreArguments,
    toc: &[TocEntry],
) -> anyhow::Result<(Selection, Vec<String>)> {
    let mut warnings = Vec::new();
    if toc.iter().any(|entry| entry.with_oids) {
        warnings.push(
            "tables WITH OIDS are restored without: no server has known them since PostgreSQL 12"
                .into(),
        );
    }
    let use_list = match &arguments.choice.use_list {
        Some(path) => {
            let text = fs::read(path)
                .with_context(|| format!("could not read list \"{}\"", path.display()))?;
            Some(UseList::parse(text))
        }
        None => None,
    };
    for line in use_list.iter().flat_map(UseList::ignored) {
        warnings.push(format!("line of the list ignored: {line}"));
    }
    let mut filter = filter(&arguments.choice, arguments.script.create);
    for path in &arguments.choice.filters {
        super::filter::add(path, |text| filter.add_file(text))?;
    }
    let selection = Selection::choose(toc, &filter, use_list.as_ref())?;
    Ok((selection, warnings))
}

/// Which names stand for others.
fn renaming(arguments: &RenamingArguments) -> Renaming {
    let mut renaming = Renaming::default();
    for NewName { old, new } in arguments.map_role.iter().cloned() {
        renaming.rename_role(old, new);
    }
    for NewName { old, new } in arguments.map_tablespace.iter().cloned() {
        renaming.rename_tablespace(old, new);
    }
    renaming
}

/// What the options choose.
fn filter(choice: &ChoiceArguments, create_database: bool) -> Filter {
    let ChoiceArguments {
        schema_only,
        data_only,
        statistics_only,
        ..
    } = *choice;
    let names = |names: &[OsString]| names.iter().map(bytes).collect();
    Filter {
        schema: !data_only && !statistics_only && !choice.no_schema,
        data: !schema_only && !statistics_only && !choice.no_data,
        statistics: !schema_only && !data_only && !choice.no_statistics,
        sections: choice.section.iter().map(|name| (*name).into()).collect(),
        create_database,
        no_acl: choice.no_privileges,
        no_comments: choice.no_comments,
        no_policies: choice.no_policies,
        no_publications: choice.no_publications,
        no_security_labels: choice.no_security_labels,
        no_subscriptions: choice.no_subscriptions,
        schemas: names(&choice.schema),
        exclude_schemas: names(&choice.exclude_schema),
        tables: names(&choice.table),
        indexes: names(&choice.index),
        functions: names(&choice.function),
        triggers: names(&choice.trigger),
        strict_names: choice.strict_names,
    }
}

/// A name as it was typed, which need not be UTF-8.
fn bytes(name: &OsString) -> BString {
    name.as_bytes().into()
}

fn options(arguments: &RestoreArguments, verbose: bool) -> anyhow::Result<ScriptOptions> {
    Ok(ScriptOptions {
        schema: filter(&arguments.choice, false).schema,
        role: arguments.role.as_ref().map(bytes),
        enable_row_security: arguments.enable_row_security,
        single_transaction: arguments.single_transaction,
        transaction_size: arguments.transaction_size,
        no_owner: arguments.omit.no_owner,
        no_tablespaces: arguments.omit.no_tablespaces,
        no_table_access_method: arguments.omit.no_table_access_method,
        verbose,
        ..script_options(&arguments.script)?
    })
}

/// How a script is written, as far as `restore` and `dump` share it.
pub(super) fn script_options(script: &ScriptArguments) -> anyhow::Result<ScriptOptions> {
    let key = match &script.restrict_key {
        Some(key) => key.clone(),
        None => RestrictKey::random()?,
    };
    Ok(ScriptOptions {
        clean: script.clean,
        create: script.create,
        if_exists: script.if_exists,
        use_set_session_authorization: script.use_set_session_authorization,
        disable_triggers: script.disable_triggers,
        superuser: script.superuser.as_ref().map(bytes),
        ..ScriptOptions::new(key)
    })
}
