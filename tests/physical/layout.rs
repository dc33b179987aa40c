//! What stands where.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use support::{Major, Scratch, Server, observe, pgark, run, side_by_side};

use crate::world::{
    World, as_user, basebackup, expect_verified, files, make_folder, unpack, verify,
};

/// The names of an archive's members that every backup has: those of the log differ from one to the next.
fn names(archive: &Path) -> Result<BTreeSet<String>> {
    let listing = String::from_utf8(run(Command::new("tar").arg("-tf").arg(archive))?)?;
    let is_everyones =
        |name: &&str| !name.starts_with("pg_wal/0") && !name.contains("pg_wal/archive_status/");
    Ok(listing
        .lines()
        .filter(is_everyones)
        .map(ToOwned::to_owned)
        .collect())
}

#[test]
fn standard_output_gets_what_pg_basebackup_writes_there() {
    side_by_side(&Major::all(), |&major| {
        let server = Server::start(major)?;
        let folder = Scratch::new()?;
        let (ours, theirs) = (folder.join("ours.tar"), folder.join("theirs.tar"));
        let ran = observe(basebackup(&server).args(["-D", "-"]))?;
        ran.expect_silence()?;
        fs::write(&ours, &ran.stdout)?;
        let mut judge = server.tool("pg_basebackup");
        judge.args(["-D", "-", "-Ft", "-X", "fetch", "-c", "fast"]);
        fs::write(&theirs, run(&mut judge)?)?;
        let (ours_has, theirs_has) = (names(&ours)?, names(&theirs)?);
        ensure!(
            ours_has == theirs_has,
            "{ours_has:?} where {theirs_has:?} is right"
        );
        verify(&ours, &[])?.expect_code(0)?;
        verify(&theirs, &[])?.expect_code(0)?;

        let data = folder.join("data");
        make_folder(&data)?;
        unpack(&ours, &data)?;
        expect_verified(major, &data)?;
        Server::start_restored(major, folder, server.superuser()).map(drop)
    });
}

#[test]
fn one_archive_with_tablespaces_starts_wherever_it_is_unpacked() {
    side_by_side(&[Major::V15, Major::V17], |&major| {
        let world = World::start(major, true)?;
        let scratch = Scratch::new()?;
        let archive = scratch.join("backup.tar");
        let ran = observe(&mut world.basebackup(&["-D", "-"]))?;
        ran.expect_silence()?;
        fs::write(&archive, &ran.stdout)?;
        verify(&archive, &[])?.expect_code(0)?;

        let folder = Scratch::new()?;
        unpack(&archive, folder.path())?;
        expect_verified(major, &folder.join("data"))?;
        verify(folder.path(), &[])?.expect_code(0)?;
        for link in fs::read_dir(folder.join("data/pg_tblspc"))? {
            let target = fs::read_link(link?.path())?;
            ensure!(target.is_relative(), "a link leads to {}", target.display());
        }
        let copy = Server::start_restored(major, folder, world.server.superuser())?;
        let rows = "select (select count(*) from fast), (select count(*) from slow)";
        ensure!(copy.psql("postgres", rows)? == world.server.psql("postgres", rows)?);

        // pg_basebackup refuses such a server, until its links are made absolute.
        let judged = scratch.join("judged");
        let judge = |target: &Path| {
            let mut judge = copy.tool("pg_basebackup");
            judge.args(["-N", "-c", "fast", "-D"]).arg(target);
            for (number, link) in fs::read_dir(copy.data_dir().join("pg_tblspc"))?.enumerate() {
                let old = fs::read_link(link?.path())?.display().to_string();
                let old = if old.starts_with('/') {
                    old
                } else {
                    format!("/{old}")
                };
                judge.arg("-T").arg(format!(
                    "{old}={}",
                    target.with_extension(number.to_string()).display()
                ));
            }
            observe(&mut as_user(judge))
        };
        let refused = judge(&judged)?;
        ensure!(
            refused.code == Some(1),
            "pg_basebackup takes relative links: {refused:?}"
        );
        let root = copy.data_dir();
        let root = root.parent().context("a folder above data")?;
        observe(as_user(pgark()).arg("relink").arg(root))?.expect_code(0)?;
        judge(&scratch.join("again"))?.expect_code(0)?;
        Ok(())
    });
}

#[test]
fn a_server_with_relative_links_is_backed_up_once_they_are_absolute() -> Result<()> {
    let world = World::start(Major::V16, true)?;
    let ran = observe(&mut world.basebackup(&["-D", "-"]))?;
    ran.expect_silence()?;
    let folder = Scratch::new()?;
    let archive = folder.join("backup.tar");
    fs::write(&archive, &ran.stdout)?;
    unpack(&archive, folder.path())?;
    fs::remove_file(&archive)?;
    let copy = World {
        server: Server::start_restored(world.major(), folder, world.server.superuser())?,
        ..world
    };
    // Of such tablespaces the server would send nothing, and say nothing.
    let target = Scratch::new()?;
    let data = target.join("data");
    for arguments in [&["-F", "p"][..], &["-F", "t"]] {
        let mut command = basebackup(&copy.server);
        let refused = observe(command.args(arguments).arg("-D").arg(&data))?;
        refused
            .expect_code(4)?
            .expect_one_line(["relative link", "pgark relink"])?;
        ensure!(!data.exists(), "something is left of a refused backup");
    }
    let own = copy.server.data_dir();
    observe(as_user(pgark()).arg("relink").arg(&own))?.expect_code(0)?;
    let mut command = basebackup(&copy.server);
    for link in fs::read_dir(own.join("pg_tblspc"))? {
        let link = link?;
        let (old, new) = (fs::read_link(link.path())?, target.join(link.file_name()));
        command
            .arg("-T")
            .arg(format!("{}={}", old.display(), new.display()));
    }
    observe(command.arg("-D").arg(&data))?.expect_silence()?;
    expect_verified(copy.major(), &data)?;
    copy.expect_copy(target)
}

#[test]
fn a_data_directory_is_as_pg_basebackup_leaves_it() -> Result<()> {
    let server = Server::start(Major::V17)?;
    let scratch = Scratch::new()?;
    let (ours, theirs) = (scratch.join("ours"), scratch.join("theirs"));
    observe(basebackup(&server).arg("-D").arg(&ours))?.expect_silence()?;
    let mut judge = as_user(server.tool("pg_basebackup"));
    run(judge.args(["-N", "-c", "fast", "-D"]).arg(&theirs))?;
    let told = |root: &Path| -> Result<Vec<String>> {
        let script = "cd \"$0\" && find . -not -name '0000*' -printf '%p %y %m\\n' | sort";
        let listing = String::from_utf8(run(Command::new("sh").args(["-c", script]).arg(root))?)?;
        Ok(listing.lines().map(ToOwned::to_owned).collect())
    };
    let (found, expected) = (told(&ours)?, told(&theirs)?);
    ensure!(
        found == expected,
        "{found:#?}\nwhere this is right:\n{expected:#?}"
    );
    // How many there are depends on what the server does meanwhile.
    for root in [&ours, &theirs] {
        let mut log = files(&root.join("pg_wal"))?;
        log.retain(|(path, _)| path.extension().is_none());
        ensure!(!log.is_empty() && log.iter().all(|(_, content)| content.len() == 16 << 20));
    }
    Ok(())
}

#[test]
fn the_log_may_lie_elsewhere() -> Result<()> {
    let server = Server::start(Major::V15)?;
    let folder = Scratch::new()?;
    let (data, log) = (folder.join("data"), folder.join("log_files"));
    let mut command = basebackup(&server);
    observe(command.arg("-D").arg(&data).arg("--waldir").arg(&log))?.expect_silence()?;
    assert_eq!(fs::read_link(data.join("pg_wal"))?, log);
    ensure!(
        files(&log)?
            .iter()
            .any(|(_, content)| content.len() == 16 << 20)
    );
    expect_verified(Major::V15, &data)?;
    verify(&data, &["-w", &log.display().to_string()])?.expect_code(0)?;
    Server::start_restored(Major::V15, folder, server.superuser()).map(drop)
}
