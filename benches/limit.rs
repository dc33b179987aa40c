//! How fast the server itself is.

use std::io::Write;
use std::process::{Child, Stdio};
use std::time::Instant;

use anyhow::{Result, ensure};
use support::Server;

use crate::measure::median;

/// Blocks that a connection asks for at once of a table that several read.
const BLOCKS: u64 = 8192;

/// How long the rows of all tables take over so many connections to nowhere, as text; of three times the middle one.
pub fn seconds_to_nowhere(server: &Server, db: &str, connections: u32) -> Result<String> {
    let statements = statements(server, db, connections)?;
    let mut times = Vec::new();
    for _ in 0..3 {
        let start = Instant::now();
        let mut readers = Vec::new();
        for place in 0..connections as usize {
            let own = statements.iter().skip(place).step_by(connections as usize);
            let own: Vec<&str> = own.map(String::as_str).collect();
            // All in one message: this is about the server, not about the way to it.
            readers.push(read(server, db, &own.join(" \\;\n"))?);
        }
        for mut reader in readers {
            ensure!(reader.wait()?.success(), "psql could not read the rows");
        }
        times.push(start.elapsed());
    }
    Ok(format!("{:.2} s", median(times).as_secs_f64()))
}

/// One COPY a table, or several of its parts.
fn statements(server: &Server, db: &str, connections: u32) -> Result<Vec<String>> {
    let tables = server.psql(
        db,
        "select format('%I.%I', n.nspname, c.relname), pg_relation_size(c.oid) / 8192
         from pg_class c join pg_namespace n on n.oid = c.relnamespace
         where c.relkind = 'r' and n.nspname = 'public' or c.relname = 'pg_largeobject' order by 1",
    )?;
    let mut statements = Vec::new();
    for line in tables.lines() {
        let (table, blocks) = line.split_once('|').unwrap_or((line, "0"));
        let blocks: u64 = blocks.parse()?;
        if connections == 1 || blocks <= BLOCKS {
            statements.push(format!("copy {table} to stdout"));
            continue;
        }
        for from in (0..blocks).step_by(usize::try_from(BLOCKS)?) {
            let before = from + BLOCKS;
            statements.push(format!(
                "copy (select * from only {table} where ctid >= '({from},0)' and ctid < '({before},0)') to stdout"
            ));
        }
    }
    Ok(statements)
}

/// Starts a psql that reads and forgets.
fn read(server: &Server, db: &str, statements: &str) -> Result<Child> {
    let mut reader = server
        .tool("psql")
        .args(["-XAtq", "-v", "ON_ERROR_STOP=1", "-d", &server.conninfo(db)])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()?;
    if let Some(mut stdin) = reader.stdin.take() {
        writeln!(stdin, "{statements};")?;
    }
    Ok(reader)
}
