//! Base backups: `postgres+bin://`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use support::{Host, Major, Scratch, Server, observe, pgark, server_user, side_by_side};

/// A server with a tablespace, and where it is.
fn start(major: Major, tablespace: &Scratch) -> Result<(Server, String)> {
    let server = Server::start(major)?;
    let location = tablespace.path().display();
    server.psql(
        "postgres",
        format!("create tablespace fast location '{location}'"),
    )?;
    server.psql(
        "postgres",
        "create table item as select i, repeat('x', 400) t from generate_series(1, 20000) i;
         create table fast tablespace fast as select i from generate_series(1, 1000) i;
         create unlogged table passing as select 1 i;
         checkpoint",
    )?;
    let source = server.uri("").replace("postgres://", "postgres+bin://");
    let source = source.trim_end_matches('/').to_owned();
    Ok((server, source))
}

/// Restores a snapshot into a folder of the servers' user, and starts a server there.
fn restored(host: &Host, snapshot: &str, server: &Server) -> Result<Server> {
    let folder = Scratch::new()?;
    let to = folder.path().display().to_string();
    host.run_at_store(&["restore", "-to", &to, snapshot])?;
    let ran = observe(pgark().arg("verify").arg(folder.path()))?;
    ran.expect_code(0)?;
    let mode = fs::metadata(folder.join("data"))?.permissions().mode();
    ensure!(
        mode & 0o777 == 0o700,
        "the data directory has mode {mode:o}"
    );
    started(folder, server.major(), server.superuser())
}

/// A server in a folder that plakar has restored.
pub(crate) fn started(folder: Scratch, major: Major, superuser: &str) -> Result<Server> {
    let owned = Command::new("chown")
        .arg("-R")
        .arg(owner())
        .arg(folder.path())
        .status()?;
    ensure!(owned.success(), "the files cannot be given away");
    Server::start_restored(major, folder, superuser)
}

fn owner() -> String {
    server_user().map_or_else(|| "0".into(), |user| format!("{}:{}", user.uid, user.gid))
}

const ROWS: &str = "select (select md5(string_agg(item::text, ',' order by i)) from item), (select sum(i) from fast), \
                    (select count(*) from passing)";

#[test]
fn a_server_is_backed_up_restored_and_started() {
    side_by_side(&[Major::V15, Major::V18], |&major| {
        let tablespace = Scratch::new()?;
        let (server, source) = start(major, &tablespace)?;
        let host = Host::new()?;
        let backup = host.backup(&source, &["label=nightly", "max_rate=512M"])?;
        ensure!(
            backup.ran.stderr.is_empty(),
            "on stderr:\n{}",
            backup.ran.stderr
        );
        let order = backup.order();
        ensure!(
            order.first().is_some_and(|name| name == "/manifest.json"),
            "{:?}",
            order.first()
        );
        let manifest = backup.manifest()?;
        ensure!(
            manifest["connector"] == "postgresql+bin"
                && manifest["dump_format"] == "basebackup"
                && manifest.get("options").is_none()
                && manifest["pg_basebackup_version"]
                    .as_str()
                    .is_some_and(|text| text.starts_with("pg_basebackup (")),
            "{manifest:#}"
        );
        backup.check()?;
        let label = String::from_utf8(backup.cat("/data/backup_label")?)?;
        ensure!(label.contains("LABEL: nightly"), "{label}");
        let copy = restored(&host, backup.snapshot(), &server)?;
        let (expected, found) = (server.psql("postgres", ROWS)?, copy.psql("postgres", ROWS)?);
        ensure!(
            expected.ends_with("|1") && found == expected.replace("|1", "|0"),
            "{found} where {expected} is right, but for unlogged rows"
        );
        ensure!(
            copy.psql("postgres", "show data_directory")?
                != server.psql("postgres", "show data_directory")?
        );
        let link = fs::read_dir(copy.data_dir().join("pg_tblspc"))?
            .next()
            .context("a link")??;
        ensure!(fs::read_link(link.path())?.is_relative());
        Ok(())
    });
}

/// Sets the time of a file back to that of another moment.
fn set_time(path: &Path, time: std::time::SystemTime) -> Result<()> {
    Ok(fs::File::options()
        .write(true)
        .open(path)?
        .set_modified(time)?)
}

#[test]
fn a_change_within_the_same_second_is_in_the_second_snapshot() -> Result<()> {
    let tablespace = Scratch::new()?;
    let (server, source) = start(Major::V17, &tablespace)?;
    let file = server
        .data_dir()
        .join(server.psql("postgres", "select pg_relation_filepath('item')")?);
    let host = Host::new()?;
    host.backup(&source, &[])?;
    let time = fs::metadata(&file)?.modified()?;
    server.psql(
        "postgres",
        "update item set t = repeat('y', 400) where i = 7; checkpoint",
    )?;
    // As if all had happened within a second: the file has its size and time again.
    set_time(&file, time)?;
    let second = host.backup(&source, &[])?;
    let copy = restored(&host, second.snapshot(), &server)?;
    let changed = "select count(*) from item where t like 'y%'";
    ensure!(copy.psql("postgres", changed)? == "1", "the change is lost");
    Ok(())
}

#[test]
fn what_cannot_be_backed_up_is_said_and_leaves_no_snapshot() -> Result<()> {
    let tablespace = Scratch::new()?;
    let (server, source) = start(Major::V16, &tablespace)?;
    let host = Host::new()?;
    host.expect_failure(
        &format!("{source}/shop"),
        &[],
        &["subpath \"shop\" is not allowed"],
    )?;
    host.expect_failure(
        &source,
        &["wal=stream"],
        &["wal", "\"stream\"", "fetch, none"],
    )?;
    host.expect_failure(&source, &["max_rate=1"], &["max_rate", "32k"])?;
    server.psql("postgres", "create role plain login")?;
    host.expect_failure(&source, &["username=plain"], &["plain", "WAL sender"])?;
    // Damage that the server finds itself, at the backup's end.
    let damaged = Server::with(Major::V16)
        .initdb("--data-checksums")
        .start()?;
    damaged.psql(
        "postgres",
        "create table t as select generate_series(1, 10000) i; checkpoint",
    )?;
    let file = damaged
        .data_dir()
        .join(damaged.psql("postgres", "select pg_relation_filepath('t')")?);
    let opened = fs::File::options().write(true).open(file)?;
    std::os::unix::fs::FileExt::write_all_at(&opened, b"damage", 3 * 8192 + 4000)?;
    let source = damaged.uri("").replace("postgres://", "postgres+bin://");
    host.expect_failure(source.trim_end_matches('/'), &[], &["damaged pages"])?;
    Ok(())
}

#[test]
fn a_server_is_pinged_for_replication() -> Result<()> {
    let tablespace = Scratch::new()?;
    let (_server, source) = start(Major::V15, &tablespace)?;
    let host = Host::new()?;
    host.run(&["source", "add", "here", &source])?;
    host.run(&["source", "ping", "here"]).map(drop)
}
