//! Access methods.

use bstr::BString;
use pgark_connect::Session;

use crate::error::Result;
use crate::fields::fetch;
use crate::oid::CatalogId;

/// A way to store tables or indexes.
#[derive(Clone, Debug)]
pub struct AccessMethod {
    /// Its row in `pg_am`.
    pub id: CatalogId,
    /// Its name.
    pub name: BString,
    /// `i`ndex or `t`able.
    pub kind: u8,
    /// The handler function as SQL text.
    pub handler: BString,
}

impl AccessMethod {
    pub(crate) async fn fetch(session: &mut Session) -> Result<Vec<Self>> {
        let sql = "select tableoid, oid, amname, amtype, amhandler from pg_catalog.pg_am";
        fetch(session, "access methods", sql, |f| {
            Ok(Self {
                id: f.catalog_id()?,
                name: f.text()?,
                kind: f.char(),
                handler: f.text()?,
            })
        })
        .await
    }
}
