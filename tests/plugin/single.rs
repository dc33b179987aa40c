//! A backup of one database.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use bstr::{BStr, ByteSlice};
use serde_json::{Value, json};
use support::{Backup, Fixture, Host, Major, Scratch, Server, shared_server, side_by_side};

use crate::judge::{expect_archive_of_pg_dump, expect_restore};

/// The sample database, on the server that all tests share.
pub(crate) fn shop(major: Major) -> Result<(&'static Server, String)> {
    Ok((
        shared_server(major),
        Fixture::named("shop")?.database(major)?,
    ))
}

/// An error unless the snapshot holds the files `names`, in the order of their names.
pub(crate) fn expect_files(backup: &Backup<'_>, names: &[&str]) -> Result<()> {
    let files = backup.files()?;
    ensure!(
        files == names,
        "the snapshot holds {files:?} where {names:?} is right"
    );
    Ok(())
}

/// An error unless the snapshot holds the database `name` alone, as pg_dump with `args` dumps it; its archive goes to `archive`.
pub(crate) fn expect_one_database(
    backup: &Backup<'_>,
    server: &Server,
    name: &str,
    args: &[&str],
    archive: &Path,
) -> Result<()> {
    let record = format!("/00001-{name}.dump");
    expect_files(backup, &["/00000-globals.sql", &record, "/manifest.json"])?;
    let manifest = backup.manifest()?;
    let databases: Vec<&Value> = manifest["databases"]
        .as_array()
        .context("databases")?
        .iter()
        .map(|database| &database["name"])
        .collect();
    ensure!(
        manifest["database"] == name && databases == [name],
        "the manifest is of {} and describes {databases:?}",
        manifest["database"]
    );
    backup.take(&record, archive)?;
    expect_archive_of_pg_dump(server, name.into(), args, archive)
}

#[test]
fn a_database_is_named_by_the_path_of_the_location() {
    side_by_side(&[Major::V16, Major::V17], |&major| {
        let (server, db) = shop(major)?;
        let host = Host::new()?;
        let backup = host.backup(&server.uri(&db), &[])?;
        ensure!(backup.ran.stderr.is_empty(), "{}", backup.ran.stderr);
        let archive = host.join("archive");
        expect_one_database(&backup, server, &db, &[], &archive)?;
        expect_restore(server, BStr::new(&db), "template template0", &archive)?;
        backup.check()
    });
}

#[test]
fn a_database_of_any_name_is_named_by_path_or_option() -> Result<()> {
    let server = Server::start(Major::V16)?;
    let host = Host::new()?;
    let scratch = Scratch::new()?;
    let archive = scratch.join("archive");
    for (name, record) in [
        ("a/b", "/00001-a%2Fb.dump"),
        (
            "dbname=x host=127.0.0.9",
            "/00001-dbname=x host=127.0.0.9.dump",
        ),
        (
            "postgres://127.0.0.9/",
            "/00001-postgres:%2F%2F127.0.0.9%2F.dump",
        ),
        ("--help", "/00001---help.dump"),
        ("50%41", "/00001-50%2541.dump"),
        (".", "/00001-..dump"),
        ("Ünï \"q\" 'a' \\", "/00001-Ünï \"q\" 'a' \\.dump"),
        ("two\nlines", "/00001-two%0Alines.dump"),
    ] {
        server.create_database(name, "")?;
        for backup in [
            host.backup(&server.uri(name), &[])?,
            // The option wins.
            host.backup(&server.uri("template1"), &[&format!("database={name}")])?,
        ] {
            expect_files(&backup, &["/00000-globals.sql", record, "/manifest.json"])?;
            ensure!(backup.manifest()?["database"] == json!(name));
            backup.take(record, &archive)?;
            expect_archive_of_pg_dump(&server, name.as_bytes().as_bstr(), &[], &archive)?;
        }
    }
    Ok(())
}
