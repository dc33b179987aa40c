//! Triggers.

use bstr::BString;
use pgark_connect::Session;

use crate::error::Result;
use crate::fields::fetch_of;
use crate::oid::{CatalogId, Oid};

/// A trigger of a table or view.
#[derive(Clone, Debug)]
pub struct Trigger {
    /// Its row in `pg_trigger`.
    pub id: CatalogId,
    /// The relation's OID.
    pub relation: Oid,
    /// Its name.
    pub name: BString,
    /// The `CREATE TRIGGER` statement without semicolon.
    pub definition: BString,
    /// `O`rigin, `D`isabled, `R`eplica or `A`lways.
    pub enabled: u8,
    /// Whether it came with a trigger of the parent table; then only its being enabled or not is its own.
    pub is_inherited: bool,
}

impl Trigger {
    /// Reads the triggers of relations, ordered by relation and name; those that partitions have from a parent only where they are
    /// enabled otherwise than the parent's.
    pub(crate) async fn fetch(
        session: &mut Session,
        relations: impl IntoIterator<Item = Oid>,
    ) -> Result<Vec<Self>> {
        let sql = |oids: &str| {
            format!(
                "select t.tableoid, t.oid, t.tgrelid, t.tgname, pg_catalog.pg_get_triggerdef(t.oid, false), t.tgenabled, t.tgparentid <> 0 \
                 from pg_catalog.unnest({oids}) r(oid) \
                 join pg_catalog.pg_trigger t on t.tgrelid = r.oid \
                 left join pg_catalog.pg_trigger p on p.oid = t.tgparentid \
                 where (not t.tgisinternal and t.tgparentid = 0) or t.tgenabled <> p.tgenabled \
                 order by t.tgrelid, t.tgname"
            )
        };
        fetch_of(session, "triggers", relations, sql, |f| {
            let (id, relation, name) = (f.catalog_id()?, f.oid()?, f.text()?);
            Ok(Self {
                id,
                relation,
                definition: f.definition("trigger", name.as_ref())?,
                name,
                enabled: f.char(),
                is_inherited: f.boolean()?,
            })
        })
        .await
    }
}
