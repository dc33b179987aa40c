//! The awkward objects of every kind in one database.

use std::path::Path;

use anyhow::Result;
use support::{Major, shared_server, side_by_side};

use crate::matrix::{compare, report};

#[test]
fn the_archive_of_the_hard_cases_is_that_of_pg_dump() -> Result<()> {
    let rows = side_by_side(&Major::all(), |&major| {
        let server = shared_server(major);
        let db = server.fresh_database("hardcases", "")?;
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tools/hardcases.sql");
        server.psql_file(&db, &script)?;
        Ok(compare(server, &db))
    });
    report(
        Major::all()
            .iter()
            .zip(rows)
            .map(|(major, cells)| (format!("{major} hardcases"), cells)),
    )
}
