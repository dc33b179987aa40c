//! Scripts of roles and tablespaces.

use anyhow::{Result, ensure};
use support::{Major, Scratch, Server, observe, pgark, run, side_by_side};

const ROLES: &str = r#"
    create role owner login password 'it''s; secret' connection limit 7 valid until '2031-02-03';
    create role "a; ""b" nologin createdb;
    create role reader in role owner, "a; ""b";
    grant owner to "a; ""b" with admin option;
    comment on role reader is 'semicolons; and \backslashes';
    alter role reader set search_path = "x;y", public;
"#;

fn dumped(server: &Server) -> Result<String> {
    let script = String::from_utf8(run(server.tool("pg_dumpall").arg("--globals-only"))?)?;
    Ok(script)
}

fn without_keys(script: &str) -> String {
    let lines = script.lines();
    let kept = lines.filter(|line| !line.contains("restrict "));
    kept.collect::<Vec<_>>().join("\n")
}

fn restore(server: &Server, script: &str, args: &[&str]) -> Result<support::Ran> {
    let scratch = Scratch::new()?;
    let file = scratch.write("globals.sql", script)?;
    let mut command = pgark();
    command.args(["globals", "--restore"]).arg(file);
    command.arg("-d").arg(server.conninfo("postgres"));
    observe(command.args(args))
}

#[test]
fn globals_come_back_and_a_second_time_nothing_fails() {
    side_by_side(&Major::all(), |&major| {
        let (source, target) = (Server::start(major)?, Server::start(major)?);
        source.psql("postgres", ROLES)?;
        let script = dumped(&source)?;
        for _ in 0..2 {
            restore(&target, &script, &[])?.expect_code(0)?;
            let found = dumped(&target)?;
            ensure!(without_keys(&found) == without_keys(&script), "{found}");
        }
        Ok(())
    });
}

#[test]
fn each_failure_is_told_without_the_password_and_no_command_is_obeyed() -> Result<()> {
    let server = Server::start(Major::V17)?;
    let script =
        "ALTER ROLE nobody WITH LOGIN PASSWORD 'topsecret';\n\\! touch /tmp/x\nCREATE ROLE fine;\n";
    let ran = restore(&server, script, &[])?;
    ran.expect_code(7)?;
    ran.expect_words(["nobody", "42704", "PASSWORD '***'", "not obeyed"])?;
    ensure!(!ran.stderr.contains("topsecret"), "{}", ran.stderr);
    let fine = server.psql(
        "postgres",
        "select count(*) from pg_roles where rolname = 'fine'",
    )?;
    ensure!(fine.trim() == "1");
    let ran = restore(&server, script, &["-e"])?;
    ran.expect_code(1)?;
    Ok(())
}

#[test]
fn the_role_that_restores_is_not_demoted() -> Result<()> {
    let server = Server::start(Major::V16)?;
    let script =
        "ALTER ROLE postgres WITH NOSUPERUSER INHERIT NOLOGIN;\nCREATE ROLE later SUPERUSER;\n";
    restore(&server, script, &[])?.expect_code(0)?;
    let sql = "select rolsuper and rolcanlogin from pg_roles where rolname = 'postgres'";
    let kept = server.psql("postgres", sql)?;
    ensure!(kept.trim() == "t");
    Ok(())
}
