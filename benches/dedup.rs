//! What a second backup by Plakar adds to a store, by how the archives are compressed:
//! `cargo build --release -p pgark && cargo run --release -p pgark-benches --bin dedup`.
//!
//! Plakar cuts what it is given where its content says so, keeps each piece once and compresses it itself. A table of 300 MB is backed up,
//! then again unchanged, with rows appended, and with rows updated here and there. An argument names the major (17 where there is
//! none: archives of 15 know gzip alone).

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::time::Instant;

use anyhow::Result;
use measuring::{major_of_arguments, megabytes, wide_rows};
use support::{Host, Major, Server};

const CODECS: [&str; 4] = ["none", "gzip", "lz4", "zstd"];

const ROWS: u32 = 840_000;

/// What happens before each backup.
const CHANGES: [(&str, &str); 5] = [
    ("first", ""),
    ("unchanged", ""),
    (
        "1 % appended",
        "insert into wide select id + 1000000, hash, words, doc, numbers, raw, at from wide where id % 100 = 0;",
    ),
    (
        "1 % deleted in one place",
        "delete from wide where id between 400000 and 408400; vacuum wide;",
    ),
    (
        "1 % updated here and there",
        "update wide set words = words || id where id % 100 = 50;",
    ),
];

fn main() -> Result<()> {
    let major = major_of_arguments(Major::V17)?;
    let server = Server::with(major).conf("shared_buffers = '1GB'").start()?;
    server.create_database("wide", "")?;
    server.psql("wide", wide_rows(ROWS))?;
    let codecs = CODECS.iter().take(if major < Major::V16 { 2 } else { 4 });
    let hosts = codecs
        .map(|codec| Ok((codec, Host::new()?)))
        .collect::<Result<Vec<_>>>()?;
    let mut out = io::stdout().lock();
    write!(out, "| PostgreSQL {major} |")?;
    for (codec, _) in &hosts {
        write!(out, " {codec} |")?;
    }
    writeln!(out, "\n|---|{}", "---|".repeat(hosts.len()))?;
    for (name, change) in CHANGES {
        server.psql("wide", change)?;
        write!(out, "| {name} |")?;
        for (codec, host) in &hosts {
            let before = bytes_of(&host.join("store"))?;
            let start = Instant::now();
            host.backup(&server.uri("wide"), &[&format!("compression={codec}")])?;
            let seconds = start.elapsed().as_secs_f64();
            let added = bytes_of(&host.join("store"))? - before;
            write!(out, " {:.1} MB, {seconds:.1} s |", megabytes(added))?;
            out.flush()?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// The length of all files in a folder.
fn bytes_of(folder: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        bytes += if entry.file_type()?.is_dir() {
            bytes_of(&entry.path())?
        } else {
            entry.metadata()?.len()
        };
    }
    Ok(bytes)
}
