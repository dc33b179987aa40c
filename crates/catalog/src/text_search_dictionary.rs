//! Text search dictionaries.

use bstr::BString;
use pgark_connect::Session;

use crate::error::Result;
use crate::fields::fetch;
use crate::oid::{CatalogId, Oid};

/// A text search dictionary.
#[derive(Clone, Debug)]
pub struct TextSearchDictionary {
    /// Its row in `pg_ts_dict`.
    pub id: CatalogId,
    /// Its name.
    pub name: BString,
    /// The schema's OID.
    pub schema: Oid,
    /// The owner.
    pub owner: Oid,
    /// The template's OID.
    pub template: Oid,
    /// Options as SQL text.
    pub options: Option<BString>,
}

impl TextSearchDictionary {
    pub(crate) async fn fetch(session: &mut Session) -> Result<Vec<Self>> {
        let sql = "select tableoid, oid, dictname, dictnamespace, dictowner, dicttemplate, dictinitoption from pg_catalog.pg_ts_dict";
        fetch(session, "text search dictionaries", sql, |f| {
            Ok(Self {
                id: f.catalog_id()?,
                name: f.text()?,
                schema: f.oid()?,
                owner: f.oid()?,
                template: f.oid()?,
                options: f.optional_text(),
            })
        })
        .await
    }
}
