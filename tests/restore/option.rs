//! Every option, with pg_restore's result of the same option.

use anyhow::{Context, Result, ensure};
use support::{Fixture, Major, Scratch, ensure_same_text, side_by_side, sorted_text};

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

/// Lines of a filter file.
const FILTERS: &[&str] = &[
    "include schema hc",
    "exclude schema hc",
    "include table pkgrp # one of them\ninclude index pt_pkey",
    "include function f1(integer)",
    "include function f1 ( integer )\n\ninclude table \"pt\"",
];

#[test]
fn filter_files_choose_what_pg_restore_chooses() -> Result<()> {
    let case = Case::of_hard_cases(Major::V18)?;
    let scratch = Scratch::new()?;
    for (number, filter) in FILTERS.iter().enumerate() {
        let file = scratch.write(format!("filter{number}"), filter)?;
        let args = ["--filter", file.to_str().context("a path")?];
        let restored = [By::PgRestore, By::Pgark].map(|by| {
            let db = case.empty_database()?;
            case.server.psql(&db, "create schema hc")?;
            case.restore_into(&db, by, &args)
        });
        let [judge, ours] = restored;
        ensure_same(&judge?, &ours?).with_context(|| (*filter).to_owned())?;
    }
    let bad = scratch.write("bad", "include table a\nexclude table b\n")?;
    let bad = bad.to_str().context("a path")?;
    let ran = case.restore(By::Pgark, &["--filter", bad])?.ran;
    ran.expect_code(2)?;
    ran.expect_words([bad, "line 2", "exclude filter for \"table\" is not allowed"])?;
    Ok(())
}

#[test]
fn roles_and_tablespaces_take_other_names() {
    side_by_side(&Major::all(), |&major| {
        let case = Case::of_hard_cases(major)?;
        let roles = [("hc_owner", "other owner"), ("hc Weird\"Role", "hc_plain")];
        let mut args = vec!["--map-tablespace=hc_space=pg_default".to_owned()];
        for (old, new) in roles {
            // Roles are the whole server's.
            let quoted = new.replace('"', "\"\"");
            case.server
                .psql("postgres", format!("create role \"{quoted}\""))?;
            args.push(format!("--map-role={old}={new}"));
        }
        let judge = case.restore(By::PgRestore, &[])?;
        let mut expected = String::from_utf8(judge.text)?;
        for (old, new) in [
            ("hc_owner", "\"other owner\""),
            ("\"hc Weird\"\"Role\"", "hc_plain"),
        ] {
            expected = expected.replace(&format!(" {old};"), &format!(" {new};"));
            for (before, behind) in [
                (" TO ", " "),
                (" TO ", ","),
                (" FOR ROLE ", " "),
                (" FOR ", " SERVER"),
            ] {
                expected = expected.replace(
                    &format!("{before}{old}{behind}"),
                    &format!("{before}{new}{behind}"),
                );
            }
        }
        // Comments have names without quotes.
        for (old, new) in roles {
            for (before, behind) in [("Owner: ", "\n"), ("USER MAPPING ", " SERVER")] {
                expected = expected.replace(
                    &format!("{before}{old}{behind}"),
                    &format!("{before}{new}{behind}"),
                );
            }
        }
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let ours = case.restore(By::Pgark, &args)?;
        ours.ran.expect_code(0)?;
        ensure_same_text(&sorted_text(expected.as_bytes()), &sorted_text(&ours.text))
    });
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
        &["--map-role=a"],
        &["--map-tablespace=a=b=c"],
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
