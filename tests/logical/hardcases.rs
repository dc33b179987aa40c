//! The awkward objects of every kind in one database.

use anyhow::Result;
use support::{Fixture, Major, is_turn, shared_server, side_by_side};

use crate::matrix::{compare, report};

/// What is asked of both.
const MODES: [&[&str]; 14] = [
    &[],
    &["-s"],
    &["-a"],
    &["-O", "-x"],
    &["-C", "-c", "--if-exists"],
    &["-n", "hc"],
    &["-t", "hc.*"],
    &["--section=pre-data"],
    &["--section=data"],
    &["--section=post-data"],
    &["--inserts"],
    &["--load-via-partition-root"],
    &["--quote-all-identifiers"],
    &["-x", "--no-comments"],
];

#[test]
fn the_archive_of_the_hard_cases_is_that_of_pg_dump() -> Result<()> {
    let rows = side_by_side(&Major::all(), |&major| {
        let db = Fixture::hard_cases()?.database(major)?;
        // What is not the turn of this major is that of another.
        let modes = MODES.iter().enumerate();
        let modes = modes.filter(|(place, _)| is_turn(*place, &major, &Major::all()));
        let modes: Vec<&[&str]> = modes.map(|(_, mode)| *mode).collect();
        Ok(compare(shared_server(major), &db, &modes))
    });
    report(
        Major::all()
            .iter()
            .zip(rows)
            .map(|(major, cells)| (format!("{major} hardcases"), cells)),
    )
}
