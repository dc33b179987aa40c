//! The dump under test.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};

use crate::{Server, pgark};

/// `pgark dump` of the database `db` as the server's superuser, without a password.
pub fn dump_command(server: &Server, db: &str) -> Command {
    let mut command = pgark();
    command.arg("dump").arg("-d").arg(server.conninfo(db));
    command
}

/// `pgark dump` of the database `db` as `role`, who needs no password.
pub fn dump_command_as(server: &Server, db: &str, role: &str) -> Command {
    let mut command = pgark();
    command.args(["dump", "-h", server.host(), "-U", role, "-d", db]);
    command.args(["-p", &server.port().to_string()]);
    command
}

/// An error where a dump that failed has left something: the archive `path` itself or its unfinished form.
pub fn expect_no_archive(path: &Path) -> Result<()> {
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    for left in [path, Path::new(&part)] {
        ensure!(
            left.symlink_metadata().is_err(),
            "{} was left behind",
            left.display()
        );
    }
    Ok(())
}
