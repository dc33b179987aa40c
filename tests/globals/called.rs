//! pgark called as pg_dumpall, beside pg_dumpall.

use anyhow::{Context, Result};
use bstr::ByteSlice;
use support::{Fixture, Major, is_turn, observe, pgark_as, run, side_by_side};

use crate::awkward::Awkward;
use crate::script::{KEY, expect_same};

const OPTIONS: [&[&str]; 16] = [
    &[],
    &["-c"],
    &["--clean", "--if-exists"],
    &["-s"],
    &["-a"],
    &["-a", "--disable-triggers"],
    &["--exclude-database=sho*"],
    &["-g"],
    &["-r", "-c"],
    &["-t"],
    &["-O", "-x", "--no-comments"],
    &["--inserts", "--exclude-database", "hardcases"],
    &["--no-role-passwords", "--no-tablespaces"],
    &["--quote-all-identifiers", "-s"],
    &["--use-set-session-authorization", "-s"],
    &["-l", "shop", "-s"],
];

#[test]
fn the_script_is_that_of_pg_dumpall() {
    side_by_side(&Major::with_clients(), |&major| {
        let awkward = Awkward::start(major)?;
        let server = &awkward.server;
        server.create_database("shop", "template template0 connection limit 7")?;
        Fixture::named("shop")?.fill(server, "shop")?;
        let has_key = server.has_restrict_key()?;
        if has_key {
            // Before it had a key, pg_dumpall connected to such a database in another way.
            server.psql(
                "postgres",
                "create database \"odd \"\"name\"\"\" owner r_group",
            )?;
        }
        server.psql(
            "postgres",
            "alter database shop set work_mem = '8MB';
             create table note as select 1 as i;
             create database half_dropped;
             create database closed allow_connections false",
        )?;
        // What a DROP DATABASE leaves that was interrupted; the fix that knows of it came to all majors.
        let half = "update pg_database set datconnlimit = -2 where datname = 'half_dropped'";
        server.psql("postgres", half)?;
        for (place, args) in OPTIONS.into_iter().enumerate() {
            // What is not the turn of this major is that of another.
            if place > 0 && !is_turn(place, &major, &Major::with_clients()) {
                continue;
            }
            let mut theirs = server.tool("pg_dumpall");
            let mut ours = pgark_as("pg_dumpall");
            ours.arg("-d").arg(server.uri(""));
            if has_key {
                theirs.args(["--restrict-key", KEY]);
            }
            ours.args(["--restrict-key", KEY]);
            let (theirs, ours) = (run(theirs.args(args))?, run(ours.args(args))?);
            let compared = expect_same(&comparable(&ours, has_key), &comparable(&theirs, has_key));
            compared.with_context(|| format!("{args:?}"))?;
        }
        Ok(())
    });
}

/// A script without what tells who has made it. pgark asks for psql's restricted mode whatever the server's age.
fn comparable(script: &[u8], is_restricted: bool) -> Vec<u8> {
    let is_kept = |line: &&[u8]| {
        let restricts = line.starts_with(b"\\restrict ") || line.starts_with(b"\\unrestrict ");
        let by_age = !is_restricted && (restricts || *line == b"\n");
        !by_age && !line.starts_with(b"-- Dumped by ")
    };
    let lines = script.lines_with_terminator().filter(is_kept);
    lines.collect::<Vec<_>>().concat()
}

#[test]
fn it_fails_as_pg_dumpall_does() -> Result<()> {
    let server = support::shared_server(Major::V16);
    for (args, words) in [
        (&["-g", "-r"][..], "--roles-only"),
        (&["-a", "-c"], "--clean"),
        (&["--if-exists"], "--clean"),
        (&["-l", "absent"], "absent"),
        (&["--binary-upgrade"], "--binary-upgrade"),
    ] {
        let theirs = observe(server.tool("pg_dumpall").args(args))?;
        // It is served by pg_dumpall alone.
        if args != ["--binary-upgrade"] {
            theirs.expect_code(1)?;
        }
        let mut ours = pgark_as("pg_dumpall");
        let ran = observe(ours.arg("-d").arg(server.uri("")).args(args))?;
        ran.expect_code(1)?.expect_words([words])?;
    }
    Ok(())
}
