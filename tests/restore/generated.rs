//! Archives of random schemas.

use anyhow::Context;
use support::{Major, generated_schema, shared_server, side_by_side};

use crate::case::{By, Case, ensure_same};

#[test]
fn random_schemas_are_restored_as_by_pg_restore() {
    every_seed(3);
}

#[test]
#[ignore = "takes minutes; make test-long runs it"]
fn many_random_schemas_are_restored_as_by_pg_restore() {
    every_seed(50);
}

struct Seed {
    major: Major,
    seed: u64,
}

impl std::fmt::Display for Seed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} seed {}", self.major, self.seed)
    }
}

fn every_seed(count: u64) {
    let seeds: Vec<Seed> = Major::all()
        .into_iter()
        .flat_map(|major| (1..=count).map(move |seed| Seed { major, seed }))
        .collect();
    side_by_side(&seeds, |Seed { major, seed }| {
        let server = shared_server(*major);
        let db = server.fresh_database("generated", "")?;
        server.psql(&db, generated_schema(*seed, *major))?;
        let case = Case::of_database(*major, &db, "template template0")?;
        let judge = case.restore(By::PgRestore, &[])?;
        for args in [&["-j1"][..], &["-j4"], &["-1"]] {
            let ours = case.restore(By::Pgark, args)?;
            ensure_same(&judge, &ours).with_context(|| format!("{args:?}"))?;
        }
        Ok(())
    });
}
