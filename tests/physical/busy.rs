//! A server that removes its log as soon as it may.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, ensure};
use support::{Major, Ran, Running, Scratch, Server, observe};

use crate::world::{basebackup, expect_verified, make_folder, unpack};

/// More log than it keeps, and the end of what it need not keep.
const CHANGE: &str = "update t set i = i + 1; checkpoint;";

/// A server that keeps no more log than it has to, with rows in it.
fn start(major: Major) -> Result<Server> {
    let server = Server::with(major)
        .conf("max_wal_size = '32MB'")
        .conf("min_wal_size = '32MB'")
        .conf("wal_keep_size = 0")
        .conf("full_page_writes = on")
        .start()?;
    server.psql(
        "postgres",
        "create table t as select i, repeat('x', 500) t from generate_series(1, 40000) i",
    )?;
    Ok(server)
}

/// Changes the rows again and again, until what is returned is dropped.
fn write(server: &Server) -> Result<Running> {
    let script =
        "while true; do echo \"$1\" | \"$0\" -X -q -h 127.0.0.1 -U postgres -d postgres; done";
    let mut writer = Command::new("sh");
    writer
        .args(["-c", script])
        .arg(server.bin("psql"))
        .arg(CHANGE);
    Running::start(writer.env("PGPORT", server.port().to_string()))
}

/// Runs a backup to standard output that stands still after its first bytes, since nobody reads on, until the server has
/// written and removed much log. What it writes goes to `archive`.
fn overtaken(server: &Server, command: &mut Command, archive: &Path) -> Result<Ran> {
    let (mut from, to) = io::pipe()?;
    let running = Running::start_led(command.args(["-D", "-", "-X", "fetch"]), to)?;
    let mut first = Vec::new();
    from.by_ref().take(512).read_to_end(&mut first)?;
    server.psql("postgres", CHANGE.repeat(4))?;
    let mut archive = File::create(archive)?;
    archive.write_all(&first)?;
    io::copy(&mut from, &mut archive)?;
    running.finish()
}

#[test]
fn fetched_log_is_kept_by_a_slot_on_a_busy_server() -> Result<()> {
    let server = start(Major::V15)?;
    let folder = Scratch::new()?;
    let archive = folder.join("backup.tar");
    // Alone, for a slot would keep the log for it as well.
    let mut judge = server.tool("pg_basebackup");
    let judged = overtaken(&server, judge.args(["-c", "fast", "-Ft"]), &archive)?;
    ensure!(
        judged.code == Some(1) && judged.stderr.contains("has already been removed"),
        "the server is not busy enough to need a slot: {judged:?}"
    );
    let mut ours = basebackup(&server);
    overtaken(&server, ours.arg("-v"), &archive)?
        .expect_code(0)?
        .expect_words(["has kept"])?;
    ensure!(server.psql("postgres", "select count(*) from pg_replication_slots")? == "0");
    let data = folder.join("data");
    make_folder(&data)?;
    unpack(&archive, &data)?;
    expect_verified(Major::V15, &data)?;
    Server::start_restored(Major::V15, folder, server.superuser()).map(drop)
}

#[test]
fn a_slot_that_the_server_gives_up_ends_the_backup_at_once() -> Result<()> {
    let server = start(Major::V15)?;
    let _writer = write(&server)?;
    server.psql(
        "postgres",
        "alter system set max_slot_wal_keep_size = '16MB'; select pg_reload_conf()",
    )?;
    let folder = Scratch::new()?;
    let data = folder.join("data");
    let mut command = basebackup(&server);
    let started = std::time::Instant::now();
    // Much longer than a minute.
    let ran = observe(
        command
            .args(["-X", "fetch", "--max-rate=500k", "-D"])
            .arg(&data),
    )?;
    ran.expect_code(8)?
        .expect_words(["replication slot", "max_slot_wal_keep_size"])?;
    ensure!(
        started.elapsed() < Duration::from_secs(45),
        "it took {:?}",
        started.elapsed()
    );
    ensure!(!data.exists(), "something is left of a failed backup");
    Ok(())
}

#[test]
fn streamed_log_moves_its_slot_on() -> Result<()> {
    let server = start(Major::V17)?;
    let writer = write(&server)?;
    let folder = Scratch::new()?;
    let data = folder.join("data");
    let mut command = basebackup(&server);
    observe(
        command
            .args(["-X", "stream", "--max-rate=6M", "-D"])
            .arg(&data),
    )?
    .expect_silence()?;
    drop(writer);
    expect_verified(Major::V17, &data)?;
    Server::start_restored(Major::V17, folder, server.superuser()).map(drop)
}
