//! Operator classes.

use std::collections::HashMap;

use bstr::BString;
use pgark_connect::Session;

use crate::error::Result;
use crate::fields::{fetch, fetch_of};
use crate::oid::{CatalogId, Oid};
use crate::operator_family::{FamilyMembers, MembersOf};

/// An operator class.
#[derive(Clone, Debug)]
pub struct OperatorClass {
    /// Its row in `pg_opclass`.
    pub id: CatalogId,
    /// Its name.
    pub name: BString,
    /// The schema's OID.
    pub schema: Oid,
    /// The owner.
    pub owner: Oid,
    /// The access method's name.
    pub access_method: BString,
}

impl OperatorClass {
    pub(crate) async fn fetch(session: &mut Session) -> Result<Vec<Self>> {
        let sql = "select c.tableoid, c.oid, c.opcname, c.opcnamespace, c.opcowner, m.amname \
                   from pg_catalog.pg_opclass c join pg_catalog.pg_am m on m.oid = c.opcmethod";
        fetch(session, "operator classes", sql, |f| {
            Ok(Self {
                id: f.catalog_id()?,
                name: f.text()?,
                schema: f.oid()?,
                owner: f.oid()?,
                access_method: f.text()?,
            })
        })
        .await
    }
}

/// The definition of an operator class.
#[derive(Clone, Debug)]
pub struct OperatorClassDefinition {
    /// The type that it is for, as SQL text.
    pub input_type: BString,
    /// The type that an index stores, as SQL text; `-` where it is the same.
    pub storage: BString,
    /// Whether it is the type's default.
    pub is_default: bool,
    /// Schema and name of its family.
    pub family: (BString, BString),
    /// The operators and functions that came with it.
    pub members: FamilyMembers,
}

impl OperatorClassDefinition {
    /// The definitions by OID.
    pub(crate) async fn fetch(
        session: &mut Session,
        classes: impl IntoIterator<Item = Oid>,
    ) -> Result<HashMap<Oid, Self>> {
        let sql = |oids: &str| {
            format!(
                "select c.oid, c.opcfamily, c.opcintype::pg_catalog.regtype, c.opckeytype::pg_catalog.regtype, c.opcdefault, \
                   n.nspname, f.opfname \
                 from pg_catalog.pg_opclass c \
                 join pg_catalog.pg_opfamily f on f.oid = c.opcfamily \
                 join pg_catalog.pg_namespace n on n.oid = f.opfnamespace \
                 where c.oid = any ({oids})"
            )
        };
        let rows = fetch_of(session, "operator class definitions", classes, sql, |f| {
            Ok((
                MembersOf {
                    owner: f.oid()?,
                    family: f.oid()?,
                },
                Self {
                    input_type: f.text()?,
                    storage: f.text()?,
                    is_default: f.boolean()?,
                    family: (f.text()?, f.text()?),
                    members: FamilyMembers::default(),
                },
            ))
        })
        .await?;
        let owners: Vec<MembersOf> = rows.iter().map(|(of, _)| *of).collect();
        let mut members = FamilyMembers::fetch(session, "pg_opclass", &owners).await?;
        Ok(rows
            .into_iter()
            .map(|(MembersOf { owner, .. }, definition)| {
                let members = members.remove(&owner).unwrap_or_default();
                (
                    owner,
                    Self {
                        members,
                        ..definition
                    },
                )
            })
            .collect())
    }
}
