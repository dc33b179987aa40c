//! `pgark restore -f` against each major's `pg_restore -f`: the script is the same.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use bstr::{BString, ByteSlice};
use support::{
    Fixture, Major, Ran, Scratch, Server, is_turn, observe, pgark, python, run, run_with_input,
    shared_server, side_by_side,
};

use crate::matrix::{Cell, fixtures_in_turn, report};
use crate::script::ensure_same_script;

/// What is asked of both.
const OPTIONS: [&[&str]; 40] = [
    &[],
    &["-v"],
    &["-s"],
    &["-a"],
    &["--section=pre-data"],
    &["--section=data", "--section=post-data"],
    &["-C"],
    &["-c"],
    &["-c", "--if-exists"],
    &["-C", "-c", "--if-exists"],
    &["-O"],
    &["-O", "-c"],
    &["-x"],
    &["--no-comments"],
    &["--no-publications"],
    &["--no-security-labels"],
    &["--no-subscriptions"],
    &["--no-tablespaces"],
    &["--no-table-access-method"],
    &["--use-set-session-authorization"],
    &["--use-set-session-authorization", "-C", "-c"],
    &["--use-set-session-authorization", "-O"],
    &["-a", "--disable-triggers"],
    &["-a", "--disable-triggers", "-S", "Super User"],
    &["--disable-triggers"],
    &["--enable-row-security"],
    &["--role", "Some One"],
    &["-1"],
    &["-n", "hc"],
    &["-n", "hc", "-n", "absent"],
    &["-N", "hc"],
    &["-t", "par"],
    &["-t", "par", "-t", "s1", "-a"],
    &["-I", "t_incl_idx", "-I", "item_name"],
    &["-P", "f_vol(integer)", "-P", "price_of(integer)"],
    &["-T", "item touch"],
    &["-t", "item", "-I", "item_name", "-s"],
    &["-n", "hc", "-t", "par", "-x"],
    &["-t", "absent"],
    &["-c", "-n", "hc", "--section=pre-data"],
];

/// What only pg_restore of 17 and 18 have.
const OPTIONS_17: [&[&str]; 3] = [
    &["--transaction-size=1"],
    &["--transaction-size=5", "-C", "-c", "--if-exists"],
    &["--transaction-size=100", "-c"],
];

/// What only pg_restore of 18 has.
const OPTIONS_18: [&[&str]; 6] = [
    &["--no-data"],
    &["--no-schema"],
    &["--no-policies"],
    &["--statistics"],
    &["--no-statistics"],
    &["--statistics-only"],
];

/// Options that change nothing in these archives, because they hold nothing of the kind.
fn has_no_effect(options: &[&str]) -> bool {
    matches!(
        options,
        [] | ["--no-security-labels" | "--statistics" | "--no-statistics" | "--disable-triggers"]
    )
}

/// How ours gets the archive.
#[derive(Clone, Copy, PartialEq)]
enum Input {
    File,
    Redirected,
    Pipe,
}

/// What the major's pg_restore writes.
fn judged(server: &Server, archive: &Path, options: &[&str]) -> Result<Vec<u8>> {
    let mut command = server.tool("pg_restore");
    command.args(["-f", "-", "--restrict-key=x"]);
    run(command.args(options).arg(archive))
}

/// What pgark writes, with exit code 0.
fn ours(archive: &Path, options: &[&str], input: Input) -> Result<Vec<u8>> {
    let mut command = pgark();
    command.args(["restore", "-f", "-", "--restrict-key=x"]);
    command.args(options);
    match input {
        Input::File => run(command.arg(archive)),
        Input::Redirected => run(command.stdin(File::open(archive)?)),
        Input::Pipe => run_with_input(command.arg("-"), &fs::read(archive)?),
    }
}

/// The time at which a script was written is no part of it.
fn without_end_time(script: &[u8]) -> Vec<u8> {
    let lines = script.lines_with_terminator();
    let line = |line: &[u8]| -> BString {
        if line.starts_with(b"-- Completed on ") {
            "-- Completed\n".into()
        } else {
            line.into()
        }
    };
    bstr::concat(lines.map(line))
}

fn compare(server: &Server, archive: &Path, options: &[&str], inputs: &[Input]) -> Result<Vec<u8>> {
    let expected = without_end_time(&judged(server, archive, options)?);
    for input in inputs {
        let found = without_end_time(&ours(archive, options, *input)?);
        ensure_same_script(&expected, &found)?;
    }
    Ok(expected)
}

fn golden(major: Major) -> Result<Vec<PathBuf>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/archives");
    let kinds = ["file", "redirected", "piped"];
    let paths = kinds.map(|kind| folder.join(format!("pg{major}-{kind}.dump")));
    ensure!(paths.iter().all(|path| path.is_file()), "{paths:?}");
    Ok(paths.into())
}

/// An archive of a database with every kind of object, made by pg_dump, and one of the shop.
fn rich_archives(server: &Server, scratch: &Scratch) -> Result<Vec<PathBuf>> {
    let hardcases = server.fresh_database("hardcases", "")?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tools/hardcases.sql");
    server.psql_file(&hardcases, &script)?;
    let shop = Fixture::named("shop")?.database(server.major())?;
    let mut archives = Vec::new();
    for db in [hardcases, shop] {
        let archive = scratch.join(format!("archive{}", archives.len()));
        server.pg_dump(&db, ["-Fc"], &archive)?;
        archives.push(archive);
    }
    Ok(archives)
}

#[test]
fn options_do_to_scripts_what_they_do_with_pg_restore() -> Result<()> {
    let rows = side_by_side(&Major::all(), |&major| {
        let server = shared_server(major);
        let scratch = Scratch::new()?;
        let mut archives = rich_archives(server, &scratch)?;
        archives.push(golden(major)?.remove(0));
        let plain: Vec<Vec<u8>> = archives
            .iter()
            .map(|archive| judged(server, archive, &[]))
            .collect::<Result<_>>()?;
        let mut options = OPTIONS.to_vec();
        let mut place = 0;
        options.retain(|_| {
            place += 1;
            is_turn(place, &major, &Major::all())
        });
        options.extend(OPTIONS_17.iter().filter(|_| major >= Major::V17));
        options.extend(OPTIONS_18.iter().filter(|_| major >= Major::V18));
        let cell = |options: &&[&str]| -> Result<bool> {
            let mut has_effect = false;
            for (archive, plain) in archives.iter().zip(&plain) {
                let script = compare(server, archive, options, &[Input::File])?;
                has_effect |= script != *plain;
            }
            Ok(has_effect)
        };
        let cells = options.iter().map(|options| {
            let result = cell(options).and_then(|has_effect| {
                ensure!(has_effect != has_no_effect(options), "effect: {has_effect}");
                Ok(())
            });
            Cell::new(options.join(" "), String::new(), result)
        });
        Ok(cells.collect::<Vec<_>>())
    });
    let majors = Major::all()
        .into_iter()
        .map(|major| format!("{major} options"));
    report(majors.zip(rows))
}

#[test]
fn every_archive_of_pg_dump_is_rendered_as_pg_restore_does() -> Result<()> {
    for major in Major::all() {
        let server = shared_server(major);
        let fixtures = fixtures_in_turn(major, &Major::all())?;
        let rows = side_by_side(&fixtures, |fixture| {
            let scratch = Scratch::new()?;
            let archive = scratch.join("archive");
            server.pg_dump(&fixture.database(major)?, ["-Fc"], &archive)?;
            let cells = [
                (&[][..], &[Input::File, Input::Pipe, Input::Redirected][..]),
                (
                    &["-C", "-c", "--if-exists", "-v"],
                    &[Input::File, Input::Pipe],
                ),
            ];
            let cells = cells.map(|(options, inputs)| {
                let result = compare(server, &archive, options, inputs);
                Cell::new(options.join(" "), String::new(), result)
            });
            Ok(cells.into())
        });
        let rows = fixtures.iter().zip(rows);
        report(rows.map(|(fixture, cells): (_, Vec<Cell>)| (format!("{major} {fixture}"), cells)))?;
    }
    Ok(())
}

#[test]
fn golden_archives_are_rendered_from_files_and_pipes() {
    side_by_side(&Major::all(), |&major| {
        for archive in golden(major)? {
            for options in [
                &[][..],
                &["-a"],
                &["-s"],
                &["-C", "-c", "--if-exists", "-v"],
            ] {
                let inputs = [Input::File, Input::Redirected, Input::Pipe];
                compare(shared_server(major), &archive, options, &inputs)
                    .with_context(|| format!("{} {options:?}", archive.display()))?;
            }
        }
        Ok(())
    });
}

#[test]
fn archives_of_old_versions_are_rendered_too() {
    // The archives of later majors group large objects as no old version did.
    side_by_side(&[Major::V15, Major::V16], |&major| {
        let server = shared_server(major);
        let scratch = Scratch::new()?;
        let golden = golden(major)?.remove(0);
        let tool = Path::new(env!("CARGO_MANIFEST_DIR")).join("tools/downgrade.py");
        for minor in ["10", "11", "12", "13"] {
            let old = scratch.join(minor);
            let mut downgrade = python();
            downgrade.arg(&tool).arg(&golden).arg(minor).arg(&old);
            run(&mut downgrade)?;
            for options in [
                &[][..],
                &["-c", "-C", "-v"],
                &["-a"],
                &["--section=post-data"],
            ] {
                compare(server, &old, options, &[Input::File, Input::Pipe])
                    .with_context(|| format!("1.{minor} {options:?}"))?;
            }
        }
        Ok(())
    });
}

#[test]
fn lists_choose_and_order_entries() {
    side_by_side(&Major::all(), |&major| {
        let server = shared_server(major);
        let scratch = Scratch::new()?;
        for archive in rich_archives(server, &scratch)? {
            let listed = run(server.tool("pg_restore").arg("-l").arg(&archive))?;
            let ran = run(pgark().args(["restore", "-l"]).arg(&archive))?;
            ensure!(ran == listed, "-l differs");
            let some = run(server
                .tool("pg_restore")
                .args(["-l", "-n", "hc"])
                .arg(&archive))?;
            let ran = run(pgark().args(["restore", "-l", "-n", "hc"]).arg(&archive))?;
            ensure!(ran == some, "-l -n differs");
            let lines: Vec<&[u8]> = listed.lines_with_terminator().collect();
            let list = scratch.join("list");
            let reversed: Vec<&[u8]> = lines.iter().rev().copied().collect();
            let halved: Vec<&[u8]> = lines.iter().step_by(2).copied().collect();
            for chosen in [reversed, halved] {
                fs::write(&list, bstr::concat(chosen))?;
                let list = list.display().to_string();
                for more in [
                    &[][..],
                    &["-C"],
                    &["-s"],
                    &["-n", "hc"],
                    &["--section=pre-data"],
                ] {
                    let options = [&["-L", &list][..], more].concat();
                    compare(server, &archive, &options, &[Input::File])
                        .with_context(|| format!("{options:?}"))?;
                }
            }
        }
        Ok(())
    });
}

/// Runs `pgark restore` into a file of a folder that must hold nothing of it afterwards.
fn refused(arguments: &[OsString], scratch: &Scratch, input: Stdio) -> Result<Ran> {
    let script = scratch.join("script");
    let mut command = pgark();
    command
        .arg("restore")
        .arg("-f")
        .arg(&script)
        .args(arguments);
    let ran = observe(command.stdin(input))?;
    support::expect_no_archive(&script)?;
    Ok(ran)
}

#[test]
fn a_damaged_archive_is_an_error_that_says_where() -> Result<()> {
    let scratch = Scratch::new()?;
    for archive in [golden(Major::V15)?.remove(0), golden(Major::V18)?.remove(2)] {
        let whole = fs::read(&archive)?;
        let damaged = scratch.join("damaged");
        let check = |bytes: &[u8], what: &str| -> Result<bool> {
            fs::write(&damaged, bytes)?;
            let ran = refused(&[damaged.clone().into()], &scratch, Stdio::null());
            let ran = match ran {
                // It may still be an archive, with other texts in it.
                Err(_) if scratch.join("script").is_file() => {
                    fs::remove_file(scratch.join("script"))?;
                    return Ok(false);
                }
                ran => ran?,
            };
            ran.expect_code(1)?;
            let told = [
                "(at byte ",
                "not a custom format archive",
                "is not supported",
                "corrupt archive: entry",
            ];
            ensure!(
                told.iter().any(|told| ran.stderr.contains(told)),
                "{what}: {}",
                ran.stderr
            );
            Ok(true)
        };
        for length in (0..whole.len()).step_by(whole.len() / 40) {
            ensure!(
                check(&whole[..length], &format!("{length} bytes"))?,
                "{length} bytes are enough"
            );
        }
        let mut refused = 0;
        for place in (5..whole.len()).step_by(whole.len() / 60) {
            let mut bytes = whole.clone();
            bytes[place] = !bytes[place];
            refused += u32::from(check(&bytes, &format!("byte {place}"))?);
        }
        ensure!(
            refused > 5,
            "{refused} of about 60 changed bytes are noticed"
        );
    }
    Ok(())
}

#[test]
fn archives_of_lz4_and_zstd_are_rendered() -> Result<()> {
    let server = shared_server(Major::V17);
    let db = Fixture::named("e2e/appdb")?.database(Major::V17)?;
    let scratch = Scratch::new()?;
    for method in ["lz4", "zstd"] {
        let archive = scratch.join(method);
        server.pg_dump(&db, ["-Fc", &format!("--compress={method}")], &archive)?;
        compare(server, &archive, &[], &[Input::File, Input::Pipe])?;
    }
    Ok(())
}

#[test]
fn a_pipe_cannot_be_gone_back_in() -> Result<()> {
    let server = shared_server(Major::V16);
    let scratch = Scratch::new()?;
    let archive = golden(Major::V16)?.remove(0);
    let listed = run(server.tool("pg_restore").arg("-l").arg(&archive))?;
    let mut lines: Vec<&[u8]> = listed.lines_with_terminator().collect();
    lines.reverse();
    let list = scratch.join("list");
    fs::write(&list, bstr::concat(lines))?;
    let (reader, mut writer) = std::io::pipe()?;
    let bytes = fs::read(&archive)?;
    let feeder = std::thread::spawn(move || std::io::Write::write_all(&mut writer, &bytes));
    let ran = refused(&["-L".into(), list.into()], &scratch, reader.into())?;
    // Whoever is not read to the end may be told so.
    let _ = feeder.join();
    ran.expect_code(1)?;
    ensure!(
        ran.stderr.contains("save the archive to a file first"),
        "{}",
        ran.stderr
    );
    Ok(())
}

#[test]
fn what_makes_no_sense_is_refused() -> Result<()> {
    let archive = golden(Major::V18)?.remove(0);
    for (options, code, told) in [
        (&[][..], 2, "-d names a database, -f a file"),
        (&["-f", "-", "-d", "x"], 2, "--dbname"),
        (&["-f", "-", "-s", "-a"], 2, "--data-only"),
        (&["-f", "-", "-c", "-a"], 2, "--data-only"),
        (&["-f", "-", "--if-exists"], 2, "--clean"),
        (&["-f", "-", "-C", "-1"], 2, "--single-transaction"),
        (
            &["-f", "-", "-1", "--transaction-size=2"],
            2,
            "--transaction-size",
        ),
        (
            &["-f", "-", "--transaction-size=0"],
            2,
            "--transaction-size",
        ),
        (&["-f", "-", "--section=data-pre"], 2, "pre-data"),
        (&["-f", "-", "--restrict-key=a-b"], 2, "letters and digits"),
        (
            &["-f", "-", "-t", "absent", "--strict-names"],
            1,
            "table \"absent\"",
        ),
        (&["-f", "-", "-L", "/absent/list"], 1, "/absent/list"),
        (&["-f", "/absent/folder/x"], 1, "/absent/folder/x"),
    ] {
        let ran = observe(pgark().arg("restore").args(options).arg(&archive))?;
        ran.expect_code(code)?;
        ensure!(ran.stderr.contains(told), "{options:?}: {}", ran.stderr);
        ensure!(ran.stdout.is_empty(), "{options:?} writes");
    }
    Ok(())
}
