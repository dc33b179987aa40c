//! Extended statistics.

use std::collections::HashMap;

use bstr::BString;
use pgark_connect::Session;

use crate::error::Result;
use crate::fields::{fetch, fetch_definitions};
use crate::oid::{CatalogId, Oid};
use crate::server::Server;

/// An extended statistics object.
#[derive(Clone, Debug)]
pub struct Statistics {
    /// Its row in `pg_statistic_ext`.
    pub id: CatalogId,
    /// Its name.
    pub name: BString,
    /// The schema's OID.
    pub schema: Oid,
    /// The owner.
    pub owner: Oid,
    /// The relation's OID.
    pub relation: Oid,
    /// Statistics target, `None` for the default.
    pub target: Option<i32>,
}

impl Statistics {
    pub(crate) async fn fetch(session: &mut Session, server: &Server) -> Result<Vec<Self>> {
        if server.leaves_empty("pg_statistic_ext") {
            return Ok(Vec::new());
        }
        let sql = "select tableoid, oid, stxname, stxnamespace, stxowner, stxrelid, stxstattarget from pg_catalog.pg_statistic_ext";
        fetch(session, "extended statistics", sql, |f| {
            Ok(Self {
                id: f.catalog_id()?,
                name: f.text()?,
                schema: f.oid()?,
                owner: f.oid()?,
                relation: f.oid()?,
                target: f
                    .optional_number("a statistics target")?
                    .filter(|target| *target >= 0),
            })
        })
        .await
    }

    /// The `CREATE STATISTICS` statements without semicolon, by OID.
    pub(crate) async fn fetch_definitions(
        session: &mut Session,
        objects: impl IntoIterator<Item = Oid>,
    ) -> Result<HashMap<Oid, BString>> {
        let sql = |oids: &str| {
            format!(
                "select oid, pg_catalog.pg_get_statisticsobjdef(oid) from pg_catalog.unnest({oids}) r(oid)"
            )
        };
        fetch_definitions(session, "extended statistics", objects, sql).await
    }
}
