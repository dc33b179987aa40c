//! The script makes the globals anew.

use anyhow::{Context, Result, ensure};
use bstr::ByteSlice;
use support::{Major, Scratch, Server, StopMode, observe, side_by_side};

use crate::awkward::{Awkward, with_tablespaces_in_place};
use crate::config;
use crate::script::{dump, expect_same, oracle};

#[test]
fn psql_makes_the_same_globals_of_it_on_a_fresh_server() {
    side_by_side(&Major::with_clients(), |&major| {
        let mut awkward = Awkward::start(major)?;
        // Before 17 pg_dumpall writes a location for it that CREATE TABLESPACE does not take.
        if major >= Major::V17 {
            awkward
                .server
                .psql("postgres", "create tablespace \"In Place\" location ''")?;
        }
        let script = dump(&config(&awkward.server, "postgres")?, true)?;
        let original = oracle(&awkward.server, "postgres", &[])?;
        // Two servers of a major cannot share a tablespace's folder.
        awkward.server.stop(StopMode::Immediate)?;
        awkward.make_locations()?;

        let server = with_tablespaces_in_place(major).start()?;
        run_script(&server, "postgres", &script)?;
        expect_same(&oracle(&server, "postgres", &[])?, &original)
    });
}

/// Has psql run the script, which may fail in nothing but the role that is there already.
fn run_script(server: &Server, db: &str, script: &[u8]) -> Result<()> {
    let scratch = Scratch::new()?;
    let file = scratch.write("globals.sql", script)?;
    let mut psql = server.tool("psql");
    psql.args(["-X", "-q", "-d"])
        .arg(server.conninfo(db))
        .arg("-f")
        .arg(file);
    let ran = observe(&mut psql)?;
    ran.expect_code(0)?;
    let errors: Vec<_> = ran
        .stderr
        .lines()
        .filter(|line| line.contains("ERROR"))
        .collect();
    ensure!(
        matches!(errors[..], [line] if line.ends_with("role \"postgres\" already exists")),
        "{errors:#?}"
    );
    Ok(())
}

#[test]
fn names_that_are_not_utf_8_are_kept_in_a_cluster_that_is() {
    side_by_side(&[Major::V15, Major::V18], |&major| {
        let [source, target] = [(); 2].map(|()| -> Result<Server> {
            let server = Server::start(major)?;
            server.create_database(
                "ascii",
                "template template0 encoding 'SQL_ASCII' locale 'C'",
            )?;
            Ok(server)
        });
        let (source, target) = (source?, target?);
        source.psql(
            "ascii",
            b"create role \"r\xe9\"; comment on role \"r\xe9\" is '\xff'; create role \"\xc3\xa9\"; grant \"r\xe9\" to \"\xc3\xa9\";",
        )?;
        let script = dump(&config(&source, "postgres")?, true)?;
        ensure!(
            script.contains_str("client_encoding = 'SQL_ASCII'"),
            "{}",
            script.as_bstr()
        );
        run_script(&target, "ascii", &script)?;
        let through_ascii = |server: &Server| oracle(server, "ascii", &[]);
        let restored = through_ascii(&target)?;
        ensure!(
            restored.contains_str(b"GRANT \"r\xe9\" TO \"\xc3\xa9\""),
            "{}",
            restored.as_bstr()
        );
        expect_same(&restored, &through_ascii(&source)?).context("restored")
    });
}
