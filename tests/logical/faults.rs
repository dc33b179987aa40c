//! A dump that is cut off leaves nothing under the archive's name, and says so.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Result, ensure};
use support::{
    Major, Ran, Running, Scratch, Server, StopMode, dump_command, expect_no_archive, shared_server,
    side_by_side, wait_until,
};

use crate::session::{Session, terminate, wait_for_lock_wait};

/// 250 MB of rows that compress badly enough to take a while.
const BIG: &str = "
create table big (id int, a text);
alter table big alter a set storage plain;
insert into big select i, repeat(md5(i::text), 195) from generate_series(1, 40000) i;
create table small (id int);
insert into small values (1);
";

/// The big database on the shared server.
fn big_database() -> Result<(&'static Server, &'static str)> {
    static BIG_DATABASE: OnceLock<Result<String, String>> = OnceLock::new();
    let server = shared_server(Major::V17);
    let database = BIG_DATABASE.get_or_init(|| {
        let load = || {
            let db = server.fresh_database("big", "")?;
            server.psql(&db, BIG)?;
            anyhow::Ok(db)
        };
        load().map_err(|error| format!("{error:#}"))
    });
    match database {
        Ok(db) => Ok((server, db)),
        Err(error) => Err(anyhow::Error::msg(error.clone())),
    }
}

/// A dump to a file whose rows have begun to be written.
fn dump_in_the_middle(server: &Server, db: &str, archive: &Path) -> Result<Running> {
    in_the_middle(&mut dump_command(server, db), archive)
}

fn in_the_middle(command: &mut Command, archive: &Path) -> Result<Running> {
    let mut running = Running::start(command.args(["-Z9", "-f"]).arg(archive))?;
    let part = part_of(archive);
    wait_until("the dump writes rows", || {
        ensure!(
            !running.has_ended()?,
            "the dump ended before it was cut off"
        );
        Ok(fs::metadata(&part).is_ok_and(|part| part.len() > 200_000))
    })?;
    Ok(running)
}

pub(crate) fn part_of(archive: &Path) -> PathBuf {
    let mut part = archive.as_os_str().to_owned();
    part.push(".part");
    part.into()
}

fn expect_lost_connection(ran: &Ran, archive: &Path) -> Result<()> {
    ran.expect_code(8)?.expect_one_line(["pgark: error: "])?;
    expect_no_archive(archive)
}

#[test]
fn a_server_that_stops_in_the_middle_leaves_no_file() -> Result<()> {
    let mut server = Server::start(Major::V15)?;
    server.psql("postgres", BIG)?;
    let scratch = Scratch::new()?;
    let archive = scratch.join("archive");
    let running = dump_in_the_middle(&server, "postgres", &archive)?;
    server.stop(StopMode::Immediate)?;
    // A session that was not being read tells the server's warning too.
    let ran = running.finish()?;
    ran.expect_code(8)?.expect_words(["pgark: error: "])?;
    expect_no_archive(&archive)
}

#[test]
fn a_session_that_is_terminated_leaves_no_file() -> Result<()> {
    let (server, db) = big_database()?;
    let scratch = Scratch::new()?;
    let archive = scratch.join("archive");
    let mut command = dump_command(server, db);
    command.env("PGAPPNAME", "terminated");
    let running = in_the_middle(&mut command, &archive)?;
    server.psql("postgres", "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'terminated'")?;
    let ran = running.finish()?;
    expect_lost_connection(&ran, &archive)?;
    ran.expect_words(["public.big"])?;
    Ok(())
}

#[test]
fn a_session_that_is_terminated_while_it_waits_for_a_lock_leaves_no_file() {
    side_by_side(&Major::all(), |&major| {
        let server = shared_server(major);
        let db = server.fresh_database("waiting", "")?;
        server.psql(&db, "create table t (id int)")?;
        let scratch = Scratch::new()?;
        let archive = scratch.join("archive");
        let mut other = Session::open(server, &db)?;
        other.run("begin; lock table t in access exclusive mode")?;
        let running = Running::start(dump_command(server, &db).arg("-f").arg(&archive))?;
        wait_for_lock_wait(server, &db)?;
        server.psql("postgres", terminate(&db))?;
        expect_lost_connection(&running.finish()?, &archive)
    });
}

#[test]
fn a_signal_ends_a_dump_and_leaves_no_file() {
    side_by_side(&["TERM", "INT"], |signal| {
        let (server, db) = big_database()?;
        let scratch = Scratch::new()?;
        // A file that was there before the dump stays as it is.
        let archive = scratch.write("archive", "an older archive")?;
        let running = dump_in_the_middle(server, db, &archive)?;
        running.signal(signal)?;
        let ran = running.finish()?;
        ran.expect_code(5)?.expect_one_line(["cancelled"])?;
        ensure!(fs::read(&archive)? == b"an older archive");
        expect_no_archive(&part_of(&archive))
    });
}

#[test]
fn a_signal_ends_a_dump_that_waits_for_a_lock_and_its_session() -> Result<()> {
    let server = shared_server(Major::V18);
    let db = server.fresh_database("waiting", "")?;
    server.psql(&db, "create table t (id int)")?;
    let scratch = Scratch::new()?;
    let archive = scratch.join("archive");
    let mut other = Session::open(server, &db)?;
    other.run("begin; lock table t in access exclusive mode")?;
    let running = Running::start(dump_command(server, &db).arg("-f").arg(&archive))?;
    wait_for_lock_wait(server, &db)?;
    running.signal("TERM")?;
    let ran = running.finish()?;
    ran.expect_code(5)?.expect_one_line(["cancelled"])?;
    expect_no_archive(&archive)
}

#[test]
fn a_killed_dump_leaves_nothing_under_the_final_name() -> Result<()> {
    let (server, db) = big_database()?;
    let scratch = Scratch::new()?;
    let archive = scratch.join("archive");
    let running = dump_in_the_middle(server, db, &archive)?;
    running.signal("KILL")?;
    let ran = running.finish()?;
    ensure!(ran.code.is_none(), "{ran:?}");
    ensure!(!archive.exists(), "{} is there", archive.display());
    Ok(())
}

#[test]
fn a_dump_to_a_pipe_that_is_cut_off_is_told_too() -> Result<()> {
    let (server, db) = big_database()?;
    let (mut archive, stdout) = std::io::pipe()?;
    let mut command = dump_command(server, db);
    command.env("PGAPPNAME", "cut off");
    let running = Running::start_led(command.args(["-Z", "none"]), stdout)?;
    // The dump stands still once pipe and buffers are full, long before the end of the rows.
    let mut start = vec![0; 1 << 20];
    archive.read_exact(&mut start)?;
    server.psql(
        "postgres",
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'cut off'",
    )?;
    let rest = std::io::copy(&mut archive, &mut std::io::sink())?;
    running
        .finish()?
        .expect_code(8)?
        .expect_one_line(["public.big"])?;
    ensure!(rest < 200_000_000, "the archive is whole");
    Ok(())
}
