//! `pgark restore` beside `pg_restore` on one server: `cargo build --release -p pgark && cargo run --release -p pgark-benches --bin restore`.
//!
//! All are run in turn, each into a new database; none is dropped before the end, since a file system is slow for minutes after many
//! files were removed. pg_restore's better time counts. An argument names the major (15 where there is none).

use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use measuring::{
    Measured, WIDE_INDEXES, major_of_arguments, measured, median, small_tables, wide_table,
};
use support::{Major, Scratch, Server, pgark};

/// A comparison: its name, its database, and how many times each program runs.
struct Case {
    name: &'static str,
    db: &'static str,
    runs: usize,
}

const CASES: [Case; 2] = [
    Case {
        name: "10,000 small tables",
        db: "small",
        runs: 3,
    },
    Case {
        name: "1 GB table, three indexes",
        db: "wide",
        runs: 3,
    },
];

/// What is measured: pg_restore by one session and by two, pgark by two.
const PROGRAMS: [(&str, bool); 3] = [("-j1", false), ("-j2", false), ("-j2", true)];

fn main() -> Result<()> {
    let major = major_of_arguments(Major::V15)?;
    let server = Server::with(major)
        .conf("shared_buffers = '2GB'")
        .conf("max_locks_per_transaction = 1024")
        .conf("max_wal_size = '8GB'")
        .start()?;
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "{:28} {:>10} {:>10} {:>10} {:>6}   MiB of memory",
        format!("PostgreSQL {major}"),
        "-j1",
        "-j2",
        "pgark -j2",
        "ratio"
    )?;
    for (case, script) in CASES
        .iter()
        .zip([small_tables(10_000), wide_table(1) + WIDE_INDEXES])
    {
        server.create_database(case.db, "")?;
        server.psql(case.db, script)?;
        let scratch = Scratch::new()?;
        let archive = scratch.join("archive");
        server.pg_dump(case.db, ["-Fc"], &archive)?;
        let [one, two, ours] = measure(&server, case, &archive)?;
        let ratio = ours.median.as_secs_f64() / one.median.min(two.median).as_secs_f64();
        writeln!(
            out,
            "{:28} {:>8.2} s {:>8.2} s {:>8.2} s {:>6.2}   {} {} {}",
            case.name,
            one.median.as_secs_f64(),
            two.median.as_secs_f64(),
            ours.median.as_secs_f64(),
            ratio,
            one.mebibytes,
            two.mebibytes,
            ours.mebibytes
        )?;
    }
    Ok(())
}

struct Figure {
    median: Duration,
    mebibytes: u64,
}

/// Runs all programs in turn; the memory is the most of any run.
fn measure(server: &Server, case: &Case, archive: &Path) -> Result<[Figure; 3]> {
    let mut figures: [Vec<Measured>; 3] = [Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..case.runs {
        for ((jobs, is_ours), taken) in PROGRAMS.iter().zip(&mut figures) {
            let db = server.fresh_database(case.db, "template template0")?;
            let mut program = if *is_ours {
                let mut program = pgark();
                program.arg("restore");
                program
            } else {
                server.tool("pg_restore")
            };
            program
                .arg(jobs)
                .args(["-d", &server.conninfo(&db)])
                .arg(archive);
            taken.push(measured(&program)?);
        }
    }
    Ok(figures.map(|taken| Figure {
        median: median(taken.iter().map(|run| run.wall).collect()),
        mebibytes: taken.iter().map(|run| run.mebibytes).max().unwrap_or(0),
    }))
}
