//! Dumps by roles that may not do everything.

use anyhow::{Result, ensure};
use support::{
    Major, Scratch, Server, archdiff, dump_command_as, expect_no_archive, observe, run,
    shared_server, side_by_side,
};

/// Each test's roles have names of their own; a database has what they may and may not read.
const SETUP: &str = "
set client_min_messages = warning;
create schema s;
create table s.open (id int primary key, note text);
insert into s.open select i, 'note ' || i from generate_series(1, 100) i;
create table s.\"Closed One\" (id int);
insert into s.\"Closed One\" values (1);
create sequence s.seq;
create view s.v as select id from s.open;
create function s.f() returns int language sql as 'select 1';
";

/// Dumps as `role`, with the major's pg_dump too where that can do it, and expects both to go alike.
fn dump_as(server: &Server, db: &str, role: &str, words: &[&str]) -> Result<()> {
    let scratch = Scratch::new()?;
    for args in [&[][..], &["-s"], &["-a"]] {
        let (oracle, ours) = (scratch.join("oracle"), scratch.join("ours"));
        let judged = observe(
            server
                .tool("pg_dump")
                .env("PGUSER", role)
                .args(["-Fc", "-d", db, "-f"])
                .arg(&oracle)
                .args(args),
        )?;
        let mut command = dump_command_as(server, db, role);
        let ran = observe(command.arg("-f").arg(&ours).args(args))?;
        if judged.code == Some(0) {
            ran.expect_silence()?;
            let diff = archdiff(&oracle, &ours, &[])?;
            ensure!(diff.same, "{}: {}", ran.command, diff.output);
            for archive in [oracle, ours] {
                std::fs::remove_file(archive)?;
            }
        } else {
            ran.expect_code(1)?.expect_one_line(words)?;
            expect_no_archive(&ours)?;
            // pg_dump leaves its empty file.
            std::fs::remove_file(oracle)?;
        }
        let refused = ran.code != Some(0);
        // Definitions alone show no row.
        let shows_rows = args != ["-s"] || !words.contains(&"row-level security");
        let expected = !words.is_empty() && shows_rows;
        ensure!(
            refused == expected,
            "{}: exit code {:?}\n{}",
            ran.command,
            ran.code,
            ran.stderr
        );
    }
    Ok(())
}

#[test]
fn a_table_that_may_not_be_read_is_named_and_no_file_is_left() {
    side_by_side(&Major::with_clients(), |&major| {
        let server = shared_server(major);
        let db = server.fresh_database("denied", "")?;
        server.psql(&db, SETUP)?;
        server.psql(
            &db,
            "create role reads_little login; grant usage on schema s to reads_little;
             grant select on s.open, s.v, s.seq to reads_little;",
        )?;
        dump_as(
            server,
            &db,
            "reads_little",
            &["permission denied for table Closed One", "42501"],
        )
    });
}

#[test]
fn a_sequence_that_may_not_be_read_is_named() {
    side_by_side(&Major::with_clients(), |&major| {
        let server = shared_server(major);
        let db = server.fresh_database("denied", "")?;
        server.psql(&db, SETUP)?;
        server.psql(
            &db,
            "create role reads_tables login; grant usage on schema s to reads_tables;
             grant select on s.open, s.v, s.\"Closed One\" to reads_tables;",
        )?;
        let scratch = Scratch::new()?;
        let ours = scratch.join("ours");
        let ran = observe(
            dump_command_as(server, &db, "reads_tables")
                .arg("-f")
                .arg(&ours),
        )?;
        ran.expect_code(1)?.expect_one_line(["seq", "ermission"])?;
        expect_no_archive(&ours)
    });
}

#[test]
fn a_member_of_pg_read_all_data_dumps_everything() {
    side_by_side(&Major::all(), |&major| {
        let server = shared_server(major);
        let db = server.fresh_database("reader", "")?;
        server.psql(&db, SETUP)?;
        server.psql(
            &db,
            "create role reads_all login; grant pg_read_all_data to reads_all;",
        )?;
        dump_as(server, &db, "reads_all", &[])
    });
}

#[test]
fn row_security_refuses_whom_it_would_hide_rows_from() {
    side_by_side(&Major::all(), |&major| {
        let server = shared_server(major);
        let db = server.fresh_database("rows", "")?;
        server.psql(&db, SETUP)?;
        server.psql(
            &db,
            "create role sees_some login; grant pg_read_all_data to sees_some;
             create role sees_more login bypassrls; grant pg_read_all_data to sees_more;
             alter table s.open enable row level security; create policy p on s.open using (id < 10);",
        )?;
        dump_as(server, &db, "sees_some", &["row-level security", "s.open"])?;
        dump_as(server, &db, "sees_more", &[])
    });
}

#[test]
fn an_ordinary_role_dumps_what_it_owns() {
    side_by_side(&Major::all(), |&major| {
        let server = shared_server(major);
        run(server.tool("createuser").args(["--login", "owns_all"]))?;
        let db = server.fresh_database("owned", "owner owns_all")?;
        server.psql(&db, format!("set role owns_all; {SETUP}"))?;
        dump_as(server, &db, "owns_all", &[])
    });
}

#[test]
fn options_of_user_mappings_that_may_not_be_read_are_told() {
    side_by_side(&Major::all(), |&major| {
        let server = shared_server(major);
        let db = server.fresh_database("mappings", "")?;
        server.psql(
            &db,
            "create role maps_itself login; create role maps_nothing login; create role owns_server;
             create foreign data wrapper w; grant usage on foreign data wrapper w to owns_server;
             create server s1 foreign data wrapper w; grant usage on foreign server s1 to maps_itself;
             create server s2 foreign data wrapper w; alter server s2 owner to owns_server;
             create user mapping for maps_itself server s1 options (password 'seen');
             create user mapping for maps_itself server s2 options (password 'hidden');
             create user mapping for public server s1 options (password 'hidden');
             create user mapping for public server s2 options (password 'hidden');
             grant owns_server to maps_nothing;",
        )?;
        let told = |user: &str, server: &str| {
            format!("options of user mapping \"{user}\" of server \"{server}\" are not dumped")
        };
        let all = [
            told("maps_itself", "s1"),
            told("public", "s1"),
            told("maps_itself", "s2"),
            told("public", "s2"),
        ];
        for (role, expected) in [
            ("postgres", &[][..]),
            ("maps_itself", &all[1..]),
            ("maps_nothing", &all[..3]),
        ] {
            let scratch = Scratch::new()?;
            let (oracle, ours) = (scratch.join("oracle"), scratch.join("ours"));
            run(server
                .tool("pg_dump")
                .env("PGUSER", role)
                .args(["-Fc", "-d", &db, "-f"])
                .arg(&oracle))?;
            let ran = observe(dump_command_as(server, &db, role).arg("-f").arg(&ours))?;
            ran.expect_code(0)?.expect_words(expected)?;
            ensure!(
                ran.stderr.lines().count() == expected.len(),
                "{role}: {}",
                ran.stderr
            );
            let diff = archdiff(&oracle, &ours, &[])?;
            ensure!(diff.same, "{role}: {}", diff.output);
        }
        Ok(())
    });
}
