//! What cannot be done is said in one line, and nothing is left behind.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use anyhow::{Result, ensure};
use support::{Major, Scratch, Server, observe};

use crate::world::{basebackup, give};

/// A backup that fails with a code and one line, and leaves no folder.
fn expect_refusal(server: &Server, arguments: &[&str], code: i32, words: &[&str]) -> Result<()> {
    let folder = Scratch::new()?;
    let data = folder.join("data");
    let ran = observe(basebackup(server).arg("-D").arg(&data).args(arguments))?;
    ran.expect_code(code)?.expect_one_line(words)?;
    ensure!(!data.exists(), "something is left: {}", ran.command);
    Ok(())
}

#[test]
fn what_the_server_refuses_is_said() -> Result<()> {
    let server = Server::with(Major::V15)
        .conf("max_replication_slots = 1")
        .conf("max_wal_senders = 3")
        .hba("local all all trust\nhost all all 127.0.0.1/32 trust\nhost replication all 127.0.0.1/32 trust\n\
              host replication blocked 127.0.0.1/32 reject\n")
        .start()?;
    server.psql(
        "postgres",
        "create role plain login; create role blocked login replication",
    )?;
    expect_refusal(&server, &["-U", "plain"], 8, &["plain", "walsender"])?;
    server.psql(
        "postgres",
        "select pg_create_physical_replication_slot('only')",
    )?;
    expect_refusal(
        &server,
        &[],
        1,
        &["all replication slots are in use", "--no-slot"],
    )?;
    expect_refusal(
        &server,
        &["-S", "missing"],
        1,
        &["\"missing\" does not exist"],
    )?;
    expect_refusal(
        &server,
        &["-C", "-S", "only"],
        1,
        &["\"only\" already exists"],
    )?;
    let folder = Scratch::new()?;
    let mut command = basebackup(&server);
    observe(command.arg("--no-slot").arg("-D").arg(folder.join("data")))?.expect_silence()?;
    Ok(())
}

#[test]
fn a_server_that_is_not_set_up_for_it_is_named() -> Result<()> {
    let no_line = Server::with(Major::V16)
        .hba("local all all trust\nhost all all 127.0.0.1/32 trust\n")
        .start()?;
    expect_refusal(
        &no_line,
        &[],
        3,
        &["no pg_hba.conf entry for replication connection"],
    )?;
    let minimal = Server::with(Major::V16)
        .conf("wal_level = minimal")
        .conf("max_wal_senders = 0")
        .start()?;
    expect_refusal(&minimal, &[], 8, &["max_wal_senders"])?;
    let few = Server::with(Major::V16)
        .conf("max_wal_senders = 1")
        .start()?;
    expect_refusal(&few, &[], 8, &["max_wal_senders"])?;
    Ok(())
}

#[test]
fn folders_that_cannot_be_used_are_named() -> Result<()> {
    let server = Server::start(Major::V17)?;
    let place = Scratch::new()?;
    let location = place.path().display().to_string();
    server.psql(
        "postgres",
        format!("create tablespace x location '{location}'"),
    )?;
    let folder = Scratch::new()?;
    let full = folder.join("full");
    fs::create_dir(&full)?;
    fs::write(full.join("precious"), "")?;
    give(&full)?;
    let target = full.display().to_string();
    for arguments in [&["-D", &target][..], &["-F", "t", "-D", &target]] {
        let ran = observe(basebackup(&server).args(arguments))?;
        ran.expect_code(4)?
            .expect_one_line([&target, "is not empty"])?;
    }
    ensure!(full.join("precious").exists());

    // The live tablespace's own folder.
    expect_refusal(&server, &[], 4, &[&location, "is not empty"])?;
    expect_refusal(
        &server,
        &["-T", &format!("{location}={target}")],
        4,
        &[&target, "is not empty"],
    )?;
    expect_refusal(
        &server,
        &["-T", "/nowhere=/tmp/x"],
        2,
        &["no tablespace in \"/nowhere\""],
    )?;
    expect_refusal(
        &server,
        &["--waldir", &target],
        4,
        &[&target, "is not empty"],
    )?;
    expect_refusal(
        &server,
        &["--waldir", "relative"],
        2,
        &["\"relative\"", "absolute"],
    )?;

    let closed = folder.join("closed");
    fs::create_dir(&closed)?;
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o555))?;
    let ran = observe(basebackup(&server).arg("-D").arg(closed.join("data")))?;
    ran.expect_code(1)?
        .expect_one_line(["create folder", "Permission denied"])?;
    Ok(())
}

#[test]
fn options_that_do_not_go_together_are_named() -> Result<()> {
    let server = support::shared_server(Major::V18);
    for (arguments, words) in [
        (&["-z"][..], &["only tar archives"][..]),
        (&["-F", "t", "-T", "/a=/b"], &["-T"]),
        (&["-F", "t", "--waldir", "/a"], &["--waldir"]),
        (&["-X", "fetch", "-S", "s"], &["-S", "-X fetch"]),
        (&["-S", "Bad"], &["\"Bad\"", "small letters"]),
        (&["-l", "two\nlines"], &["label"]),
    ] {
        expect_refusal(server, arguments, 2, words)?;
    }
    for (arguments, words) in [
        (&["-F", "p"][..], &["tar archive"][..]),
        (&["-X", "stream"], &["-X fetch"]),
        (&["-Z", "server-gzip"], &["by the server"]),
    ] {
        let ran = observe(basebackup(server).args(["-D", "-"]).args(arguments))?;
        ran.expect_code(2)?.expect_one_line(words)?;
        ensure!(ran.stdout.is_empty());
    }
    for arguments in [
        &["-r", "1"][..],
        &["-Z", "gzip:10"],
        &["-Z", "zstd:workers=2"],
        &["-Z", "bzip2"],
        &["-T", "nothing"],
        &["-C"],
        &["--manifest-checksums", "md5"],
    ] {
        observe(basebackup(server).args(["-D", "x"]).args(arguments))?.expect_code(2)?;
    }
    Ok(())
}
