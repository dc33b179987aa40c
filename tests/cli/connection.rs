//! Where a dump connects to: letters, names, strings, URIs, variables and files.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use anyhow::{Result, ensure};
use support::{Major, Scratch, Server, observe, pgark, shared_server};

/// Arguments and variables.
type Way<'a> = (&'a [&'a str], &'a [(&'a str, &'a str)]);

/// The archive that `command` writes, with a time that is always the same.
fn archive(command: &mut Command) -> Result<Vec<u8>> {
    let ran = observe(command.env("SOURCE_DATE_EPOCH", "0"))?;
    ran.expect_silence()?;
    ensure!(
        ran.stdout.starts_with(b"PGDMP"),
        "{} writes no archive",
        ran.command
    );
    Ok(ran.stdout)
}

#[test]
fn every_way_to_name_a_database_leads_to_it() -> Result<()> {
    let server = shared_server(Major::V15);
    let db = "names 'n' % &co";
    server.create_database(db, "")?;
    server.psql(db, "create table t as select 1 as a")?;
    let (host, port) = (server.host(), server.port().to_string());
    let (conninfo, uri) = (server.conninfo(db), server.uri(db));
    let socket = server.socket_dir().display().to_string();
    let socket_uri = format!(
        "postgres://postgres@{}:{port}/names%20%27n%27%20%25%20%26co",
        socket.replace('/', "%2F")
    );
    let query_uri = format!(
        "postgresql:///names%20%27n%27%20%25%20%26co?host={host}&port={port}&user=postgres"
    );
    let scratch = Scratch::new()?;
    let services = scratch.write(
        "services",
        format!("[other]\nport=1\n[mine]\nhost={host}\nport={port}\nuser=postgres\ndbname={db}\n"),
    )?;
    let services = services.display().to_string();
    let expected = archive(pgark().args(["dump", "-h", host, "-p", &port, "-U", "postgres", db]))?;
    let letters = ["-h", host, "-p", &port, "-U", "postgres"];
    let wrong = ["PGHOST", "PGPORT", "PGUSER", "PGDATABASE"].map(|name| (name, "wrong"));
    let ways: [Way; 11] = [
        (
            &[
                "-d", db, letters[0], letters[1], letters[2], letters[3], letters[4], letters[5],
            ],
            &[],
        ),
        (&["-d", &conninfo], &[]),
        (&[&conninfo], &[]),
        (&["-d", &uri], &[]),
        (&[&query_uri], &[]),
        (&["-d", &socket_uri], &[]),
        (&["-h", &socket, "-p", &port, "-U", "postgres", db], &[]),
        (
            &[],
            &[
                ("PGHOST", host),
                ("PGPORT", &port),
                ("PGUSER", "postgres"),
                ("PGDATABASE", db),
            ],
        ),
        (
            &[db],
            &[
                ("PGHOSTADDR", host),
                ("PGPORT", &port),
                ("PGUSER", "postgres"),
            ],
        ),
        (&["-d", "service=mine"], &[("PGSERVICEFILE", &services)]),
        (&[], &[("PGSERVICEFILE", &services), ("PGSERVICE", "mine")]),
    ];
    for (args, variables) in ways {
        let found = archive(
            pgark()
                .arg("dump")
                .args(args)
                .envs(variables.iter().copied()),
        )?;
        ensure!(found == expected, "{args:?} {variables:?} leads elsewhere");
    }
    // What is typed goes before the environment.
    for args in [&["-d", &conninfo][..], &["-d", &uri]] {
        let found = archive(pgark().arg("dump").args(args).envs(wrong))?;
        ensure!(found == expected, "{args:?} gives way to the environment");
    }
    // A connection string goes before the letters, as in pg_dump.
    let found = archive(
        pgark()
            .args(["dump", "-d", &uri])
            .args(["-h", host, "-p", "1", "-U", "wrong"]),
    )?;
    ensure!(
        found == expected,
        "the connection string gives way to letters"
    );
    Ok(())
}

#[test]
fn a_password_is_taken_from_everywhere() -> Result<()> {
    const PASSWORD: &str = "p:ä ss'w\\ord%";
    let server = Server::with(Major::V17)
        .password(PASSWORD)
        .auth("scram-sha-256")
        .start()?;
    let (host, port) = (server.host(), server.port().to_string());
    let at = [
        "dump", "-h", host, "-p", &port, "-U", "postgres", "-d", "postgres",
    ];
    let expected = archive(pgark().args(at).env("PGPASSWORD", PASSWORD))?;

    let scratch = Scratch::new()?;
    let escaped = PASSWORD.replace('\\', "\\\\").replace(':', "\\:");
    let lines = format!("# a comment\n{host}:1:*:*:wrong\n*:{port}:postgres:postgres:{escaped}\n");
    let passfile = scratch.write(".pgpass", lines)?;
    fs::set_permissions(&passfile, Permissions::from_mode(0o600))?;
    let conninfo = server.conninfo("postgres");
    let with_password = format!(
        "{conninfo} password='{}'",
        PASSWORD.replace('\\', "\\\\").replace('\'', "\\'")
    );
    let uri = format!("postgres://postgres:p%3A%C3%A4%20ss'w%5Cord%25@{host}:{port}/postgres");
    let file = passfile.display().to_string();
    let home = scratch.path().display().to_string();
    let with_passfile = format!("{conninfo} passfile={file}");
    let ways: [Way; 5] = [
        (&at, &[("PGPASSFILE", &file)]),
        (&at, &[("HOME", &home)]),
        (&["dump", "-d", &with_password], &[("PGPASSWORD", "wrong")]),
        (&["dump", "-d", &uri], &[]),
        (&["dump", "-d", &with_passfile], &[]),
    ];
    for (args, variables) in ways {
        let found = archive(pgark().args(args).envs(variables.iter().copied()))?;
        ensure!(found == expected, "{args:?} {variables:?} leads elsewhere");
    }

    fs::set_permissions(&passfile, Permissions::from_mode(0o644))?;
    let open = observe(pgark().args(at).env("PGPASSFILE", &file))?;
    open.expect_code(3)?.expect_words([&file])?;
    Ok(())
}
