//! Snapshots that the plugin in Go has made, restored by this one.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use support::{Host, Major, Scratch, Server, run};

/// A store with three snapshots of a PostgreSQL 15: of a cluster, of its database appdb, of its files.
struct Store {
    host: Host,
    folder: Scratch,
}

/// What tells of which kind a snapshot is.
const CLUSTER: &str = "/00004-template1.dump";
const DATABASE: &str = "/00001-appdb.dump";
const FILES: &str = "/data/PG_VERSION";

impl Store {
    fn unpack() -> Result<Self> {
        let folder = Scratch::new()?;
        let archive =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/plakar/go-store.tar.gz");
        let mut tar = Command::new("tar");
        run(tar.arg("-xzf").arg(archive).arg("-C").arg(folder.path()))?;
        Ok(Self {
            host: Host::new()?,
            folder,
        })
    }

    fn run(&self, args: &[&str]) -> Result<String> {
        let store = self.folder.join("store").display().to_string();
        let told = run(self.host.plakar(["at", &store]).args(args))?;
        Ok(String::from_utf8(told)?)
    }

    /// The snapshot with one file and without another.
    fn snapshot(&self, with: &str, without: &str) -> Result<String> {
        for line in self.run(&["ls"])?.lines() {
            let id = line.split_whitespace().nth(1).context("a snapshot")?;
            let files = self.run(&["ls", "-recursive", &format!("{id}:/")])?;
            if files.contains(with) && !files.contains(without) {
                return Ok(id.to_owned());
            }
        }
        anyhow::bail!("no snapshot with {with}")
    }
}

const ROWS: &str = "select count(*), md5(string_agg(p::text, ',' order by id)) from app.person p";

#[test]
fn a_cluster_is_restored() -> Result<()> {
    let store = Store::unpack()?;
    let server = Server::start(Major::V15)?;
    let snapshot = store.snapshot(CLUSTER, FILES)?;
    store.run(&[
        "restore",
        "-to",
        &server.uri(""),
        "-o",
        "recreate=true",
        &snapshot,
    ])?;
    ensure!(!server.psql("appdb", ROWS)?.starts_with('0'));
    let roles = "select string_agg(rolname || ' ' || (rolpassword is not null), ',' order by rolname) \
                 from pg_authid where rolname in ('app_owner', 'readers')";
    ensure!(server.psql("postgres", roles)? == "app_owner true,readers false");
    let members = "select pg_has_role('app_owner', 'readers', 'member')";
    ensure!(server.psql("postgres", members)? == "t");
    let databases = "select string_agg(datname, ',' order by datname) from pg_database";
    ensure!(
        server.psql("postgres", databases)? == "appdb,odd-name DB,postgres,template0,template1"
    );
    let large_object = "select count(*) from pg_largeobject_metadata where oid = 77001";
    ensure!(server.psql("appdb", large_object)? == "1");
    Ok(())
}

#[test]
fn a_database_is_restored_under_another_name() -> Result<()> {
    let store = Store::unpack()?;
    let server = Server::start(Major::V16)?;
    server.create_database("copy", "")?;
    let snapshot = store.snapshot(DATABASE, CLUSTER)?;
    store.run(&["restore", "-to", &server.uri("copy"), &snapshot])?;
    ensure!(!server.psql("copy", ROWS)?.starts_with('0'));
    Ok(())
}

#[test]
fn files_are_restored_and_started() -> Result<()> {
    let store = Store::unpack()?;
    let folder = Scratch::new()?;
    let snapshot = store.snapshot(FILES, CLUSTER)?;
    store.run(&[
        "restore",
        "-to",
        &folder.path().display().to_string(),
        &snapshot,
    ])?;
    let server = crate::physical::started(folder, Major::V15, "postgres")?;
    ensure!(!server.psql("appdb", ROWS)?.starts_with('0'));
    Ok(())
}
