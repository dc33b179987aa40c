//! Backups that end before their end.

use std::io::pipe;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};
use std::{fs, thread};

use anyhow::{Result, ensure};
use support::{
    Major, Running, Scratch, Server, StopMode, interrupt_at_any_moment, pgark, run, side_by_side,
    wait_until,
};

use crate::world::{as_user, basebackup};

/// Enough rows that a backup takes a while at the rate that it is held to.
fn start(major: Major) -> Result<Server> {
    let server = Server::start(major)?;
    server.psql(
        "postgres",
        "create table t as select i, repeat('x', 500) t from generate_series(1, 40000) i",
    )?;
    Ok(server)
}

/// A backup into a folder that goes on for some seconds, and has got as far as its first files.
fn begin(server: &Server, data: &Path, arguments: &[&str]) -> Result<Running> {
    let mut command = basebackup(server);
    let running = Running::start(
        command
            .args(["--max-rate=4M", "-D"])
            .arg(data)
            .args(arguments),
    )?;
    let started = Instant::now();
    let sends = "select count(*) from pg_stat_activity where backend_type = 'walsender'";
    while fs::read_dir(data).map_or(0, Iterator::count) < 2
        || server.psql("postgres", sends)? == "0"
    {
        ensure!(
            started.elapsed() < Duration::from_secs(20),
            "no backup begins"
        );
        thread::sleep(Duration::from_millis(20));
    }
    Ok(running)
}

/// Nothing is left that looks like a backup.
fn expect_nothing(data: &Path, was_there: bool) -> Result<()> {
    let left = fs::read_dir(data).map(Iterator::count);
    ensure!(
        left.as_ref().ok().copied() == was_there.then_some(0),
        "{left:?} files are left in {}",
        data.display()
    );
    Ok(())
}

#[test]
fn an_interrupted_backup_leaves_nothing() -> Result<()> {
    let server = start(Major::V16)?;
    let folder = Scratch::new()?;
    for (number, (format, signal)) in [("p", "INT"), ("t", "TERM")].into_iter().enumerate() {
        let data = folder.join(number.to_string());
        let running = begin(&server, &data, &["-F", format])?;
        running.signal(signal)?;
        running
            .finish()?
            .expect_code(5)?
            .expect_words(["cancelled"])?;
        expect_nothing(&data, false)?;
    }
    // One that is killed cannot clean up, but what it leaves is no backup.
    let data = folder.join("killed");
    let running = begin(&server, &data, &[])?;
    running.signal("KILL")?;
    running.finish()?;
    ensure!(!data.join("global/pg_control").exists() && !data.join("backup_manifest").exists());
    Ok(())
}

/// How a backup is called that is brought to the disk, other than those of the other tests.
fn synced(server: &Server, format: &str, data: &Path) -> Command {
    let mut command = as_user(pgark());
    command
        .args(["basebackup", "-c", "fast", "-F", format, "-D"])
        .arg(data);
    command.args(["-d", &server.conninfo("postgres")]);
    command
}

#[test]
fn a_backup_that_is_interrupted_at_any_moment_is_whole_or_gone() {
    side_by_side(&["p", "t"], |&format| {
        let server = Server::start(Major::V17)?;
        let folder = Scratch::new()?;
        interrupt_at_any_moment(
            |name| synced(&server, format, &folder.join(name)),
            |name, is_whole| {
                let data = folder.join(name);
                if is_whole {
                    return run(pgark().args(["verify", "-q"]).arg(&data)).map(drop);
                }
                expect_nothing(&data, false)
            },
        )
    });
}

#[test]
fn a_backup_that_nobody_reads_can_be_interrupted() -> Result<()> {
    let server = start(Major::V16)?;
    let (unread, stdout) = pipe()?;
    let mut command = basebackup(&server);
    command.args(["-X", "fetch", "-F", "t", "-D", "-"]);
    let running = Running::start_led(&mut command, stdout)?;
    let waits = "select count(*) from pg_stat_activity where wait_event = 'ClientWrite'";
    wait_until("the server waits for the reader", || {
        Ok(server.psql("postgres", waits)? == "1")
    })?;
    running.signal("INT")?;
    running.finish()?.expect_code(5)?;
    drop(unread);
    Ok(())
}

#[test]
fn a_server_that_stops_ends_the_backup() {
    side_by_side(&["fetch", "stream"], |&method| {
        for mode in [StopMode::Fast, StopMode::Immediate] {
            let mut server = start(Major::V17)?;
            let folder = Scratch::new()?;
            let data = folder.join("data");
            fs::create_dir(&data)?;
            crate::world::give(&data)?;
            let running = begin(&server, &data, &["-X", method])?;
            server.stop(mode)?;
            let ran = running.finish()?;
            ran.expect_code(8)?;
            // The server has a warning of its own before.
            let errors = ran.stderr.lines().filter(|line| line.contains("error: "));
            ensure!(
                errors.count() == 1 && !ran.stderr.contains("max_slot"),
                "{}",
                ran.stderr
            );
            expect_nothing(&data, true)?;
        }
        Ok(())
    });
}

#[test]
fn a_created_slot_stays_and_goes_with_a_failed_backup() -> Result<()> {
    let server = start(Major::V18)?;
    let folder = Scratch::new()?;
    let slots = "select string_agg(slot_name || ' ' || temporary, ',') from pg_replication_slots";
    let data = folder.join("good");
    let mut command = basebackup(&server);
    support::observe(command.args(["-C", "-S", "kept", "-D"]).arg(&data))?.expect_silence()?;
    assert_eq!(server.psql("postgres", slots)?, "kept false");
    // A folder of a tablespace that cannot be taken fails the backup after the slot was made.
    let place = Scratch::new()?;
    server.psql(
        "postgres",
        format!("create tablespace x location '{}'", place.path().display()),
    )?;
    let mut command = basebackup(&server);
    let ran = support::observe(
        command
            .args(["-C", "-S", "lost", "-D"])
            .arg(folder.join("bad")),
    )?;
    ran.expect_code(4)?.expect_one_line(["is not empty"])?;
    assert_eq!(server.psql("postgres", slots)?, "kept false");
    Ok(())
}
