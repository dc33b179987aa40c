//! Partitions and foreign keys by several sessions, again and again.

use anyhow::{Result, ensure};
use support::Major;

use crate::case::{By, Case, our_errors};

#[test]
fn no_session_waits_for_another_in_a_circle() -> Result<()> {
    again(10)
}

#[test]
#[ignore = "takes minutes; make test-long runs it"]
fn no_session_waits_for_another_in_a_circle_in_a_hundred_runs() -> Result<()> {
    again(100)
}

fn again(times: usize) -> Result<()> {
    for major in [Major::V15, Major::V18] {
        let case = Case::of_hard_cases(major)?;
        let before = deadlocks(&case)?;
        for _ in 0..times / 2 {
            let ours = case.restore(By::Pgark, &["-j4"])?;
            ensure!(our_errors(&ours.ran)? == 0, "{}", ours.ran.stderr);
        }
        ensure!(deadlocks(&case)? == before, "the server has met a deadlock");
    }
    Ok(())
}

/// How many deadlocks the server has told of.
fn deadlocks(case: &Case) -> Result<usize> {
    Ok(case.server.log()?.matches("deadlock detected").count())
}
