//! Default privileges for objects to come.

use pgark_connect::Session;

use crate::error::Result;
use crate::fields::fetch;
use crate::oid::{CatalogId, Oid};
use crate::privilege::Acl;
use crate::server::Server;

/// What `ALTER DEFAULT PRIVILEGES` left behind.
#[derive(Clone, Debug)]
pub struct DefaultAcl {
    /// Its row in `pg_default_acl`.
    pub id: CatalogId,
    /// The role whose objects are meant.
    pub role: Oid,
    /// The schema, or invalid for all of them.
    pub schema: Oid,
    /// The kind of object: `r`elation, `S`equence, `f`unction, `T`ype, `n`amespace or, from 18, `L`arge object.
    pub object_type: u8,
    /// The privileges, and what they are without this entry.
    pub acl: Acl,
}

impl DefaultAcl {
    pub(crate) async fn fetch(session: &mut Session, server: &Server) -> Result<Vec<Self>> {
        if server.leaves_empty("pg_default_acl") {
            return Ok(Vec::new());
        }
        let sql = "select tableoid, oid, defaclrole, defaclnamespace, defaclobjtype, defaclacl, \
              case when defaclnamespace = 0 \
                then pg_catalog.acldefault(case when defaclobjtype = 'S' then 's'::\"char\" else defaclobjtype end, defaclrole) \
                else '{}' end \
            from pg_catalog.pg_default_acl";
        fetch(session, "default privileges", sql, |f| {
            Ok(Self {
                id: f.catalog_id()?,
                role: f.oid()?,
                schema: f.oid()?,
                object_type: f.char(),
                acl: Acl::take(f),
            })
        })
        .await
    }
}
