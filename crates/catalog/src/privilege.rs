//! Privileges as the catalogues hold them.

use bstr::BString;
use pgark_connect::Session;

use crate::error::Result;
use crate::fields::{Fields, fetch, fetch_of};
use crate::oid::{CatalogId, Oid};

/// The access control list of an object, as array text.
#[derive(Clone, Debug, Default)]
pub struct Acl {
    /// The list in force; `None` where it was never changed.
    pub current: Option<BString>,
    /// What an object of this kind and owner has by default.
    pub default: BString,
}

impl Acl {
    pub(crate) fn take(fields: &mut Fields<'_>) -> Self {
        Self {
            current: fields.optional_text(),
            default: fields.text_or_empty(),
        }
    }
}

/// The privileges that an object had when initdb or an extension's script made it.
#[derive(Clone, Debug)]
pub struct InitialPrivileges {
    /// The object.
    pub id: CatalogId,
    /// The column, 0 for the object itself.
    pub column: i32,
    /// The list, as array text.
    pub acl: BString,
}

impl InitialPrivileges {
    pub(crate) async fn fetch(session: &mut Session) -> Result<Vec<Self>> {
        let sql = "select classoid, objoid, objsubid, initprivs from pg_catalog.pg_init_privs";
        fetch(session, "initial privileges", sql, |f| {
            Ok(Self {
                id: f.catalog_id()?,
                column: f.number("a column number")?,
                acl: f.text()?,
            })
        })
        .await
    }
}

/// The privileges of one column.
#[derive(Clone, Debug)]
pub struct ColumnPrivileges {
    /// The relation.
    pub relation: Oid,
    /// The column's name.
    pub column: BString,
    /// The list in force; `None` where there is none.
    pub acl: Option<BString>,
    /// The list that initdb or an extension gave it.
    pub initial: Option<BString>,
}

impl ColumnPrivileges {
    /// Which relations have columns with privileges of their own that are not those from the start.
    pub(crate) async fn fetch_relations(session: &mut Session) -> Result<Vec<Oid>> {
        let sql = "select distinct a.attrelid from pg_catalog.pg_attribute a where a.attacl is not null \
            and not exists (select from pg_catalog.pg_init_privs p where p.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass \
              and p.objoid = a.attrelid and p.objsubid = a.attnum and p.initprivs = a.attacl)";
        fetch(session, "column privileges", sql, |f| f.oid()).await
    }

    /// The columns' privileges of some relations, in the order of the columns.
    pub(crate) async fn fetch(
        session: &mut Session,
        relations: impl IntoIterator<Item = Oid>,
    ) -> Result<Vec<Self>> {
        let sql = |oids: &str| {
            format!(
                "select a.attrelid, a.attname, a.attacl, p.initprivs \
                 from pg_catalog.pg_attribute a \
                 left join pg_catalog.pg_init_privs p on p.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass \
                   and p.objoid = a.attrelid and p.objsubid = a.attnum \
                 where a.attrelid = any({oids}) and not a.attisdropped and (a.attacl is not null or p.initprivs is not null) \
                 order by a.attrelid, a.attnum"
            )
        };
        fetch_of(session, "column privileges", relations, sql, |f| {
            Ok(Self {
                relation: f.oid()?,
                column: f.text()?,
                acl: f.optional_text(),
                initial: f.optional_text(),
            })
        })
        .await
    }
}
