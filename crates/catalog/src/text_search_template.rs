//! Text search templates.

use bstr::BString;
use pgark_connect::Session;

use crate::error::Result;
use crate::fields::fetch;
use crate::oid::{CatalogId, Oid};

/// A text search template, which belongs to nobody.
#[derive(Clone, Debug)]
pub struct TextSearchTemplate {
    /// Its row in `pg_ts_template`.
    pub id: CatalogId,
    /// Its name.
    pub name: BString,
    /// The schema's OID.
    pub schema: Oid,
    /// The function that sets a dictionary up, or invalid.
    pub init: Oid,
    /// The function that looks a token up.
    pub lexize: Oid,
}

impl TextSearchTemplate {
    pub(crate) async fn fetch(session: &mut Session) -> Result<Vec<Self>> {
        let sql = "select tableoid, oid, tmplname, tmplnamespace, tmplinit::pg_catalog.oid, tmpllexize::pg_catalog.oid \
            from pg_catalog.pg_ts_template";
        fetch(session, "text search templates", sql, |f| {
            Ok(Self {
                id: f.catalog_id()?,
                name: f.text()?,
                schema: f.oid()?,
                init: f.oid()?,
                lexize: f.oid()?,
            })
        })
        .await
    }
}
