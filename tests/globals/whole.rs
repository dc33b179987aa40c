//! `pgark dumpall`: a folder or an archive with what a snapshot of the whole cluster holds.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use bstr::ByteSlice;
use serde_json::Value;
use support::{
    Fixture, Major, Scratch, Server, archdiff, interrupt_at_any_moment, observe, pgark, run,
    side_by_side,
};

use crate::layout::expect_layout;
use crate::script::expect_same;

/// The databases that take connections, with their files.
const DATABASES: [(&str, &str); 6] = [
    ("50%", "00001-50%25.dump"),
    ("Größe mit Blank", "00002-Größe mit Blank.dump"),
    ("a/b", "00003-a%2Fb.dump"),
    ("postgres", "00004-postgres.dump"),
    ("shop", "00005-shop.dump"),
    ("template1", "00006-template1.dump"),
];

fn start(major: Major) -> Result<Server> {
    let server = Server::start(major)?;
    for db in ["50%", "Größe mit Blank", "a/b", "shop"] {
        server.create_database(db, "")?;
    }
    server.create_database("closed", "allow_connections false")?;
    Fixture::named("shop")?.fill(&server, "shop")?;
    server.psql("a/b", "create table t as select generate_series(1, 1000) i")?;
    server.psql("postgres", "create role other login password 'secret'")?;
    Ok(server)
}

/// `pgark dumpall` to `target` as `role`.
fn dumpall(server: &Server, role: &str, target: impl AsRef<Path>, args: &[&str]) -> Command {
    let mut command = pgark();
    command.args(["dumpall", "-h", server.host(), "-U", role]);
    command.args(["-p", &server.port().to_string()]);
    command.args(args).arg(target.as_ref());
    command
}

/// The files of a folder.
fn files(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        files.insert(name, fs::read(entry.path())?);
    }
    Ok(files)
}

/// The file of the globals with the key of the restricted mode made known.
fn with_known_key(script: &[u8]) -> Result<Vec<u8>> {
    let line = script.lines().find(|line| line.starts_with(b"\\restrict "));
    let key = &line.context("no \\restrict in the script")?["\\restrict ".len()..];
    Ok(script.replace(key, "key"))
}

#[test]
fn a_folder_holds_what_a_snapshot_of_the_cluster_holds() {
    side_by_side(&[Major::V15, Major::V18], |&major| {
        let server = start(major)?;
        let scratch = Scratch::new()?;
        let folder = scratch.join("all");
        // One that is there and empty is taken.
        fs::create_dir(&folder)?;
        let before = server.psql("postgres", "select pg_current_wal_lsn(), now()")?;
        let ran = observe(&mut dumpall(&server, "postgres", &folder, &["-j", "3"]))?;
        ran.expect_code(0)?;
        let found = files(&folder)?;
        let mut names: Vec<_> = DATABASES.iter().map(|(_, file)| *file).collect();
        names.extend(["00000-globals.sql", "manifest.json"]);
        names.sort_unstable();
        ensure!(found.keys().eq(&names), "{:?}", found.keys());
        ensure!(!scratch.join("all.part").exists(), "all.part is left");

        for (db, file) in DATABASES {
            let oracle = scratch.join("oracle");
            server.pg_dump(db, ["-Fc"], &oracle)?;
            let diff = archdiff(&oracle, &folder.join(file), &[])?;
            ensure!(
                diff.same && diff.identical == diff.total,
                "{db}: {}",
                diff.output
            );
        }
        let globals = run(server
            .tool("pg_dumpall")
            .args(["--globals-only", "--restrict-key=key"]))?;
        expect_same(&with_known_key(&found["00000-globals.sql"])?, &globals)?;

        let manifest: Value = serde_json::from_slice(&found["manifest.json"])?;
        expect_layout(&manifest)?;
        let (lsn, time) = before.split_once('|').context("position and time")?;
        let databases = manifest["databases"].as_array().context("databases")?;
        for database in databases.iter().filter(|db| db["allow_conn"] == true) {
            let sql = format!(
                "select {} >= '{lsn}'::pg_lsn and {} between '{time}'::timestamptz and now()",
                literal(&database["lsn"], "pg_lsn")?,
                literal(&database["snapshot_time"], "timestamptz")?
            );
            ensure!(server.psql("postgres", sql)? == "t", "{database:#}");
        }
        Ok(())
    });
}

#[test]
fn a_folder_that_is_interrupted_at_any_moment_is_whole_or_gone() -> Result<()> {
    let server = start(Major::V17)?;
    let scratch = Scratch::new()?;
    interrupt_at_any_moment(
        |name| dumpall(&server, "postgres", scratch.join(name), &[]),
        |name, is_whole| {
            let folder = scratch.join(name);
            let is_there = (folder.exists(), folder.with_extension("part").exists());
            ensure!(is_there == (is_whole, false), "{is_there:?}");
            ensure!(!is_whole || files(&folder)?.len() == DATABASES.len() + 2);
            Ok(())
        },
    )
}

fn literal(value: &Value, of: &str) -> Result<String> {
    let text = value
        .as_str()
        .with_context(|| format!("no {of} but {value}"))?;
    Ok(format!("'{text}'::{of}"))
}

#[test]
fn an_archive_holds_the_same_bytes_whatever_the_number_of_sessions() -> Result<()> {
    let server = start(Major::V17)?;
    let scratch = Scratch::new()?;
    let folder = scratch.join("all");
    let with_date = |command: &mut Command| {
        command.env("SOURCE_DATE_EPOCH", "1700000000");
        run(command)
    };
    with_date(&mut dumpall(&server, "postgres", &folder, &["-j", "1"]))?;
    let expected = files(&folder)?;
    for jobs in ["2", "5"] {
        let tar = with_date(&mut dumpall(&server, "postgres", "-", &["-j", jobs]))?;
        let listing = support::run_with_input(Command::new("tar").args(["-t", "-f", "-"]), &tar)?;
        let order: Vec<_> = listing.lines().map(|line| line.to_str_lossy()).collect();
        ensure!(
            order
                .first()
                .is_some_and(|name| name == "00000-globals.sql")
                && order.last().is_some_and(|name| name == "manifest.json"),
            "{order:?}"
        );
        let unpacked = scratch.join(format!("unpacked {jobs}"));
        fs::create_dir(&unpacked)?;
        let mut unpack = Command::new("tar");
        unpack.args(["-x", "-f", "-", "-C"]).arg(&unpacked);
        support::run_with_input(&mut unpack, &tar)?;
        let found = files(&unpacked)?;
        ensure!(found.keys().eq(expected.keys()), "{:?}", found.keys());
        for (name, content) in &found {
            let is_same = match name.as_str() {
                // It tells when it was made.
                "manifest.json" => content.len() > 1000,
                "00000-globals.sql" => with_known_key(content)? == with_known_key(&expected[name])?,
                name => *content == expected[name],
            };
            ensure!(is_same, "-j {jobs}: {name} is another");
        }
    }
    Ok(())
}

#[test]
fn databases_are_chosen_by_name_and_pattern() -> Result<()> {
    let server = start(Major::V16)?;
    let scratch = Scratch::new()?;
    for (number, (args, named, expected)) in [
        (
            &["--exclude-database=*o*", "--exclude-database", "A/B"][..],
            &[][..],
            &[
                "00001-50%25.dump",
                "00002-Größe mit Blank.dump",
                "00003-template1.dump",
            ][..],
        ),
        (
            &["--exclude-database=\"Größe\"*", "-s"],
            &["shop", "a/b"],
            &["00001-a%2Fb.dump", "00002-shop.dump"],
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let folder = scratch.join(number.to_string());
        run(dumpall(&server, "postgres", &folder, args).args(named))?;
        let files = files(&folder)?;
        let dumps: Vec<_> = files
            .keys()
            .filter(|name| !["00000-globals.sql", "manifest.json"].contains(&name.as_str()))
            .collect();
        ensure!(dumps == expected, "{args:?} {named:?}: {dumps:?}");
    }
    // Data alone is no place for roles.
    let folder = scratch.join("data");
    run(&mut dumpall(&server, "postgres", &folder, &["-a"]))?;
    ensure!(!files(&folder)?.contains_key("00000-globals.sql"));
    Ok(())
}

#[test]
fn what_fails_leaves_nothing() -> Result<()> {
    let server = start(Major::V18)?;
    server.psql(
        "postgres",
        "create role limited login; grant pg_read_all_data to limited; create role plain login",
    )?;
    server.psql(
        "shop",
        "create role nobody; create schema s; revoke connect on database shop from public",
    )?;
    let scratch = Scratch::new()?;
    let folder = scratch.join("all");
    for (role, args, named, code, words) in [
        (
            "postgres",
            &[][..],
            &["shop", "none"][..],
            8,
            &["\"none\" not found"][..],
        ),
        (
            "limited",
            &[],
            &[],
            8,
            &["\"shop\"", "permission denied for database"],
        ),
        (
            "plain",
            &[],
            &["postgres"],
            4,
            &["pg_authid", "--no-role-passwords"],
        ),
        ("postgres", &["-d", "nowhere"], &[], 8, &["\"nowhere\""]),
        ("postgres", &["--exclude-database=a.b"], &[], 2, &["a.b"]),
    ] {
        for target in [folder.as_path(), Path::new("-")] {
            let ran = observe(dumpall(&server, role, target, args).args(named))?;
            ran.expect_code(code)?.expect_words(words)?;
        }
        let left: Vec<_> = fs::read_dir(scratch.path())?.collect();
        ensure!(left.is_empty(), "{left:?} is left");
    }
    run(dumpall(&server, "plain", &folder, &["--no-role-passwords"]).arg("postgres"))?;
    let again = observe(dumpall(&server, "postgres", &folder, &[]).arg("postgres"))?;
    again.expect_code(4)?.expect_words(["is not empty"])?;
    fs::create_dir(scratch.join("other.part"))?;
    let part = observe(dumpall(&server, "postgres", scratch.join("other"), &[]).arg("postgres"))?;
    part.expect_code(4)?.expect_words(["other.part"])?;
    ensure!(scratch.join("other.part").is_dir());
    Ok(())
}
