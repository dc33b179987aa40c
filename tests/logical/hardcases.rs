//! The awkward objects of every kind in one database.

use std::path::Path;

use anyhow::Result;
use support::{Major, Server, shared_server, side_by_side};

use crate::matrix::{compare, report};

#[test]
fn the_archive_of_the_hard_cases_is_that_of_pg_dump() -> Result<()> {
    let rows = side_by_side(&Major::all(), |&major| {
        let server = shared_server(major);
        Ok(compare(server, &database(server)?))
    });
    report(
        Major::all()
            .iter()
            .zip(rows)
            .map(|(major, cells)| (format!("{major} hardcases"), cells)),
    )
}

/// A new database with all the cases.
pub(crate) fn database(server: &Server) -> Result<String> {
    let db = server.fresh_database("hardcases", "")?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tools/hardcases.sql");
    server.psql_file(&db, &script)?;
    Ok(db)
}
