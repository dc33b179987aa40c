//! Several sessions read, and nothing of that shows.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use support::{
    Fixture, Major, Ran, Running, Scratch, Server, archdiff, by_turns, dump_command,
    dump_command_as, expect_no_archive, is_long_run, observe, shared_server, side_by_side,
    wait_until,
};

use crate::faults::part_of;

/// Tables of many blocks with gaps and large values, partitions, many small tables, large objects.
const MIXED: &str = "
create table wide (id int primary key, a text, gone int, doubled int generated always as (id * 2) stored, large text);
alter table wide alter large set storage external;
insert into wide (id, a, large)
  select i, repeat(md5(i::text), 30), case when i % 500 = 0 then repeat(md5(i::text), 2000) end from generate_series(1, 24000) i;
alter table wide drop gone;
delete from wide where id % 7 = 0 or id between 12000 and 14000;
update wide set a = 'changed' where id % 11 = 0;
create table part (id int, a text) partition by range (id);
create table part_1 partition of part for values from (0) to (28000);
create table part_2 partition of part for values from (28000) to (60000);
insert into part select i, repeat(md5(i::text), 10) from generate_series(1, 30000) i;
create table parent (a int, b text);
create table child () inherits (parent);
insert into parent select i, repeat('p', 500) from generate_series(1, 18000) i;
insert into child select i, repeat('c', 500) from generate_series(1, 18000) i;
create table without_columns ();
insert into without_columns select from generate_series(1, 3000);
create table \"odd \"\" name\" (\"ctid,\" int, \"select\" text);
insert into \"odd \"\" name\" select i, repeat('x', 400) from generate_series(1, 24000) i;
do $$ begin
  for i in 1..250 loop
    execute format('create table small_%s as select j id, md5(j::text) a from generate_series(1, %s) j', i, i % 4);
  end loop;
end $$;
select count(lo_from_bytea(0, decode(repeat(md5(i::text), i % 40), 'hex'))) from generate_series(1, 3000) i;
";

fn mixed(major: Major) -> Result<(&'static Server, String)> {
    let server = shared_server(major);
    let db = server.fresh_database("mixed", "")?;
    server.psql(&db, MIXED)?;
    Ok((server, db))
}

/// A dump to a file.
fn archive(server: &Server, db: &str, args: &[&str], file: &Path) -> Result<Vec<u8>> {
    let mut command = dump_command(server, db);
    command.env("SOURCE_DATE_EPOCH", "1700000000");
    observe(command.args(args).arg("-f").arg(file))?.expect_silence()?;
    Ok(fs::read(file)?)
}

/// A dump to a pipe.
fn piped(server: &Server, db: &str, args: &[&str]) -> Result<Vec<u8>> {
    let (mut pipe, stdout) = std::io::pipe()?;
    let mut command = dump_command(server, db);
    command.env("SOURCE_DATE_EPOCH", "1700000000");
    let running = Running::start_led(command.args(args), stdout)?;
    drop(command);
    let mut bytes = Vec::new();
    pipe.read_to_end(&mut bytes)?;
    running.finish()?.expect_silence()?;
    Ok(bytes)
}

/// The ways of reading a database.
const WAYS: [&[&str]; 4] = [
    &["-j2"],
    &["-j3"],
    &["-j4", "--memory=1MB"],
    &["-j1", "--memory=100kB"],
];

/// Has every way of reading a database give the archives that one session gives, in a file and in a pipe; compressed ones by turns.
fn expect_one_archive(server: &Server, db: &str, codecs: &[&str]) -> Result<()> {
    let scratch = Scratch::new()?;
    for (place, codec) in codecs.iter().enumerate() {
        let one = ["-Z", codec, "-j1"];
        let first = archive(server, db, &one, &scratch.join("first"))?;
        let first_piped = piped(server, db, &one)?;
        let ways = if *codec == "none" {
            &WAYS
        } else {
            by_turns(place, &WAYS)
        };
        for way in ways {
            let args = [&["-Z", codec], *way].concat();
            let found = archive(server, db, &args, &scratch.join("again"))?;
            ensure!(found == first, "{db}, {args:?}: another file");
            let found = piped(server, db, &args)?;
            ensure!(found == first_piped, "{db}, {args:?}: another stream");
        }
    }
    Ok(())
}

#[test]
fn archives_do_not_depend_on_how_many_sessions_read() {
    // What compresses does not know the server.
    const CODECS: [&str; 5] = ["none", "gzip", "lz4", "zstd", "zstd:long"];
    let all = Major::servers();
    // The oldest reads no tables in parts.
    let majors = if is_long_run() {
        &all[..]
    } else {
        &[Major::V13, Major::V17]
    };
    side_by_side(majors, |&major| {
        let (server, db) = mixed(major)?;
        if major != Major::V17 {
            return expect_one_archive(server, &db, &["none"]);
        }
        let shop = Fixture::named("shop")?.database(major)?;
        let hard_cases = Fixture::hard_cases()?.database(major)?;
        for db in [&db, &shop, &hard_cases] {
            expect_one_archive(server, db, &CODECS)?;
        }
        Ok(())
    });
}

#[test]
fn archives_by_several_sessions_hold_what_pg_dump_reads() {
    let majors = Major::with_clients();
    // The oldest reads no tables in parts.
    let majors = if is_long_run() {
        &majors[..]
    } else {
        &[Major::V13, Major::V18]
    };
    side_by_side(majors, |&major| {
        let (server, db) = mixed(major)?;
        let scratch = Scratch::new()?;
        let (judge, ours) = (scratch.join("judge"), scratch.join("ours"));
        server.pg_dump(&db, ["-Fc"], &judge)?;
        archive(server, &db, &["-j4"], &ours)?;
        archdiff(&judge, &ours, &[])?.assert_same();
        Ok(())
    });
}

#[test]
fn a_role_with_too_few_connections_dumps_by_those_it_has() -> Result<()> {
    let server = shared_server(Major::V16);
    let db = server.fresh_database("few", "")?;
    server.psql(&db, "create table t as select 1 a; create role few login connection limit 1; grant pg_read_all_data to few")?;
    let scratch = Scratch::new()?;
    let file = scratch.join("archive");
    let mut command = dump_command_as(server, &db, "few");
    observe(command.args(["-j2", "-f"]).arg(&file))?.expect_silence()?;
    ensure!(file.exists(), "there is no archive");
    Ok(())
}

/// Ends one of the sessions of a dump other than the one whose snapshot they share, if there is any now.
fn end_one(server: &Server, application: &str) -> Result<()> {
    let script = format!(
        "select pg_terminate_backend(pid) from (
           select pid, row_number() over (order by backend_start) n from pg_stat_activity where application_name = '{application}'
         ) s where n > 1 order by random() limit 1"
    );
    server.psql("postgres", script).map(drop)
}

/// Dumps as often as said while sessions are ended at random.
fn with_lost_sessions(times: u64) -> Result<()> {
    let (server, db) = mixed(Major::V17)?;
    let scratch = Scratch::new()?;
    let expected = archive(
        server,
        &db,
        &["-Z", "none", "-j1"],
        &scratch.join("expected"),
    )?;
    let mut whole = 0;
    for time in 0..times {
        let file = scratch.join(format!("archive {time}"));
        let application = format!("lost {time}");
        let mut command = dump_command(server, &db);
        command.env("PGAPPNAME", &application);
        command.env("SOURCE_DATE_EPOCH", "1700000000");
        let mut running = Running::start(command.args(["-Z", "none", "-j3", "-f"]).arg(&file))?;
        let part = part_of(&file);
        wait_until("the dump writes", || {
            Ok(running.has_ended()? || fs::metadata(&part).is_ok_and(|part| part.len() > 0))
        })?;
        sleep(Duration::from_millis(time * 37 % 300));
        for _ in 0..=time % 3 {
            end_one(server, &application)?;
        }
        while !running.has_ended()? {
            sleep(Duration::from_millis(5));
        }
        let ran = running.finish()?;
        if ran.code == Some(0) {
            whole += 1;
            ensure!(
                fs::read(&file)? == expected,
                "{time}: another archive: {ran:?}"
            );
            fs::remove_file(&file)?;
        } else {
            expect_reason(&ran).with_context(|| format!("{time}"))?;
            expect_no_archive(&file)?;
        }
    }
    ensure!(
        whole * 2 > times,
        "only {whole} of {times} dumps became whole"
    );
    Ok(())
}

fn expect_reason(ran: &Ran) -> Result<()> {
    ran.expect_code(8)?.expect_words(["pgark: error: "])?;
    Ok(())
}

#[test]
fn lost_sessions_are_replaced() -> Result<()> {
    with_lost_sessions(8)
}

#[test]
#[ignore = "long"]
fn lost_sessions_are_replaced_in_many_dumps() -> Result<()> {
    with_lost_sessions(200)
}
