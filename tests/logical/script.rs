//! `pgark dump -F p` on every fixture and major: the script is the one that pg_dump writes.

use std::fs::{self, File};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use bstr::{BString, ByteSlice};
use support::{
    Fixture, Major, Scratch, Server, archdiff, by_turns, dump_command, observe, run, shared_server,
    side_by_side,
};

use crate::matrix::{Cell, fixtures, report};

/// What is asked of both.
const OPTIONS: [&[&str]; 13] = [
    &[],
    &["-s"],
    &["-a"],
    &["-a", "--disable-triggers", "-S", "Root"],
    &["-O"],
    &["-C", "-c", "--if-exists"],
    &["-c", "--use-set-session-authorization"],
    &["--no-tablespaces", "-c", "--if-exists"],
    &[NO_ACCESS_METHOD],
    &["--inserts"],
    &["--column-inserts", "--rows-per-insert=7"],
    &["-a", "--rows-per-insert=1000", "--on-conflict-do-nothing"],
    &["--load-via-partition-root"],
];

/// Which pg_dump knows from 15 on.
const NO_ACCESS_METHOD: &str = "--no-table-access-method";

#[test]
fn scripts_of_postgresql_13_are_those_of_its_pg_dump() -> Result<()> {
    every_fixture(Major::V13)
}

#[test]
fn scripts_of_postgresql_15_are_those_of_its_pg_dump() -> Result<()> {
    every_fixture(Major::V15)
}

#[test]
fn scripts_of_postgresql_16_are_those_of_its_pg_dump() -> Result<()> {
    every_fixture(Major::V16)
}

#[test]
fn scripts_of_postgresql_17_are_those_of_its_pg_dump() -> Result<()> {
    every_fixture(Major::V17)
}

#[test]
fn scripts_of_postgresql_18_are_those_of_its_pg_dump() -> Result<()> {
    every_fixture(Major::V18)
}

fn every_fixture(major: Major) -> Result<()> {
    let fixtures = fixtures(major)?;
    let rows = side_by_side(&fixtures, |fixture| {
        let options = by_turns(fixture.turn() + major as usize, &OPTIONS);
        let db = fixture.database(major)?;
        let server = shared_server(major);
        let known =
            |options: &&&[&str]| major >= Major::V15 || !options.contains(&NO_ACCESS_METHOD);
        let cells = options.iter().filter(known).map(|options| {
            let compared = compare(server, &db, options, options);
            let figure = match &compared {
                Ok(bytes) => format!("{bytes} bytes"),
                Err(_) => "no figure".to_owned(),
            };
            Cell::new(options.join(" "), figure, compared)
        });
        Ok(cells.collect())
    });
    let rows = fixtures.iter().zip(rows);
    report(rows.map(|(fixture, cells): (_, Vec<Cell>)| (format!("{major} {fixture}"), cells)))
}

/// How long the script is, which pgark must have written with `options` and pg_dump with `oracle_options`.
pub(crate) fn compare(
    server: &Server,
    db: &str,
    options: &[&str],
    oracle_options: &[&str],
) -> Result<usize> {
    const KEY: &str = "--restrict-key=x";
    let mut oracle = server.tool("pg_dump");
    oracle.arg("-Fp").args(oracle_options);
    oracle.arg("-d").arg(server.conninfo(db));
    let mut command = dump_command(server, db);
    command.args(["-Fp", KEY]).args(options);
    let has_key = server.has_restrict_key()?;
    if has_key {
        oracle.arg(KEY);
    }
    let expected = run(&mut oracle)?;
    let ran = observe(&mut command)?;
    ran.expect_code(0)?;
    if has_key {
        ensure_same_script(&expected, &ran.stdout)?;
    } else {
        let [expected, found] = [&expected, &ran.stdout].map(|script| without_restriction(script));
        ensure_same_script(&expected, &found)?;
    }
    Ok(expected.len())
}

/// The script without psql's restricted mode, in which ours are run whatever server they come from: one that deceives would name
/// a version from before there was such a mode. Empty lines stand around its commands.
fn without_restriction(script: &[u8]) -> Vec<u8> {
    let is_kept = |line: &&[u8]| {
        let starts_with = |words: &&str| line.starts_with(words.as_bytes());
        !["\\restrict ", "\\unrestrict ", "\\encoding ", "\n"]
            .iter()
            .any(starts_with)
    };
    script
        .lines_with_terminator()
        .filter(is_kept)
        .collect::<Vec<_>>()
        .concat()
}

/// An error with the first lines that differ. Who dumped may be told otherwise, and under `-v` when and what the
/// entries' numbers are.
pub(crate) fn ensure_same_script(expected: &[u8], found: &[u8]) -> Result<()> {
    const FREE: [&[u8]; 5] = [
        b"-- Dumped by pg_dump version ",
        b"-- Started on ",
        b"-- Completed on ",
        b"-- TOC entry ",
        b"-- Dependencies: ",
    ];
    let lines = |script: &[u8]| -> Vec<BString> {
        let is_bound = |line: &&[u8]| !FREE.iter().any(|free| line.starts_with(free));
        let lines = script.lines_with_terminator().filter(is_bound);
        lines.map(BString::from).collect()
    };
    let (expected, found) = (lines(expected), lines(found));
    let at = expected
        .iter()
        .zip(&found)
        .position(|(expected, found)| expected != found)
        .unwrap_or(expected.len().min(found.len()));
    let around = |lines: &[BString]| bstr::concat(lines.iter().skip(at.saturating_sub(3)).take(8));
    ensure!(
        expected == found,
        "line {} differs: expected\n{}\nfound\n{}",
        at + 1,
        around(&expected).as_bstr(),
        around(&found).as_bstr()
    );
    Ok(())
}

#[test]
fn archives_hold_statements_and_roots_as_those_of_pg_dump() {
    side_by_side(&Major::all(), |&major| {
        let server = shared_server(major);
        let scratch = Scratch::new()?;
        let (oracle, ours) = (scratch.join("oracle"), scratch.join("ours"));
        for name in ["quirks/07-partitions", "quirks/19-values", "quirks/25-rows"] {
            let db = Fixture::named(name)?.database(major)?;
            for options in [
                &["--inserts"][..],
                &["--column-inserts", "--rows-per-insert=3"],
                &["--load-via-partition-root"],
                &["--inserts", "--load-via-partition-root", "-a"],
            ] {
                server.pg_dump(&db, options.iter().chain(&["-Fc"]), &oracle)?;
                let mut command = dump_command(server, &db);
                observe(command.args(options).arg("-f").arg(&ours))?.expect_code(0)?;
                let diff = archdiff(&oracle, &ours, &[])?;
                ensure!(diff.same, "{name} {options:?}: {}", diff.output);
            }
        }
        Ok(())
    });
}

#[test]
fn scripts_follow_the_settings_of_the_session() -> Result<()> {
    let server = shared_server(Major::V18);
    let db = Fixture::named("quirks/19-values")?.database(Major::V18)?;
    for settings in [
        "-c standard_conforming_strings=off",
        "-c bytea_output=escape",
    ] {
        let script = |command: &mut Command| {
            let command = command.env("PGOPTIONS", settings);
            run(command.args(["-Fp", "--inserts", "--restrict-key=x"]))
        };
        let expected = script(server.tool("pg_dump").arg("-d").arg(server.conninfo(&db)))?;
        let found = script(&mut dump_command(server, &db))?;
        ensure_same_script(&expected, &found).with_context(|| settings)?;
    }
    Ok(())
}

#[test]
fn scripts_go_to_files_and_stdout_alike() -> Result<()> {
    let server = shared_server(Major::V18);
    let db = Fixture::named("shop")?.database(Major::V18)?;
    let scratch = Scratch::new()?;
    let dump = |args: &[&str]| {
        let mut command = dump_command(server, &db);
        command
            .args(["--format=plain", "--restrict-key=x"])
            .args(args);
        observe(&mut command)
    };
    let piped = dump(&[])?;
    piped.expect_silence()?;
    let dashed = dump(&["-f", "-"])?;
    ensure!(dashed.stdout == piped.stdout, "-f - differs");
    let file = scratch.join("script");
    dump(&["-f", &file.display().to_string()])?.expect_silence()?;
    ensure!(fs::read(&file)? == piped.stdout, "-f FILE differs");
    Ok(())
}

#[test]
fn compressed_scripts_are_files_that_other_tools_unpack() -> Result<()> {
    let server = shared_server(Major::V15);
    let db = server.fresh_database("compressed_script", "")?;
    // So many rows that several threads compress them, and a table of none.
    server.psql(
        &db,
        "create table empty (a int);
         create table t as select i, repeat(md5(i::text), 2) from generate_series(1, 200000) i;
         select lo_from_bytea(0, 'some bytes');",
    )?;
    let scratch = Scratch::new()?;
    let file = scratch.join("script");
    let dump = |args: &[&str]| {
        let mut command = dump_command(server, &db);
        run(command.args(["-Fp", "--restrict-key=x"]).args(args))
    };
    let plain = dump(&[])?;
    for (method, tool) in [
        ("0", None),
        ("1", Some("gzip")),
        ("gzip", Some("gzip")),
        ("lz4", Some("lz4")),
        ("zstd:3,long", Some("zstd")),
    ] {
        dump(&["-Z", method, "-f", &file.display().to_string()])?;
        ensure!(
            dump(&["-Z", method])? == fs::read(&file)?,
            "{method}: a pipe gets other bytes than a file"
        );
        let unpacked = match tool {
            None => fs::read(&file)?,
            Some(tool) => {
                let smaller = fs::metadata(&file)?.len() < plain.len() as u64 * 3 / 4;
                ensure!(smaller, "{method} compresses nothing");
                run(Command::new(tool).arg("-dc").stdin(File::open(&file)?))?
            }
        };
        ensure!(unpacked == plain, "{method} unpacks to something else");
    }
    Ok(())
}

#[test]
fn every_script_has_a_key_of_its_own() -> Result<()> {
    let server = shared_server(Major::V17);
    let db = Fixture::named("e2e/odd-name").and_then(|f| f.database(Major::V17))?;
    let key = || -> Result<BString> {
        let ran = observe(dump_command(server, &db).arg("-Fp"))?;
        ran.expect_code(0)?;
        let key = |word: &str| {
            let mut lines = ran.stdout.lines();
            lines.find_map(|line| line.strip_prefix(word.as_bytes()).map(BString::from))
        };
        let (opened, closed) = (key("\\restrict "), key("\\unrestrict "));
        ensure!(
            opened.is_some() && opened == closed,
            "{opened:?} {closed:?}"
        );
        Ok(opened.unwrap_or_default())
    };
    let keys = (key()?, key()?);
    ensure!(keys.0 != keys.1 && keys.0.len() == 63, "{keys:?}");
    Ok(())
}

#[test]
fn what_makes_no_sense_is_refused_before_anything_is_done() -> Result<()> {
    let server = shared_server(Major::V16);
    for (options, told) in [
        (&["-Fd"][..], "supported, only c(ustom) and p(lain)"),
        (&["-Ft"], "supported, only c(ustom) and p(lain)"),
        (&["-Fx"], "supported are c(ustom) and p(lain)"),
        (&["--restrict-key=x"], "--format=plain"),
        (&["-Fp", "--restrict-key=a b"], "letters and digits"),
        (&["-Fp", "-Z10"], "a level between 1 and 9, found 10"),
        (&["-Fp", "--if-exists"], "--clean"),
        (&["-Fp", "-c", "-a"], "--data-only"),
        (&["--on-conflict-do-nothing"], "--inserts"),
        (&["--rows-per-insert=0"], "--rows-per-insert"),
    ] {
        let ran = observe(dump_command(server, "no-such-database").args(options))?;
        ran.expect_code(2)?;
        ensure!(ran.stderr.contains(told), "{options:?}: {}", ran.stderr);
    }
    Ok(())
}
