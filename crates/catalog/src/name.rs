//! Which objects have names that match patterns.

use bstr::BString;
use pgark_connect::Session;
use pgark_sql::{Pattern, Quoter, put, text};

use crate::error::{Error, Result};
use crate::fields::{fetch, fetch_of};
use crate::oid::Oid;

/// Patterns to a statement: enough to save round trips, few enough to be parsed without deep recursion.
const AT_ONCE: usize = 100;

/// Objects that are known by one name alone, within a database.
#[derive(Clone, Copy, Debug)]
pub enum Named {
    /// Schemas.
    Schema,
    /// Extensions.
    Extension,
    /// Foreign servers.
    ForeignServer,
}

impl Named {
    fn what(self) -> &'static str {
        match self {
            Self::Schema => "names of schemas",
            Self::Extension => "names of extensions",
            Self::ForeignServer => "names of foreign servers",
        }
    }

    /// Catalogue and column.
    fn column(self) -> (&'static str, &'static str) {
        match self {
            Self::Schema => ("pg_catalog.pg_namespace", "nspname"),
            Self::Extension => ("pg_catalog.pg_extension", "extname"),
            Self::ForeignServer => ("pg_catalog.pg_foreign_server", "srvname"),
        }
    }

    /// The objects that match each of some patterns, of which only the names count.
    ///
    /// # Errors
    /// What the server said, such as that a pattern is no regular expression. Not cancel safe: a dropped future leaves the session
    /// broken.
    pub async fn find(
        self,
        session: &mut Session,
        quoter: Quoter,
        patterns: &[&Pattern],
    ) -> Result<Vec<Vec<Oid>>> {
        let (catalog, column) = self.column();
        let mut found = vec![Vec::new(); patterns.len()];
        for start in (0..patterns.len()).step_by(AT_ONCE) {
            let batch = patterns.iter().enumerate().skip(start).take(AT_ONCE);
            let queries = batch.map(|(place, pattern)| {
                let condition = matches(quoter, column, &pattern.name);
                text!(
                    format!("select {place}, oid from {catalog} where "),
                    condition
                )
            });
            let sql: BString = bstr::join(" union all ", queries).into();
            add(&mut found, fetch_places(session, self.what(), &sql).await?);
        }
        Ok(found)
    }
}

/// The relations that match each of some patterns. Where a pattern comes with true, their partitions and children, and those of these,
/// are found too. A pattern without a schema finds what is visible in the session's own search path, which must be empty before and is
/// so again.
///
/// # Errors
/// Those of [`Named::find`].
pub async fn find_relations(
    session: &mut Session,
    quoter: Quoter,
    patterns: &[(&Pattern, bool)],
) -> Result<Vec<Vec<Oid>>> {
    const WHAT: &str = "names of tables";
    let mut found = vec![Vec::new(); patterns.len()];
    if patterns.is_empty() {
        return Ok(found);
    }
    let set_path = async |session: &mut Session, sql: &str| {
        let done = session.execute(sql).await;
        done.map_err(|source| Error::Query { what: WHAT, source })
    };
    set_path(session, "reset search_path").await?;
    for start in (0..patterns.len()).step_by(AT_ONCE) {
        let mut sql = text!("with recursive found (place, oid, with_children) as ((");
        let batch = patterns.iter().enumerate().skip(start).take(AT_ONCE);
        for (i, (place, (pattern, with_children))) in batch.enumerate() {
            put!(
                sql,
                if i == 0 { "" } else { " union all " },
                format!("select {place}, c.oid, {with_children} "),
                "from pg_catalog.pg_class c \
                 join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace \
                 where c.relkind operator(pg_catalog.=) any (array['r', 'S', 'v', 'm', 'f', 'p']) and ",
                matches(quoter, "c.relname", &pattern.name),
                " and ",
                match &pattern.schema {
                    Some(schema) => matches(quoter, "n.nspname", schema),
                    None => "pg_catalog.pg_table_is_visible(c.oid)".into(),
                }
            );
        }
        put!(
            sql,
            ") union select f.place, i.inhrelid, true from found f join pg_catalog.pg_inherits i \
             on i.inhparent operator(pg_catalog.=) f.oid where f.with_children) select place, oid from found"
        );
        add(&mut found, fetch_places(session, WHAT, &sql).await?);
    }
    let empty = "select pg_catalog.set_config('search_path', '', false)";
    set_path(session, empty).await?;
    Ok(found)
}

/// The foreign tables of some servers.
///
/// # Errors
/// What the server said. Not cancel safe: a dropped future leaves the session broken.
pub async fn find_foreign_tables(
    session: &mut Session,
    servers: impl IntoIterator<Item = Oid>,
) -> Result<Vec<Oid>> {
    let sql = |oids: &str| {
        format!("select ftrelid from pg_catalog.pg_foreign_table where ftserver = any ({oids})")
    };
    fetch_of(session, "tables of foreign servers", servers, sql, |f| {
        f.oid()
    })
    .await
}

/// Whether a name matches a regular expression, in words that no search path gives another meaning. Names have the collation C, in which
/// `\w` would know ASCII alone.
fn matches(quoter: Quoter, column: &str, expression: &BString) -> BString {
    text!(
        column,
        " operator(pg_catalog.~) ",
        quoter.portable_literal(expression),
        " collate pg_catalog.\"default\""
    )
}

async fn fetch_places(
    session: &mut Session,
    what: &'static str,
    sql: &BString,
) -> Result<Vec<(usize, Oid)>> {
    fetch(session, what, sql, |f| Ok((f.number("a place")?, f.oid()?))).await
}

fn add(found: &mut [Vec<Oid>], rows: Vec<(usize, Oid)>) {
    for (place, oid) in rows {
        if let Some(found) = found.get_mut(place) {
            found.push(oid);
        }
    }
}
