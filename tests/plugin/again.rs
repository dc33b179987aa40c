//! A backup after another: Plakar may take from the last snapshot what looks unchanged.

use anyhow::{Result, ensure};
use bstr::ByteSlice;
use support::{Host, Major, Server, side_by_side};

use crate::judge::expect_archive_of_pg_dump;

/// Archives in which a change can be seen, and leaves their lengths alone.
const PLAIN: &[&str] = &["compress=false"];

#[test]
fn every_snapshot_is_complete_and_of_its_own_time() {
    side_by_side(&[Major::V15, Major::V18], |&major| {
        let server = Server::start(major)?;
        server.create_database("shop", "")?;
        server.psql(
            "shop",
            "create table item (id int primary key, t text);
             insert into item select i, repeat('x', i % 100) from generate_series(1, 3000) i",
        )?;
        let host = Host::new()?;
        let uri = server.uri("");
        let archive = host.join("archive");
        let expect_current = |backup: &support::Backup<'_>| -> Result<()> {
            for (number, db) in [(1, "postgres"), (2, "shop"), (3, "template1")] {
                backup.take(&format!("/{number:05}-{db}.dump"), &archive)?;
                expect_archive_of_pg_dump(&server, db.into(), &["-Z0"], &archive)?;
            }
            Ok(())
        };
        let first = host.backup(&uri, PLAIN)?;
        expect_current(&first)?;
        let before = first.cat("/00002-shop.dump")?;

        // The archive and the globals keep their sizes.
        server.psql(
            "shop",
            "update item set t = repeat('y', 7) where id = 7; alter role postgres connection limit 5",
        )?;
        let second = host.backup(&uri, PLAIN)?;
        expect_current(&second)?;
        let after = second.cat("/00002-shop.dump")?;
        ensure!(
            before.len() == after.len() && before != after && after.contains_str("yyyyyyy"),
            "the change is not in the second snapshot"
        );
        server.psql("shop", "alter role postgres connection limit 6")?;

        let third = host.backup(&uri, PLAIN)?;
        expect_current(&third)?;
        for (backup, limit) in [(&second, "LIMIT 5"), (&third, "LIMIT 6")] {
            ensure!(
                backup.cat("/00000-globals.sql")?.contains_str(limit),
                "not the globals with {limit}"
            );
        }
        // What is no longer there is not carried on.
        server.psql("postgres", "drop database shop")?;
        let files = host.backup(&uri, PLAIN)?.files()?;
        ensure!(
            files
                == [
                    "/00000-globals.sql",
                    "/00001-postgres.dump",
                    "/00002-template1.dump",
                    "/manifest.json"
                ],
            "{files:?}"
        );
        ensure!(
            first.cat("/00002-shop.dump")? == before && host.snapshots()?.len() == 4,
            "an older snapshot has changed"
        );
        host.run_at_store(&["check"]).map(drop)
    });
}
