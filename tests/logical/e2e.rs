//! The databases that a backup through Plakar is tried on.

use anyhow::Result;
use support::{Fixture, Major, Server, by_turns, side_by_side};

use crate::matrix::{MODES, compare, report};

/// The databases' names and their scripts.
const DATABASES: [(&str, &[&str]); 3] = [
    ("appdb", &["e2e/appdb", "e2e/large-object"]),
    ("shop", &["e2e/shop"]),
    ("odd-name DB", &["e2e/odd-name"]),
];

#[test]
fn their_archives_are_those_of_pg_dump() -> Result<()> {
    let figures = side_by_side(&Major::with_clients(), |&major| {
        let server = Server::start(major)?;
        let mut rows = Vec::new();
        for (db, scripts) in DATABASES {
            server.create_database(db, "")?;
            for script in scripts {
                Fixture::named(script)?.fill(&server, db)?;
            }
            let modes = by_turns(major as usize + db.len(), &MODES);
            rows.push((format!("{major} e2e {db}"), compare(&server, db, modes)));
        }
        Ok(rows)
    });
    report(figures.into_iter().flatten())
}
