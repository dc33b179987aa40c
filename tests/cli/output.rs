//! Where an archive goes, and what happens when it cannot.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::{FileTypeExt, symlink};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use support::{
    Fixture, Major, Running, Scratch, Server, archdiff, dump_command, observe, shared_server,
};

fn shop() -> Result<(&'static Server, String)> {
    let db = Fixture::named("shop")?.database(Major::V17)?;
    Ok((shared_server(Major::V17), db))
}

#[test]
fn a_full_disk_is_told() -> Result<()> {
    let (server, db) = shop()?;
    for args in [&[][..], &["-s"], &["-Z", "none"]] {
        let full = OpenOptions::new().write(true).open("/dev/full")?;
        let ran = Running::start_led(dump_command(server, &db).args(args), full)?.finish()?;
        ran.expect_code(1)?
            .expect_one_line(["No space left on device"])?;
    }
    Ok(())
}

#[test]
fn a_closed_pipe_is_told() -> Result<()> {
    let (server, db) = shop()?;
    let (reader, writer) = std::io::pipe()?;
    drop(reader);
    let ran = Running::start_led(&mut dump_command(server, &db), writer)?.finish()?;
    ran.expect_code(1)?.expect_one_line(["Broken pipe"])?;
    Ok(())
}

#[test]
fn a_failed_dump_leaves_an_older_archive_alone_and_a_finished_one_replaces_it() -> Result<()> {
    let (server, db) = shop()?;
    let scratch = Scratch::new()?;
    let archive = scratch.write("archive", "an older archive")?;
    let failed = observe(dump_command(server, "no such db").arg("-f").arg(&archive))?;
    failed.expect_code(8)?;
    ensure!(fs::read(&archive)? == b"an older archive");
    observe(dump_command(server, &db).arg("-f").arg(&archive))?.expect_silence()?;
    ensure!(fs::read(&archive)?.starts_with(b"PGDMP"));
    ensure!(
        fs::read_dir(scratch.path())?.count() == 1,
        "something was left"
    );
    Ok(())
}

#[test]
fn a_file_name_may_be_relative() -> Result<()> {
    let (server, db) = shop()?;
    let scratch = Scratch::new()?;
    let mut command = dump_command(server, &db);
    observe(command.current_dir(scratch.path()).args(["-f", "archive"]))?.expect_silence()?;
    ensure!(fs::read(scratch.join("archive"))?.starts_with(b"PGDMP"));
    Ok(())
}

#[test]
fn a_named_pipe_is_written_to_and_not_replaced() -> Result<()> {
    let (server, db) = shop()?;
    let scratch = Scratch::new()?;
    let (pipe, copy, oracle) = (
        scratch.join("pipe"),
        scratch.join("copy"),
        scratch.join("oracle"),
    );
    support::run(Command::new("mkfifo").arg(&pipe))?;
    // Opened for both, it does not wait for the dump; and is closed, so that the reader ends, when the dump has.
    let holder = OpenOptions::new().read(true).write(true).open(&pipe)?;
    let mut source = File::open(&pipe)?;
    let mut target = File::create(&copy)?;
    let reader = std::thread::spawn(move || std::io::copy(&mut source, &mut target));
    let ran = observe(dump_command(server, &db).arg("-f").arg(&pipe))?;
    drop(holder);
    ran.expect_silence()?;
    reader.join().ok().context("the reader panicked")??;
    ensure!(
        pipe.symlink_metadata()?.file_type().is_fifo(),
        "the pipe was replaced"
    );
    server.pg_dump(&db, ["-Fc"], &oracle)?;
    archdiff(&oracle, &copy, &[])?.assert_same();
    Ok(())
}

#[test]
fn a_device_is_written_to_and_not_replaced() -> Result<()> {
    let (server, db) = shop()?;
    let scratch = Scratch::new()?;
    // By a link, lest a fault of pgark's replace the device itself.
    for (device, code) in [("full", 1), ("null", 0)] {
        let link = scratch.join(device);
        symlink(format!("/dev/{device}"), &link)?;
        let ran = observe(dump_command(server, &db).arg("-f").arg(&link))?;
        ran.expect_code(code)?;
        ensure!(link.is_symlink(), "the link to {device} was replaced");
    }
    Ok(())
}
