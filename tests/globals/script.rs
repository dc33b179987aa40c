//! The script is byte for byte the one of the major's pg_dumpall.

use anyhow::{Context, Result, bail, ensure};
use bstr::ByteSlice;
use pgark_connect::Config;
use pgark_dump::globals::{self, GlobalsOmit, GlobalsOptions};
use support::{Major, Server, run, side_by_side};

use crate::awkward::{Awkward, IN_PLACE};
use crate::{block_on, config};

/// The key of the `\restrict` lines, which is random otherwise.
pub(crate) const KEY: &str = "key";

/// The script by pgark.
pub(crate) fn dump(config: &Config, role_passwords: bool) -> Result<Vec<u8>> {
    let options = GlobalsOptions {
        omit: if role_passwords {
            GlobalsOmit::empty()
        } else {
            GlobalsOmit::ROLE_PASSWORDS
        },
        restrict_key: Some(KEY.parse()?),
        ..GlobalsOptions::default()
    };
    Ok(block_on(globals::dump(config, &options))??)
}

/// The script by pg_dumpall, through the database `db`.
pub(crate) fn oracle(server: &Server, db: &str, args: &[&str]) -> Result<Vec<u8>> {
    let mut command = server.tool("pg_dumpall");
    command.args(["--globals-only", "-l", db]).args(args);
    if server.has_restrict_key()? {
        command.args(["--restrict-key", KEY]);
    }
    run(&mut command)
}

/// An error with the first line that differs.
pub(crate) fn expect_same(found: &[u8], expected: &[u8]) -> Result<()> {
    if found == expected {
        return Ok(());
    }
    let differs = found
        .lines()
        .zip(expected.lines())
        .position(|(a, b)| a != b);
    let number = differs.unwrap_or(found.lines().count().min(expected.lines().count()));
    let line = |text: &[u8]| match text.lines().nth(number) {
        Some(line) => format!("{:?}", line.as_bstr()),
        None => "the end".to_owned(),
    };
    bail!(
        "line {}:\n  found    {}\n  expected {}",
        number + 1,
        line(found),
        line(expected)
    )
}

/// Settings of the database through which the globals are read, and what it takes to create it.
const DATABASES: [(&str, &str, &str); 9] = [
    ("plain", "", ""),
    ("latin1", "encoding 'LATIN1' locale 'C'", ""),
    ("ascii", "encoding 'SQL_ASCII' locale 'C'", ""),
    ("dates", "", "set datestyle = 'SQL, DMY'"),
    ("german", "", "set datestyle = 'German'"),
    ("zone", "", "set timezone = 'Asia/Kolkata'"),
    ("strings", "", "set standard_conforming_strings = off"),
    ("quoted", "", "set quote_all_identifiers = on"),
    ("path", "", "set search_path = evil, pg_catalog"),
];

#[test]
fn it_is_that_of_pg_dumpall_through_every_kind_of_database() {
    side_by_side(&Major::with_clients(), |&major| {
        let awkward = Awkward::start(major)?;
        let server = &awkward.server;
        // A part of what is made, so that an empty cluster is not what is compared.
        let mut parts = vec!["CREATE ROLE \"new\nline\"", "GRANTED BY m_second"];
        if major >= Major::V15 {
            server.psql("postgres", "create tablespace \"In Place\" location ''")?;
            parts.push("In Place");
        }
        for (db, options, setting) in DATABASES {
            server.create_database(db, &format!("template template0 {options}"))?;
            if !setting.is_empty() {
                server.psql("postgres", format!("alter database {db} {setting}"))?;
            }
        }
        // What an evil user would put in the way of queries that do not say where their functions are.
        server.psql(
            "path",
            "create schema evil;
             create function evil.pg_get_userbyid(oid) returns name language sql as $$ select 'evil'::name $$;
             create function evil.array_to_string(text[], text) returns text language sql as $$ select 'evil' $$;
             create function evil.not_matches(name, text) returns bool language sql as $$ select false $$;
             create operator evil.!~ (leftarg = name, rightarg = text, function = evil.not_matches);
             create view evil.pg_authid as select * from pg_catalog.pg_authid limit 0;",
        )?;
        for (db, ..) in DATABASES {
            for (role_passwords, args) in [(true, &[][..]), (false, &["--no-role-passwords"])] {
                let ours = dump(&config(server, db)?, role_passwords)?;
                expect_same(&ours, &oracle(server, db, args)?)
                    .with_context(|| format!("through {db}, {args:?}"))?;
                ensure!(ours.contains_str("PASSWORD '") == role_passwords);
                for part in &parts {
                    ensure!(ours.contains_str(part), "no {part:?}");
                }
            }
        }
        Ok(())
    });
}

#[test]
fn it_is_that_of_pg_dumpall_in_every_encoding_of_a_cluster() {
    let options = |encoding: &str| {
        Server::with(Major::V17)
            .conf(IN_PLACE)
            .initdb(&format!("--encoding={encoding}"))
            .initdb("--locale=C")
            .superuser("Super user")
    };
    side_by_side(&["LATIN1", "SQL_ASCII", "EUC_JP"], |encoding| {
        let server = options(encoding).start()?;
        // A letter beyond ASCII in the cluster's own encoding; none that is also UTF-8.
        let letter: &[u8] = if *encoding == "EUC_JP" {
            b"\xa4\xa2"
        } else {
            b"\xfc"
        };
        let mut script = b"set client_encoding to 'ENC';\n".replace("ENC", encoding);
        for line in [
            "create role \"r @ \"\"q\"\"\" password '@';",
            "comment on role \"r @ \"\"q\"\"\" is '@\\@';",
            "alter role \"r @ \"\"q\"\"\" set application_name = 'a @';",
            "create role member;",
            "grant \"r @ \"\"q\"\"\" to member;",
            "set allow_in_place_tablespaces = on;",
            "create tablespace \"t @\" owner \"r @ \"\"q\"\"\" location '';",
        ] {
            script.extend(line.as_bytes().replace("@", letter));
            script.push(b'\n');
        }
        server.psql("postgres", &script)?;
        let ours = dump(&config(&server, "postgres")?, true)?;
        expect_same(&ours, &oracle(&server, "postgres", &[])?)?;
        ensure!(ours.contains_str(letter), "{}", ours.as_bstr());
        Ok(())
    });
}

#[test]
fn who_may_not_read_passwords_gets_the_rest_and_a_clear_refusal() {
    side_by_side(&Major::all(), |&major| {
        let awkward = Awkward::start(major)?;
        let server = &awkward.server;
        server.psql(
            "postgres",
            "create role plain login; create role reader login; grant pg_read_all_data to reader",
        )?;
        let of = |role: &str| -> Result<Config> {
            let mut config = config(server, "postgres")?;
            config.set_user(role);
            Ok(config)
        };
        let plain = of("plain")?;
        ensure!(!block_on(globals::may_read_passwords(
            &plain,
            &GlobalsOptions::default()
        ))??);
        let ours = dump(&plain, false)?;
        expect_same(
            &ours,
            &oracle(server, "postgres", &["--no-role-passwords", "-U", "plain"])?,
        )?;
        let refused = block_on(globals::dump(&plain, &GlobalsOptions::default()))?;
        let error = refused.err().context("passwords were read")?;
        ensure!(
            error.is_permission_denied() && error.to_string().contains("pg_authid"),
            "{error}"
        );

        let reader = of("reader")?;
        ensure!(block_on(globals::may_read_passwords(
            &reader,
            &GlobalsOptions::default()
        ))??);
        expect_same(
            &dump(&reader, true)?,
            &oracle(server, "postgres", &["-U", "reader"])?,
        )
    });
}
