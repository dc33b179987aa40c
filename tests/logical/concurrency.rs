//! Other sessions change things while a dump waits or runs: it gives a right archive all the same.

use std::fmt;
use std::fs::File;
use std::io::{Read, Write};

use anyhow::{Result, bail, ensure};
use support::{
    Major, Running, Scratch, archdiff, by_turns, database_text, dump_command, observe,
    shared_server, side_by_side,
};

use crate::matrix::print;
use crate::session::{Session, terminate, wait_for_lock_wait};

/// Tables `t` and `plain` are what a test holds locked: one that much depends on, and one alone.
const SETUP: &str = "
set client_min_messages = warning;
create schema w;
create type w.mood as enum ('sad', 'glad');
create domain w.pos as int constraint pos_check check (value > 0);
create sequence w.seq;
select nextval('w.seq');
create function w.f(a int) returns int language sql as 'select a + 1';
create function w.trg() returns trigger language plpgsql as 'begin return new; end';
create table w.t (
  id int constraint t_key primary key, note text default 'x', n int constraint t_n check (n > 0), m w.mood default 'sad', p w.pos
);
insert into w.t select i, 'row ' || i, i, 'glad', i from generate_series(1, 1000) i;
create index t_note on w.t (note);
create statistics w.st on id, n from w.t;
create view w.v as select id, note from w.t;
create materialized view w.mv as select count(*) as c from generate_series(1, 5);
create rule r as on update to w.t where old.id < 0 do instead nothing;
create policy p on w.t using (id > 0);
create trigger trg before insert on w.t for each row execute function w.trg();
comment on table w.t is 'before';
create table w.plain (id int, c int);
insert into w.plain select i, i from generate_series(1, 1000) i;
create table w.other (id int, c text);
insert into w.other select i, 'other' from generate_series(1, 10) i;
";

/// What another session does in the one transaction that the dump waits for.
const CHANGES: [(&str, &str); 38] = [
    ("drop table", "drop table w.t cascade"),
    (
        "drop table, another of its name",
        "drop table w.t cascade; create table w.t (id int, note text default 'x', n int, m w.mood default 'sad', p w.pos);
         insert into w.t values (1, 'new', 1, 'sad', 1)",
    ),
    ("rename table", "alter table w.t rename to u"),
    ("move table", "create schema x; alter table w.t set schema x"),
    ("rename schema", "alter schema w rename to x"),
    ("drop column", "alter table w.t drop column p"),
    ("add column", "alter table w.t add column z int default 7"),
    ("rename column", "alter table w.t rename n to m2"),
    ("change type, rows rewritten", "alter table w.t alter n type bigint"),
    ("change type, rows kept", "alter table w.t alter p type int"),
    ("change type of a plain table", "alter table w.plain alter c type bigint"),
    ("change a plain table to a view", "drop table w.plain; create view w.plain as select 1 as id, 2 as c"),
    (
        "drop plain table, another of its name",
        "drop table w.plain; create table w.plain (id int, c int); insert into w.plain values (1, 1)",
    ),
    ("truncate", "truncate w.t"),
    ("cluster", "cluster w.t using t_key"),
    ("delete rows", "delete from w.t where id > 10"),
    ("drop view", "drop view w.v"),
    ("replace view", "create or replace view w.v as select id + 1 as id, note from w.t"),
    ("drop materialized view", "drop materialized view w.mv"),
    ("refresh materialized view", "refresh materialized view w.mv"),
    ("drop function", "drop function w.f"),
    ("replace function", "create or replace function w.f(a int) returns int language sql as 'select a + 2'"),
    ("drop index", "drop index w.t_note"),
    ("rename index", "alter index w.t_note rename to t_note_2"),
    ("drop check", "alter table w.t drop constraint t_n"),
    ("rename check", "alter table w.t rename constraint t_n to t_n_2"),
    ("drop primary key", "alter table w.t drop constraint t_key"),
    ("drop trigger", "drop trigger trg on w.t"),
    ("drop rule", "drop rule r on w.t"),
    ("drop policy", "drop policy p on w.t"),
    ("drop statistics", "drop statistics w.st"),
    ("drop sequence", "drop sequence w.seq"),
    ("advance sequence", "select nextval('w.seq')"),
    ("drop enum", "drop type w.mood cascade"),
    ("drop domain constraint", "alter domain w.pos drop constraint pos_check"),
    ("drop default", "alter table w.t alter note drop default"),
    ("comment", "comment on table w.t is 'after'"),
    ("attach child", "create table w.child () inherits (w.t)"),
];

struct Change {
    major: Major,
    what: &'static str,
    sql: &'static str,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.major, self.what)
    }
}

#[test]
fn what_changes_while_the_dump_waits_for_a_lock_is_no_harm_to_the_archive() -> Result<()> {
    let mut changes = Vec::new();
    for (place, (what, sql)) in CHANGES.into_iter().enumerate() {
        // The oldest and the newest read the catalogues most differently.
        for &major in by_turns(place, &[Major::V15, Major::V18]) {
            changes.push(Change { major, what, sql });
        }
    }
    let outcomes = side_by_side(&changes, |change| Ok(while_waiting(change)));
    let mut wrong = Vec::new();
    for (change, outcome) in changes.iter().zip(outcomes) {
        let told = match &outcome {
            Ok(outcome) => outcome,
            Err(_) => "FAILED",
        };
        print(&format!("{:40} {told}\n", change.to_string()))?;
        wrong.extend(outcome.err().map(|error| format!("{change}: {error:#}")));
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

fn while_waiting(change: &Change) -> Result<String> {
    let server = shared_server(change.major);
    let db = server.fresh_database("waits", "")?;
    server.psql(&db, SETUP)?;
    let scratch = Scratch::new()?;
    let (before, ours, after) = (
        scratch.join("before"),
        scratch.join("ours"),
        scratch.join("after"),
    );
    server.pg_dump(&db, ["-Fc"], &before)?;
    let mut other = Session::open(server, &db)?;
    other.run("begin; lock table w.t, w.plain in access exclusive mode")?;
    let running = Running::start(dump_command(server, &db).arg("-f").arg(&ours))?;
    wait_for_lock_wait(server, &db)?;
    other.run(&format!("{}; commit", change.sql))?;
    running.finish()?.expect_silence()?;
    if archdiff(&before, &ours, &[])?.same {
        return Ok("as before".to_owned());
    }
    server.pg_dump(&db, ["-Fc"], &after)?;
    if archdiff(&after, &ours, &[])?.same {
        return Ok("as after".to_owned());
    }
    // Some of what the server tells is of the moment and not of the snapshot, to pg_dump as well: then what counts is what a restore
    // makes of it.
    let restored = |archive| {
        let target = server.fresh_database("waits", "")?;
        server.pg_restore(&target, [""; 0], archive)?;
        database_text(server, &target, &[])
    };
    let found = restored(&ours)?;
    for (state, oracle) in [("before", &before), ("after", &after)] {
        if restored(oracle)? == found {
            return Ok(format!("restored as {state}"));
        }
    }
    bail!(
        "neither as before:\n{}nor as after:\n{}",
        archdiff(&before, &ours, &[])?.output,
        archdiff(&after, &ours, &[])?.output
    )
}

#[test]
fn what_changes_while_rows_are_copied_is_not_in_the_archive() {
    side_by_side(&Major::all(), |&major| {
        let server = shared_server(major);
        let db = server.fresh_database("copies", "")?;
        server.psql(&db, SETUP)?;
        // More than pipes, sockets and buffers hold, so that the dump stands still until somebody reads; named to be copied first.
        server.psql(
            &db,
            "create table w.a as select repeat('x', 1000) as a from generate_series(1, 30000)",
        )?;
        let scratch = Scratch::new()?;
        let (before, ours) = (scratch.join("before"), scratch.join("ours"));
        server.pg_dump(&db, ["-Fc"], &before)?;
        let (mut archive, stdout) = std::io::pipe()?;
        let running = Running::start_led(dump_command(server, &db).args(["-Z", "none"]), stdout)?;
        let mut start = [0; 5];
        archive.read_exact(&mut start)?;
        ensure!(&start == b"PGDMP", "the archive starts with {start:?}");

        // Rows and definitions are changed freely where no lock forbids it.
        server.psql(
            &db,
            "insert into w.t values (1001, 'later', 1, 'sad', 1); delete from w.other; update w.t set note = 'later';
             create table w.later (id int); drop function w.f(int);",
        )?;
        for sql in [
            "drop table w.other",
            "truncate w.t",
            "alter table w.other alter id type bigint",
            "alter table w.t drop column note cascade",
        ] {
            let refused = server.psql(&db, format!("set lock_timeout = '50ms'; {sql}"));
            let refused = refused.err().map(|error| format!("{error:#}"));
            ensure!(
                refused
                    .as_ref()
                    .is_some_and(|told| told.contains("lock timeout")),
                "{sql}: {refused:?}"
            );
        }
        let mut file = File::create(&ours)?;
        file.write_all(&start)?;
        std::io::copy(&mut archive, &mut file)?;
        running.finish()?.expect_silence()?;
        let diff = archdiff(&before, &ours, &[])?;
        ensure!(diff.same, "{}", diff.output);
        Ok(())
    });
}

#[test]
fn rows_of_one_moment_are_in_all_tables() -> Result<()> {
    let server = shared_server(Major::V18);
    let db = server.fresh_database("moment", "")?;
    server.psql(
        &db,
        "create table a (n int); create table z (n int); insert into a values (0); insert into z values (0);",
    )?;
    // Inserts one row into each table in one transaction, over and over, until it is terminated.
    let mut writer = Session::open(server, &db)?;
    writer.send(
        "do $$ begin loop insert into a values (1); insert into z values (1); commit; perform pg_sleep(0.0005); end loop; end $$",
    )?;
    let scratch = Scratch::new()?;
    let mut sizes = Vec::new();
    for round in 0..5 {
        let ours = scratch.join(format!("{round}"));
        observe(dump_command(server, &db).arg("-f").arg(&ours))?.expect_silence()?;
        let target = server.fresh_database("moment", "")?;
        server.pg_restore(&target, [""; 0], &ours)?;
        let [a, z] = ["a", "z"].map(|table| {
            let count = format!("select count(*) from {table}");
            server.psql(&target, count)
        });
        let (a, z) = (a?, z?);
        ensure!(a == z, "{a} rows in one table and {z} in the other");
        sizes.push(a);
    }
    server.psql("postgres", terminate(&db))?;
    sizes.dedup();
    ensure!(sizes.len() > 1, "nothing was written meanwhile");
    Ok(())
}
