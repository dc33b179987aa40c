//! The privileges that the README tells to grant: enough, on every major, and needed.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};
use support::{Major, Scratch, Server, observe, pgark, side_by_side};

use crate::document::Document;
use crate::world::{grants, shop};

/// `pgark COMMAND` as a role of the server.
fn pgark_as(server: &Server, role: &str, command: &str) -> Command {
    let mut pgark = pgark();
    pgark.args([command, "-h", server.host(), "-U", role]);
    pgark.args(["-p", &server.port().to_string()]);
    pgark
}

/// What keeps a role from reading a database, and who it belongs to.
const OBSTACLES: [(&str, &str); 3] = [
    ("postgres", "revoke connect on database shop from public"),
    ("shop", "alter table orders enable row level security"),
    (
        "shop",
        "set role app; select from lo_from_bytea(0, 'large')",
    ),
];

#[test]
fn the_granted_privileges_suffice() -> Result<()> {
    let readme = Document::read("README.md")?;
    side_by_side(&Major::servers(), |&major| {
        let server = Server::start(major)?;
        server.psql("postgres", shop())?;
        let scratch = Scratch::new()?;
        let roles = scratch.join("roles.sql");
        let mut command = pgark_as(&server, "postgres", "globals");
        observe(command.args(["-d", "postgres", "-f"]).arg(&roles))?.expect_silence()?;
        let archive = scratch.join("archive");
        let dump = || {
            let mut dump = pgark_as(&server, "backup", "dump");
            observe(dump.args(["-d", "shop", "-f"]).arg(&archive))
        };
        let granted = |database: &str, comment: &str| -> Result<()> {
            server.psql(database, grants(&readme, comment)?).map(drop)
        };

        if major == Major::V13 {
            granted("shop", "dump of 13")?;
            granted("postgres", "globals of 13")?;
        } else {
            granted("postgres", "dump, dumpall, globals")?;
        }
        dump()?.expect_silence()?;
        let globals = scratch.join("globals.sql");
        let mut command = pgark_as(&server, "backup", "globals");
        observe(command.args(["-d", "postgres", "-f"]).arg(&globals))?.expect_silence()?;
        let mut command = pgark_as(&server, "backup", "dumpall");
        observe(command.arg(scratch.join("cluster")))?.expect_silence()?;

        for (database, obstacle) in OBSTACLES {
            server.psql(database, obstacle)?;
        }
        for need in grants(&readme, "where the database needs it")?
            .lines()
            .filter(|line| !line.starts_with("--"))
        {
            let refused = dump()?;
            let is_refused = refused.code.is_some_and(|code| code != 0);
            ensure!(is_refused, "without {need:?} it is dumped");
            server.psql("postgres", need)?;
        }
        dump()?.expect_silence()?;

        // The role of one block must not lend its rights to that of another.
        let copier = grants(&readme, "basebackup")?.replace("backup login", "copier login");
        server.psql("postgres", copier)?;
        let mut command = pgark_as(&server, "copier", "basebackup");
        observe(command.arg("-D").arg(scratch.join("base")))?.expect_silence()?;

        granted("postgres", "restore -O -x")?;
        let mut command = pgark_as(&server, "restorer", "restore");
        command.args(["-O", "-x", "-d", "shop_copy"]).arg(&archive);
        observe(&mut command)?.expect_code(0)?;

        let maker = grants(&readme, "restore -C -O -x")?.replace("restorer", "creator");
        server.psql("postgres", maker)?;
        server.psql("postgres", "drop database shop")?;
        let mut command = pgark_as(&server, "creator", "restore");
        command
            .args(["-C", "-O", "-x", "-d", "postgres"])
            .arg(&archive);
        observe(&mut command)?.expect_code(0)?;
        restore_roles(&readme, major, &roles)
    });
    Ok(())
}

/// A role that is no superuser restores roles on a server whose superuser is none of them.
fn restore_roles(readme: &Document, major: Major, roles: &Path) -> Result<()> {
    let server = Server::with(major).superuser("rdsadmin").start()?;
    server.psql("postgres", grants(readme, "globals --restore --rds")?)?;
    let mut command = pgark_as(&server, "maker", "globals");
    command
        .args(["--rds", "-d", "postgres", "--restore"])
        .arg(roles);
    observe(&mut command)?.expect_code(0).map(drop)
}
