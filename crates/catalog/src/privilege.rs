//! Privileges as the catalogues hold them.

use std::collections::{BTreeMap, HashSet};

use bstr::BString;
use pgark_connect::Session;

use crate::error::Result;
use crate::fields::{Fields, fetch, fetch_of};
use crate::oid::{CatalogId, Oid, catalog};

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
    /// Reads those of relations with columns whose privileges are not those of `initial`, ordered by relation and column.
    pub(crate) async fn fetch(
        session: &mut Session,
        initial: &[InitialPrivileges],
    ) -> Result<Vec<Self>> {
        type ByColumn<T> = BTreeMap<(Oid, i32), T>;
        let of_columns = |privileges: &&InitialPrivileges| {
            privileges.id.table == catalog::CLASS && privileges.column != 0
        };
        let initial: ByColumn<&BString> = (initial.iter().filter(of_columns))
            .map(|privileges| ((privileges.id.oid, privileges.column), &privileges.acl))
            .collect();
        let take = |f: &mut Fields<'_>| {
            let key = (f.oid()?, f.number("a column number")?);
            let privileges = Self {
                relation: key.0,
                column: f.text()?,
                acl: f.optional_text(),
                initial: initial.get(&key).copied().cloned(),
            };
            Ok((key, privileges))
        };
        let sql = "select attrelid, attnum, attname, attacl from pg_catalog.pg_attribute \
                   where attacl is not null and not attisdropped";
        let with_privileges = fetch(session, "column privileges", sql, take).await?;
        let mut all: ByColumn<Self> = with_privileges.into_iter().collect();
        // Where all privileges were revoked there is no list any more.
        let lost = initial.keys().filter(|key| !all.contains_key(key));
        let mut lost: Vec<Oid> = lost.map(|(relation, _)| *relation).collect();
        lost.dedup();
        let sql = |oids: &str| {
            format!(
                "select attrelid, attnum, attname, attacl from pg_catalog.pg_attribute \
                 where attrelid = any ({oids}) and attacl is null and not attisdropped"
            )
        };
        let without = fetch_of(session, "column privileges", lost, sql, take).await?;
        all.extend((without.into_iter()).filter(|(key, _)| initial.contains_key(key)));
        let relations = |is_meant: fn(&&Self) -> bool| -> HashSet<Oid> {
            let columns = all.values().filter(is_meant);
            columns.map(|column| column.relation).collect()
        };
        let changed = relations(|column| column.acl != column.initial);
        // pg_dump does not look at the columns of a relation where none has a list.
        let looked_at = relations(|column| column.acl.is_some());
        all.retain(|(relation, _), _| changed.contains(relation) && looked_at.contains(relation));
        Ok(all.into_values().collect())
    }
}
