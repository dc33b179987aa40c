//! What ANALYZE and VACUUM have noted of relations for the planner.

use std::collections::HashMap;

use bstr::BString;
use pgark_connect::Session;

use crate::error::Result;
use crate::fields::{fetch, oid_array};
use crate::oid::Oid;
use crate::server::Server;

/// What is known of one column, by columns of the view `pg_stats`: its name, the type that a restore casts it to, and the first major that
/// has it. The order is that of the arguments in a dump (`attributeStats` in src/bin/pg_dump/pg_dump.c names the same).
const VALUES: [(&str, &str, u32); 14] = [
    ("inherited", "boolean", 0),
    ("null_frac", "real", 0),
    ("avg_width", "integer", 0),
    ("n_distinct", "real", 0),
    ("most_common_vals", "text", 0),
    ("most_common_freqs", "real[]", 0),
    ("histogram_bounds", "text", 0),
    ("correlation", "real", 0),
    ("most_common_elems", "text", 0),
    ("most_common_elem_freqs", "real[]", 0),
    ("elem_count_histogram", "real[]", 0),
    ("range_length_histogram", "text", 17),
    ("range_empty_frac", "real", 17),
    ("range_bounds_histogram", "text", 17),
];

/// Of how many relations one query asks: the server plans it for a set, and one reply does not grow with the catalogue.
const BATCH: usize = 1_000;

/// What the planner knows of a table, materialized view, foreign table or index.
#[derive(Clone, Debug, Default)]
pub struct PlannerStatistics {
    /// Its size in pages.
    pub pages: BString,
    /// Its number of rows, as the server writes it.
    pub tuples: BString,
    /// Pages whose rows all see.
    pub all_visible: BString,
    /// Pages whose rows are frozen; `None` before PostgreSQL 18.
    pub all_frozen: Option<BString>,
    /// What is known of columns, by name.
    pub columns: Vec<ColumnStatistics>,
}

/// What the planner knows of a column.
#[derive(Clone, Debug, Default)]
pub struct ColumnStatistics {
    /// Its name.
    pub name: BString,
    /// The number of an index's column, whose name may be another after a restore.
    pub index_column: Option<i16>,
    /// What is known, by name, each with the type of its text.
    pub values: Vec<(&'static str, &'static str, BString)>,
}

impl PlannerStatistics {
    /// By the OID of the relation. Of columns, what the role may see.
    pub(crate) async fn fetch(
        session: &mut Session,
        server: &Server,
        relations: &[Oid],
    ) -> Result<HashMap<Oid, Self>> {
        let mut found = HashMap::new();
        for batch in relations.chunks(BATCH) {
            Self::fetch_batch(session, server, batch, &mut found).await?;
        }
        Ok(found)
    }

    async fn fetch_batch(
        session: &mut Session,
        server: &Server,
        relations: &[Oid],
        found: &mut HashMap<Oid, Self>,
    ) -> Result<()> {
        let oids = oid_array(relations.iter().copied());
        let all_frozen = if server.has_frozen_pages() {
            "c.relallfrozen"
        } else {
            "null"
        };
        let sql = format!(
            "select c.oid, c.relpages, c.reltuples, c.relallvisible, {all_frozen} \
             from pg_catalog.pg_class c where c.oid = any ({oids})"
        );
        let rows = fetch(session, "statistics of relations", &sql, |f| {
            Ok((
                f.oid()?,
                Self {
                    pages: f.text()?,
                    tuples: f.text()?,
                    all_visible: f.text()?,
                    all_frozen: f.optional_text(),
                    columns: Vec::new(),
                },
            ))
        })
        .await?;
        found.extend(rows);

        let values: Vec<_> = VALUES
            .iter()
            .filter(|(_, _, since)| server.major() >= *since)
            .collect();
        let names: Vec<String> = values
            .iter()
            .map(|(name, _, _)| format!("s.{name}"))
            .collect();
        // The view knows relations by name alone. The names as a list besides let the server find the few rows among many.
        let sql = format!(
            "select c.oid, s.attname, case when c.relkind in ('i', 'I') then \
               (select a.attnum from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attname = s.attname) end, {} \
             from pg_catalog.pg_class c \
             join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
             join pg_catalog.pg_stats s on s.schemaname = n.nspname and s.tablename = c.relname \
             where c.oid = any ({oids}) \
               and s.tablename = any (array (select r.relname from pg_catalog.pg_class r where r.oid = any ({oids}))) \
             order by c.oid, s.attname, s.inherited",
            names.join(", ")
        );
        let rows = fetch(session, "statistics of columns", &sql, |f| {
            let oid = f.oid()?;
            let mut column = ColumnStatistics {
                name: f.text()?,
                index_column: f.optional_number("a column number")?,
                values: Vec::new(),
            };
            for (name, type_name, _) in &values {
                if let Some(value) = f.optional_text() {
                    column.values.push((name, type_name, value));
                }
            }
            Ok((oid, column))
        })
        .await?;
        for (oid, column) in rows {
            if let Some(relation) = found.get_mut(&oid) {
                relation.columns.push(column);
            }
        }
        Ok(())
    }
}
