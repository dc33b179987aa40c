//! The static program where there is nothing else.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use support::{Certificates, Fixture, Major, Scratch, Server, is_root, run};

/// Where the repository is.
const REPOSITORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// A folder that is the root of all that its programs see.
struct Root(Scratch);

impl Root {
    /// `pgark ARGS` in it, without an environment.
    fn pgark(&self, args: &[&str]) -> Result<()> {
        let mut command = Command::new("unshare");
        command.env_clear();
        if !is_root() {
            command.arg("--map-root-user");
        }
        command.arg("--root").arg(self.0.path());
        command.arg("/pgark").args(args);
        run(&mut command)?;
        Ok(())
    }
}

fn static_program() -> Result<String> {
    let build = Path::new(REPOSITORY).join("crates/cli/package/build-static");
    let told = String::from_utf8(run(&mut Command::new(build))?)?;
    let line = told.lines().last().context("no program was built")?;
    Ok(line.to_owned())
}

#[test]
#[ignore = "long: builds the static program"]
fn the_static_program_needs_nothing_else() -> Result<()> {
    let certificates = Certificates::generate()?;
    let server = Server::with(Major::V17).tls(&certificates).start()?;
    server.create_database("shop", "")?;
    Fixture::named("shop")?.fill(&server, "shop")?;
    server.create_database("again", "")?;

    let root = Root(Scratch::new()?);
    fs::copy(
        Path::new(REPOSITORY).join(static_program()?),
        root.0.join("pgark"),
    )?;
    root.0.write("root.crt", &certificates.root)?;
    fs::create_dir(root.0.join("etc"))?;
    root.0.write("etc/hosts", "127.0.0.1 localhost\n")?;

    let way = |db: &str| {
        format!(
            "host=localhost port={} user={} dbname={db} sslmode=verify-full sslrootcert=/root.crt",
            server.port(),
            server.superuser(),
        )
    };
    root.pgark(&["dump", "-d", &way("shop"), "-f", "/shop.dump"])?;
    root.pgark(&["restore", "-d", &way("again"), "/shop.dump"])?;
    let rows = "select count(*), sum(hashtext(c::text)) from crm.customers c";
    ensure!(server.psql("shop", rows)? == server.psql("again", rows)?);
    root.pgark(&["basebackup", "-d", &way("postgres"), "-D", "/base"])?;
    run(server.tool("pg_verifybackup").arg(root.0.join("base")))?;
    Ok(())
}
