//! What the options of a source do.

use std::fs;

use anyhow::{Result, ensure};
use serde_json::json;
use support::{Host, Major, Server, expect_refusal, observe, run, side_by_side};

use crate::judge::{expect_archive_of_pg_dump, expect_restore};
use crate::single::{expect_files, expect_one_database, shop};

#[test]
fn an_archive_holds_what_the_options_ask_for() {
    side_by_side(
        &[Major::V15, Major::V16, Major::V17, Major::V18],
        |&major| {
            let (server, db) = shop(major)?;
            let host = Host::new()?;
            let archive = host.join("archive");
            let uri = server.uri(&db);
            for (option, args) in [
                ("schema_only", ["-s"].as_slice()),
                ("compress", &[]),
                ("compress=false", &["-Z0"]),
                // What is off is as if it were not said.
                ("data_only=false", &[]),
            ] {
                let backup = host.backup(&uri, &[option])?;
                expect_one_database(&backup, server, &db, args, &archive)?;
                let told = &backup.manifest()?["options"];
                for key in ["schema_only", "data_only"] {
                    ensure!(told[key] == json!(key == option), "{option}: {told}");
                }
                let is_compressed = option != "compress=false";
                ensure!(told["compress"] == json!(is_compressed), "{option}: {told}");
            }
            Ok(())
        },
    );
}

#[test]
fn data_alone_comes_without_globals_and_fills_what_the_schema_made() -> Result<()> {
    let (server, db) = shop(Major::V18)?;
    let host = Host::new()?;
    let uri = server.uri(&db);
    let record = format!("/00001-{db}.dump");
    let data = host.backup(&uri, &["data_only=true"])?;
    // As pg_dump warns: no order of the tables' rows satisfies every foreign key.
    data.ran.expect_words([
        "WARN",
        &db,
        "circular foreign keys",
        "billing.invoice_copies",
    ])?;
    expect_files(&data, &[&record, "/manifest.json"])?;
    ensure!(data.manifest()?["options"]["data_only"] == json!(true));
    let archive = host.join("archive");
    data.take(&record, &archive)?;
    expect_archive_of_pg_dump(server, db.as_str().into(), &["-a"], &archive)?;

    let schema = host.backup(&uri, &["schema_only=t"])?;
    let definitions = host.join("definitions");
    schema.take(&record, &definitions)?;
    let copy = server.fresh_database("copy", "template template0")?;
    server.pg_restore(&copy, [""; 0], &definitions)?;
    server.pg_restore(&copy, ["--disable-triggers"], &archive)?;
    // Loops of foreign keys are cut where OIDs say, so that tables come in another order.
    let lines = |db: &str| -> Result<Vec<String>> {
        let mut pg_dump = server.tool("pg_dump");
        let text = run(pg_dump
            .args(["-a", "--restrict-key=x", "-d"])
            .arg(server.conninfo(db)))?;
        let mut lines: Vec<_> = String::from_utf8(text)?
            .lines()
            .map(ToOwned::to_owned)
            .collect();
        lines.sort_unstable();
        Ok(lines)
    };
    let (original, restored) = (lines(&db)?, lines(&copy)?);
    ensure!(
        original.len() > 3000 && original == restored,
        "the rows are others"
    );
    Ok(())
}

#[test]
fn excluded_databases_are_left_out_and_the_others_numbered_without_gaps() -> Result<()> {
    let server = Server::start(Major::V18)?;
    for db in ["shop", "shop2", "odd name"] {
        server.create_database(db, "")?;
    }
    let host = Host::new()?;
    let backup = host.backup(
        &server.uri(""),
        &["exclude_databases=template1, shop ,odd name,no such"],
    )?;
    expect_files(
        &backup,
        &[
            "/00000-globals.sql",
            "/00001-postgres.dump",
            "/00002-shop2.dump",
            "/manifest.json",
        ],
    )
}

#[test]
fn a_kept_source_brings_its_options_and_those_of_the_command_win() -> Result<()> {
    let server = Server::start(Major::V15)?;
    server.create_database("shop", "")?;
    server.psql("shop", "create table t (i int); insert into t values (1)")?;
    let host = Host::new()?;
    let uri = server.uri("");
    host.run(&[
        "source",
        "add",
        "mypg",
        &uri,
        "database=shop",
        "exclude_databases=foo,shop",
    ])?;
    let told = host.run(&["source", "ping", "mypg"])?;
    ensure!(
        String::from_utf8_lossy(&told).contains("OK"),
        "ping says {told:?}"
    );
    let archive = host.join("archive");
    let backup = host.backup("@mypg", &[])?;
    expect_one_database(&backup, &server, "shop", &[], &archive)?;
    expect_restore(&server, "shop".into(), "template template0", &archive)?;
    let backup = host.backup("@mypg", &["database=template1", "compress=1"])?;
    expect_one_database(&backup, &server, "template1", &[], &archive)?;

    // A source that does not answer is told apart before any backup.
    host.run(&["source", "add", "gone", "postgres://127.0.0.1:1/"])?;
    let gone = observe(&mut host.plakar(["source", "ping", "gone"]))?;
    expect_refusal(&gone, &["127.0.0.1", "port 1"])
}

#[test]
fn a_server_is_reached_by_its_socket_and_by_a_password_from_any_place() -> Result<()> {
    let server = Server::with(Major::V18)
        .password("sec ret")
        .auth("scram-sha-256")
        .start()?;
    let host = Host::new()?;
    let socket = server.socket_dir().display().to_string();
    let port = server.port();
    let location = format!("postgres://postgres:sec%20ret@127.0.0.1:{port}/postgres");
    let by_socket = format!(
        "postgres://postgres@{}:{port}/postgres",
        socket.replace('/', "%2F")
    );
    let passfile = host.join("home/.pgpass");
    for (source, options) in [
        (&location, &[][..]),
        (&by_socket, &["password=sec ret"]),
        (
            &server.uri("postgres"),
            &["password=sec ret", "host=localhost"],
        ),
    ] {
        expect_files(
            &host.backup(source, options)?,
            &[
                "/00000-globals.sql",
                "/00001-postgres.dump",
                "/manifest.json",
            ],
        )?;
    }
    fs::write(&passfile, "*:*:*:postgres:sec ret\n")?;
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    fs::set_permissions(&passfile, mode)?;
    host.backup(&server.uri("postgres"), &[])?;
    Ok(())
}
