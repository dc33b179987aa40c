//! Archives that are compressed here or at the server.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Result, ensure};
use support::{Major, Scratch, Server, observe, run, side_by_side};

use crate::world::{as_user, basebackup, expect_verified, make_folder, unpack, verify};

fn names(folder: &Path) -> Result<BTreeSet<String>> {
    fs::read_dir(folder)?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect()
}

#[test]
fn compressed_archives_are_those_of_pg_basebackup() -> Result<()> {
    // The many checkpoints of backups side by side must not take away what one of them still sends.
    let server = Server::with(Major::V15)
        .conf("wal_keep_size = '1GB'")
        .start()?;
    server.psql(
        "postgres",
        "create table t as select i, md5(i::text) t from generate_series(1, 50000) i",
    )?;
    side_by_side(
        &[
            "server-gzip:level=1",
            "server-lz4:level=1",
            "server-zstd:level=2,workers=1",
            "client-gzip:1",
            "client-lz4",
            "client-zstd:1",
        ],
        |method| {
            let folder = Scratch::new()?;
            let (ours, theirs) = (folder.join("ours"), folder.join("theirs"));
            let mut command = basebackup(&server);
            observe(command.args(["-Ft", "-Z", method, "-D"]).arg(&ours))?.expect_silence()?;
            let mut judge = as_user(server.tool("pg_basebackup"));
            run(judge
                .args(["-N", "-c", "fast", "-Ft", "-Z", method, "-D"])
                .arg(&theirs))?;
            let (found, expected) = (names(&ours)?, names(&theirs)?);
            ensure!(found == expected, "{found:?} where {expected:?} is right");
            for backup in [&ours, &theirs] {
                verify(backup, &[])?.expect_code(0)?;
            }
            // As the programs of these compressions read them; the log's folder is in the data directory.
            let data = folder.join("data");
            make_folder(&data)?;
            for archive in expected.iter().filter(|name| name.contains(".tar")) {
                let place = if archive.starts_with("pg_wal") {
                    "pg_wal"
                } else {
                    ""
                };
                unpack(&ours.join(archive), &data.join(place))?;
            }
            fs::copy(ours.join("backup_manifest"), data.join("backup_manifest"))?;
            expect_verified(Major::V15, &data)
        },
    );
    Ok(())
}

#[test]
fn a_data_directory_may_come_compressed() -> Result<()> {
    let server = Server::start(Major::V15)?;
    side_by_side(&["server-gzip", "server-lz4", "server-zstd"], |method| {
        let folder = Scratch::new()?;
        let data = folder.join("data");
        let mut command = basebackup(&server);
        observe(command.args(["-Z", method, "-D"]).arg(&data))?.expect_silence()?;
        expect_verified(Major::V15, &data)?;
        Server::start_restored(Major::V15, folder, server.superuser()).map(drop)
    });
    Ok(())
}
