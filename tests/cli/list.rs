//! `pgark list` against each major's `pg_restore -l`.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use bstr::ByteSlice;
use serde_json::Value;
use support::{
    Fixture, Major, Scratch, Server, dump_command, observe, pgark, run, shared_server, side_by_side,
};

/// Names with line ends and control characters, other encodings, every kind that is written, a database that is nearly empty.
const FIXTURES: [&str; 6] = [
    "shop",
    "quirks/01-names",
    "quirks/20-database",
    "quirks/21-public-dropped",
    "encodings/latin1",
    "encodings/sql_ascii",
];

/// Archives of the major's pg_dump and of pgark.
fn archives(server: &Server, scratch: &Scratch) -> Result<Vec<PathBuf>> {
    let mut archives = Vec::new();
    let mut add = |db: &str, args: &[&str]| -> Result<()> {
        for maker in ["pg_dump", "pgark"] {
            let file = scratch.join(format!("{}-{maker}", archives.len()));
            if maker == "pgark" {
                let mut command = dump_command(server, db);
                // Rows alone of tables that refer to each other are worth a warning.
                observe(command.args(args).arg("-f").arg(&file))?.expect_code(0)?;
            } else {
                server.pg_dump(db, args.iter().chain(&["-Fc"]), &file)?;
            }
            archives.push(file);
        }
        Ok(())
    };
    for name in FIXTURES {
        let db = Fixture::named(name)?.database(server.major())?;
        add(&db, &[])?;
        if name == "shop" {
            for args in [&["-s"][..], &["-a"], &["-Z0"], &["-Z1"]] {
                add(&db, args)?;
            }
        }
    }
    let db = Fixture::hard_cases()?.load(server)?;
    let file = scratch.join("hardcases");
    server.pg_dump(&db, ["-Fc"], &file)?;
    archives.push(file);
    Ok(archives)
}

#[test]
fn a_listing_is_that_of_pg_restore_and_json_has_every_entry() {
    side_by_side(&Major::with_clients(), |&major| {
        let server = shared_server(major);
        let scratch = Scratch::new()?;
        for archive in archives(server, &scratch)? {
            for zone in ["UTC", "EST5EDT", "CET-1CEST,M3.5.0,M10.5.0/3"] {
                let mut pg_restore = server.tool("pg_restore");
                let judged = run(pg_restore.env("TZ", zone).arg("-l").arg(&archive))?;
                let listed = observe(pgark().env("TZ", zone).arg("list").arg(&archive))?;
                listed.expect_silence()?;
                ensure!(
                    listed.stdout == judged,
                    "{} in {zone}: {}",
                    archive.display(),
                    first_difference(&listed.stdout, &judged)
                );
            }
            json_has_every_entry(server, &archive)
                .with_context(|| format!("--json of {}", archive.display()))?;
        }
        Ok(())
    });
}

/// The first line in which two listings differ.
fn first_difference(found: &[u8], expected: &[u8]) -> String {
    let (found, expected) = (
        found.lines_with_terminator(),
        expected.lines_with_terminator(),
    );
    let pair = found
        .zip(expected)
        .find(|(found, expected)| found != expected);
    pair.map_or_else(
        || "one is longer".to_owned(),
        |(found, expected)| {
            format!(
                "{:?} where pg_restore has {:?}",
                found.as_bstr(),
                expected.as_bstr()
            )
        },
    )
}

fn json_has_every_entry(server: &Server, archive: &Path) -> Result<()> {
    let listing = run(server.tool("pg_restore").arg("-l").arg(archive))?;
    let listing = String::from_utf8_lossy(&listing).into_owned();
    let ran = observe(pgark().args(["list", "--json"]).arg(archive))?;
    let json: Value = serde_json::from_slice(&ran.expect_silence()?.stdout)?;
    let entries = json["entries"].as_array().context("no entries")?;
    let head = |name: &str| {
        let mut heads = listing.lines().filter_map(|line| line.strip_prefix(';'));
        heads.find_map(|line| line.trim_start().strip_prefix(name)?.strip_prefix(": "))
    };
    let total = entries.len().to_string();
    ensure!(head("TOC Entries") == Some(&total), "{total} entries");
    for (key, name) in [
        ("database", "dbname"),
        ("server_version", "Dumped from database version"),
        ("dump_version", "Dumped by pg_dump version"),
    ] {
        ensure!(json[key].as_str() == head(name), "{key} is {}", json[key]);
    }
    let listed: Vec<String> = entries
        .iter()
        .filter(|entry| entry["listed"] == true)
        .map(line)
        .collect();
    let lines: Vec<&str> = listing
        .lines()
        .filter(|line| !line.starts_with(';'))
        .collect();
    ensure!(
        listed == lines,
        "{listed:#?}\nwhere pg_restore has\n{lines:#?}"
    );
    for entry in entries {
        ensure!(
            entry["section"].is_string() && entry["dependencies"].is_array(),
            "{entry}"
        );
    }
    Ok(())
}

/// An entry as a line of the listing.
fn line(entry: &Value) -> String {
    let text = |key: &str, none: &str| {
        let text = entry[key].as_str().unwrap_or(none);
        text.replace(['\n', '\r'], " ")
    };
    format!(
        "{}; {} {} {} {} {} {}",
        entry["id"],
        entry["catalog_oid"],
        entry["oid"],
        text("desc", ""),
        text("schema", "-"),
        text("tag", ""),
        text("owner", "")
    )
}

#[test]
fn an_archive_is_read_from_stdin_too() -> Result<()> {
    let server = shared_server(Major::V16);
    let db = Fixture::named("shop")?.database(Major::V16)?;
    let scratch = Scratch::new()?;
    let archive = scratch.join("archive");
    observe(dump_command(server, &db).arg("-f").arg(&archive))?.expect_silence()?;
    let expected = run(pgark().arg("list").arg(&archive))?;
    for args in [&["list"][..], &["list", "-"]] {
        let from_file = run(pgark().args(args).stdin(File::open(&archive)?))?;
        ensure!(from_file == expected, "{args:?} from a file");
        let piped = support::run_with_input(pgark().args(args), &fs::read(&archive)?)?;
        ensure!(piped == expected, "{args:?} from a pipe");
    }
    Ok(())
}

#[test]
fn whoever_stops_reading_a_listing_gets_no_error() -> Result<()> {
    let server = shared_server(Major::V15);
    let db = Fixture::named("quirks/24-many")?.database(Major::V15)?;
    let scratch = Scratch::new()?;
    let archive = scratch.join("archive");
    observe(dump_command(server, &db).arg("-f").arg(&archive))?.expect_silence()?;
    for args in [&["list"][..], &["list", "--json"]] {
        let (reader, writer) = std::io::pipe()?;
        drop(reader);
        let mut command = pgark();
        command.args(args).arg(&archive);
        support::Running::start_led(&mut command, writer)?
            .finish()?
            .expect_silence()?;
    }
    Ok(())
}
