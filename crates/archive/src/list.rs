//! The listing of an archive.

use std::io::{self, Write};

use bstr::{BString, ByteSlice};
use jiff::tz::TimeZone;

use crate::created::local_zone;
use crate::{Header, TocEntry};

/// Writes what `pg_restore -l` of the major that wrote the archive prints (`PrintTOCSummary` in
/// src/bin/pg_dump/pg_backup_archiver.c): a header of comments, then a line for each entry of [`is_listed`].
///
/// # Errors
/// Those of `out`.
pub fn list(header: &Header, entries: &[TocEntry], out: impl Write) -> io::Result<()> {
    list_in_zone(header, entries, &local_zone(), out)
}

fn list_in_zone(
    header: &Header,
    entries: &[TocEntry],
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
        &[b";     dbname: ", &one_line(header.database.as_ref(), "")],
    )?;
    writeln!(out, ";     TOC Entries: {}", entries.len())?;
    if header.version.has_compression_algorithm() {
        writeln!(out, ";     Compression: {}", header.compression.name())?;
    } else {
        writeln!(
            out,
            ";     Compression: {}",
            header.compression.recorded_level()
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
    for entry in entries.iter().filter(|entry| is_listed(entry)) {
        let TocEntry {
            dump_id,
            table_oid,
            oid,
            ..
        } = entry;
        write!(out, "{dump_id}; {table_oid} {oid} ")?;
        let words = [
            entry.desc.clone(),
            one_line(entry.namespace.as_ref(), "-"),
            one_line(entry.tag.as_ref(), ""),
            one_line(entry.owner.as_ref(), ""),
        ];
        put_line(&mut out, &[&bstr::join(" ", words)])?;
    }
    Ok(())
}

/// Whether pg_restore has something to do for an entry when it is given no options (`_tocEntryRequired` in
/// src/bin/pg_dump/pg_backup_archiver.c); settings of the session and what belongs to the database itself are left out.
pub fn is_listed(entry: &TocEntry) -> bool {
    let tag = entry.tag.as_ref().map_or(&b""[..], |tag| tag.as_slice());
    match entry.desc.as_bytes() {
        b"ENCODING" | b"STDSTRINGS" | b"SEARCHPATH" | b"DATABASE" | b"DATABASE PROPERTIES" => {
            return false;
        }
        b"ACL" | b"COMMENT" | b"SECURITY LABEL" if tag.starts_with(b"DATABASE ") => return false,
        // Counted as data or statistics, whether or not a definition stands in the archive.
        b"SEQUENCE SET" | b"BLOB" | b"BLOB METADATA" | b"STATISTICS DATA" => return true,
        b"ACL" | b"COMMENT" | b"SECURITY LABEL" if tag.starts_with(b"LARGE OBJECT") => return true,
        _ => {}
    }
    entry.had_dumper || entry.defn.as_ref().is_some_and(|defn| !defn.is_empty())
}

/// Writes a line of bytes as they are: `Display` would replace those that are not UTF-8.
fn put_line(out: &mut impl Write, parts: &[&[u8]]) -> io::Result<()> {
    for part in parts {
        out.write_all(part)?;
    }
    out.write_all(b"\n")
}

/// A name with its line breaks made blanks, so that it cannot pose as a line of its own.
fn one_line(name: Option<&BString>, none: &str) -> BString {
    name.map_or_else(
        || none.into(),
        |name| name.replace("\n", " ").replace("\r", " ").into(),
    )
}

#[cfg(test)]
mod tests;
