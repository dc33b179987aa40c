//! Archives that arrive in a pipe.

use std::fs;

use anyhow::{Context, Result, ensure};
use support::{
    Fixture, Major, database_text, ensure_same_text, run_with_input, side_by_side, sorted_text,
};

use crate::case::{By, Case};

#[test]
fn what_arrives_is_restored_as_it_arrives_or_from_a_temporary_file() {
    side_by_side(&Major::all(), |&major| {
        let fixture = Fixture::named("shop")?;
        let cases = [
            Case::of_fixture(major, &fixture)?,
            Case::of_hard_cases(major)?,
        ];
        for case in cases {
            let judge = case.restore(By::PgRestore, &[])?;
            let content = fs::read(&case.archive)?;
            for args in [&[][..], &["-1"], &["-j3"]] {
                let db = case.empty_database()?;
                run_with_input(case.command(By::Pgark, &db).args(args), &content)?;
                let text = database_text(case.server, &db, &[])?;
                ensure_same_text(&sorted_text(&judge.text), &sorted_text(&text))
                    .with_context(|| format!("{args:?}"))?;
            }
        }
        Ok(())
    });
}

#[test]
fn an_archive_that_breaks_off_is_told_wherever_it_does() -> Result<()> {
    let case = Case::of_fixture(Major::V17, &Fixture::named("shop")?)?;
    let content = fs::read(&case.archive)?;
    for part in [1, 2, 3, 5, 9] {
        let db = case.empty_database()?;
        let cut = &content[..content.len() * part / 10];
        let ran = run_with_input(&mut case.command(By::Pgark, &db), cut);
        let error = format!("{:#}", ran.err().context("it succeeded")?);
        ensure!(error.contains("the archive ends in"), "{part}: {error}");
    }
    Ok(())
}
