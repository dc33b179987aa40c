//! A server that removes its log as soon as it may.

use std::process::Command;
use std::time::Duration;

use anyhow::{Result, ensure};
use support::{Major, Running, Scratch, Server, observe};

use crate::world::{as_user, basebackup, expect_verified};

/// A server that keeps no more log than it has to, with rows in it, while others are written.
fn start(major: Major) -> Result<(Server, Running)> {
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
    let script = "while true; do \"$0\" -X -q -h 127.0.0.1 -U postgres -d postgres \
                  -c 'update t set i = i + 1' -c checkpoint; done";
    let mut writer = Command::new("sh");
    writer.args(["-c", script]).arg(server.bin("psql"));
    let writer = Running::start(writer.env("PGPORT", server.port().to_string()))?;
    Ok((server, writer))
}

#[test]
fn fetched_log_is_kept_by_a_slot_on_a_busy_server() -> Result<()> {
    let (server, writer) = start(Major::V15)?;
    let folder = Scratch::new()?;
    let data = folder.join("data");
    // Alone, for a slot would keep the log for it as well.
    let mut judge = as_user(server.tool("pg_basebackup"));
    judge.args(["-N", "-c", "fast", "-X", "fetch", "--max-rate=4M", "-D"]);
    let judged = observe(judge.arg(folder.join("theirs")))?;
    ensure!(
        judged.code == Some(1) && judged.stderr.contains("has already been removed"),
        "the server is not busy enough to need a slot: {judged:?}"
    );
    let mut command = basebackup(&server);
    command.args(["-v", "-X", "fetch", "--max-rate=64M", "-D"]);
    let ours = Running::start(command.arg(&data))?;
    // All that is written from now on is log that has to be sent at that rate.
    std::thread::sleep(Duration::from_secs(6));
    drop(writer);
    ours.finish()?.expect_code(0)?.expect_words(["has kept"])?;
    expect_verified(Major::V15, &data)?;
    ensure!(server.psql("postgres", "select count(*) from pg_replication_slots")? == "0");
    Server::start_restored(Major::V15, folder, server.superuser()).map(drop)
}

#[test]
fn a_slot_that_the_server_gives_up_ends_the_backup_at_once() -> Result<()> {
    let (server, _writer) = start(Major::V15)?;
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
    let (server, _writer) = start(Major::V17)?;
    let folder = Scratch::new()?;
    let data = folder.join("data");
    let mut command = basebackup(&server);
    observe(
        command
            .args(["-X", "stream", "--max-rate=6M", "-D"])
            .arg(&data),
    )?
    .expect_silence()?;
    expect_verified(Major::V17, &data)?;
    Server::start_restored(Major::V17, folder, server.superuser()).map(drop)
}
