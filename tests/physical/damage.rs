//! Pages that are damaged at the server.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};

use anyhow::{Result, ensure};
use support::{Major, Scratch, Server, observe, side_by_side};

use crate::world::{basebackup, expect_verified, verify};

/// A server with a damaged page, which nobody has read since.
fn start(major: Major) -> Result<Server> {
    let server = Server::with(major).initdb("--data-checksums").start()?;
    server.psql(
        "postgres",
        "create table t as select generate_series(1, 10000) i; checkpoint",
    )?;
    let file = server.psql("postgres", "select pg_relation_filepath('t')")?;
    let mut file = File::options()
        .write(true)
        .open(server.data_dir().join(file))?;
    file.seek(SeekFrom::Start(3 * 8192 + 4000))?;
    file.write_all(b"damage")?;
    Ok(server)
}

#[test]
fn a_backup_with_damaged_pages_fails_and_is_kept_under_another_name() {
    side_by_side(&[Major::V15, Major::V17, Major::V18], |&major| {
        let server = start(major)?;
        let folder = Scratch::new()?;
        for (format, method) in [("p", "stream"), ("t", "fetch")] {
            let (data, kept) = (
                folder.join(format),
                folder.join(format!("{format}.damaged")),
            );
            let mut command = basebackup(&server);
            let ran = observe(command.args(["-X", method, "-F", format, "-D"]).arg(&data))?;
            ran.expect_code(9)?.expect_words([
                "damaged pages",
                "XX001",
                &kept.display().to_string(),
            ])?;
            ensure!(!data.exists() && kept.exists(), "not kept as it should be");
            // It is what the server has.
            verify(&kept, &[])?.expect_code(0)?;
        }
        expect_verified(major, &folder.join("p.damaged"))?;
        let ran = observe(basebackup(&server).args(["-D", "-"]))?;
        ran.expect_code(9)?.expect_words(["damaged pages"])?;
        let whole = folder.join("whole");
        let mut command = basebackup(&server);
        observe(command.arg("--no-verify-checksums").arg("-D").arg(&whole))?
            .expect_silence()
            .map(drop)
    });
}
