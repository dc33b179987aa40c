//! Every option that chooses what is dumped: the archive is the one that pg_dump writes with it.

mod cell;
mod run;

use std::path::Path;

use anyhow::{Result, ensure};
use support::{
    Fixture, Major, Scratch, Server, dump_command, dump_command_as, expect_no_archive, observe,
    shared_server,
};

use crate::session::Session;

#[test]
fn options_on_postgresql_13_do_what_those_of_its_pg_dump_do() -> Result<()> {
    run::every_cell(Major::V13)
}

#[test]
fn options_on_postgresql_15_do_what_those_of_its_pg_dump_do() -> Result<()> {
    run::every_cell(Major::V15)
}

#[test]
fn options_on_postgresql_16_do_what_those_of_its_pg_dump_do() -> Result<()> {
    run::every_cell(Major::V16)
}

#[test]
fn options_on_postgresql_17_do_what_those_of_its_pg_dump_do() -> Result<()> {
    run::every_cell(Major::V17)
}

#[test]
fn options_on_postgresql_18_do_what_those_of_its_pg_dump_do() -> Result<()> {
    run::every_cell(Major::V18)
}

#[test]
fn statistics_of_an_older_server_are_those_that_pg_dump_18_reads() -> Result<()> {
    for major in Major::all() {
        run::same_statistics(major)?;
    }
    Ok(())
}

fn corpus(major: Major) -> Result<(&'static Server, String)> {
    let db = Fixture::named("options/selection")?.database(major)?;
    Ok((shared_server(major), db))
}

#[test]
fn a_snapshot_shows_what_it_showed_when_it_was_exported() -> Result<()> {
    for major in Major::all() {
        let server = shared_server(major);
        let db = server.fresh_database("snapshot", "")?;
        server.psql(&db, "create table t (a int); insert into t values (1)")?;
        let mut holder = Session::open(server, &db)?;
        holder.run("create table snapshots (name text)")?;
        holder.run("begin isolation level repeatable read")?;
        let snapshot = holder.ask("select pg_export_snapshot()")?;
        server.psql(&db, "insert into t values (2)")?;
        let option = format!("--snapshot={}", snapshot.trim_end());
        run::same_archive(
            server,
            &db,
            &[&option],
            &[&option],
            &[],
            run::Effect::Changes,
        )?;
    }
    Ok(())
}

#[test]
fn a_dump_waits_for_locks_as_long_as_it_is_told() -> Result<()> {
    let server = shared_server(Major::V17);
    let db = server.fresh_database("lock_wait", "")?;
    server.psql(&db, "create table t (a int)")?;
    let mut holder = Session::open(server, &db)?;
    holder.run("begin")?;
    holder.run("lock table t in access exclusive mode")?;
    let scratch = Scratch::new()?;
    let path = scratch.join("archive");
    let dump = |timeout: &str| {
        let mut command = dump_command(server, &db);
        command
            .args(["--lock-wait-timeout", timeout, "-f"])
            .arg(&path);
        observe(&mut command)
    };
    dump("100ms")?
        .expect_code(1)?
        .expect_one_line(["could not lock tables", "statement timeout"])?;
    dump("soon")?
        .expect_code(1)?
        .expect_one_line(["statement_timeout", "soon"])?;
    expect_no_archive(&path)?;
    holder.run("commit")?;
    dump("1min")?.expect_code(0)?.expect_silence()?;
    Ok(())
}

#[test]
fn the_server_is_asked_as_the_options_say() -> Result<()> {
    let server = Server::with(Major::V16)
        .conf("log_statement = all")
        .start()?;
    let scratch = Scratch::new()?;
    server.psql("postgres", "create role somebody in role pg_read_all_data")?;
    let options = ["--serializable-deferrable", "--role", "somebody"];
    observe(
        dump_command(&server, "postgres")
            .args(options)
            .arg("-f")
            .arg(scratch.join("archive")),
    )?
    .expect_code(0)?;
    let log = server.log()?;
    for statement in ["serializable, read only, deferrable", "set role somebody"] {
        ensure!(log.contains(statement), "no {statement} in\n{log}");
    }
    Ok(())
}

#[test]
fn rows_that_are_hidden_are_an_error_unless_told_otherwise() -> Result<()> {
    for major in Major::all() {
        let (server, db) = corpus(major)?;
        let scratch = Scratch::new()?;
        let path = scratch.join("archive");
        server.psql("postgres", "alter role options_reader login")?;
        let refused = observe(
            dump_command_as(server, &db, "options_reader")
                .args(["-a", "-t", "secret*", "-t", "one.secret", "-f"])
                .arg(&path),
        )?;
        refused
            .expect_code(1)?
            .expect_words(["row-level security", "secret"])?;
        expect_no_archive(&path)?;
    }
    Ok(())
}

#[test]
fn what_matches_nothing_is_an_error() -> Result<()> {
    let (server, db) = corpus(Major::V18)?;
    let database = format!("{db}.one.plain");
    // Options, the exit status and what is told.
    let cases: [(&[&str], i32, &str); 17] = [
        (&["-n", "nope"], 1, "no matching schemas were found"),
        (&["-t", "nope"], 1, "no matching tables were found"),
        (&["-t", "plain"], 1, "no matching tables were found"),
        (
            &["--table-and-children", "x*"],
            1,
            "no matching tables were found",
        ),
        (&["-e", "nope"], 1, "no matching extensions were found"),
        (
            &["--include-foreign-data=nope"],
            1,
            "no matching foreign servers were found for pattern \"nope\"",
        ),
        (
            &["--strict-names", "-n", "one", "-n", "nope"],
            1,
            "no matching schemas were found for pattern \"nope\"",
        ),
        (
            &["--strict-names", "-t", "one.plain", "-t", "nope"],
            1,
            "no matching tables were found for pattern \"nope\"",
        ),
        (
            &["--strict-names", "-e", "plpgsql", "-e", "nope"],
            1,
            "no matching extensions were found for pattern \"nope\"",
        ),
        (
            &["-t", "elsewhere.one.plain"],
            1,
            "cross-database references are not implemented: elsewhere.one.plain",
        ),
        // As pg_dump, which does not compare the name of a schema's database.
        (
            &["-n", "elsewhere.one"],
            1,
            "cross-database references are not implemented: elsewhere.one",
        ),
        (
            &["-t", "a.b.c.d"],
            2,
            "improper relation name (too many dotted names): a.b.c.d",
        ),
        (
            &["-n", "a.b.c"],
            2,
            "improper qualified name (too many dotted names): a.b.c",
        ),
        (
            &["-e", "a.b"],
            2,
            "improper qualified name (too many dotted names): a.b",
        ),
        (&["-t", "("], 1, "invalid regular expression"),
        // What is left out need not be there.
        (
            &["-s", "-N", "nope", "-T", "nope", "--exclude-extension=nope"],
            0,
            "",
        ),
        (
            &["-s", "--strict-names", "-T", "nope", "-t", &database],
            0,
            "",
        ),
    ];
    for (options, code, told) in cases {
        let scratch = Scratch::new()?;
        let path = scratch.join("archive");
        let ran = observe(dump_command(server, &db).args(options).arg("-f").arg(&path))?;
        ran.expect_code(code)?;
        if code == 0 {
            ran.expect_silence()?;
        } else {
            ran.expect_one_line([told])?;
            expect_no_archive(&path)?;
        }
    }
    Ok(())
}

#[test]
fn options_that_contradict_each_other_are_refused() -> Result<()> {
    let scratch = Scratch::new()?;
    let filter = |name: &str, text: &str| scratch.write(name, text);
    let bad = filter("bad", "include table a\nexclude nothing b\n")?;
    let not_allowed = filter("not_allowed", "include table_data a\n")?;
    let (bad, not_allowed) = (bad.display().to_string(), not_allowed.display().to_string());
    let cases: [(&[&str], &str); 17] = [
        (&["-s", "-a"], "--data-only"),
        (&["-a", "--no-data"], "--no-data"),
        (&["-s", "--no-schema"], "--no-schema"),
        (&["-s", "--statistics"], "--statistics"),
        (&["-a", "--statistics"], "--statistics"),
        (&["-s", "--statistics-only"], "--statistics-only"),
        (&["-a", "--statistics-only"], "--statistics-only"),
        (&["--statistics", "--no-statistics"], "--no-statistics"),
        (&["--statistics-only", "--no-statistics"], "--no-statistics"),
        (
            &["-s", "--include-foreign-data=x"],
            "--include-foreign-data",
        ),
        (&["--section=middle"], "middle"),
        (&["--extra-float-digits=4"], "-15..=3"),
        (&["--extra-float-digits=many"], "many"),
        (&["-n"], "--schema"),
        (&["--no-nothing"], "--no-nothing"),
        (
            &["--filter", &bad],
            "line 2: unsupported filter object type: \"nothing\"",
        ),
        (
            &["--filter", &not_allowed],
            "line 1: include filter for \"table data\" is not allowed",
        ),
    ];
    for (options, told) in cases {
        // There is no such server; nobody asks it.
        let mut command = support::pgark();
        command.args(["dump", "-h", "/nowhere"]).args(options);
        observe(&mut command)?
            .expect_code(2)?
            .expect_words([told])?;
    }
    let missing = Path::new("/nowhere/filter");
    let mut command = support::pgark();
    command.args(["dump", "--filter"]).arg(missing);
    observe(&mut command)?
        .expect_code(1)?
        .expect_words(["could not read filter", "/nowhere/filter"])?;
    Ok(())
}
