//! Outputs of every kind and methods of compression.

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use support::{
    Fixture, Major, Running, Scratch, archdiff, dump_command, expect_no_archive, observe, pgark,
    python, run, shared_server, side_by_side,
};

/// What is typed for pgark and what for a pg_dump of every major.
const METHODS: [(&str, &str); 6] = [
    ("none", "0"),
    ("0", "0"),
    ("gzip:1", "1"),
    ("1", "1"),
    ("gzip:9", "9"),
    ("gzip", "-1"),
];

#[test]
fn every_method_and_output_holds_the_same_entries_and_data() {
    side_by_side(&Major::with_clients(), |&major| {
        let server = shared_server(major);
        let db = Fixture::named("shop")?.database(major)?;
        let scratch = Scratch::new()?;
        let mut sizes = Vec::new();
        for (ours_method, oracle_method) in METHODS {
            let oracle = scratch.join("oracle");
            let mut level = vec!["-Fc"];
            let option = format!("-Z{oracle_method}");
            if oracle_method != "-1" {
                level.push(&option);
            }
            server.pg_dump(&db, &level, &oracle)?;
            let dump = || {
                let mut command = dump_command(server, &db);
                command.args(["-Z", ours_method]);
                command
            };
            let (file, piped, redirected) = (
                scratch.join("file"),
                scratch.join("piped"),
                scratch.join("redirected"),
            );
            observe(dump().arg("-f").arg(&file))?.expect_silence()?;
            let mut outputs = vec![&file];
            // What is compressed and how does not depend on where it goes: two methods are enough.
            if ["none", "gzip"].contains(&ours_method) {
                let ran = observe(&mut dump())?;
                fs::write(&piped, &ran.expect_silence()?.stdout)?;
                Running::start_led(&mut dump(), File::create(&redirected)?)?
                    .finish()?
                    .expect_silence()?;
                outputs.extend([&piped, &redirected]);
            }
            for ours in outputs {
                let name = || format!("-Z {ours_method}, {}", ours.display());
                let diff = archdiff(&oracle, ours, &[]).with_context(name)?;
                ensure!(diff.same, "{}: {}", name(), diff.output);
                let listed = |archive: &Path| -> Result<String> {
                    let listing = run(server.tool("pg_restore").arg("-l").arg(archive))?;
                    let listing = String::from_utf8_lossy(&listing).into_owned();
                    let line = listing.lines().find(|line| line.contains("Compression:"));
                    line.map(ToOwned::to_owned)
                        .context("pg_restore -l tells no compression")
                };
                ensure!(
                    listed(&oracle)? == listed(ours)?,
                    "{}: {} where pg_dump has {}",
                    name(),
                    listed(ours)?,
                    listed(&oracle)?
                );
            }
            sizes.push((ours_method, fs::metadata(&file)?.len()));
        }
        let size = |method| sizes.iter().find(|(name, _)| *name == method).map(|s| s.1);
        ensure!(
            size("gzip:9") < size("gzip:1") && size("gzip:1") < size("none"),
            "{sizes:?}"
        );
        Ok(())
    });
}

#[test]
fn lz4_and_zstd_are_those_of_pg_dump() {
    // The only one here whose programs have both.
    let major = Major::V17;
    let methods = [
        "lz4",
        "lz4:9",
        "zstd",
        "zstd:1",
        "zstd:-5",
        "zstd:level=19,long",
    ];
    side_by_side(&methods, |method| {
        let server = shared_server(major);
        let db = Fixture::named("shop")?.database(major)?;
        let scratch = Scratch::new()?;
        let (oracle, file, piped) = (
            scratch.join("oracle"),
            scratch.join("file"),
            scratch.join("piped"),
        );
        server.pg_dump(&db, ["-Fc", "-Z", *method], &oracle)?;
        let dump = || {
            let mut command = dump_command(server, &db);
            command.args(["-Z", *method]);
            command
        };
        observe(dump().arg("-f").arg(&file))?.expect_silence()?;
        fs::write(&piped, &observe(&mut dump())?.expect_silence()?.stdout)?;
        let text = |mut program: Command, archive: &Path| -> Result<String> {
            let script = run(program.args(["-f", "-", "--restrict-key=x"]).arg(archive))?;
            let script = String::from_utf8(script)?;
            let lines = script
                .lines()
                .filter(|line| !line.starts_with("-- Dumped by "));
            Ok(lines.collect::<Vec<_>>().join("\n"))
        };
        let restore = || {
            let mut command = pgark();
            command.arg("restore");
            command
        };
        let expected = text(server.tool("pg_restore"), &oracle)?;
        ensure!(expected == text(restore(), &oracle)?, "pg_dump's archive");
        for ours in [&file, &piped] {
            let name = ours.display();
            ensure!(expected == text(server.tool("pg_restore"), ours)?, "{name}");
            ensure!(expected == text(restore(), ours)?, "{name}, by pgark");
        }
        Ok(())
    });
}

#[test]
fn older_archives_know_no_lz4_and_no_zstd() {
    side_by_side(&["lz4", "zstd"], |method| {
        let server = shared_server(Major::V15);
        let scratch = Scratch::new()?;
        let file = scratch.join("archive");
        let mut command = dump_command(server, "postgres");
        let ran = observe(command.args(["-Z", *method, "-f"]).arg(&file))?;
        ensure!(ran.code != Some(0), "{ran:?}");
        ran.expect_one_line([method, "version 1.14", "gzip"])?;
        expect_no_archive(&file)
    });
}

#[test]
fn offsets_are_those_of_pg_dump_in_a_file_and_unset_in_a_pipe() {
    side_by_side(&Major::with_clients(), |&major| {
        let server = shared_server(major);
        let db = Fixture::named("shop")?.database(major)?;
        let scratch = Scratch::new()?;
        let (oracle, file, piped) = (
            scratch.join("oracle"),
            scratch.join("file"),
            scratch.join("piped"),
        );
        server.pg_dump(&db, ["-Fc"], &oracle)?;
        observe(dump_command(server, &db).arg("-f").arg(&file))?.expect_silence()?;
        let ran = observe(&mut dump_command(server, &db))?;
        fs::write(&piped, &ran.expect_silence()?.stdout)?;

        let in_file = offset_flags(&file)?;
        ensure!(in_file == offset_flags(&oracle)?, "other offsets are set");
        ensure!(in_file.contains("set\n"), "no offset is set");
        let in_pipe = offset_flags(&piped)?;
        let all_unset = in_file.replace(" set\n", " unset\n");
        ensure!(in_pipe == all_unset, "a piped archive has offsets");
        Ok(())
    });
}

/// Each entry's name and whether its offset is set, as the judge reads it. It has compared each one that is set with the place
/// of its block.
fn offset_flags(archive: &Path) -> Result<String> {
    const SCRIPT: &str = "\
import sys; sys.path.insert(0, sys.argv[1]); sys.dont_write_bytecode = True
from archdiff import Archive
archive = Archive(sys.argv[2])
archive.data()
for entry in archive.entries:
    print(*archive.name(entry), {1: 'unset', 2: 'set', 3: 'none'}[entry['offset_flag']])
";
    let flags = run(python()
        .args(["-c", SCRIPT])
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tools"))
        .arg(archive))?;
    Ok(String::from_utf8(flags)?)
}
