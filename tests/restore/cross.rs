//! Archives of one major's pg_dump, restored into every newer one.

use std::fs::{self, File};

use anyhow::{Context, Result, ensure};
use support::{Fixture, Major, by_turns, database_text, observe, run, shared_server, side_by_side};

use crate::case::{By, Case, Restored, ensure_same};

/// By what an archive may be compressed, and the pg_dump that must have been built with it.
fn codecs(from: Major) -> Vec<&'static str> {
    let mut codecs = vec!["0", "6"];
    if from == Major::V17 {
        codecs.extend(["lz4", "zstd", "zstd:long"]);
    }
    codecs
}

#[test]
fn archives_of_older_servers_are_restored_into_newer_ones() {
    side_by_side(&Major::with_clients(), |&from| {
        let newer: Vec<Major> = Major::with_clients()
            .into_iter()
            .filter(|to| *to > from)
            .collect();
        for (place, name) in ["shop", "kinds/subscriptions"].into_iter().enumerate() {
            // The nearest and the next in a short run.
            for &to in by_turns(place, &newer) {
                every_archive(&Fixture::named(name)?, from, to)
                    .with_context(|| format!("{name} of {from} into {to}"))?;
            }
        }
        Ok(())
    });
}

fn every_archive(fixture: &Fixture, from: Major, to: Major) -> Result<()> {
    let source = fixture.database(from)?;
    // Its roles are then there.
    fixture.database(to)?;
    let case = Case::of_fixture(from, fixture)?.moved_to(to);
    let judge = {
        let db = case.empty_database()?;
        let mut command = shared_server(from).tool("pg_restore");
        command.arg("-d").arg(case.server.conninfo(&db));
        let ran = observe(command.arg(&case.archive))?;
        let text = database_text(case.server, &db, &[])?;
        Restored { ran, text }
    };
    for codec in codecs(from) {
        for is_redirected in [false, true] {
            let mut pg_dump = shared_server(from).tool("pg_dump");
            pg_dump.args(["-Fc", "-Z", codec, "-d", &source]);
            if is_redirected {
                // A file it can go back in, so that it tells where the data lies, and for want of a name does so at the end.
                let status = pg_dump.stdout(File::create(&case.archive)?).status()?;
                ensure!(status.success(), "pg_dump failed");
            } else {
                fs::write(&case.archive, run(&mut pg_dump)?)?;
            }
            for jobs in ["-j1", "-j3"] {
                let db = case.empty_database()?;
                let ours = case.restore_into(&db, By::Pgark, &[jobs])?;
                ensure_same(&judge, &ours)
                    .with_context(|| format!("-Z {codec}, redirected: {is_redirected}, {jobs}"))?;
                let enabled = "select count(*) from pg_subscription s join pg_database d on d.oid = subdbid \
                    where datname = current_database() and subenabled";
                ensure!(
                    case.server.psql(&db, enabled)? == "0",
                    "a subscription works"
                );
            }
        }
    }
    Ok(())
}
