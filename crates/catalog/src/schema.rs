//! Schemas.

use bstr::BString;
use pgark_connect::Session;

use crate::error::Result;
use crate::fields::fetch;
use crate::oid::{CatalogId, Oid};
use crate::privilege::Acl;

/// A schema.
#[derive(Clone, Debug)]
pub struct Schema {
    /// Its row in `pg_namespace`.
    pub id: CatalogId,
    /// Its name.
    pub name: BString,
    /// Its owner.
    pub owner: Oid,
    /// Its privileges.
    pub acl: Acl,
}

impl Schema {
    pub(crate) async fn fetch(session: &mut Session) -> Result<Vec<Self>> {
        let sql = "select tableoid, oid, nspname, nspowner, nspacl, pg_catalog.acldefault('n', nspowner) from pg_catalog.pg_namespace";
        fetch(session, "schemas", sql, |f| {
            Ok(Self {
                id: f.catalog_id()?,
                name: f.text()?,
                owner: f.oid()?,
                acl: Acl::take(f),
            })
        })
        .await
    }
}
