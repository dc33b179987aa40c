//! Dependencies between objects (`pg_depend`).

use pgark_connect::Session;

use crate::error::Result;
use crate::fields::fetch;
use crate::oid::{CatalogId, catalog};

/// One object depends on another.
#[derive(Clone, Copy, Debug)]
pub struct Dependency {
    /// The dependent object.
    pub object: CatalogId,
    /// What it depends on.
    pub on: CatalogId,
    /// `n`ormal, `a`utomatic, `i`nternal, `P` or `S` (partition), or `x` (automatic, on an extension).
    pub kind: u8,
}

impl Dependency {
    /// Reads all but extension membership, and but what the things that initdb has made, of which information_schema is the last, need of
    /// each other: none of them is dumped. What operators and support functions of an operator family depend on counts as the family's.
    ///
    /// The order is the one in which pg_dump asks (getDependencies in src/bin/pg_dump/pg_dump.c): it decides which of several loops is
    /// found first.
    pub(crate) async fn fetch(session: &mut Session) -> Result<Vec<Self>> {
        const ALL: &str = "select classid, objid, refclassid, refobjid, deptype from pg_catalog.pg_depend, \
              (select coalesce(max(oid), 0) as oid from pg_catalog.pg_class \
                 where relnamespace = pg_catalog.to_regnamespace('information_schema') and oid < 16384) initdb \
            where deptype not in ('p', 'e') and (objid > initdb.oid or refobjid > initdb.oid)";
        const FAMILIES: &str = "union all \
            select 'pg_catalog.pg_opfamily'::pg_catalog.regclass, o.amopfamily, d.refclassid, d.refobjid, d.deptype \
            from pg_catalog.pg_depend d join pg_catalog.pg_amop o on o.oid = d.objid \
            where d.deptype not in ('p', 'e', 'i') and d.classid = 'pg_catalog.pg_amop'::pg_catalog.regclass \
              and not (d.refclassid = 'pg_catalog.pg_opfamily'::pg_catalog.regclass and o.amopfamily = d.refobjid) \
            union all \
            select 'pg_catalog.pg_opfamily'::pg_catalog.regclass, p.amprocfamily, d.refclassid, d.refobjid, d.deptype \
            from pg_catalog.pg_depend d join pg_catalog.pg_amproc p on p.oid = d.objid \
            where d.deptype not in ('p', 'e', 'i') and d.classid = 'pg_catalog.pg_amproc'::pg_catalog.regclass \
              and not (d.refclassid = 'pg_catalog.pg_opfamily'::pg_catalog.regclass and p.amprocfamily = d.refobjid)";
        let all = Self::fetch_ordered(session, ALL).await?;
        let has_families = all
            .iter()
            .any(|dependency| matches!(dependency.object.table, catalog::AMOP | catalog::AMPROC));
        if !has_families {
            return Ok(all);
        }
        // Asked for anew, since it is the server's sort that decides between what depends on several.
        Self::fetch_ordered(session, &format!("{ALL} {FAMILIES}")).await
    }

    async fn fetch_ordered(session: &mut Session, sql: &str) -> Result<Vec<Self>> {
        let sql = format!("{sql} order by 1, 2");
        fetch(session, "dependencies", sql, |f| {
            Ok(Self {
                object: f.catalog_id()?,
                on: f.catalog_id()?,
                kind: f.char(),
            })
        })
        .await
    }
}
