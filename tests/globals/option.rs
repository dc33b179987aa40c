//! The options of `pgark globals` beside pg_dumpall's.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use support::{Major, Server, is_turn, observe, pgark, run, side_by_side};

use crate::awkward::Awkward;
use crate::script::{KEY, expect_same, oracle};

/// Options that change the script.
const OPTIONS: [&[&str]; 18] = [
    &["--no-role-passwords"],
    &["-r"],
    &["--roles-only", "--no-role-passwords"],
    &["-t"],
    &["--tablespaces-only", "-c"],
    &["-c"],
    &["--clean", "--if-exists"],
    &["-c", "-r"],
    &["-c", "--if-exists", "--no-tablespaces"],
    &["--no-comments"],
    &["--no-security-labels"],
    &["--no-tablespaces"],
    &["-x"],
    &["--role=a_all"],
    &["--role", "Super \"quoted\"", "-r"],
    &["--quote-all-identifiers"],
    &["--quote-all-identifiers", "-c"],
    &["-x", "--no-comments", "--no-role-passwords", "-r", "-c"],
];

/// `pgark globals` of the server.
fn globals(server: &Server, args: &[&str]) -> Command {
    let mut command = pgark();
    command
        .args(["globals", "-d"])
        .arg(server.uri(""))
        .args(args);
    command
}

#[test]
fn each_does_what_that_of_pg_dumpall_does() {
    side_by_side(&Major::with_clients(), |&major| {
        let awkward = Awkward::start(major)?;
        let server = &awkward.server;
        server.psql("postgres", "create role \"Super \"\"quoted\"\"\" superuser")?;
        let plain = oracle(server, "postgres", &[])?;
        for (place, args) in OPTIONS.into_iter().enumerate() {
            // What is not the turn of this major is that of another.
            if !is_turn(place, &major, &Major::with_clients()) {
                continue;
            }
            let expected = all_oracle(server, args)?;
            // Without labels and with such a role nothing changes; what is compared is that both take the option.
            let is_idle = args[0].starts_with("--role") && args.len() == 1
                || args == ["--no-security-labels"];
            ensure!(is_idle || expected != plain, "{args:?} changes nothing");
            let key = format!("--restrict-key={KEY}");
            let ours = run(globals(server, args).arg(key))?;
            expect_same(&ours, &expected).with_context(|| format!("{args:?}"))?;
        }
        Ok(())
    });
}

/// The script by pg_dumpall, which takes one of the options that say which globals.
fn all_oracle(server: &Server, args: &[&str]) -> Result<Vec<u8>> {
    let has_scope = args
        .iter()
        .any(|arg| ["-r", "-t", "--roles-only", "--tablespaces-only"].contains(arg));
    let mut command = server.tool("pg_dumpall");
    command.args(["-l", "postgres"]).args(args);
    if !has_scope {
        command.arg("--globals-only");
    }
    if server.has_restrict_key()? {
        command.args(["--restrict-key", KEY]);
    }
    run(&mut command)
}

#[test]
fn what_makes_no_sense_is_refused() -> Result<()> {
    let server = support::shared_server(Major::V18);
    for (args, words) in [
        (&["-r", "-t"][..], "--tablespaces-only"),
        (&["--if-exists"], "--clean"),
        (&["--restrict-key=a-b"], "a-b"),
        (&["-e"], "--restore"),
        (&["--restore", "x", "-c"], "--clean"),
    ] {
        let ran = observe(&mut globals(server, args))?;
        ran.expect_code(2)?.expect_words([words])?;
    }
    let ran = observe(&mut globals(server, &["--role=no such role"]))?;
    ran.expect_code(1)?.expect_words(["no such role"])?;
    Ok(())
}

#[test]
fn passwords_that_may_not_be_read_are_refused_unless_left_out() -> Result<()> {
    let server = Server::start(Major::V17)?;
    server.psql("postgres", "create role plain login password 'secret'")?;
    let uri = format!("postgres://plain@127.0.0.1:{}/", server.port());
    let refused = observe(pgark().args(["globals", "-d", &uri]))?;
    refused
        .expect_code(4)?
        .expect_one_line(["pg_authid", "--no-role-passwords"])?;
    ensure!(refused.stdout.is_empty());
    for args in [&["--no-role-passwords"][..], &["-t"]] {
        let ran = observe(pgark().args(["globals", "-d", &uri]).args(args))?;
        ran.expect_silence()?;
        ensure!(!ran.stdout.is_empty());
    }
    // A superuser who acts as another has that one's rights.
    observe(&mut globals(&server, &["--role=plain"]))?.expect_code(4)?;
    Ok(())
}

#[test]
fn the_script_goes_to_a_file_when_it_is_whole() -> Result<()> {
    let server = support::shared_server(Major::V18);
    let scratch = support::Scratch::new()?;
    let file = scratch.join("globals.sql");
    let path = file.display().to_string();
    let key = format!("--restrict-key={KEY}");
    let ran = observe(&mut globals(server, &["-f", &path, &key, "--no-sync"]))?;
    ran.expect_silence()?;
    ensure!(ran.stdout.is_empty());
    let written = std::fs::read(&file)?;
    ensure!(
        written.starts_with(b"--\n-- PostgreSQL database cluster dump\n--\n\n\\restrict key\n")
    );
    ensure!(
        std::fs::read_dir(scratch.path())?.count() == 1,
        "something is left beside"
    );
    Ok(())
}
