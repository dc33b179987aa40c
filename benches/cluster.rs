//! A whole cluster, and the manifest of a large database:
//! `cargo build --release -p pgark && cargo run --release -p pgark-benches --bin cluster`.
//!
//! 300 databases of 3 tables are dumped by `pgark dumpall` and by as many runs of pg_dump in a row, in turn, and the medians are compared as
//! a ratio. Then the manifest of 20,000 tables is made. An argument names the major (15 where there is none).

use std::io::{self, Write};
use std::time::Instant;

use anyhow::Result;
use measuring::{major_of_arguments, measured, median, small_tables};
use support::{Major, Scratch, Server, pgark, run};

const DATABASES: u32 = 300;
const TABLES: u32 = 20_000;
const RUNS: usize = 3;

fn main() -> Result<()> {
    let major = major_of_arguments(Major::V15)?;
    let server = Server::with(major).conf("max_connections = 20").start()?;
    let mut out = io::stdout().lock();

    server.psql("template1", small_tables(3))?;
    for number in 1..=DATABASES {
        server.create_database(&format!("d{number}"), "")?;
    }
    let scratch = Scratch::new()?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..RUNS {
        let mut dumpall = pgark();
        dumpall.args(["dumpall", "-Z0", "--no-sync", "-d", &server.uri("")]);
        ours.push(measured(dumpall.arg(scratch.join(round.to_string())))?.wall);
        let begin = Instant::now();
        for number in 1..=DATABASES {
            run(server
                .tool("pg_dump")
                .args(["-Fc", "-Z0", "-d", &format!("d{number}")]))?;
        }
        theirs.push(begin.elapsed());
    }
    let (ours, theirs) = (median(ours).as_secs_f64(), median(theirs).as_secs_f64());
    writeln!(
        out,
        "{DATABASES} databases: dumpall {ours:.2} s, pg_dump in a row {theirs:.2} s, ratio {:.2}",
        ours / theirs
    )?;

    server.create_database("large", "template template0")?;
    server.psql("large", small_tables(TABLES))?;
    let mut taken = Vec::new();
    let mut mebibytes = 0;
    for _ in 0..RUNS {
        let mut manifest = pgark();
        manifest.args(["manifest", "-d", &server.uri("large")]);
        let measured = measured(&manifest)?;
        taken.push(measured.wall);
        mebibytes = mebibytes.max(measured.mebibytes);
    }
    let taken = median(taken).as_secs_f64();
    writeln!(
        out,
        "manifest of {TABLES} tables: {taken:.2} s, {mebibytes} MiB"
    )?;
    Ok(())
}
