//! Privileges as the catalogues hold them.

use std::collections::HashSet;

use bstr::BString;
use pgark_connect::Session;

use crate::error::Result;
use crate::fields::{Fields, fetch};
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
    /// Reads those of relations with columns whose privileges are not those from the start.
    pub(crate) async fn fetch(session: &mut Session) -> Result<Vec<Self>> {
        let sql = "select a.attrelid, a.attname, a.attacl, p.initprivs \
            from pg_catalog.pg_attribute a \
            left join pg_catalog.pg_init_privs p on p.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass \
              and p.objoid = a.attrelid and p.objsubid = a.attnum \
            where not a.attisdropped and (a.attacl is not null or p.initprivs is not null) \
            order by a.attrelid, a.attnum";
        let mut all = fetch(session, "column privileges", sql, |f| {
            Ok(Self {
                relation: f.oid()?,
                column: f.text()?,
                acl: f.optional_text(),
                initial: f.optional_text(),
            })
        })
        .await?;
        let is_changed = |column: &&Self| column.acl.is_some() && column.acl != column.initial;
        let changed = all.iter().filter(is_changed);
        let changed: HashSet<Oid> = changed.map(|column| column.relation).collect();
        all.retain(|column| changed.contains(&column.relation));
        Ok(all)
    }
}
