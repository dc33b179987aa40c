//! Whether a restored database holds what the original held.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, ensure};
use support::{kept_folder, run};
use tokio_postgres::Client;

/// Every table of a database by its quoted name: how many rows, and a digest of them all in any order.
pub(crate) struct Contents {
    tables: BTreeMap<String, (i64, String)>,
}

impl Contents {
    pub(crate) fn tables(&self) -> usize {
        self.tables.len()
    }

    pub(crate) fn rows(&self) -> i64 {
        self.tables.values().map(|(rows, _)| rows).sum()
    }

    /// # Errors
    /// With the first table that differs.
    pub(crate) fn ensure_equal(&self, restored: &Self) -> Result<()> {
        for (table, original) in &self.tables {
            let found = restored.tables.get(table);
            ensure!(
                found == Some(original),
                "table {table}: {original:?} in the original, {found:?} in the copy"
            );
        }
        ensure!(
            self.tables() == restored.tables(),
            "the copy has {} tables, not {}",
            restored.tables(),
            self.tables()
        );
        Ok(())
    }
}

/// Reads the tables and the populated materialized views of the database that `client` is connected to.
pub(crate) async fn contents(client: &Client) -> Result<Contents> {
    let names = client
        .query(
            "select pg_catalog.format('%I.%I', n.nspname, c.relname) \
             from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
             where c.relkind in ('r', 'm') and c.relispopulated and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'",
            &[],
        )
        .await?;
    let mut tables = BTreeMap::new();
    for row in names {
        let name: String = row.get(0);
        let digest = format!(
            "select count(*), coalesce(md5(string_agg(r::text, e'\\n' order by r::text collate \"C\")), '') from only {name} r"
        );
        let row = client.query_one(&digest, &[]).await?;
        tables.insert(name, (row.get(0), row.get(1)));
    }
    Ok(Contents { tables })
}

/// The oldest pg_restore of `major` or newer: among the judges, in Debian's folders, on the PATH.
pub(crate) fn find_pg_restore(major: u32) -> Option<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = [
        kept_folder().join("pg"),
        PathBuf::from("/usr/lib/postgresql"),
    ]
    .into_iter()
    .filter_map(|folder| fs::read_dir(folder).ok())
    .flatten()
    .filter_map(|entry| Some(entry.ok()?.path().join("bin/pg_restore")))
    .chain([PathBuf::from("pg_restore")])
    .filter_map(|program| Some((major_of(&program)?, program)))
    .filter(|(its_major, _)| *its_major >= major)
    .collect();
    found.sort();
    found.into_iter().next().map(|(_, program)| program)
}

/// Reads `pg_restore (PostgreSQL) 17.10`.
fn major_of(program: &PathBuf) -> Option<u32> {
    let told = String::from_utf8(run(Command::new(program).arg("--version")).ok()?).ok()?;
    let version = told.split_once("(PostgreSQL) ")?.1;
    version
        .split(|c: char| !c.is_ascii_digit())
        .next()?
        .parse()
        .ok()
}
