//! A backup that cannot be completed: plakar fails and keeps no snapshot.

use anyhow::{Result, ensure};
use support::{Host, Major, Server, StopMode, expect_refusal, side_by_side};

use crate::big;

#[test]
fn a_server_that_stops_in_the_middle_of_a_table_leaves_no_snapshot() {
    side_by_side(&[Major::V15, Major::V18], |&major| {
        let mut server = Server::start(major)?;
        big::load(&server)?;
        let host = Host::new()?;
        // Databases before and after the one that breaks.
        server.create_database("after", "")?;
        server.create_database("zlast", "")?;
        let running = big::start_backup(&host, &server, &server.uri(""))?;
        server.stop(StopMode::Immediate)?;
        let ran = running.finish()?;
        expect_refusal(
            &ran,
            &["backup is incomplete", "/00002-big.dump", "public.big"],
        )?;
        ensure!(host.snapshots()?.is_empty(), "a snapshot is left");
        Ok(())
    });
}

#[test]
fn an_older_snapshot_outlives_a_backup_that_breaks() -> Result<()> {
    let mut server = Server::start(Major::V17)?;
    big::load(&server)?;
    let host = Host::new()?;
    let good = host.backup(&server.uri("postgres"), &[])?;
    let running = big::start_backup(&host, &server, &server.uri("big"))?;
    server.stop(StopMode::Immediate)?;
    expect_refusal(&running.finish()?, &["/00001-big.dump", "public.big"])?;
    ensure!(host.snapshots()?.len() == 1, "{:?}", host.snapshots()?);
    good.check()
}
