//! User mappings: as whom a role logs in to a foreign server.

use bstr::BString;
use pgark_connect::Session;
use pgark_wire::Secret;

use crate::error::Result;
use crate::fields::fetch;
use crate::foreign_options::options_as_text;
use crate::oid::Oid;
use crate::server::Server;

/// A user mapping.
#[derive(Clone, Debug)]
pub struct UserMapping {
    /// The foreign server.
    pub server: Oid,
    /// The role's name, `public` for everybody.
    pub user: BString,
    /// Options as SQL text, empty if there are none or if they are hidden.
    pub options: Secret,
    /// Whether the session's role may not see whether there are options.
    pub is_hidden: bool,
}

impl UserMapping {
    /// Reads all mappings, ordered by server and user.
    ///
    /// The view shows NULL for options that the role may not see; its conditions are those of `pg_user_mappings` in
    /// src/backend/catalog/system_views.sql.
    pub(crate) async fn fetch(session: &mut Session, server: &Server) -> Result<Vec<Self>> {
        if server.leaves_empty("pg_user_mapping") {
            return Ok(Vec::new());
        }
        let sql = format!(
            "select m.srvid, m.usename, {}, \
               not ((select rolsuper from pg_catalog.pg_roles where rolname = current_user) \
                 or pg_catalog.pg_has_role(s.srvowner, 'USAGE') and (m.umuser = 0 or m.usename = current_user) \
                 or pg_catalog.has_server_privilege(s.oid, 'USAGE') and m.umuser <> 0 and m.usename = current_user) \
             from pg_catalog.pg_user_mappings m join pg_catalog.pg_foreign_server s on s.oid = m.srvid \
             order by m.srvid, m.usename",
            options_as_text("m.umoptions")
        );
        fetch(session, "user mappings", &sql, |f| {
            Ok(Self {
                server: f.oid()?,
                user: f.text()?,
                options: Secret::new(f.text_or_empty()),
                is_hidden: f.boolean()?,
            })
        })
        .await
    }
}
