//! Foreign servers.

use bstr::BString;
use pgark_connect::Session;

use crate::error::Result;
use crate::fields::fetch;
use crate::foreign_options::options_as_text;
use crate::oid::{CatalogId, Oid};
use crate::privilege::Acl;
use crate::server::Server;

/// A foreign server.
#[derive(Clone, Debug)]
pub struct ForeignServer {
    /// Its row in `pg_foreign_server`.
    pub id: CatalogId,
    /// Its name.
    pub name: BString,
    /// The owner.
    pub owner: Oid,
    /// Privileges.
    pub acl: Acl,
    /// The name of its foreign-data wrapper.
    pub wrapper: BString,
    /// The type, empty if none.
    pub server_type: BString,
    /// The version, empty if none.
    pub version: BString,
    /// Options as SQL text, empty if none.
    pub options: BString,
}

impl ForeignServer {
    pub(crate) async fn fetch(session: &mut Session, server: &Server) -> Result<Vec<Self>> {
        if server.leaves_empty("pg_foreign_server") {
            return Ok(Vec::new());
        }
        let sql = format!(
            "select s.tableoid, s.oid, s.srvname, s.srvowner, s.srvacl, pg_catalog.acldefault('S', s.srvowner), w.fdwname, s.srvtype, \
               s.srvversion, {} \
             from pg_catalog.pg_foreign_server s left join pg_catalog.pg_foreign_data_wrapper w on w.oid = s.srvfdw",
            options_as_text("s.srvoptions")
        );
        fetch(session, "foreign servers", &sql, |f| {
            Ok(Self {
                id: f.catalog_id()?,
                name: f.text()?,
                owner: f.oid()?,
                acl: Acl::take(f),
                wrapper: f.text()?,
                server_type: f.text_or_empty(),
                version: f.text_or_empty(),
                options: f.text_or_empty(),
            })
        })
        .await
    }
}
