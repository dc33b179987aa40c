//! Foreign-data wrappers.

use bstr::BString;
use pgark_connect::Session;

use crate::error::Result;
use crate::fields::fetch;
use crate::foreign_options::options_as_text;
use crate::oid::{CatalogId, Oid};
use crate::privilege::Acl;
use crate::server::Server;

/// A foreign-data wrapper.
#[derive(Clone, Debug)]
pub struct ForeignDataWrapper {
    /// Its row in `pg_foreign_data_wrapper`.
    pub id: CatalogId,
    /// Its name.
    pub name: BString,
    /// The owner.
    pub owner: Oid,
    /// Privileges.
    pub acl: Acl,
    /// The function that reaches the foreign data, or invalid.
    pub handler: Oid,
    /// The function that checks options, or invalid.
    pub validator: Oid,
    /// Options as SQL text, empty if none.
    pub options: BString,
}

impl ForeignDataWrapper {
    pub(crate) async fn fetch(session: &mut Session, server: &Server) -> Result<Vec<Self>> {
        if server.leaves_empty("pg_foreign_data_wrapper") {
            return Ok(Vec::new());
        }
        let sql = format!(
            "select tableoid, oid, fdwname, fdwowner, fdwacl, pg_catalog.acldefault('F', fdwowner), fdwhandler, fdwvalidator, {} \
             from pg_catalog.pg_foreign_data_wrapper",
            options_as_text("fdwoptions")
        );
        fetch(session, "foreign-data wrappers", &sql, |f| {
            Ok(Self {
                id: f.catalog_id()?,
                name: f.text()?,
                owner: f.oid()?,
                acl: Acl::take(f),
                handler: f.oid()?,
                validator: f.oid()?,
                options: f.text_or_empty(),
            })
        })
        .await
    }
}
