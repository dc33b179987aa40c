//! Casts.

use std::collections::HashMap;

use bstr::BString;
use pgark_connect::Session;

use crate::error::Result;
use crate::fields::{fetch, fetch_of};
use crate::function::FunctionSignature;
use crate::oid::{CatalogId, Oid};
use crate::server::Server;

/// A cast.
#[derive(Clone, Debug)]
pub struct Cast {
    /// Its row in `pg_cast`.
    pub id: CatalogId,
    /// The names of its types with a blank between; it has no other. Empty for a built-in one, which is only counted.
    pub name: BString,
}

impl Cast {
    /// Reads all casts but those that come into being with a range type.
    pub(crate) async fn fetch(session: &mut Session, server: &Server) -> Result<Vec<Self>> {
        let condition = if server.has_multiranges() {
            "where not exists (select from pg_catalog.pg_range r where r.rngtypid = c.castsource and r.rngmultitypid = c.casttarget)"
        } else {
            ""
        };
        let sql = format!(
            "select c.tableoid, c.oid, case when c.oid >= 16384 \
               then pg_catalog.concat((select typname from pg_catalog.pg_type where oid = c.castsource), ' ', \
                 (select typname from pg_catalog.pg_type where oid = c.casttarget)) end \
             from pg_catalog.pg_cast c {condition} order by c.castsource, c.casttarget"
        );
        fetch(session, "casts", &sql, |f| {
            Ok(Self {
                id: f.catalog_id()?,
                name: f.text_or_empty(),
            })
        })
        .await
    }
}

/// The definition of a cast.
#[derive(Clone, Debug)]
pub struct CastDefinition {
    /// The type that it takes, as SQL text.
    pub source: BString,
    /// The type that it gives, as SQL text.
    pub target: BString,
    /// By `f`unction, `i`nput and output functions, or none since the types are `b`inary compatible.
    pub method: u8,
    /// Applied `e`xplicitly, in `a`ssignments too, or `i`mplicitly.
    pub context: u8,
    /// The function, where it has one.
    pub function: Option<FunctionSignature>,
}

impl CastDefinition {
    /// The definitions by OID.
    pub(crate) async fn fetch(
        session: &mut Session,
        casts: impl IntoIterator<Item = Oid>,
    ) -> Result<HashMap<Oid, Self>> {
        let sql = |oids: &str| {
            format!(
                "select c.oid, pg_catalog.format_type(c.castsource, null), pg_catalog.format_type(c.casttarget, null), \
                   c.castmethod, c.castcontext, {} \
                 from pg_catalog.pg_cast c {} where c.oid = any ({})",
                FunctionSignature::columns("p", "c.castfunc"),
                FunctionSignature::join("p", "c.castfunc"),
                oids
            )
        };
        let rows = fetch_of(session, "cast definitions", casts, sql, |f| {
            Ok((
                f.oid()?,
                Self {
                    source: f.text()?,
                    target: f.text()?,
                    method: f.char(),
                    context: f.char(),
                    function: FunctionSignature::take(f, "a cast")?,
                },
            ))
        })
        .await?;
        Ok(rows.into_iter().collect())
    }
}
