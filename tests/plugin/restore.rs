//! Restores of snapshots.

use anyhow::{Result, ensure};
use support::{
    Fixture, Host, Major, Scratch, Server, database_text, ensure_same_text, expect_refusal, run,
    shared_server, side_by_side, sorted_text, told,
};

use crate::single::shop;

/// Roles, and databases whose names a path or a connection string would misread.
const CLUSTER: &str = r#"
    create role owner login password 'secret' connection limit 7;
    create role reader in role owner;
    create role "Odd ""one" createdb;
    alter role reader set search_path = a, b;
    -- A policy names its roles as they follow one another in pg_authid, where a restore puts them in the order of their names.
    create role shop_auditor;
    create role shop_support;
    create database shop owner owner;
    create database "a/b";
    create database "x=y" owner reader;
    alter database "x=y" set work_mem = '5MB';
"#;

fn cluster(major: Major) -> Result<Server> {
    let server = Server::start(major)?;
    server.psql("postgres", CLUSTER)?;
    server.psql_file("shop", &Fixture::named("shop")?.path)?;
    for db in ["a/b", "x=y", "postgres"] {
        server.psql(db, "create table t (a int); insert into t values (1), (2)")?;
    }
    Ok(server)
}

fn globals(server: &Server) -> Result<String> {
    let script = run(server.tool("pg_dumpall").arg("--globals-only"))?;
    let lines = std::str::from_utf8(&script)?.lines();
    // Each run takes a key of its own.
    let kept = lines.filter(|line| !line.contains("restrict "));
    Ok(kept.collect::<Vec<_>>().join("\n"))
}

/// An error unless all is as in the original, its database `shop` as in `shop` there.
fn ensure_same_cluster(original: &Server, shop: &str, restored: &Server) -> Result<()> {
    let (expected, found) = (globals(original)?, globals(restored)?);
    ensure!(
        expected == found,
        "globals:\n{expected}\nrestored:\n{found}"
    );
    let ensure_same = |expected: Vec<u8>, found: Vec<u8>| {
        ensure_same_text(&sorted_text(&expected), &sorted_text(&found))
    };
    for db in ["a/b", "x=y", "postgres"] {
        let text = |server| database_text(server, db, &["-C"]);
        ensure_same(text(original)?, text(restored)?)?;
    }
    ensure_same(
        database_text(original, shop, &[])?,
        database_text(restored, "shop", &[])?,
    )
}

/// The database `shop` as pg_restore leaves it when it cleans a copy: with privileges beside the original's, since default privileges
/// are there when objects are made.
fn cleaned_shop(server: &Server) -> Result<String> {
    let scratch = Scratch::new()?;
    let archive = scratch.join("archive");
    server.pg_dump("shop", ["-Fc"], &archive)?;
    let db = server.fresh_database("cleaned", "template template0")?;
    let restore = || {
        let mut command = server.tool("pg_restore");
        command.args(["-d", &server.conninfo(&db)]);
        command
    };
    run(restore().arg(&archive))?;
    // It cannot drop the keys of partitions, and goes on.
    restore()
        .args(["-c", "--if-exists"])
        .arg(&archive)
        .output()?;
    Ok(db)
}

#[test]
fn a_cluster_comes_back_on_an_empty_server_and_again_over_itself() {
    side_by_side(&[Major::V15, Major::V18], |&major| {
        let server = cluster(major)?;
        let host = Host::new()?;
        let backup = host.backup(&server.uri(""), &[])?;
        let target = Server::start(major)?;
        let cleaned = cleaned_shop(&server)?;
        for (option, shop) in [("recreate=true", "shop"), ("clean=true", &cleaned)] {
            let ran = backup.restore(&target.uri(""), &[option])?;
            ensure!(ran.code == Some(0), "{option}: {}", told(&ran));
            ensure_same_cluster(&server, shop, &target)?;
            target.psql("x=y", "insert into t values (3)")?;
        }
        Ok(())
    });
}

#[test]
fn a_cluster_goes_onto_a_server_with_another_password() -> Result<()> {
    let start = |password: &str| {
        let server = Server::with(Major::V17).password(password);
        server.auth("scram-sha-256").start()
    };
    let (server, target) = (start("old")?, start("new")?);
    server.psql(
        "postgres",
        "create role other login password 'other'; create database x;
         alter database x set default_transaction_read_only = on",
    )?;
    server.psql(
        "x",
        "set default_transaction_read_only = off; create table t as select 1 a",
    )?;
    let host = Host::new()?;
    let backup = host.backup(&server.uri(""), &["password=old"])?;
    let options = ["recreate=true", "password=new"];
    let ran = backup.restore(&target.uri(""), &options)?;
    ensure!(ran.code == Some(0), "{}", told(&ran));
    ensure!(target.psql("x", "select * from t")? == "1");
    let password = "select rolpassword from pg_authid where rolname = 'other'";
    ensure!(target.psql("postgres", password)? == server.psql("postgres", password)?);
    Ok(())
}

#[test]
fn one_database_goes_into_another_name() -> Result<()> {
    let (server, db) = shop(Major::V17)?;
    let host = Host::new()?;
    let backup = host.backup(&server.uri(&db), &[])?;
    let target = server.fresh_database("another", "template template0")?;
    let ran = backup.restore(
        &server.uri(&target),
        &["no_globals=true", "pg_bin_dir=/none"],
    )?;
    ensure!(ran.code == Some(0), "{}", told(&ran));
    let text = |db| database_text(server, db, &[]);
    ensure_same_text(&sorted_text(&text(&db)?), &sorted_text(&text(&target)?))
}

#[test]
fn a_record_that_fails_fails_the_restore_unless_errors_are_to_be_ignored() -> Result<()> {
    let server = shared_server(Major::V16);
    let (_, db) = shop(Major::V16)?;
    let host = Host::new()?;
    let backup = host.backup(&server.uri(&db), &[])?;
    // What is there already fails.
    let target = server.fresh_database("full", "template template0")?;
    server.psql_file(&target, &Fixture::named("shop")?.path)?;
    let to = server.uri(&target);
    for options in [
        &["no_globals=true"][..],
        &["no_globals=true", "exit_on_error=true"],
    ] {
        let ran = backup.restore(&to, options)?;
        expect_refusal(&ran, &["restore is incomplete", "already exists"])?;
    }
    let ran = backup.restore(&to, &["no_globals=true", "ignore_errors=true"])?;
    ensure!(ran.code == Some(0), "{}", told(&ran));
    let ran = backup.restore(&server.uri("no_such_database"), &["no_globals=true"])?;
    expect_refusal(&ran, &["no_such_database"])
}

#[test]
fn only_the_databases_that_are_named_are_restored() -> Result<()> {
    let server = cluster(Major::V17)?;
    let host = Host::new()?;
    let backup = host.backup(&server.uri(""), &[])?;
    let target = Server::start(Major::V17)?;
    let ran = backup.restore(
        &target.uri(""),
        &["recreate=true", "databases=x=y, postgres"],
    )?;
    ensure!(ran.code == Some(0), "{}", told(&ran));
    let names =
        "select string_agg(datname, ' ' order by datname) from pg_database where not datistemplate";
    let found = target.psql("postgres", names)?;
    ensure!(found.trim() == "postgres x=y", "{found}");
    Ok(())
}
