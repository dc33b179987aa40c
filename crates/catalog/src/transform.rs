//! Transforms of data types for procedural languages.

use std::collections::HashMap;

use bstr::BString;
use pgark_connect::Session;

use crate::error::Result;
use crate::fields::{fetch, fetch_of};
use crate::function::FunctionSignature;
use crate::oid::{CatalogId, Oid};
use crate::server::Server;

/// A transform.
#[derive(Clone, Debug)]
pub struct Transform {
    /// Its row in `pg_transform`.
    pub id: CatalogId,
    /// The names of its type and language with a blank between; it has no other.
    pub name: BString,
}

impl Transform {
    pub(crate) async fn fetch(session: &mut Session, server: &Server) -> Result<Vec<Self>> {
        if server.leaves_empty("pg_transform") {
            return Ok(Vec::new());
        }
        let sql = "select f.tableoid, f.oid, pg_catalog.concat(t.typname, ' ', l.lanname) \
                   from pg_catalog.pg_transform f join pg_catalog.pg_type t on t.oid = f.trftype \
                   join pg_catalog.pg_language l on l.oid = f.trflang order by f.trftype, f.trflang";
        fetch(session, "transforms", sql, |f| {
            Ok(Self {
                id: f.catalog_id()?,
                name: f.text()?,
            })
        })
        .await
    }
}

/// The definition of a transform.
#[derive(Clone, Debug)]
pub struct TransformDefinition {
    /// The type as SQL text.
    pub type_name: BString,
    /// The language's name.
    pub language: BString,
    /// The function that makes a value of the language of one of SQL.
    pub from_sql: Option<FunctionSignature>,
    /// The function that makes a value of SQL of one of the language.
    pub to_sql: Option<FunctionSignature>,
}

impl TransformDefinition {
    /// The definitions by OID.
    pub(crate) async fn fetch(
        session: &mut Session,
        transforms: impl IntoIterator<Item = Oid>,
    ) -> Result<HashMap<Oid, Self>> {
        let sql = |oids: &str| {
            format!(
                "select f.oid, pg_catalog.format_type(f.trftype, null), l.lanname, {}, {} \
                 from pg_catalog.pg_transform f join pg_catalog.pg_language l on l.oid = f.trflang {} {} where f.oid = any ({})",
                FunctionSignature::columns("a", "f.trffromsql"),
                FunctionSignature::columns("b", "f.trftosql"),
                FunctionSignature::join("a", "f.trffromsql"),
                FunctionSignature::join("b", "f.trftosql"),
                oids
            )
        };
        let rows = fetch_of(session, "transform definitions", transforms, sql, |f| {
            Ok((
                f.oid()?,
                Self {
                    type_name: f.text()?,
                    language: f.text()?,
                    from_sql: FunctionSignature::take(f, "a transform")?,
                    to_sql: FunctionSignature::take(f, "a transform")?,
                },
            ))
        })
        .await?;
        Ok(rows.into_iter().collect())
    }
}
