//! The listing of an archive.

use std::io::{self, Write};

use bstr::BString;
use jiff::tz::TimeZone;

use crate::compression;
use crate::created::local_zone;
use crate::line::one_line;
use crate::{Header, Selection, TocEntry};

/// Writes what `pg_restore -l` of the major that wrote the archive prints (`PrintTOCSummary` in
/// src/bin/pg_dump/pg_backup_archiver.c): a header of comments, then a line for each chosen entry.
///
/// # Errors
/// Those of `out`.
pub fn list(
    header: &Header,
    entries: &[TocEntry],
    selection: &Selection,
    out: impl Write,
) -> io::Result<()> {
    list_in_zone(header, entries, selection, &local_zone(), out)
}

fn list_in_zone(
    header: &Header,
    entries: &[TocEntry],
    selection: &Selection,
    zone: &TimeZone,
    mut out: impl Write,
) -> io::Result<()> {
    let created = header
        .created
        .listed(zone)
        .unwrap_or_else(|| "[unknown]".to_owned());
    writeln!(out, ";\n; Archive created at {created}")?;
    put_line(
        &mut out,
        &[b";     dbname: ", &or(header.database.as_ref(), "")],
    )?;
    writeln!(out, ";     TOC Entries: {}", entries.len())?;
    if header.version.has_compression_algorithm() {
        writeln!(out, ";     Compression: {}", header.compression.name())?;
    } else {
        writeln!(
            out,
            ";     Compression: {}",
            compression::recorded_level(header.compression)
        )?;
    }
    let version = header.version;
    writeln!(
        out,
        ";     Dump Version: {}.{}-{}",
        version.major, version.minor, version.rev
    )?;
    writeln!(out, ";     Format: {}", header.format.name())?;
    writeln!(out, ";     Integer: {} bytes", header.int_size)?;
    writeln!(out, ";     Offset: {} bytes", header.offset_size)?;
    if let Some(server) = &header.server_version {
        put_line(&mut out, &[b";     Dumped from database version: ", server])?;
    }
    if let Some(program) = &header.dump_version {
        put_line(&mut out, &[b";     Dumped by pg_dump version: ", program])?;
    }
    writeln!(out, ";\n;\n; Selected TOC Entries:\n;")?;
    for entry in selection.iter().filter_map(|(place, _)| entries.get(place)) {
        let TocEntry {
            dump_id,
            table_oid,
            oid,
            ..
        } = entry;
        write!(out, "{dump_id}; {table_oid} {oid} ")?;
        let words = [
            entry.desc.clone(),
            or(entry.namespace.as_ref(), "-"),
            or(entry.tag.as_ref(), ""),
            or(entry.owner.as_ref(), ""),
        ];
        put_line(&mut out, &[&bstr::join(" ", words)])?;
    }
    Ok(())
}

/// Writes a line of bytes as they are: `Display` would replace those that are not UTF-8.
fn put_line(out: &mut impl Write, parts: &[&[u8]]) -> io::Result<()> {
    for part in parts {
        out.write_all(part)?;
    }
    out.write_all(b"\n")
}

/// A name on one line, or what stands in its place.
fn or(name: Option<&BString>, none: &str) -> BString {
    name.map_or_else(|| none.into(), one_line)
}

#[cfg(test)]
mod tests;
