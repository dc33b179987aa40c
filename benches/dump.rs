//! `pgark dump` beside `pg_dump -Fc` on one server: `cargo build --release -p pgark && cargo run --release -p pgark-benches --bin dump`.
//!
//! Both are run in turn, so that what else the machine does meets both alike, and the medians are compared as a ratio. The data is
//! the same in every run. An argument names the major (15 where there is none).

mod measure;
mod tables;

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::Result;
use support::{Scratch, Server, dump_command, run};

use measure::{major_of_arguments, measured, median};
use tables::small_tables;

/// 500 MB of rows in the table's files, of which about half is easy to compress.
const TABLE: &str = "
create table big (id bigint primary key, hash text not null, words text, at timestamptz not null);
insert into big
  select i, md5(i::text) || md5((i * 7)::text) || md5((i * 13)::text), repeat(md5((i / 10)::text), 2),
         '2024-01-01 00:00:00+00'::timestamptz + i * interval '1 second'
  from generate_series(1, 2350000) i;
analyze big;
";

/// Tables as an application has them: keys, defaults, references, indexes.
const SCHEMA: &str = "
do $$ begin
  for i in 1..2000 loop
    execute format('create table t%s (id bigserial primary key, ref bigint%s, name text not null default %L, '
      'created timestamptz not null default now(), extra jsonb, unique (name))',
      i, case when i > 1 then format(' references t%s', i / 2) else '' end, 'n' || i);
    execute format('create index on t%s (created)', i);
  end loop;
end $$;
analyze;
";

const LARGE_OBJECTS: &str = "
select count(lo_from_bytea(0, convert_to('object ' || i, 'UTF8'))) from generate_series(1, 20000) i;
";

/// A comparison: its name, database, options of both programs, those of pgark alone, and how many times each runs.
struct Case {
    name: &'static str,
    db: &'static str,
    args: &'static [&'static str],
    ours: &'static [&'static str],
    runs: usize,
}

const CASES: [Case; 7] = [
    Case {
        name: "500 MB table, gzip",
        db: "big",
        args: &[],
        ours: &[],
        runs: 3,
    },
    Case {
        name: "500 MB table, uncompressed",
        db: "big",
        args: &["-Z0"],
        ours: &[],
        runs: 5,
    },
    Case {
        name: "2,000 tables, schema only",
        db: "many",
        args: &["-s"],
        ours: &[],
        runs: 5,
    },
    Case {
        name: "10,000 tables, -s, -j 2",
        db: "small10",
        args: &["-s"],
        ours: &["-j2"],
        runs: 5,
    },
    Case {
        name: "10,000 tables, -j 2",
        db: "small10",
        args: &[],
        ours: &["-j2"],
        runs: 5,
    },
    Case {
        name: "20,000 tables, -s, -j 2",
        db: "small20",
        args: &["-s"],
        ours: &["-j2"],
        runs: 5,
    },
    Case {
        name: "20,000 large objects",
        db: "objects",
        args: &[],
        ours: &[],
        runs: 5,
    },
];

fn main() -> Result<()> {
    let major = major_of_arguments()?;
    // The table stays in memory, and 20,000 tables are locked at once.
    let server = Server::with(major)
        .conf("shared_buffers = '1GB'")
        .conf("max_locks_per_transaction = 1024")
        .conf("max_wal_size = '4GB'")
        .start()?;
    for (db, script) in [
        ("big", TABLE.to_owned()),
        ("many", SCHEMA.to_owned()),
        ("small10", small_tables(10_000)),
        ("small20", small_tables(20_000)),
        ("objects", LARGE_OBJECTS.to_owned()),
    ] {
        server.create_database(db, "")?;
        server.psql(db, script)?;
    }
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "{:28} {:>10} {:>10} {:>6}   kB of archive, MiB of memory",
        format!("PostgreSQL {major}"),
        "pg_dump",
        "pgark",
        "ratio"
    )?;
    for case in &CASES {
        let [theirs, ours] = measure(&server, case)?;
        writeln!(
            out,
            "{:28} {:>8.2} s {:>8.2} s {:>6.2}   {} {}, {} {}",
            case.name,
            theirs.median.as_secs_f64(),
            ours.median.as_secs_f64(),
            ours.median.as_secs_f64() / theirs.median.as_secs_f64(),
            theirs.kilobytes,
            ours.kilobytes,
            theirs.mebibytes,
            ours.mebibytes,
        )?;
    }
    Ok(())
}

/// What one program took, the size of its archive and of its memory at the most.
struct Figure {
    median: Duration,
    kilobytes: u64,
    mebibytes: u64,
}

/// Runs both programs in turn, after a run of each that tells its memory.
fn measure(server: &Server, case: &Case) -> Result<[Figure; 2]> {
    let scratch = Scratch::new()?;
    let archive = scratch.join("archive");
    let conninfo = server.conninfo(case.db);
    let mut pg_dump = server.tool("pg_dump");
    pg_dump.args(["-Fc", "-d", &conninfo]);
    let mut programs = [pg_dump, dump_command(server, case.db)];
    for program in &mut programs {
        program.args(case.args).arg("-f").arg(&archive);
    }
    programs[1].args(case.ours);
    // These runs warm the caches too.
    let [theirs, ours] = &programs;
    let memory = [measured(theirs)?.mebibytes, measured(ours)?.mebibytes];
    let mut times = [Vec::new(), Vec::new()];
    let mut bytes = [0, 0];
    for _ in 0..case.runs {
        for (place, program) in programs.iter_mut().enumerate() {
            let (time, size) = timed(program, &archive)?;
            times[place].push(time);
            bytes[place] = size;
        }
    }
    let medians = times.map(median);
    Ok([0, 1].map(|place| Figure {
        median: medians[place],
        kilobytes: bytes[place] / 1000,
        mebibytes: memory[place],
    }))
}

fn timed(program: &mut Command, archive: &Path) -> Result<(Duration, u64)> {
    let start = Instant::now();
    run(program)?;
    let time = start.elapsed();
    let size = fs::metadata(archive)?.len();
    fs::remove_file(archive)?;
    Ok((time, size))
}
