//! Row security policies.

use bstr::BString;
use pgark_connect::Session;

use crate::error::Result;
use crate::fields::fetch_of;
use crate::oid::{CatalogId, Oid};
use crate::server::Server;

/// A row security policy.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Its row in `pg_policy`.
    pub id: CatalogId,
    /// The table's OID.
    pub relation: Oid,
    /// Its name.
    pub name: BString,
    /// `*` all, `r` SELECT, `a` INSERT, `w` UPDATE, `d` DELETE.
    pub command: u8,
    /// False for a restrictive policy.
    pub is_permissive: bool,
    /// The quoted names of its roles, `None` for all roles.
    pub roles: Option<BString>,
    /// The `USING` expression.
    pub using: Option<BString>,
    /// The `WITH CHECK` expression.
    pub with_check: Option<BString>,
}

impl Policy {
    pub(crate) async fn fetch(
        session: &mut Session,
        server: &Server,
        relations: impl IntoIterator<Item = Oid>,
    ) -> Result<Vec<Self>> {
        if server.leaves_empty("pg_policy") {
            return Ok(Vec::new());
        }
        let sql = |oids: &str| {
            format!(
                "select p.tableoid, p.oid, p.polrelid, p.polname, p.polcmd, p.polpermissive, \
                   case when p.polroles <> '{{0}}' then pg_catalog.array_to_string(array( \
                     select pg_catalog.quote_ident(rolname) from pg_catalog.pg_roles where oid = any (p.polroles)), ', ') end, \
                   pg_catalog.pg_get_expr(p.polqual, p.polrelid), pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) \
                 from pg_catalog.unnest({oids}) r(oid) join pg_catalog.pg_policy p on p.polrelid = r.oid"
            )
        };
        fetch_of(session, "row security policies", relations, sql, |f| {
            Ok(Self {
                id: f.catalog_id()?,
                relation: f.oid()?,
                name: f.text()?,
                command: f.char(),
                is_permissive: f.boolean()?,
                roles: f.optional_text(),
                using: f.optional_text(),
                with_check: f.optional_text(),
            })
        })
        .await
    }
}
