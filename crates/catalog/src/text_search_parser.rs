//! Text search parsers.

use bstr::BString;
use pgark_connect::Session;

use crate::error::Result;
use crate::fields::fetch;
use crate::oid::{CatalogId, Oid};

/// A text search parser, which belongs to nobody. Its functions stand here by OID.
#[derive(Clone, Debug)]
pub struct TextSearchParser {
    /// Its row in `pg_ts_parser`.
    pub id: CatalogId,
    /// Its name.
    pub name: BString,
    /// The schema's OID.
    pub schema: Oid,
    /// Begins to parse a text.
    pub start: Oid,
    /// Gives the next token.
    pub next_token: Oid,
    /// Ends the parse.
    pub end: Oid,
    /// Makes a headline, or invalid.
    pub headline: Oid,
    /// Lists the types of tokens.
    pub token_types: Oid,
}

impl TextSearchParser {
    pub(crate) async fn fetch(session: &mut Session) -> Result<Vec<Self>> {
        let sql = "select tableoid, oid, prsname, prsnamespace, prsstart::pg_catalog.oid, prstoken::pg_catalog.oid, \
              prsend::pg_catalog.oid, prsheadline::pg_catalog.oid, prslextype::pg_catalog.oid \
            from pg_catalog.pg_ts_parser";
        fetch(session, "text search parsers", sql, |f| {
            Ok(Self {
                id: f.catalog_id()?,
                name: f.text()?,
                schema: f.oid()?,
                start: f.oid()?,
                next_token: f.oid()?,
                end: f.oid()?,
                headline: f.oid()?,
                token_types: f.oid()?,
            })
        })
        .await
    }
}
