//! Commands that log in by tokens, and tokens that are refused.

use std::fs;
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use support::{Rds, Scratch, observe, run};

/// A server for the cases that leave its rules as they are.
pub(crate) fn rds() -> &'static Rds {
    static RDS: OnceLock<Rds> = OnceLock::new();
    RDS.get_or_init(|| {
        let rds = Rds::start().expect("a server");
        let roles = "create role backup superuser login; create role \"né +/\" login";
        rds.server().psql("postgres", roles).expect("roles");
        rds
    })
}

#[test]
fn every_command_that_connects_takes_a_token() -> Result<()> {
    let rds = rds();
    let (db, empty) = (
        rds.server().fresh_database("source", "")?,
        rds.server().fresh_database("target", "")?,
    );
    let table = "create table item as select generate_series(1, 1000) id";
    rds.server().psql(&db, table)?;
    let scratch = Scratch::new()?;
    let (archive, globals, folder) = (
        scratch.join("archive"),
        scratch.write("globals.sql", "CREATE ROLE made_by_token;\n")?,
        scratch.join("base"),
    );

    let before = rds.shown("backup").len();
    let ran = observe(&mut rds.login("ping", "backup", &db))?;
    ran.expect_silence()?;
    let told = String::from_utf8_lossy(&ran.stdout).into_owned();
    ensure!(told.contains("password"), "{told}");
    ensure!(rds.shown("backup").len() == before + 1);

    let mut dump = rds.login("dump", "backup", &db);
    observe(dump.args(["-j", "4", "-f"]).arg(&archive))?.expect_silence()?;
    let mut restore = rds.login("restore", "backup", &empty);
    observe(restore.args(["-j", "4"]).arg(&archive))?.expect_code(0)?;
    ensure!(rds.server().psql(&empty, "select sum(id) from item")? == "500500");

    let mut verify = rds.login("verify", "backup", "postgres");
    verify
        .arg("--restore-with")
        .arg(
            rds.server()
                .bin("pg_restore")
                .parent()
                .context("a folder")?,
        )
        .arg(&archive);
    observe(&mut verify)?.expect_code(0)?;

    let mut restore = rds.login("globals", "backup", "postgres");
    observe(restore.arg("--restore").arg(&globals))?.expect_code(0)?;
    let roles = "select count(*) from pg_roles where rolname = 'made_by_token'";
    ensure!(rds.server().psql("postgres", roles)? == "1");

    let mut backup = rds.login("basebackup", "backup", "postgres");
    observe(backup.arg("-D").arg(&folder))?.expect_code(0)?;
    ensure!(fs::exists(folder.join("backup_manifest"))?);
    Ok(())
}

#[test]
fn every_connection_has_a_token_of_its_own() -> Result<()> {
    let rds = rds();
    rds.server().psql(
        "postgres",
        "create role several superuser login; create table piece as select 1 a",
    )?;
    let mut dump = rds.login("dump", "several", "postgres");
    observe(dump.args(["-j", "4"]))?.expect_silence()?;
    let shown = rds.shown("several");
    ensure!(shown.len() >= 2, "{shown:?}");
    ensure!(
        shown.iter().all(|shown| shown.problem.is_none()),
        "{shown:?}"
    );
    Ok(())
}

#[test]
fn names_of_any_kind_log_in() -> Result<()> {
    let rds = rds();
    let mut pgark = Rds::pgark();
    pgark.args(["ping", "--aws-iam", "--aws-region", Rds::REGION]);
    pgark.args(["-U", "né +/", "-d"]).arg(format!(
        "host=127.0.0.1 port={} dbname=postgres sslrootcert={}",
        rds.server().port(),
        rds.root_certificate().display()
    ));
    observe(&mut pgark)?.expect_silence()?;
    Ok(())
}

#[test]
fn a_printed_token_logs_psql_in() -> Result<()> {
    let rds = rds();
    let mut command = Rds::pgark();
    command
        .args(["token", "--host", "127.0.0.1", "--user", "backup"])
        .args(["--region", Rds::REGION, "--port"])
        .arg(rds.server().port().to_string());
    let token = String::from_utf8(run(&mut command)?)?;
    let mut psql = rds.server().tool("psql");
    psql.args(["-X", "-A", "-t", "-c", "select current_user", "-d"])
        .arg(rds.conninfo("backup", "postgres"))
        .env("PGPASSWORD", token.trim_end());
    ensure!(run(&mut psql)? == b"backup\n");
    Ok(())
}

#[test]
fn a_refused_token_is_told_with_what_it_was_for() -> Result<()> {
    let rds = rds();
    let ping = |region: &str, conninfo: String| -> Command {
        let mut pgark = Rds::pgark();
        pgark.args(["ping", "--aws-iam", "--aws-region", region, "-d"]);
        pgark.arg(conninfo);
        pgark
    };
    let good = rds.conninfo("backup", "postgres");
    let port = rds.server().port();
    for (mut ping, words) in [
        (
            ping("us-east-1", good.clone()),
            ["region \"us-east-1\"", "role \"backup\""],
        ),
        (
            ping(Rds::REGION, rds.conninfo("stranger", "postgres")),
            ["role \"stranger\"", "port"],
        ),
        (
            ping(
                Rds::REGION,
                format!(
                    "host=db.example.com hostaddr=127.0.0.1 port={port} user=backup dbname=postgres sslmode=require"
                ),
            ),
            ["host \"db.example.com\"", "environment"],
        ),
    ] {
        let ran = observe(&mut ping)?;
        ran.expect_code(3)?
            .expect_words(words)?
            .expect_words(["the password was a token of AWS IAM for host"])?;
    }

    let mut other_secret = ping(Rds::REGION, good.clone());
    other_secret.env("AWS_SECRET_ACCESS_KEY", "another");
    observe(&mut other_secret)?.expect_code(3)?;
    let last = rds.shown("backup").pop().context("a token")?;
    ensure!(last.problem.is_some(), "{last:?}");

    let mut none = ping(Rds::REGION, good);
    none.env_remove("AWS_ACCESS_KEY_ID");
    observe(&mut none)?.expect_code(3)?.expect_words([
        "no AWS credentials were found",
        "environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY): ",
        "profile \"default\" of the configuration files: ",
        "web identity (AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_ARN): ",
        "container (AWS_CONTAINER_CREDENTIALS_RELATIVE_URI, AWS_CONTAINER_CREDENTIALS_FULL_URI): ",
        "instance metadata: ",
    ])?;
    Ok(())
}

#[test]
fn a_token_that_is_over_is_refused() -> Result<()> {
    let rds = Rds::start()?;
    rds.server().psql("postgres", "create role backup login")?;
    let mut command = Rds::pgark();
    command
        .args(["token", "-h", "127.0.0.1", "-U", "backup", "--region"])
        .args([Rds::REGION, "-p", &rds.server().port().to_string()]);
    let token = String::from_utf8(run(&mut command)?)?;
    let mut psql = rds.server().tool("psql");
    psql.args(["-X", "-c", "select 1", "-d"])
        .arg(rds.conninfo("backup", "postgres"))
        .env("PGPASSWORD", token.trim_end());
    run(&mut psql)?;
    rds.set_lifetime(Duration::ZERO);
    ensure!(run(&mut psql).is_err());
    let last = rds.shown("backup").pop().context("a token")?;
    ensure!(last.problem.as_deref() == Some("it is over"), "{last:?}");

    let mut ping = Rds::pgark();
    ping.args(["ping", "--aws-iam", "--aws-region", Rds::REGION, "-d"]);
    observe(ping.arg(rds.conninfo("backup", "postgres")))?
        .expect_code(3)?
        .expect_words(["the password was a token of AWS IAM for host"])?;
    let last = rds.shown("backup").pop().context("a token")?;
    ensure!(last.problem.as_deref() == Some("it is over"), "{last:?}");
    Ok(())
}

#[test]
fn what_does_not_go_with_tokens_is_refused() -> Result<()> {
    let rds = rds();
    let conninfo = format!("{} password=hunter2", rds.conninfo("backup", "postgres"));
    let mut pgark = Rds::pgark();
    let ran = observe(pgark.args(["ping", "--aws-iam", "-d"]).arg(conninfo))?;
    ran.expect_code(2)?
        .expect_one_line(["password is \"***\": with --aws-iam a token takes its place"])?;
    let mut pgark = Rds::pgark();
    let ran = observe(pgark.args(["ping", "--aws-iam", "-W"]))?;
    ran.expect_code(2)?;
    let mut pgark = Rds::pgark();
    let ran = observe(pgark.args(["ping", "--aws-region", "eu-west-1"]))?;
    ran.expect_code(2)?.expect_words(["--aws-iam"])?;
    Ok(())
}
