//! Constraints: CHECK and NOT NULL of tables and domains, foreign keys. Those that an index enforces are found with the index.

use bstr::BString;
use pgark_connect::Session;

use crate::error::Result;
use crate::fields::{Fields, fetch_of};
use crate::oid::{CatalogId, Oid};
use crate::server::Server;

/// A CHECK or NOT NULL constraint, of a table or of a domain.
#[derive(Clone, Debug)]
pub struct Check {
    /// Its row in `pg_constraint`.
    pub id: CatalogId,
    /// The table's or the domain's OID.
    pub on: Oid,
    /// Its name.
    pub name: BString,
    /// `c` for CHECK, `n` for NOT NULL.
    pub kind: u8,
    /// The definition as SQL text.
    pub definition: BString,
    /// Whether it was declared on this table, not only inherited.
    pub is_local: bool,
    /// Whether all rows are known to obey it.
    pub is_validated: bool,
}

impl Check {
    fn take(f: &mut Fields<'_>) -> Result<Self> {
        let (id, on, name) = (f.catalog_id()?, f.oid()?, f.text()?);
        Ok(Self {
            id,
            on,
            kind: f.char(),
            definition: f.definition("constraint", name.as_ref())?,
            name,
            is_local: f.boolean()?,
            is_validated: f.boolean()?,
        })
    }

    /// Reads the CHECK constraints of tables, ordered by table and name.
    pub(crate) async fn fetch_of_tables(
        session: &mut Session,
        tables: impl IntoIterator<Item = Oid>,
    ) -> Result<Vec<Self>> {
        let sql = |oids: &str| {
            format!(
                "select c.tableoid, c.oid, c.conrelid, c.conname, c.contype, pg_catalog.pg_get_constraintdef(c.oid), c.conislocal, \
                   c.convalidated \
                 from pg_catalog.unnest({oids}) r(oid) join pg_catalog.pg_constraint c on c.conrelid = r.oid and c.contype = 'c' \
                 order by c.conrelid, c.conname"
            )
        };
        fetch_of(session, "check constraints", tables, sql, Self::take).await
    }

    /// Reads NOT NULL constraints by their OIDs, ordered by table and name.
    pub(crate) async fn fetch_not_null(
        session: &mut Session,
        constraints: impl IntoIterator<Item = Oid>,
    ) -> Result<Vec<Self>> {
        let sql = |oids: &str| {
            format!(
                "select c.tableoid, c.oid, c.conrelid, c.conname, c.contype, pg_catalog.pg_get_constraintdef(c.oid), c.conislocal, \
                   c.convalidated \
                 from pg_catalog.unnest({oids}) r(oid) join pg_catalog.pg_constraint c on c.oid = r.oid \
                 order by c.conrelid, c.conname"
            )
        };
        fetch_of(
            session,
            "not-null constraints",
            constraints,
            sql,
            Self::take,
        )
        .await
    }

    /// Reads the constraints of domains, ordered by domain and name. NOT NULL is among them where the server keeps it in `pg_constraint`.
    pub(crate) async fn fetch_of_domains(
        session: &mut Session,
        server: &Server,
        domains: impl IntoIterator<Item = Oid>,
    ) -> Result<Vec<Self>> {
        let kinds = if server.has_domain_not_null_constraints() {
            "'c', 'n'"
        } else {
            "'c'"
        };
        let sql = |oids: &str| {
            format!(
                "select c.tableoid, c.oid, c.contypid, c.conname, c.contype, pg_catalog.pg_get_constraintdef(c.oid), true, c.convalidated \
                 from pg_catalog.pg_constraint c where c.contypid = any ({oids}) and c.contype in ({kinds}) \
                 order by c.contypid, c.conname"
            )
        };
        fetch_of(session, "domain constraints", domains, sql, Self::take).await
    }
}

/// A foreign key.
#[derive(Clone, Debug)]
pub struct ForeignKey {
    /// Its row in `pg_constraint`.
    pub id: CatalogId,
    /// The referencing table's OID.
    pub relation: Oid,
    /// Its name.
    pub name: BString,
    /// The referenced table's OID.
    pub references: Oid,
    /// The index of the referenced table that it relies on.
    pub index: Oid,
    /// The definition as SQL text.
    pub definition: BString,
}

impl ForeignKey {
    /// Reads the foreign keys of tables, ordered by table and name; not those that a partition has from its parent.
    pub(crate) async fn fetch(
        session: &mut Session,
        tables: impl IntoIterator<Item = Oid>,
    ) -> Result<Vec<Self>> {
        let sql = |oids: &str| {
            format!(
                "select c.tableoid, c.oid, c.conrelid, c.conname, c.confrelid, c.conindid, pg_catalog.pg_get_constraintdef(c.oid) \
                 from pg_catalog.unnest({oids}) r(oid) \
                 join pg_catalog.pg_constraint c on c.conrelid = r.oid and c.contype = 'f' and c.conparentid = 0 \
                 order by c.conrelid, c.conname"
            )
        };
        fetch_of(session, "foreign keys", tables, sql, |f| {
            let (id, relation, name) = (f.catalog_id()?, f.oid()?, f.text()?);
            Ok(Self {
                id,
                relation,
                references: f.oid()?,
                index: f.oid()?,
                definition: f.definition("foreign key", name.as_ref())?,
                name,
            })
        })
        .await
    }
}
