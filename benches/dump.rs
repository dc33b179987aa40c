//! `pgark dump` beside `pg_dump -Fc` on one server: `cargo build --release -p pgark && cargo run --release -p pgark-benches --bin dump`.
//!
//! Both are run in turn, so that what else the machine does meets both alike, and the medians are compared as a ratio; beside them
//! stands what the server needs to send the same rows over as many connections to nowhere. The data is the same in every run. A first
//! argument names the major (15 where there is none), a second chooses the cases whose names it is in.

use std::collections::HashSet;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::Result;
use measuring::{
    major_of_arguments, measured, median, seconds_to_nowhere, small_tables, wide_table,
};
use support::{Major, Scratch, Server, dump_command, run};

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

/// 64 partitions of 8 MB each.
const PARTITIONED: &str = "
create table events (id bigint, at timestamptz, what text) partition by hash (id);
do $$ begin
  for i in 0..63 loop
    execute format('create table events_%s partition of events for values with (modulus 64, remainder %s)', i, i);
  end loop;
end $$;
insert into events select i, '2024-01-01 00:00:00+00'::timestamptz + i * interval '1 second', md5(i::text) || md5((i / 100)::text)
  from generate_series(1, 4800000) i;
analyze events;
";

/// A database that is dumped.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
enum Database {
    Wide,
    Wide4,
    Pgbench,
    Schema,
    Small10,
    Small20,
    Partitioned,
    LargeObjects(u32),
}

impl Database {
    fn name(self) -> String {
        match self {
            Self::Wide => "wide".into(),
            Self::Wide4 => "wide4".into(),
            Self::Pgbench => "pgbench".into(),
            Self::Schema => "many".into(),
            Self::Small10 => "small10".into(),
            Self::Small20 => "small20".into(),
            Self::Partitioned => "partitioned".into(),
            Self::LargeObjects(count) => format!("objects{count}"),
        }
    }

    fn load(self, server: &Server) -> Result<()> {
        let db = self.name();
        server.create_database(&db, "")?;
        let script = match self {
            Self::Wide => wide_table(1),
            Self::Wide4 => wide_table(4),
            Self::Pgbench => {
                run(server.tool("pgbench").args(["-i", "-q", "-s", "100", &db]))?;
                return Ok(());
            }
            Self::Schema => SCHEMA.into(),
            Self::Small10 => small_tables(10_000),
            Self::Small20 => small_tables(20_000),
            Self::Partitioned => PARTITIONED.into(),
            Self::LargeObjects(count) => format!(
                "select count(lo_from_bytea(0, convert_to('object ' || i, 'UTF8'))) from generate_series(1, {count}) i;"
            ),
        };
        server.psql(&db, script)?;
        Ok(())
    }
}

/// A comparison: its name, database, options of both programs, sessions of pgark, and how many times each runs.
struct Case {
    name: &'static str,
    db: Database,
    args: &'static [&'static str],
    jobs: u32,
    runs: usize,
}

const fn case(name: &'static str, db: Database, args: &'static [&'static str], jobs: u32) -> Case {
    Case {
        name,
        db,
        args,
        jobs,
        runs: 5,
    }
}

const CASES: [Case; 20] = [
    case("1 GB table, gzip, -j 1", Database::Wide, &[], 1),
    case("1 GB table, gzip, -j 2", Database::Wide, &[], 2),
    case(
        "1 GB table, uncompressed, -j 1",
        Database::Wide,
        &["-Z0"],
        1,
    ),
    case(
        "1 GB table, uncompressed, -j 2",
        Database::Wide,
        &["-Z0"],
        2,
    ),
    case("1 GB table, lz4, -j 1", Database::Wide, &["-Zlz4"], 1),
    case("1 GB table, lz4, -j 2", Database::Wide, &["-Zlz4"], 2),
    case("1 GB table, zstd, -j 1", Database::Wide, &["-Zzstd"], 1),
    case("1 GB table, zstd, -j 2", Database::Wide, &["-Zzstd"], 2),
    Case {
        runs: 1,
        ..case("4 GB table, gzip, -j 1", Database::Wide4, &[], 1)
    },
    Case {
        runs: 1,
        ..case("4 GB table, gzip, -j 2", Database::Wide4, &[], 2)
    },
    case("pgbench, scale 100, -j 1", Database::Pgbench, &[], 1),
    case("pgbench, scale 100, -j 2", Database::Pgbench, &[], 2),
    case("64 partitions, 500 MB, -j 2", Database::Partitioned, &[], 2),
    case("2,000 tables, -s, -j 1", Database::Schema, &["-s"], 1),
    case("2,000 tables, -s, -j 2", Database::Schema, &["-s"], 2),
    case("10,000 tables, -s, -j 2", Database::Small10, &["-s"], 2),
    case("10,000 tables, -j 2", Database::Small10, &[], 2),
    case("20,000 tables, -s, -j 2", Database::Small20, &["-s"], 2),
    case(
        "20,000 large objects, -j 2",
        Database::LargeObjects(20_000),
        &[],
        2,
    ),
    case(
        "100,000 large objects, -j 2",
        Database::LargeObjects(100_000),
        &[],
        2,
    ),
];

fn main() -> Result<()> {
    let major = major_of_arguments(Major::V15)?;
    let chosen = std::env::args().nth(2).unwrap_or_default();
    // The tables stay in memory, and 20,000 of them are locked at once.
    let server = Server::with(major)
        .conf("shared_buffers = '2GB'")
        .conf("max_locks_per_transaction = 1024")
        .conf("max_wal_size = '8GB'")
        .start()?;
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "| PostgreSQL {major} | pg_dump | pgark | ratio | rows to nowhere | MB of archive | MiB of memory |\n|---|---|---|---|---|---|---|"
    )?;
    let mut loaded = HashSet::new();
    for case in CASES.iter().filter(|case| case.name.contains(&chosen)) {
        // Of the clients that are judges, that of 17 alone knows them.
        let is_new = case
            .args
            .iter()
            .any(|arg| matches!(*arg, "-Zlz4" | "-Zzstd"));
        if is_new && major != Major::V17 {
            continue;
        }
        if loaded.insert(case.db) {
            case.db.load(&server)?;
        }
        let [theirs, ours] = measure(&server, case)?;
        let limit = match case.args {
            ["-s"] => String::new(),
            _ => seconds_to_nowhere(&server, &case.db.name(), case.jobs)?,
        };
        writeln!(
            out,
            "| {} | {:.2} s | {:.2} s | {:.2} | {} | {} {} | {} {} |",
            case.name,
            theirs.median.as_secs_f64(),
            ours.median.as_secs_f64(),
            ours.median.as_secs_f64() / theirs.median.as_secs_f64(),
            limit,
            theirs.megabytes,
            ours.megabytes,
            theirs.mebibytes,
            ours.mebibytes,
        )?;
    }
    Ok(())
}

/// What one program took, the size of its archive and of its memory at the most.
struct Figure {
    median: Duration,
    megabytes: u64,
    mebibytes: u64,
}

/// Runs both programs in turn, after a run of each that tells its memory.
fn measure(server: &Server, case: &Case) -> Result<[Figure; 2]> {
    let scratch = Scratch::new()?;
    let archive = scratch.join("archive");
    let db = case.db.name();
    let mut pg_dump = server.tool("pg_dump");
    pg_dump.args(["-Fc", "-d", &server.conninfo(&db)]);
    let mut programs = [pg_dump, dump_command(server, &db)];
    for program in &mut programs {
        program.args(case.args).arg("-f").arg(&archive);
    }
    programs[1].args(["-j", &case.jobs.to_string()]);
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
        megabytes: bytes[place] / 1_000_000,
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
