//! Conversions between encodings.

use std::collections::HashMap;

use bstr::BString;
use pgark_connect::Session;

use crate::error::Result;
use crate::fields::{fetch, fetch_of};
use crate::oid::{CatalogId, Oid};

/// A conversion.
#[derive(Clone, Debug)]
pub struct Conversion {
    /// Its row in `pg_conversion`.
    pub id: CatalogId,
    /// Its name.
    pub name: BString,
    /// The schema's OID.
    pub schema: Oid,
    /// The owner.
    pub owner: Oid,
}

impl Conversion {
    pub(crate) async fn fetch(session: &mut Session) -> Result<Vec<Self>> {
        let sql =
            "select tableoid, oid, conname, connamespace, conowner from pg_catalog.pg_conversion";
        fetch(session, "conversions", sql, |f| {
            Ok(Self {
                id: f.catalog_id()?,
                name: f.text()?,
                schema: f.oid()?,
                owner: f.oid()?,
            })
        })
        .await
    }
}

/// The definition of a conversion.
#[derive(Clone, Debug)]
pub struct ConversionDefinition {
    /// The name of the encoding that it reads.
    pub from: BString,
    /// The name of the encoding that it writes.
    pub to: BString,
    /// The function as SQL text.
    pub function: BString,
    /// Whether it is the one that the server chooses for these encodings.
    pub is_default: bool,
}

impl ConversionDefinition {
    /// The definitions by OID.
    pub(crate) async fn fetch(
        session: &mut Session,
        conversions: impl IntoIterator<Item = Oid>,
    ) -> Result<HashMap<Oid, Self>> {
        let sql = |oids: &str| {
            format!(
                "select oid, pg_catalog.pg_encoding_to_char(conforencoding), pg_catalog.pg_encoding_to_char(contoencoding), conproc, condefault \
                 from pg_catalog.pg_conversion where oid = any ({oids})"
            )
        };
        let rows = fetch_of(session, "conversion definitions", conversions, sql, |f| {
            Ok((
                f.oid()?,
                Self {
                    from: f.text()?,
                    to: f.text()?,
                    function: f.text()?,
                    is_default: f.boolean()?,
                },
            ))
        })
        .await?;
        Ok(rows.into_iter().collect())
    }
}
