//! The databases that a backup through Plakar is tried on.

use anyhow::{Result, ensure};
use support::{
    Fixture, Major, Scratch, Server, archdiff, dump_command, expect_no_archive, observe,
    side_by_side,
};

use crate::matrix::{compare, report};

/// The databases' names and their scripts.
const DATABASES: [(&str, &str); 3] = [
    ("appdb", "e2e/appdb"),
    ("shop", "e2e/shop"),
    ("odd-name DB", "e2e/odd-name"),
];

#[test]
fn their_archives_are_those_of_pg_dump_but_for_large_objects() -> Result<()> {
    let figures = side_by_side(&Major::all(), |&major| {
        let server = Server::start(major)?;
        let mut rows = Vec::new();
        for (db, script) in DATABASES {
            server.create_database(db, "")?;
            server.psql_file(db, &Fixture::named(script)?.path)?;
            rows.push((format!("{major} e2e {db}"), compare(&server, db)));
        }
        server.psql_file("appdb", &Fixture::named("e2e/large-object")?.path)?;
        large_objects_are_named_and_all_else_is_there(&server)?;
        Ok(rows)
    });
    report(figures.into_iter().flatten())
}

fn large_objects_are_named_and_all_else_is_there(server: &Server) -> Result<()> {
    let scratch = Scratch::new()?;
    let (oracle, ours) = (scratch.join("oracle"), scratch.join("ours"));
    let oid = server.psql("appdb", "select oid from pg_largeobject_metadata")?;
    let name = format!("large object \"{oid}\"");
    observe(dump_command(server, "appdb").arg("-f").arg(&ours))?
        .expect_code(4)?
        .expect_words([&name])?;
    expect_no_archive(&ours)?;
    let ran = observe(
        dump_command(server, "appdb")
            .arg("--allow-incomplete")
            .arg("-f")
            .arg(&ours),
    )?;
    ran.expect_code(7)?.expect_words([&name])?;
    server.pg_dump("appdb", ["-Fc"], &oracle)?;
    let diff = archdiff(&oracle, &ours, &["--show", "9"])?;
    // A large object is two entries to every major: its metadata and its data.
    let missing = diff
        .output
        .lines()
        .filter(|line| line.starts_with("missing ('BLOB"))
        .count();
    ensure!(
        missing == 2
            && diff.identical == diff.total - missing
            && diff
                .output
                .contains(" 0 extra, 0 differ; header differs in 0; "),
        "{}",
        diff.output
    );
    Ok(())
}
