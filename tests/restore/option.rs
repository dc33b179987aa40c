//! Every option, with pg_restore's result of the same option.

use anyhow::{Context, Result, ensure};
use support::{Fixture, Major, side_by_side, sorted_text};

use crate::case::{By, Case, ensure_same};

/// Options that choose or change what is restored into an empty database. Each must show.
const SHOWN: &[&[&str]] = &[
    &["-s"],
    &["--section=pre-data"],
    &["--section=pre-data", "--section=data"],
    &["-x"],
    &["-n", "hc"],
    &["-N", "hc"],
    &["-t", "pkgrp"],
    &["-t", "pt", "-t", "pt_x", "-I", "pt_pkey"],
    &["--no-comments"],
    &["--no-publications"],
    &["--no-subscriptions"],
    &["-P", "f1(integer)"],
    &["--strict-names", "-t", "pkgrp"],
    &["--no-data-for-failed-tables", "-n", "hc"],
];

#[test]
fn options_choose_what_pg_restore_chooses() -> Result<()> {
    let case = Case::of_hard_cases(Major::V18)?;
    let plain = case.restore(By::PgRestore, &[])?;
    let cells: Vec<Cell> = SHOWN.iter().map(|args| Cell(args)).collect();
    side_by_side(&cells, |Cell(args)| {
        let restore = |by, args: &[&str]| {
            let db = case.empty_database()?;
            // What is chosen by name comes without its schema.
            if args.iter().any(|arg| ["-n", "-t", "-P"].contains(arg)) {
                case.server.psql(&db, "create schema hc")?;
            }
            case.restore_into(&db, by, args)
        };
        let judge = restore(By::PgRestore, args)?;
        ensure!(
            sorted_text(&judge.text) != sorted_text(&plain.text),
            "it shows no effect"
        );
        for jobs in ["-j1", "-j3"] {
            let mut with_jobs = args.to_vec();
            with_jobs.push(jobs);
            ensure_same(&judge, &restore(By::Pgark, &with_jobs)?).context(jobs)?;
        }
        Ok(())
    });
    Ok(())
}

#[derive(Debug)]
struct Cell(&'static [&'static str]);

impl std::fmt::Display for Cell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}

/// Options that need a database with something in it.
const INTO_DEFINITIONS: &[&[&str]] = &[
    &["-a"],
    &["-a", "--disable-triggers"],
    &["--section=data"],
    &["--section=data", "--section=post-data"],
];

#[test]
fn data_is_restored_into_definitions_that_are_there() -> Result<()> {
    let cells: Vec<Cell> = INTO_DEFINITIONS.iter().map(|args| Cell(args)).collect();
    let case = Case::of_fixture(Major::V17, &Fixture::named("shop")?)?;
    side_by_side(&cells, |Cell(args)| {
        let restored = [By::PgRestore, By::Pgark].map(|by| {
            let db = case.empty_database()?;
            case.restore_into(&db, By::PgRestore, &["--section=pre-data"])?;
            case.restore_into(&db, by, args)
        });
        let [judge, ours] = restored;
        ensure_same(&judge?, &ours?)
    });
    Ok(())
}

/// Options about roles and about where things are stored.
const ROLES: &[&[&str]] = &[
    &["-O"],
    &["--use-set-session-authorization"],
    &["--role=hc_owner"],
    &["-O", "--role=hc_owner"],
    &["--no-tablespaces"],
    &["--no-table-access-method"],
    &["--no-policies"],
    &["--no-security-labels"],
    &["--enable-row-security", "-n", "hc"],
    &["--transaction-size=7"],
];

#[test]
fn options_about_roles_and_storage_do_what_they_do_with_pg_restore() -> Result<()> {
    let case = Case::of_hard_cases(Major::V18)?;
    case.server
        .psql("postgres", "grant create on database postgres to hc_owner")?;
    let cells: Vec<Cell> = ROLES.iter().map(|args| Cell(args)).collect();
    side_by_side(&cells, |Cell(args)| {
        let judge = case.restore(By::PgRestore, args)?;
        ensure_same(&judge, &case.restore(By::Pgark, args)?)
    });
    Ok(())
}

#[test]
fn options_that_do_not_go_together_are_refused() -> Result<()> {
    let case = Case::of_fixture(Major::V15, &Fixture::named("shop")?)?;
    for args in [
        &["-1", "-j2"][..],
        &["-1", "-C"],
        &["-a", "-s"],
        &["--if-exists"],
        &["-j0"],
        &["-f", "x"],
    ] {
        let ran = support::observe(
            case.command(By::Pgark, "postgres")
                .args(args)
                .arg(&case.archive),
        )?;
        ran.expect_code(2).with_context(|| format!("{args:?}"))?;
    }
    Ok(())
}
