//! Random schemas: the archive is the one that pg_dump writes, whatever the database holds.

use std::fmt;

use anyhow::{Context, Result, ensure};
use support::{Major, generated_schema, shared_server, side_by_side};

use crate::matrix::{MODES, compare, failures, print};

struct Seed {
    major: Major,
    seed: u64,
}

impl fmt::Display for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} seed {}", self.major, self.seed)
    }
}

#[test]
fn archives_of_random_schemas_are_those_of_pg_dump() -> Result<()> {
    every_seed(4)
}

#[test]
#[ignore = "long"]
fn archives_of_many_random_schemas_are_those_of_pg_dump() -> Result<()> {
    every_seed(200)
}

/// Compares the first `count` seeds on every major.
fn every_seed(count: u64) -> Result<()> {
    let all: Vec<Seed> = Major::with_clients()
        .into_iter()
        .flat_map(|major| (1..=count).map(move |seed| Seed { major, seed }))
        .collect();
    let outcomes = side_by_side(&all, |seed| Ok(compare_seed(seed)));
    let mut failed = Vec::new();
    for (seed, outcome) in all.iter().zip(&outcomes) {
        failed.extend(
            outcome
                .as_ref()
                .err()
                .map(|error| format!("{seed}: {error:#}")),
        );
    }
    print(&format!(
        "random schemas: {} of {} identical\n",
        all.len() - failed.len(),
        all.len()
    ))?;
    ensure!(failed.is_empty(), "{}", failed.join("\n"));
    Ok(())
}

/// Compares in every mode. A failure shows the script.
fn compare_seed(seed: &Seed) -> Result<()> {
    let script = generated_schema(seed.seed, seed.major);
    let compared = || {
        let server = shared_server(seed.major);
        let db = server.fresh_database("generated", "")?;
        server.psql(&db, &script)?;
        let failed = failures(compare(server, &db, &MODES));
        ensure!(failed.is_empty(), "{}", failed.join("\n"));
        Ok(())
    };
    compared().with_context(|| format!("the script is\n{script}"))
}
