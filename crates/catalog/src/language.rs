//! Procedural languages.

use bstr::BString;
use pgark_connect::Session;

use crate::error::Result;
use crate::fields::fetch;
use crate::oid::{CatalogId, Oid};
use crate::privilege::Acl;

/// A procedural language.
#[derive(Clone, Debug)]
pub struct Language {
    /// Its row in `pg_language`.
    pub id: CatalogId,
    /// Its name.
    pub name: BString,
    /// The owner.
    pub owner: Oid,
    /// Privileges.
    pub acl: Acl,
    /// Whether others than superusers may use it.
    pub is_trusted: bool,
    /// The function that runs its functions.
    pub handler: Oid,
    /// The function that runs anonymous blocks, or invalid.
    pub inline_handler: Oid,
    /// The function that checks new functions, or invalid.
    pub validator: Oid,
}

impl Language {
    pub(crate) async fn fetch(session: &mut Session) -> Result<Vec<Self>> {
        let sql = "select tableoid, oid, lanname, lanowner, lanacl, pg_catalog.acldefault('l', lanowner), lanpltrusted, lanplcallfoid, \
              laninline, lanvalidator \
            from pg_catalog.pg_language where lanispl order by oid";
        fetch(session, "procedural languages", sql, |f| {
            Ok(Self {
                id: f.catalog_id()?,
                name: f.text()?,
                owner: f.oid()?,
                acl: Acl::take(f),
                is_trusted: f.boolean()?,
                handler: f.oid()?,
                inline_handler: f.oid()?,
                validator: f.oid()?,
            })
        })
        .await
    }
}
