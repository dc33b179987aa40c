//! Backups that become standbys, and backups of standbys.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use support::{Major, Running, Scratch, Server, observe, side_by_side};

use crate::world::{basebackup, expect_verified, make_folder, unpack, verify};

/// Waits until a standby has replayed a row.
fn expect_replay(primary: &Server, standby: &Server) -> Result<()> {
    primary.psql(
        "postgres",
        "create table if not exists told (i int); insert into told values (1)",
    )?;
    let started = Instant::now();
    while standby
        .psql("postgres", "select count(*) from told")
        .is_ok_and(|rows| rows == "0")
        || standby.psql("postgres", "select 1 from told").is_err()
    {
        ensure!(
            started.elapsed() < Duration::from_secs(30),
            "nothing is replayed:\n{}",
            standby.log()?
        );
        std::thread::sleep(Duration::from_millis(50));
    }
    ensure!(standby.psql("postgres", "select pg_is_in_recovery()")? == "t");
    Ok(())
}

#[test]
fn a_backup_becomes_a_standby() {
    side_by_side(&["p", "t", "-"], |&form| {
        let major = Major::V17;
        let server = Server::with(major).password("s3cret").start()?;
        let folder = Scratch::new()?;
        let data = folder.join("data");
        let mut command = basebackup(&server);
        command.env("PGPASSWORD", "s3cret").args(["-R"]);
        match form {
            "p" => {
                observe(command.args(["-C", "-S", "one", "-D"]).arg(&data))?.expect_silence()?;
                expect_verified(major, &data)?;
            }
            "t" => {
                let archives = folder.join("archives");
                observe(command.args(["-F", "t", "-z", "-D"]).arg(&archives))?.expect_silence()?;
                verify(&archives, &[])?.expect_code(0)?;
                make_folder(&data)?;
                unpack(&archives.join("base.tar.gz"), &data)?;
                unpack(&archives.join("pg_wal.tar.gz"), &data.join("pg_wal"))?;
            }
            _ => {
                let ran = observe(command.args(["-D", "-"]))?;
                ran.expect_silence()?;
                let archive = folder.join("archive");
                fs::write(&archive, &ran.stdout)?;
                verify(&archive, &[])?.expect_code(0)?;
                make_folder(&data)?;
                unpack(&archive, &data)?;
            }
        }
        let settings = fs::read_to_string(data.join("postgresql.auto.conf"))?;
        ensure!(
            settings.contains("primary_conninfo = 'user=postgres host=127.0.0.1")
                && !settings.contains("s3cret"),
            "{settings}"
        );
        let standby = Server::start_restored(major, folder, server.superuser())?;
        expect_replay(&server, &standby)?;
        if form == "p" {
            ensure!(server.psql("postgres", "select active from pg_replication_slots")? == "t");
        }
        Ok(())
    });
}

/// A server and a standby of it.
fn pair(major: Major) -> Result<(Server, Server)> {
    // Without it standbys cannot be backed up.
    let server = Server::with(major).conf("full_page_writes = on").start()?;
    server.psql(
        "postgres",
        "create table t as select i, repeat('x', 500) t from generate_series(1, 40000) i",
    )?;
    let folder = Scratch::new()?;
    observe(
        basebackup(&server)
            .arg("-R")
            .arg("-D")
            .arg(folder.join("data")),
    )?
    .expect_silence()?;
    let standby = Server::start_restored(major, folder, server.superuser())?;
    expect_replay(&server, &standby)?;
    Ok((server, standby))
}

#[test]
fn a_standby_is_backed_up_and_one_that_is_promoted_meanwhile_is_not() {
    side_by_side(&[Major::V15, Major::V18], |&major| {
        let (_server, standby) = pair(major)?;
        let folder = Scratch::new()?;
        for method in ["fetch", "stream"] {
            let data = folder.join(method);
            observe(basebackup(&standby).args(["-X", method, "-D"]).arg(&data))?
                .expect_silence()
                .context(method)?;
            expect_verified(major, &data)?;
        }
        let data = folder.join("promoted");
        let running = Running::start(
            basebackup(&standby)
                .args(["-X", "fetch", "--max-rate=4M", "-D"])
                .arg(&data),
        )?;
        let started = Instant::now();
        while !data.join("PG_VERSION").exists()
            && fs::read_dir(&data).map_or(0, Iterator::count) < 3
        {
            ensure!(
                started.elapsed() < Duration::from_secs(20),
                "no backup begins"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
        standby.psql("postgres", "select pg_promote()")?;
        let ran = running.finish()?;
        ran.expect_code(1)?
            .expect_words(["standby was promoted during online backup"])?;
        ensure!(!data.exists(), "something is left");

        // The new timeline's history comes with the log.
        let data = folder.join("data");
        observe(basebackup(&standby).arg("-D").arg(&data))?.expect_silence()?;
        ensure!(data.join("pg_wal/00000002.history").exists());
        expect_verified(major, &data)?;
        Server::start_restored(major, folder, standby.superuser()).map(drop)
    });
}
