//! What is said of a restore that did not go well.

use std::fs;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use support::{Fixture, Major, Scratch, database_text, ensure_same_text, observe, sorted_text};

use crate::case::{By, Case, our_errors};

/// Restores the shop with a report.
fn report(case: &Case, db: &str, args: &[&str]) -> Result<(support::Ran, Value)> {
    let scratch = Scratch::new()?;
    let path = scratch.join("report.json");
    let ran = observe(
        case.command(By::Pgark, db)
            .args(args)
            .arg("--report")
            .arg(&path)
            .arg(&case.archive),
    )?;
    let text = fs::read(&path).with_context(|| ran.stderr.clone())?;
    Ok((ran, serde_json::from_slice(&text)?))
}

#[test]
fn every_failed_entry_is_named_with_its_statement_and_code() -> Result<()> {
    let case = Case::of_fixture(Major::V16, &Fixture::named("shop")?)?;
    let db = case.empty_database()?;
    case.restore_into(&db, By::Pgark, &["-s"])?;
    let (ran, report) = report(&case, &db, &["-s"])?;
    let judge_db = case.empty_database()?;
    case.restore_into(&judge_db, By::PgRestore, &["-s"])?;
    let judge = case.restore_into(&judge_db, By::PgRestore, &["-s"])?;
    ensure!(our_errors(&ran)? == crate::case::judged_errors(&judge.ran)?);
    let failures = report["failures"].as_array().context("failures")?;
    ensure!(!failures.is_empty() && failures.len() == our_errors(&ran)?);
    for failure in failures {
        for key in ["statement", "sqlstate", "message"] {
            ensure!(failure[key].is_string(), "{failure}");
        }
        ensure!(failure["entry"]["name"].is_string(), "{failure}");
    }
    let code = if report["restored"] == 0 { 1 } else { 7 };
    ran.expect_code(code)?;
    ensure!(report["exit_code"] == code);
    let count = |key: &str| report[key].as_u64().context("a count");
    ensure!(count("restored")? + count("failed")? == count("wanted")?);
    Ok(())
}

#[test]
fn the_data_of_a_table_that_could_not_be_made_is_left_out_and_said() -> Result<()> {
    let case = Case::of_fixture(Major::V17, &Fixture::named("quirks/02-types")?)?;
    let db = case.empty_database()?;
    // Without the types, some tables cannot be made.
    let list = Scratch::new()?;
    let listed = observe(support::pgark().args(["list"]).arg(&case.archive))?;
    let kept: Vec<&str> = std::str::from_utf8(&listed.stdout)?
        .lines()
        .filter(|line| {
            ![" TYPE ", " DOMAIN "]
                .iter()
                .any(|kind| line.contains(kind))
        })
        .collect();
    let list_file = list.write("list", kept.join("\n"))?;
    let args = ["-L", list_file.to_str().context("a path")?];
    let (ran, report) = report(&case, &db, &args)?;
    ran.expect_code(7)?;
    let skipped = report["skipped"].as_array().context("skipped")?;
    ensure!(!skipped.is_empty(), "{}", ran.stderr);
    ran.expect_words(["left out: TABLE DATA"])?;
    Ok(())
}

#[test]
fn a_single_transaction_leaves_nothing_behind() -> Result<()> {
    let case = Case::of_fixture(Major::V18, &Fixture::named("shop")?)?;
    let db = case.empty_database()?;
    let (whole, _) = report(&case, &db, &["-1"])?;
    whole.expect_code(0)?;
    let before = database_text(case.server, &db, &[])?;
    let (ran, report) = report(&case, &db, &["-1"])?;
    ran.expect_code(1)?;
    ran.expect_words(["everything was rolled back"])?;
    ensure!(report["restored"] == 0 && report["outcome"] == "none");
    ensure_same_text(&before, &database_text(case.server, &db, &[])?)
}

#[test]
fn an_error_is_the_end_where_that_is_asked_for() -> Result<()> {
    let case = Case::of_fixture(Major::V15, &Fixture::named("shop")?)?;
    for jobs in ["-j1", "-j3"] {
        let db = case.empty_database()?;
        case.restore_into(&db, By::Pgark, &["--section=post-data"])?;
        let (ran, report) = report(&case, &db, &["-e", "--section=post-data", jobs])?;
        ensure!(report["ended"]["how"] == "at_error", "{}", ran.stderr);
        ensure!(report["not_reached"].as_u64() > Some(0), "{}", ran.stderr);
    }
    Ok(())
}

#[test]
fn a_server_that_is_not_there_is_no_restore() -> Result<()> {
    let case = Case::of_fixture(Major::V15, &Fixture::named("shop")?)?;
    let mut command = support::pgark();
    command.args(["restore", "-h", "/nonexistent", "-d", "x"]);
    observe(command.arg(&case.archive))?.expect_code(8)?;
    let ran = observe(
        case.command(By::Pgark, "no_such_database")
            .arg(&case.archive),
    )?;
    ran.expect_code(8)?;
    Ok(())
}

#[test]
fn a_restore_goes_on_with_the_sessions_that_it_gets() -> Result<()> {
    let case = Case::of_fixture(Major::V17, &Fixture::named("apps/ledger")?)?;
    let (server, mine) = (case.server, ["-O", "-x"]);
    let other = case.empty_database()?;
    case.restore_into(&other, By::PgRestore, &mine)?;
    let expected = database_text(server, &other, &mine)?;
    for limit in [1, 2] {
        let (db, role) = (case.empty_database()?, format!("limited_to_{limit}"));
        let sql = format!(
            "create role {role} login connection limit {limit}; alter database {db} owner to {role}"
        );
        server.psql("postgres", sql)?;
        let mut command = support::pgark();
        command.args(["restore", "-v", "-j4"]).args(mine);
        command.args(["-h", server.host(), "-p", &server.port().to_string()]);
        command.args(["-U", &role, "-d", &db]).arg(&case.archive);
        let goes_on = format!("goes on with fewer sessions: {limit}");
        observe(&mut command)?
            .expect_code(0)?
            .expect_words(["too many connections", &goes_on])?;
        let found = database_text(server, &db, &mine)?;
        ensure_same_text(&sorted_text(&expected), &sorted_text(&found))?;
    }
    Ok(())
}

#[test]
fn what_will_not_work_is_foreseen_and_nothing_is_changed() -> Result<()> {
    let case = Case::of_fixture(Major::V17, &Fixture::named("shop")?)?;
    let db = case.empty_database()?;
    let (ran, found) = report(&case, &db, &["--preflight=only"])?;
    ran.expect_code(0)?;
    ensure!(found["restored"] == 0 && found["foreseen"] == serde_json::json!([]));
    case.restore_into(&db, By::Pgark, &["-s"])?;
    let before = database_text(case.server, &db, &[])?;
    let (ran, _) = report(&case, &db, &["--preflight=only"])?;
    ran.expect_code(4)?;
    ran.expect_words(["are there already", "nothing was changed"])?;
    ensure_same_text(&before, &database_text(case.server, &db, &[])?)?;

    // A server without the owners.
    let stranger = support::Server::start(Major::V17)?;
    let mut command = support::pgark();
    command.args(["restore", "-d", &stranger.conninfo("postgres")]);
    let ran = observe(command.arg("--preflight=only").arg(&case.archive))?;
    ran.expect_code(4)?;
    ran.expect_words(["role \"", "does not exist, and"])?;
    Ok(())
}
