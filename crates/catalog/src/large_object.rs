//! Large objects.

use bstr::BString;
use pgark_connect::Session;
use pgark_sql::text;

use crate::error::Result;
use crate::fields::fetch;
use crate::oid::{CatalogId, Oid, catalog};
use crate::privilege::Acl;
use crate::server::Server;

/// Large objects that are written together: one, or from 17 on up to a thousand with the same owner and privileges.
#[derive(Clone, Debug)]
pub struct LargeObjects {
    /// The first of them, as comments and dependencies name it.
    pub id: CatalogId,
    /// The OID, or the first and the last as `first..last`.
    pub name: BString,
    /// The owner.
    pub owner: Oid,
    /// Privileges.
    pub acl: Acl,
    /// Their OIDs, ascending.
    pub objects: Vec<Oid>,
}

impl LargeObjects {
    /// How many are written together at most (`MAX_BLOBS_PER_ARCHIVE_ENTRY` in src/bin/pg_dump/pg_dump.c).
    const AT_ONCE: usize = 1000;

    pub(crate) async fn fetch(session: &mut Session, server: &Server) -> Result<Vec<Self>> {
        if server.leaves_empty("pg_largeobject_metadata") {
            return Ok(Vec::new());
        }
        let sql = "select l.oid, l.lomowner, l.lomacl, pg_catalog.acldefault('L', l.lomowner) \
            from pg_catalog.pg_largeobject_metadata l";
        let (at_once, order) = if server.groups_large_objects() {
            let order = " order by l.lomowner, l.lomacl::pg_catalog.text, l.oid";
            (Self::AT_ONCE, order)
        } else {
            (1, "")
        };
        let single = fetch(session, "large objects", text!(sql, order), |f| {
            Ok((f.oid()?, f.oid()?, Acl::take(f)))
        })
        .await?;
        let mut groups: Vec<Self> = Vec::new();
        for (oid, owner, acl) in single {
            match groups.last_mut() {
                Some(last)
                    if last.objects.len() < at_once
                        && last.owner == owner
                        && last.acl.current == acl.current =>
                {
                    last.objects.push(oid);
                    last.name = format!("{}..{oid}", last.id.oid).into();
                }
                _ => groups.push(Self {
                    id: CatalogId {
                        table: catalog::LARGE_OBJECT,
                        oid,
                    },
                    name: oid.to_string().into(),
                    owner,
                    acl,
                    objects: vec![oid],
                }),
            }
        }
        Ok(groups)
    }
}
