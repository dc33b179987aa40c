//! Archives of pgark restored by the major's own pg_restore.

use std::path::Path;

use anyhow::{Result, ensure};
use bstr::ByteSlice;
use support::{
    Fixture, Major, Ran, Restore, Scratch, Server, by_turns, database_text, dump_command,
    ensure_same_text, observe, shared_server, side_by_side, sorted_text,
};

use crate::matrix::fixtures_in_turn;

#[test]
fn what_pg_restore_15_makes_of_our_archives_of_14_is_the_original() -> Result<()> {
    every_fixture(Major::V14)
}

#[test]
fn what_pg_restore_15_makes_of_our_archives_is_the_original() -> Result<()> {
    every_fixture(Major::V15)
}

#[test]
fn what_pg_restore_16_makes_of_our_archives_is_the_original() -> Result<()> {
    every_fixture(Major::V16)
}

#[test]
fn what_pg_restore_17_makes_of_our_archives_is_the_original() -> Result<()> {
    every_fixture(Major::V17)
}

#[test]
fn what_pg_restore_18_makes_of_our_archives_is_the_original() -> Result<()> {
    every_fixture(Major::V18)
}

fn every_fixture(major: Major) -> Result<()> {
    let server = shared_server(major);
    let majors = [Major::V14, Major::V15, Major::V16, Major::V17, Major::V18];
    side_by_side(&fixtures_in_turn(major, &majors)?, |fixture| {
        let source = fixture.database(major)?;
        let scratch = Scratch::new()?;
        let ours = scratch.join("ours");
        observe(dump_command(server, &source).arg("-f").arg(&ours))?.expect_code(0)?;
        let restored = Restored::of(fixture, server, &ours, &[])?;
        if fixture.loses_public(major) {
            restored.ran.expect_silence()?;
            let original = database_text(server, &source, &[])?;
            ensure_same_text(&without_public(&original), &without_public(&restored.text))?;
        } else if fixture.restore == Restore::Identical {
            restored.ran.expect_silence()?;
            ensure_same_dump(
                server,
                &database_text(server, &source, &[])?,
                &restored.text,
            )?;
        } else {
            // No worse than pg_dump's own archive.
            let oracle = scratch.join("oracle");
            server.pg_dump(&source, ["-Fc"], &oracle)?;
            let judged = Restored::of(fixture, server, &oracle, &[])?;
            ensure!(
                (restored.ran.code, &restored.ran.stderr) == (judged.ran.code, &judged.ran.stderr),
                "our archive: {}\npg_dump's: {}",
                restored.ran.stderr,
                judged.ran.stderr
            );
            if fixture.restore == Restore::Differs {
                restored.ran.expect_silence()?;
            }
            // The hash of an enum decides by OIDs, so by chance, in which partition a row comes to rest.
            ensure_same_text(&sorted_text(&judged.text), &sorted_text(&restored.text))?;
        }
        if fixture.name == "shop" {
            let parallel = Restored::of(fixture, server, &ours, &["-j4"])?;
            parallel.ran.expect_silence()?;
            ensure_same_dump(server, &restored.text, &parallel.text)?;
        }
        Ok(())
    });
    Ok(())
}

/// What became of an archive in a database of its own.
struct Restored {
    ran: Ran,
    text: Vec<u8>,
}

impl Restored {
    fn of(fixture: &Fixture, server: &Server, archive: &Path, args: &[&str]) -> Result<Self> {
        let target = fixture.empty_database(server)?;
        let ran = observe(&mut {
            let mut command = server.tool("pg_restore");
            command
                .args(args)
                .arg("-d")
                .arg(server.conninfo(&target))
                .arg(archive);
            command
        })?;
        let text = database_text(server, &target, &[])?;
        // A database with subscriptions is not dropped, and none of these has a slot to be dropped with it.
        server.psql(
            &target,
            "do $$ declare s name; begin for s in select subname from pg_subscription \
             where subdbid = (select oid from pg_database where datname = current_database()) loop \
             execute format('alter subscription %I set (slot_name = none)', s); execute format('drop subscription %I', s); \
             end loop; end $$",
        )?;
        server.psql("postgres", format!("drop database \"{target}\""))?;
        Ok(Self { ran, text })
    }
}

#[test]
fn the_database_itself_is_restored_with_its_properties() -> Result<()> {
    let names = [
        "shop",
        "quirks/20-database",
        "encodings/latin1",
        "encodings/sql_ascii",
        "quirks/21-public-dropped",
    ];
    let mut cases = Vec::new();
    for (place, name) in names.into_iter().enumerate() {
        for major in by_turns(place, &Major::all()) {
            cases.push(Case(*major, Fixture::named(name)?));
        }
    }
    side_by_side(&cases, |Case(major, fixture)| {
        // Restored under the name that the archive has, next to the renamed original.
        let server = shared_server(*major);
        let source = fixture.load(server)?;
        let scratch = Scratch::new()?;
        let ours = scratch.join("ours");
        observe(dump_command(server, &source).arg("-f").arg(&ours))?.expect_silence()?;
        let original = database_text(server, &source, &["-C"])?;
        server.psql(
            "postgres",
            format!("alter database \"{source}\" rename to \"{source}_away\""),
        )?;
        let ran = observe(
            server
                .tool("pg_restore")
                .args(["-C", "-d", "postgres"])
                .arg(&ours),
        )?;
        ran.expect_silence()?;
        ensure_same_text(&original, &database_text(server, &source, &["-C"])?)
    });
    Ok(())
}

struct Case(Major, Fixture);

impl std::fmt::Display for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PostgreSQL {} {}", self.0, self.1)
    }
}

/// The different lines of a text that say nothing of the schema public itself.
fn without_public(text: &[u8]) -> Vec<u8> {
    let is_of_public = |line: &[u8]| {
        ["SCHEMA public", "Name: public;", "since initdb creates it"]
            .iter()
            .any(|words| line.contains_str(words))
    };
    let mut lines: Vec<&[u8]> = text
        .split(|byte| *byte == b'\n')
        .filter(|line| !is_of_public(line))
        .collect();
    lines.sort_unstable();
    lines.dedup();
    lines.join(&b'\n')
}

/// As [`ensure_same_text`], in any order where pg_dump takes that of the OIDs, as it did until the restricted mode came.
fn ensure_same_dump(server: &Server, expected: &[u8], found: &[u8]) -> Result<()> {
    if server.has_restrict_key()? {
        ensure_same_text(expected, found)
    } else {
        ensure_same_text(&sorted_text(expected), &sorted_text(found))
    }
}
