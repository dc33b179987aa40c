//! Which databases are dumped.

use std::collections::HashSet;

use bstr::BString;
use pgark_connect::Config;
use pgark_sql::{Pattern, put, text};

use super::IS_DUMPED;
use crate::error::{Error, Result};
use crate::session::{SAFE, quoter};

/// What a small database is smaller than. An empty one has some 8 MB.
const SMALL_BYTES: u32 = 32 << 20;

/// Which databases are dumped. One that takes no connections never is.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// These alone, by exact name; all where none is named.
    pub named: Vec<BString>,
    /// Not these, by exact name, unless they are named.
    pub excluded: Vec<BString>,
    /// Nor those that match one of these patterns, which are psql's.
    pub excluded_patterns: Vec<BString>,
}

impl Choice {
    /// Looks for them through any database, and tells which of them are small.
    pub(super) async fn find(&self, config: &Config) -> Result<(Vec<BString>, HashSet<BString>)> {
        const DOING: &str = "list the databases";
        let mut session = pgark_connect::connect(config).await?;
        let failed = |source| Error::Session {
            doing: DOING,
            source,
        };
        session.execute(SAFE).await.map_err(failed)?;
        let quoter = quoter(&session)?;
        let mut sql = text!(
            "select datname, pg_catalog.has_database_privilege(oid, 'connect') and pg_catalog.pg_database_size(oid) < ",
            SMALL_BYTES.to_string(),
            " from pg_catalog.pg_database where ",
            IS_DUMPED
        );
        for pattern in &self.excluded_patterns {
            let pattern = Pattern::of_name(pattern, false, quoter.encoding);
            let expression = pattern.map_err(Error::Pattern)?.name;
            put!(
                sql,
                " and not datname operator(pg_catalog.~) ",
                quoter.portable_literal(&expression),
                " collate pg_catalog.\"default\""
            );
        }
        put!(sql, " order by datname");
        let rows = session.rows(&sql).await.map_err(failed)?;
        let mut small = HashSet::new();
        let mut found = Vec::new();
        for row in &rows {
            let name = row.get(0).unwrap_or_default().to_owned();
            if row.get(1) == Some("t".into()) {
                small.insert(name.clone());
            }
            found.push(name);
        }
        session.close().await.map_err(failed)?;
        Ok((self.of(found)?, small))
    }

    /// What is chosen of the databases that take connections and match no pattern.
    ///
    /// # Errors
    /// [`Error::NoDatabase`] for a name that is not among them.
    pub fn of(&self, mut found: Vec<BString>) -> Result<Vec<BString>> {
        if let Some(name) = self.named.iter().find(|name| !found.contains(name)) {
            return Err(Error::NoDatabase(name.clone()));
        }
        if self.named.is_empty() {
            found.retain(|name| !self.excluded.contains(name));
        } else {
            found.retain(|name| self.named.contains(name));
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_named_must_be_there_and_is_not_excluded() {
        let of = |named: &[&str], excluded: &[&str]| {
            let names = |list: &[&str]| list.iter().map(|name| BString::from(*name)).collect();
            let choice = Choice {
                named: names(named),
                excluded: names(excluded),
                excluded_patterns: Vec::new(),
            };
            choice.of(names(&["a", "b c", "d"]))
        };
        assert_eq!(of(&[], &["b c", "e"]).unwrap(), ["a", "d"]);
        assert_eq!(of(&["d", "a"], &["a"]).unwrap(), ["a", "d"]);
        let error = of(&["a", "x"], &[]).unwrap_err().to_string();
        assert_eq!(error, "database \"x\" not found or not connectable");
    }
}
