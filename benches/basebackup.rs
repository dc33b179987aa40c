//! `pgark basebackup` beside `pg_basebackup` on one server:
//! `cargo build --release -p pgark && cargo run --release -p pgark-benches --bin basebackup`.
//!
//! Both are run in turn, so that what else the machine does meets both alike, and the medians are compared as ratios: of the
//! time, and of what the client's processors are busy (the server's are not counted). The data, 2.4 GB, is the same in every
//! run. An argument names the major (15 where there is none).

use std::fs;
use std::io::{self, Write};
use std::process::Command;

use anyhow::Result;
use measuring::{Measured, major_of_arguments, measured, median};
use support::{Major, Scratch, Server, pgark, run};

/// 500 MB that do not compress well, beside the tables of pgbench, which do.
const NOISE: &str = "
create table noise as
  select i, (select string_agg(md5((i * 31 + j)::text), '') from generate_series(1, 20) j) t
  from generate_series(1, 700000) i;
checkpoint;
";

/// A comparison: its name, how the server is reached, where the backup goes, options of both programs, and how many times
/// each runs.
struct Case {
    name: &'static str,
    is_local: bool,
    is_folder: bool,
    args: &'static [&'static str],
    runs: usize,
}

const CASES: [Case; 5] = [
    Case {
        name: "tar to nowhere",
        is_local: false,
        is_folder: false,
        args: &[],
        runs: 7,
    },
    Case {
        name: "the same without checksums",
        is_local: false,
        is_folder: false,
        args: &["--manifest-checksums", "NONE"],
        runs: 7,
    },
    Case {
        name: "tar to nowhere, Unix socket",
        is_local: true,
        is_folder: false,
        args: &[],
        runs: 7,
    },
    Case {
        name: "data directory, not synced",
        is_local: false,
        is_folder: true,
        args: &["-X", "stream", "-N"],
        runs: 3,
    },
    Case {
        name: "tar to nowhere, gzip",
        is_local: false,
        is_folder: false,
        args: &["-z"],
        runs: 3,
    },
];

fn main() -> Result<()> {
    let major = major_of_arguments(Major::V15)?;
    let server = Server::with(major)
        .conf("shared_buffers = '512MB'")
        .conf("max_wal_size = '4GB'")
        .start()?;
    run(server
        .tool("pgbench")
        .args(["-i", "-q", "-s", "130", "postgres"]))?;
    server.psql("postgres", NOISE)?;
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "{:28} {:>13} {:>10} {:>6} {:>18}   MiB of memory",
        format!("PostgreSQL {major}"),
        "pg_basebackup",
        "pgark",
        "ratio",
        "processors' ratio",
    )?;
    for case in &CASES {
        let [theirs, ours] = compare(&server, case)?;
        writeln!(
            out,
            "{:28} {:>11.2} s {:>8.2} s {:>6.2} {:>18.2}   {}, {}",
            case.name,
            theirs.wall.as_secs_f64(),
            ours.wall.as_secs_f64(),
            ours.wall.as_secs_f64() / theirs.wall.as_secs_f64(),
            ours.cpu.as_secs_f64() / theirs.cpu.as_secs_f64(),
            theirs.mebibytes,
            ours.mebibytes,
        )?;
    }
    Ok(())
}

/// Runs both programs in turn, after a run of each that warms the caches, and returns the medians.
fn compare(server: &Server, case: &Case) -> Result<[Measured; 2]> {
    let scratch = Scratch::new()?;
    let folder = scratch.join("backup");
    let mut pg_basebackup = server.tool("pg_basebackup");
    pg_basebackup.args(["-c", "fast"]);
    let mut ours = pgark();
    ours.arg("basebackup");
    let mut programs = [pg_basebackup, ours];
    for program in &mut programs {
        program
            .arg("-h")
            .arg(if case.is_local {
                server.socket_dir().as_os_str()
            } else {
                server.host().as_ref()
            })
            .args(["-p", &server.port().to_string()])
            .args(["-U", server.superuser()])
            .args(case.args);
        if case.is_folder {
            program.arg("-D").arg(&folder);
        } else {
            program.args(["-D", "-", "-Ft", "-X", "fetch"]);
        }
    }
    let once = |program: &Command| {
        let measured = measured(program)?;
        if case.is_folder {
            fs::remove_dir_all(&folder)?;
        }
        anyhow::Ok(measured)
    };
    let mut all = [Vec::new(), Vec::new()];
    for run in 0..=case.runs {
        for (program, all) in programs.iter().zip(&mut all) {
            let measured = once(program)?;
            if run > 0 {
                all.push(measured);
            }
        }
    }
    Ok(all.map(|all| Measured {
        wall: median(all.iter().map(|one| one.wall).collect()),
        cpu: median(all.iter().map(|one| one.cpu).collect()),
        mebibytes: median(all.iter().map(|one| one.mebibytes).collect()),
    }))
}
