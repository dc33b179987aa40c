//! PostgreSQL's own programs as judges of what a snapshot holds.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use bstr::{BStr, ByteSlice};
use support::{Scratch, Server, archdiff, run};

/// A conninfo value for the database `name`, which may be no UTF-8.
fn dbname(server: &Server, name: &BStr) -> OsString {
    let (host, port, user) = (server.host(), server.port(), server.superuser());
    let mut conninfo = format!("host={host} port={port} user={user} dbname='").into_bytes();
    conninfo.extend(name.replace(r"\", r"\\").replace("'", r"\'"));
    conninfo.push(b'\'');
    OsString::from_vec(conninfo)
}

/// One of the server's programs, led to the database `name`.
fn tool_in(server: &Server, tool: &str, name: &BStr) -> Command {
    let mut command = server.tool(tool);
    command.arg("-d").arg(dbname(server, name));
    command
}

/// An error unless `archive` has all that pg_dump's archive of the database has, and nothing else.
pub(crate) fn expect_archive_of_pg_dump(
    server: &Server,
    name: &BStr,
    args: &[&str],
    archive: &Path,
) -> Result<()> {
    let scratch = Scratch::new()?;
    let oracle = scratch.join("oracle");
    let mut pg_dump = tool_in(server, "pg_dump", name);
    run(pg_dump.arg("-Fc").args(args).arg("-f").arg(&oracle))?;
    let diff = archdiff(&oracle, archive, &[]).with_context(|| format!("database {name:?}"))?;
    ensure!(
        diff.same && diff.identical == diff.total,
        "the archive of database {name:?} is not pg_dump's:\n{}",
        diff.output
    );
    let (oracle, ours) = (compression(server, &oracle)?, compression(server, archive)?);
    ensure!(oracle == ours, "{ours:?} where pg_dump has {oracle:?}");
    Ok(())
}

/// The line of pg_restore's listing that tells the compression.
fn compression(server: &Server, archive: &Path) -> Result<String> {
    let listing = run(server.tool("pg_restore").arg("-l").arg(archive))?;
    let listing = listing.to_str_lossy();
    let line = listing.lines().find(|line| line.contains("Compression:"));
    line.map(ToOwned::to_owned)
        .context("pg_restore -l tells no compression")
}

/// An error unless pg_restore makes of `archive`, in an empty database, what pg_dump finds in the original. The new database is
/// made with `options`, the end of CREATE DATABASE.
pub(crate) fn expect_restore(
    server: &Server,
    name: &BStr,
    options: &str,
    archive: &Path,
) -> Result<()> {
    let copy = server.fresh_database("restored", options)?;
    server.pg_restore(&copy, [""; 0], archive)?;
    expect_same_content(server, name, &copy)?;
    server
        .psql("postgres", format!("drop database \"{copy}\""))
        .map(drop)
}

/// An error unless pg_dump finds in the database `copy` what it finds in the database `name`.
fn expect_same_content(server: &Server, name: &BStr, copy: &str) -> Result<()> {
    let (original, restored) = (text(server, name)?, text(server, copy.as_bytes().into())?);
    expect_same_text(&restored, &original)
        .with_context(|| format!("database {name:?} is restored as another"))
}

/// An error with the first line that differs.
pub(crate) fn expect_same_text(found: &[u8], expected: &[u8]) -> Result<()> {
    if found == expected {
        return Ok(());
    }
    let line = |text: &[u8], number| match text.lines().nth(number) {
        Some(line) => format!("{:?}", line.as_bstr()),
        None => "the end".to_owned(),
    };
    let same = found
        .lines()
        .zip(expected.lines())
        .take_while(|(a, b)| a == b);
    let number = same.count();
    bail!(
        "line {}: {} where {} is right",
        number + 1,
        line(found, number),
        line(expected, number)
    )
}

/// The database as pg_dump writes it in SQL.
fn text(server: &Server, name: &BStr) -> Result<Vec<u8>> {
    run(tool_in(server, "pg_dump", name).arg("--restrict-key=x"))
}

/// The script of `pg_dumpall --globals-only`.
pub(crate) fn globals(server: &Server, args: &[&str]) -> Result<Vec<u8>> {
    let key = format!("--restrict-key={KEY}");
    run(server
        .tool("pg_dumpall")
        .args(["--globals-only", &key])
        .args(args))
}

const KEY: &str = "key";

/// A script with a key of one's own in place of the random one, which is looked at first.
pub(crate) fn with_known_key(script: &[u8]) -> Result<Vec<u8>> {
    let line = script.lines().find(|line| line.starts_with(b"\\restrict "));
    let key = line.context("no \\restrict in the script")?["\\restrict ".len()..].to_owned();
    ensure!(
        key.len() >= 32 && key.iter().all(u8::is_ascii_alphanumeric),
        "a key that can be guessed: {}",
        key.as_bstr()
    );
    Ok(script.replace(key, KEY))
}
