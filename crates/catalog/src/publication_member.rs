//! The tables and schemas of publications.

use std::collections::HashMap;

use bstr::BString;
use pgark_connect::Session;

use crate::error::Result;
use crate::fields::{fetch, fetch_of};
use crate::oid::{CatalogId, Oid};
use crate::server::Server;

/// A table or schema in a publication.
#[derive(Clone, Debug)]
pub struct PublicationMember {
    /// Its row in `pg_publication_rel` or `pg_publication_namespace`.
    pub id: CatalogId,
    /// The OID of the table or schema.
    pub member: Oid,
    /// The publication's name.
    pub publication: BString,
    /// The publication's owner.
    pub owner: Oid,
}

impl PublicationMember {
    /// The tables of all publications.
    pub(crate) async fn fetch_tables(session: &mut Session, server: &Server) -> Result<Vec<Self>> {
        if server.leaves_empty("pg_publication_rel") {
            return Ok(Vec::new());
        }
        let sql = "select m.tableoid, m.oid, m.prrelid, p.pubname, p.pubowner \
            from pg_catalog.pg_publication_rel m join pg_catalog.pg_publication p on p.oid = m.prpubid";
        Self::fetch(session, "tables of publications", sql).await
    }

    /// The schemas of all publications.
    pub(crate) async fn fetch_schemas(session: &mut Session, server: &Server) -> Result<Vec<Self>> {
        if !server.has_publication_filters() || server.leaves_empty("pg_publication_namespace") {
            return Ok(Vec::new());
        }
        let sql = "select m.tableoid, m.oid, m.pnnspid, p.pubname, p.pubowner \
            from pg_catalog.pg_publication_namespace m join pg_catalog.pg_publication p on p.oid = m.pnpubid";
        Self::fetch(session, "schemas of publications", sql).await
    }

    async fn fetch(session: &mut Session, what: &'static str, sql: &str) -> Result<Vec<Self>> {
        fetch(session, what, sql, |f| {
            Ok(Self {
                id: f.catalog_id()?,
                member: f.oid()?,
                publication: f.text()?,
                owner: f.oid()?,
            })
        })
        .await
    }
}

/// Which part of a table a publication publishes.
#[derive(Clone, Debug)]
pub struct PublicationFilter {
    /// The names of the columns; `None` for all of them.
    pub columns: Option<Vec<BString>>,
    /// The condition for rows.
    pub rows: Option<BString>,
}

impl PublicationFilter {
    /// By the OID of the member.
    pub(crate) async fn fetch(
        session: &mut Session,
        server: &Server,
        members: impl IntoIterator<Item = Oid>,
    ) -> Result<HashMap<Oid, Self>> {
        let (columns, rows) = if server.has_publication_filters() {
            (
                "m.prattrs is not null, array(select a.attname \
                   from pg_catalog.unnest(m.prattrs::pg_catalog.int2[]) with ordinality c(attnum, i) \
                   join pg_catalog.pg_attribute a on a.attrelid = m.prrelid and a.attnum = c.attnum order by c.i)",
                "pg_catalog.pg_get_expr(m.prqual, m.prrelid)",
            )
        } else {
            ("false, null", "null")
        };
        let sql = |oids: &str| {
            format!(
                "select m.oid, {columns}, {rows} from pg_catalog.pg_publication_rel m where m.oid = any ({oids})"
            )
        };
        let rows = fetch_of(session, "tables of publications", members, sql, |f| {
            let oid = f.oid()?;
            let (has_columns, columns) = (f.boolean()?, f.texts()?);
            Ok((
                oid,
                Self {
                    columns: has_columns.then_some(columns),
                    rows: f.optional_text(),
                },
            ))
        })
        .await?;
        Ok(rows.into_iter().collect())
    }
}
