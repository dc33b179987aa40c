//! `pgark list`

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use bstr::BString;
use pgark_archive::{Header, Offset, Reader, Selection, TocEntry, list};
use serde_json::{Value, json};

use crate::arguments::ListArguments;

/// Lists an archive on standard output.
pub(crate) fn run(arguments: &ListArguments) -> anyhow::Result<ExitCode> {
    let archive = open(arguments.file.as_deref())?;
    let selection = Selection::all(archive.toc());
    let mut out = BufWriter::new(io::stdout().lock());
    let written = if arguments.json {
        serde_json::to_writer_pretty(
            &mut out,
            &as_json(archive.header(), archive.toc(), &selection),
        )
        .map_err(io::Error::from)
        .and_then(|()| writeln!(out))
    } else {
        list(archive.header(), archive.toc(), &selection, &mut out)
    };
    written_out(written.and_then(|()| out.flush()))
}

/// Opens an archive in a file, or on standard input where none is named.
pub(super) fn open(path: Option<&Path>) -> anyhow::Result<Reader<Box<dyn Read>>> {
    let path = path.filter(|path| *path != Path::new("-"));
    let input: Box<dyn Read> = match path {
        Some(path) => {
            Box::new(BufReader::new(File::open(path).with_context(|| {
                format!("could not open file \"{}\"", path.display())
            })?))
        }
        None => Box::new(io::stdin().lock()),
    };
    let name = path.map_or_else(
        || "standard input".to_owned(),
        |path| format!("\"{}\"", path.display()),
    );
    Reader::new(input).with_context(|| format!("could not read archive {name}"))
}

/// What is told of what went to standard output.
pub(super) fn written_out(written: io::Result<()>) -> anyhow::Result<ExitCode> {
    match written {
        // Whoever read has seen enough, as `head` does.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
        result => result
            .context("could not write to standard output")
            .map(|()| ExitCode::SUCCESS),
    }
}

/// A text of the archive; bytes that are not UTF-8 become replacement characters.
fn text(value: Option<&BString>) -> Value {
    value.map_or(Value::Null, |value| Value::String(value.to_string()))
}

fn as_json(header: &Header, entries: &[TocEntry], selection: &Selection) -> Value {
    let listed: HashSet<usize> = selection.iter().map(|(place, _)| place).collect();
    let entries = entries.iter().enumerate();
    json!({
        "version": header.version.to_string(),
        "format": header.format.name().to_lowercase(),
        "compression": header.compression.name(),
        "created_at": header.created.to_string(),
        "database": text(header.database.as_ref()),
        "server_version": text(header.server_version.as_ref()),
        "dump_version": text(header.dump_version.as_ref()),
        "entries": entries.map(|(place, entry)| entry_as_json(entry, listed.contains(&place))).collect::<Vec<_>>(),
    })
}

fn entry_as_json(entry: &TocEntry, is_listed: bool) -> Value {
    json!({
        "id": entry.dump_id.0,
        "desc": entry.desc.to_string(),
        "section": entry.section.name(),
        "schema": text(entry.namespace.as_ref()),
        "tag": text(entry.tag.as_ref()),
        "owner": text(entry.owner.as_ref()),
        "catalog_oid": entry.table_oid,
        "oid": entry.oid,
        "tablespace": text(entry.tablespace.as_ref()),
        "table_access_method": text(entry.table_am.as_ref()),
        "dependencies": entry.dependencies.iter().map(|id| id.0).collect::<Vec<_>>(),
        "has_data": entry.had_dumper,
        "data_offset": match entry.offset {
            Offset::At(offset) => Value::from(offset),
            Offset::NotSet | Offset::NoData => Value::Null,
        },
        "listed": is_listed,
    })
}
