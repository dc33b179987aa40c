//! Backups under load, in every form.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use support::{Major, Scratch, observe, side_by_side};

use crate::world::{World, expect_verified, make_folder, pg_verifybackup, unpack, verify};

/// A data directory, with the log in one way or the other.
fn expect_plain(world: &World, method: &str) -> Result<()> {
    let folder = Scratch::new()?;
    let data = folder.join("data");
    let mut command = world.basebackup(&["-X", method]);
    let ran = observe(
        command
            .arg("-D")
            .arg(&data)
            .args(world.mappings(folder.path())),
    )?;
    ran.expect_silence()?;
    expect_verified(world.major(), &data)?;
    for link in fs::read_dir(data.join("pg_tblspc"))? {
        let target = fs::read_link(link?.path())?;
        ensure!(
            target.starts_with(folder.path()),
            "a link leads to {}",
            target.display()
        );
    }
    world.expect_copy(folder)
}

/// Archives in a folder, unpacked by hand.
fn expect_tar(world: &World, method: &str, compression: &str) -> Result<()> {
    let archives = Scratch::new()?;
    let backup = archives.join("backup");
    let mut command = world.basebackup(&["-X", method, "-Ft", "-Z", compression]);
    observe(command.arg("-D").arg(&backup))?.expect_silence()?;
    verify(&backup, &[])?.expect_code(0)?;
    let folder = Scratch::new()?;
    unpack_all(world.major(), &backup, folder.path())?;
    world.expect_copy(folder)
}

/// Unpacks `base.tar` and the others, has pg_verifybackup look at it, and leads the tablespaces' map to where they are now.
fn unpack_all(major: Major, backup: &Path, folder: &Path) -> Result<()> {
    let data = folder.join("data");
    make_folder(&data)?;
    let mut tablespaces = Vec::new();
    for entry in fs::read_dir(backup)? {
        let path = entry?.path();
        let name = path
            .file_name()
            .context("a name")?
            .to_string_lossy()
            .into_owned();
        match name.split('.').next() {
            Some("base") => unpack(&path, &data)?,
            Some("pg_wal" | "backup_manifest") | None => {}
            Some(oid) => {
                let place = folder.join(oid);
                make_folder(&place)?;
                unpack(&path, &place)?;
                tablespaces.push((oid.to_owned(), place));
            }
        }
    }
    for suffix in ["", ".gz"] {
        let log = backup.join(format!("pg_wal.tar{suffix}"));
        if log.exists() {
            unpack(&log, &data.join("pg_wal"))?;
        }
    }
    let mut map = String::new();
    for (oid, place) in &tablespaces {
        std::os::unix::fs::symlink(place, data.join("pg_tblspc").join(oid))?;
        writeln!(map, "{oid} {}", place.display())?;
    }
    fs::copy(backup.join("backup_manifest"), data.join("backup_manifest"))?;
    if let Some(ran) = pg_verifybackup(major, &data, &[])? {
        ran.expect_code(0)?;
    }
    fs::write(data.join("tablespace_map"), map)?;
    Ok(())
}

#[test]
fn backups_under_load_are_verified_and_start_with_the_same_rows() {
    side_by_side(&Major::servers(), |&major| {
        let world = World::start(major, matches!(major, Major::V15 | Major::V18))?;
        let _load = world.load()?;
        expect_plain(&world, "stream").context("plain, stream")?;
        expect_plain(&world, "fetch").context("plain, fetch")?;
        expect_tar(&world, "stream", "none").context("tar, stream")?;
        match major {
            Major::V15 => {
                expect_tar(&world, "fetch", "server-gzip:1").context("gzip by the server")
            }
            Major::V17 => expect_tar(&world, "fetch", "client-gzip:1").context("gzip"),
            _ => expect_tar(&world, "fetch", "none").context("tar, fetch"),
        }
    });
}

#[test]
#[ignore = "long: files over 1 GB, with checksums and without"]
fn large_backups_are_verified_and_start_with_the_same_rows() {
    for major in Major::servers() {
        side_by_side(&[true, false], |&has_checksums| {
            let world = World::start(major, has_checksums)?;
            world.server.psql(
                "postgres",
                "create table large as select i, repeat(md5(i::text), 30) t from generate_series(1, 1200000) i",
            )?;
            let _load = world.load()?;
            for method in ["stream", "fetch"] {
                expect_plain(&world, method).with_context(|| format!("plain, {method}"))?;
                expect_tar(&world, method, "none").with_context(|| format!("tar, {method}"))?;
            }
            Ok(())
        });
    }
}
