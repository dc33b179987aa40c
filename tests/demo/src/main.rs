//! The demonstration behind `make demo`: a throwaway PostgreSQL, a sample database, a dump by pgark, its listing, and where
//! a pg_restore is at hand the proof that it restores.
//!
//! With the argument `testdb` it is `make testdb`: the server alone, on a port that is always the same, until it is interrupted.
//!
//! PostgreSQL comes as a server alone from the archives of `postgresql_embedded`, so that the machine needs nothing of it.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a demonstration is there to be read"
)]

mod account;
mod proof;
mod server;

use std::env;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use support::{Scratch, command_line, pgark, run, server_user};
use tokio::signal::unix::{SignalKind, signal};

use crate::server::{ANY_PORT, DemoServer};

/// The port of `make testdb`.
const TESTDB_PORT: u16 = 9999;

const SHOP: &str = include_str!("../../../fixtures/shop.sql");

#[tokio::main]
async fn main() -> ExitCode {
    run_demo().await.unwrap_or_else(|error| {
        eprintln!("the demonstration failed: {error:#}");
        ExitCode::FAILURE
    })
}

async fn run_demo() -> Result<ExitCode> {
    // From here on these end the program through the destructors, which stop the server and remove the folders.
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let stopped = async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    };
    let is_testdb = match env::args().nth(1).as_deref() {
        None => false,
        Some("testdb") => true,
        Some(other) => bail!("unknown argument \"{other}\", expected testdb or none"),
    };
    if let Some(user) = server_user() {
        return account::run_again_as(user, stopped).await;
    }
    let scratch = Scratch::new()?;
    if is_testdb {
        let server = serve(&scratch).await?;
        stopped.await;
        drop(server);
        return Ok(ExitCode::SUCCESS);
    }
    tokio::select! {
        result = demonstrate(&scratch) => result.map(|()| ExitCode::SUCCESS),
        () = stopped => bail!("interrupted"),
    }
}

/// Starts a server and tells how to restore to it.
async fn serve(scratch: &Scratch) -> Result<DemoServer> {
    let server = DemoServer::start(scratch, TESTDB_PORT).await?;
    let (version, password) = (DemoServer::version(), server.password());
    println!(
        "PostgreSQL {version} runs on 127.0.0.1, port {TESTDB_PORT}, until you press Ctrl-C. To restore to it:\n"
    );
    println!("   export PGPASSWORD={password}");
    let uri = format!("postgres://postgres@127.0.0.1:{TESTDB_PORT}");
    println!("   pgark globals --restore 00000-globals.sql -d {uri}/postgres");
    println!("   pgark restore -C -d {uri}/postgres ARCHIVE");
    println!("   plakar at STORE restore -to {uri}/ -o recreate=true SNAPSHOT");
    Ok(server)
}

async fn demonstrate(scratch: &Scratch) -> Result<()> {
    println!("1. A throwaway PostgreSQL");
    let server = DemoServer::start(scratch, ANY_PORT).await?;
    println!(
        "   PostgreSQL {} runs on 127.0.0.1, port {}\n",
        DemoServer::version(),
        server.port()
    );

    println!("2. A sample database (fixtures/shop.sql)");
    server.create_database("shop").await?;
    let shop = server.connect("shop").await?;
    shop.batch_execute(SHOP)
        .await
        .context("cannot load fixtures/shop.sql")?;
    let before = proof::contents(&shop).await?;
    println!("   {} tables, {} rows\n", before.tables(), before.rows());

    println!("3. A dump by pgark");
    let archive = scratch.join("shop.dump");
    let started = Instant::now();
    let mut dump = pgark();
    dump.env("PGPASSWORD", server.password())
        .arg("dump")
        .arg("-d")
        .arg(server.conninfo("shop"))
        .arg("-f")
        .arg(&archive);
    show(&dump);
    run(&mut dump)?;
    println!(
        "   {} bytes in {} ms\n",
        size(&archive)?,
        started.elapsed().as_millis()
    );

    println!("4. What is in it");
    let mut list = pgark();
    list.arg("list").arg(&archive);
    show(&list);
    let listing = String::from_utf8_lossy(&run(&mut list)?).into_owned();
    print_shortened(&listing);

    println!("5. The proof");
    let Some(pg_restore) = proof::find_pg_restore(DemoServer::major()) else {
        println!(
            "   No pg_restore {} or newer on this machine: the archive was not restored.",
            DemoServer::major()
        );
        return Ok(());
    };
    server.create_database("shop_restored").await?;
    let mut restore = Command::new(pg_restore);
    restore
        .env("PGPASSWORD", server.password())
        .arg("--exit-on-error")
        .arg("-d")
        .arg(server.conninfo("shop_restored"))
        .arg(&archive);
    show(&restore);
    run(&mut restore)?;
    let after = proof::contents(&server.connect("shop_restored").await?).await?;
    before.ensure_equal(&after)?;
    println!(
        "   All {} rows of all {} tables are back, each the same.",
        after.rows(),
        after.tables()
    );
    Ok(())
}

/// Prints a command as one would type it.
fn show(command: &Command) {
    let program = Path::new(command.get_program());
    let mut typed = Command::new(program.file_name().unwrap_or(program.as_os_str()));
    typed.args(command.get_args());
    println!("   $ {}", command_line(&typed));
}

fn print_shortened(listing: &str) {
    const SHOWN: usize = 20;
    let count = listing.lines().count();
    for line in listing.lines().take(SHOWN) {
        println!("   {line}");
    }
    if count > SHOWN {
        println!("   … and {} lines more", count - SHOWN);
    }
    println!();
}

fn size(file: &Path) -> Result<u64> {
    Ok(file
        .metadata()
        .with_context(|| format!("{} is not there", file.display()))?
        .len())
}
