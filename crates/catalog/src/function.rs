//! Functions, procedures and aggregates.

use bstr::BString;
use pgark_connect::Session;

use crate::error::Result;
use crate::fields::fetch;
use crate::oid::{CatalogId, Oid};
use crate::privilege::Acl;

/// A function, procedure or aggregate.
#[derive(Clone, Debug)]
pub struct Function {
    /// Its row in `pg_proc`.
    pub id: CatalogId,
    /// Its name.
    pub name: BString,
    /// The schema's OID.
    pub schema: Oid,
    /// The owner.
    pub owner: Oid,
    /// Types of its input arguments.
    pub argument_types: Vec<Oid>,
    /// Privileges.
    pub acl: Acl,
}

/// Which rows of `pg_proc` are wanted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Routines {
    FunctionsAndProcedures,
    Aggregates,
}

impl Function {
    /// Reads those that a dump can have to do with: not the ones in `pg_catalog` unless a user's cast or transform uses them or their
    /// privileges were changed, and not the ones that come into being with another object (a range type's constructors).
    pub(crate) async fn fetch(session: &mut Session, routines: Routines) -> Result<Vec<Self>> {
        let (what, condition) = match routines {
            Routines::Aggregates => ("aggregate functions", "p.prokind = 'a' and (false"),
            Routines::FunctionsAndProcedures => (
                "functions",
                "p.prokind <> 'a' \
                 and not exists (select from pg_catalog.pg_depend where classid = 'pg_catalog.pg_proc'::pg_catalog.regclass \
                                 and objid = p.oid and deptype = 'i') \
                 and (exists (select from pg_catalog.pg_cast c where c.oid >= 16384 and c.castfunc = p.oid) \
                   or exists (select from pg_catalog.pg_transform t where t.oid >= 16384 \
                              and (t.trffromsql = p.oid or t.trftosql = p.oid))",
            ),
        };
        let sql = format!(
            "select p.tableoid, p.oid, p.proname, p.pronamespace, p.proowner, p.proargtypes, p.proacl, \
               pg_catalog.acldefault('f', p.proowner) \
             from pg_catalog.pg_proc p \
             left join pg_catalog.pg_init_privs i \
               on i.objoid = p.oid and i.classoid = 'pg_catalog.pg_proc'::pg_catalog.regclass and i.objsubid = 0 \
             where {condition} or p.pronamespace <> 'pg_catalog'::pg_catalog.regnamespace or p.proacl is distinct from i.initprivs)"
        );
        fetch(session, what, &sql, |f| {
            Ok(Self {
                id: f.catalog_id()?,
                name: f.text()?,
                schema: f.oid()?,
                owner: f.oid()?,
                argument_types: f.numbers()?.into_iter().map(Oid).collect(),
                acl: Acl::take(f),
            })
        })
        .await
    }
}
