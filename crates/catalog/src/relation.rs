//! Relations: tables, partitioned tables, views, materialized views, sequences, foreign tables and the relations of composite types.

use std::collections::HashMap;

use bstr::BString;
use pgark_connect::Session;

use crate::catalog::Catalog;
use crate::error::Result;
use crate::fields::{fetch, fetch_of};
use crate::oid::{CatalogId, Oid};
use crate::privilege::Acl;
use crate::server::Server;

/// What a relation is (`pg_class.relkind`).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RelationKind {
    /// `r`
    Table,
    /// `p`
    PartitionedTable,
    /// `v`
    View,
    /// `m`
    MaterializedView,
    /// `S`
    Sequence,
    /// `f`
    ForeignTable,
    /// `c`
    CompositeType,
}

impl RelationKind {
    /// Every kind with its letter.
    const LETTERS: [(u8, Self); 7] = [
        (b'r', Self::Table),
        (b'p', Self::PartitionedTable),
        (b'v', Self::View),
        (b'm', Self::MaterializedView),
        (b'S', Self::Sequence),
        (b'f', Self::ForeignTable),
        (b'c', Self::CompositeType),
    ];

    fn from_letter(letter: u8) -> Option<Self> {
        Self::LETTERS
            .iter()
            .find(|(known, _)| *known == letter)
            .map(|(_, kind)| *kind)
    }

    /// The letter in `pg_class`.
    pub fn letter(self) -> u8 {
        Self::LETTERS
            .iter()
            .find(|(_, kind)| *kind == self)
            .map_or(0, |(letter, _)| *letter)
    }

    /// A plain or partitioned table, the only relations that `LOCK TABLE` is used on.
    pub fn is_lockable(self) -> bool {
        matches!(self, Self::Table | Self::PartitionedTable)
    }

    /// A view or a materialized view, whose text is a rule.
    pub fn is_view(self) -> bool {
        matches!(self, Self::View | Self::MaterializedView)
    }
}

/// The column that a sequence belongs to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct OwningColumn {
    /// The table.
    pub relation: Oid,
    /// The column's number, from 1.
    pub column: i16,
    /// Whether the sequence is the column's identity, not only owned by it.
    pub is_identity: bool,
}

/// A relation, as far as it can be known without a lock on it.
#[derive(Clone, Debug)]
pub struct Relation {
    /// Its row in `pg_class`.
    pub id: CatalogId,
    /// Its name.
    pub name: BString,
    /// The schema's OID.
    pub schema: Oid,
    /// What it is.
    pub kind: RelationKind,
    /// The owner.
    pub owner: Oid,
    /// The row type, invalid where there is none.
    pub row_type: Oid,
    /// Number of CHECK constraints.
    pub checks: u16,
    /// Whether it has, or had lately, indexes.
    pub has_indexes: bool,
    /// Whether it has, or had lately, triggers.
    pub has_triggers: bool,
    /// `p`ermanent, `u`nlogged or `t`emporary.
    pub persistence: u8,
    /// Whether a materialized view holds data.
    pub is_populated: bool,
    /// `d`efault, `n`othing, `f`ull or `i`ndex.
    pub replica_identity: u8,
    /// Whether row security is enabled.
    pub row_security: bool,
    /// Whether row security binds the owner too.
    pub force_row_security: bool,
    /// Whether it is a partition of another table.
    pub is_partition: bool,
    /// The composite type that a typed table is made of, else invalid.
    pub of_type: Oid,
    /// Privileges.
    pub acl: Acl,
    /// Tablespace, empty for the database's default.
    pub tablespace: BString,
    /// Storage options as array text, without a view's check option.
    pub options: Option<BString>,
    /// `LOCAL` or `CASCADED` for a view with check option.
    pub check_option: Option<BString>,
    /// Storage options of the TOAST table as array text.
    pub toast_options: Option<BString>,
    /// The access method, `None` where the relation has none.
    pub access_method: Option<BString>,
    /// The column that a sequence belongs to.
    pub owning_column: Option<OwningColumn>,
    /// Size in pages as of the last VACUUM or ANALYZE, the TOAST table's included.
    pub pages: i64,
}

impl Relation {
    /// Reads all relations but indexes and TOAST tables, ordered by OID.
    ///
    /// No lock is held yet, so that only plain columns are read, no function that looks at the present catalogues. The access method of
    /// heaps is told without a look, its OID being fixed (src/include/catalog/pg_am.dat).
    pub(crate) async fn fetch(session: &mut Session) -> Result<Vec<Self>> {
        let sql = "select c.tableoid, c.oid, c.relname, c.relnamespace, c.relkind, c.relowner, c.reltype, c.relchecks, c.relhasindex, \
              c.relhastriggers, c.relpersistence, c.relispopulated, c.relreplident, c.relrowsecurity, c.relforcerowsecurity, \
              c.relispartition, c.reloftype, c.relacl, \
              pg_catalog.acldefault(case when c.relkind = 'S' then 's'::\"char\" else 'r'::\"char\" end, c.relowner), \
              case when c.reltablespace <> 0 \
                then (select s.spcname from pg_catalog.pg_tablespace s where s.oid = c.reltablespace) end, \
              pg_catalog.array_remove(pg_catalog.array_remove(c.reloptions, 'check_option=local'), 'check_option=cascaded'), \
              case when 'check_option=local' = any (c.reloptions) then 'LOCAL' \
                   when 'check_option=cascaded' = any (c.reloptions) then 'CASCADED' end, \
              t.reloptions, \
              case c.relam when 0 then null when 2 then 'heap' \
                else (select m.amname from pg_catalog.pg_am m where m.oid = c.relam) end, \
              c.relpages::bigint + coalesce(t.relpages, 0), d.refobjid, d.refobjsubid, d.deptype = 'i' \
            from pg_catalog.pg_class c \
            left join pg_catalog.pg_depend d on c.relkind = 'S' and d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass \
              and d.objid = c.oid and d.objsubid = 0 and d.refclassid = d.classid and d.deptype in ('a', 'i') \
            left join pg_catalog.pg_class t on t.oid = c.reltoastrelid and t.relkind = 't' and c.relkind <> 'p' \
            where c.relkind in ('r', 'p', 'v', 'm', 'S', 'f', 'c') \
            order by c.oid";
        fetch(session, "tables", sql, |f| {
            Ok(Self {
                id: f.catalog_id()?,
                name: f.text()?,
                schema: f.oid()?,
                // The query asks for these letters only.
                kind: RelationKind::from_letter(f.char()).unwrap_or(RelationKind::Table),
                owner: f.oid()?,
                row_type: f.oid()?,
                checks: f.number("a count")?,
                has_indexes: f.boolean()?,
                has_triggers: f.boolean()?,
                persistence: f.char(),
                is_populated: f.boolean()?,
                replica_identity: f.char(),
                row_security: f.boolean()?,
                force_row_security: f.boolean()?,
                is_partition: f.boolean()?,
                of_type: f.oid()?,
                acl: Acl::take(f),
                tablespace: f.text_or_empty(),
                options: f.optional_text(),
                check_option: f.optional_text(),
                toast_options: f.optional_text(),
                access_method: f.optional_text(),
                pages: f.number("a count")?,
                owning_column: {
                    let (relation, column, is_identity) = (
                        f.oid_or_invalid()?,
                        f.optional_number("a column number")?,
                        f.boolean()?,
                    );
                    column
                        .filter(|_| relation.is_valid())
                        .map(|column| OwningColumn {
                            relation,
                            column,
                            is_identity,
                        })
                },
            })
        })
        .await
    }
}

/// One line of `pg_inherits` between two tables.
#[derive(Clone, Copy, Debug)]
pub struct Inheritance {
    /// The child.
    pub child: Oid,
    /// Its parent.
    pub parent: Oid,
}

impl Inheritance {
    /// Reads parents in the order in which a child names them.
    pub(crate) async fn fetch(session: &mut Session, server: &Server) -> Result<Vec<Self>> {
        if server.leaves_empty("pg_inherits") {
            return Ok(Vec::new());
        }
        let sql =
            "select inhrelid, inhparent from pg_catalog.pg_inherits order by inhrelid, inhseqno";
        fetch(session, "inheritance", sql, |f| {
            Ok(Self {
                child: f.oid()?,
                parent: f.oid()?,
            })
        })
        .await
    }
}

/// The partitioned tables that are partitioned by the hash of an enum, whose rows land elsewhere after a restore: the hash is taken of
/// the label's OID.
pub(crate) async fn fetch_unsafe_partitioned(
    session: &mut Session,
    server: &Server,
) -> Result<Vec<Oid>> {
    if server.leaves_empty("pg_partitioned_table") {
        return Ok(Vec::new());
    }
    let sql = "select p.partrelid from pg_catalog.pg_partitioned_table p \
               where (select c.oid from pg_catalog.pg_opclass c join pg_catalog.pg_am a on a.oid = c.opcmethod \
                      where c.opcname = 'enum_ops' and c.opcnamespace = 'pg_catalog'::pg_catalog.regnamespace \
                        and a.amname = 'hash') = any (p.partclass)";
    fetch(session, "partitioned tables", sql, |f| f.oid()).await
}

/// How many blocks a table has.
#[derive(Clone, Copy, Debug, Default)]
pub struct TableSize {
    /// The table itself.
    pub blocks: u32,
    /// Its TOAST table.
    pub toast_blocks: u32,
}

impl TableSize {
    /// All of them in bytes, where blocks have the usual size.
    pub fn bytes(&self) -> u64 {
        const BLOCK_BYTES: u64 = 8192;
        (u64::from(self.blocks) + u64::from(self.toast_blocks)) * BLOCK_BYTES
    }
}

impl Catalog {
    /// How large each of some tables is now; those that are gone are left out.
    ///
    /// # Errors
    /// What the server said.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the session unusable.
    pub async fn table_sizes(
        session: &mut Session,
        tables: impl IntoIterator<Item = Oid>,
    ) -> Result<HashMap<Oid, TableSize>> {
        let sql = |oids: &str| {
            format!(
                "select oid, size / b, case when size > 0 and toast <> 0 then pg_catalog.pg_relation_size(toast) / b end from (\
                   select c.oid, pg_catalog.pg_relation_size(c.oid) size, c.reltoastrelid toast, \
                     pg_catalog.current_setting('block_size')::pg_catalog.int8 b \
                   from pg_catalog.unnest({oids}) r(oid) join pg_catalog.pg_class c on c.oid = r.oid offset 0) s \
                 where size is not null"
            )
        };
        let found = fetch_of(session, "the sizes of tables", tables, sql, |f| {
            let oid = f.oid()?;
            let size = TableSize {
                blocks: f.number("a count")?,
                toast_blocks: f.optional_number("a count")?.unwrap_or_default(),
            };
            Ok((oid, size))
        });
        Ok(found.await?.into_iter().collect())
    }

    /// The first of some locked tables that another session dropped, rewrote or truncated, or whose columns it dropped or renamed,
    /// between the snapshot and the lock. Of a table that was truncated or rewritten by `ALTER TABLE` the snapshot would see no rows
    /// (PostgreSQL's documentation, Caveats of MVCC). The server's functions know what is there now, its catalogues show what the snapshot
    /// sees.
    ///
    /// # Errors
    /// Those of the query; undefined column (42703) for a column that is gone.
    pub async fn find_changed(
        &self,
        session: &mut Session,
        tables: &[usize],
    ) -> Result<Option<&Relation>> {
        let oids = tables.iter().map(|table| self.relations[*table].id.oid);
        // Only a row that was updated or deleted since has an xmax, which a transaction that was rolled back leaves behind too.
        let sql = |oids: &str| {
            format!(
                "select c.oid from pg_catalog.unnest({oids}) r(oid) join pg_catalog.pg_class c on c.oid = r.oid \
                   where case when c.xmax <> '0' then pg_catalog.has_table_privilege(c.oid, 'SELECT') is null \
                     or c.relfilenode <> 0 and pg_catalog.pg_relation_filenode(c.oid) is distinct from c.relfilenode end \
                 union all \
                 select a.attrelid from pg_catalog.unnest({oids}) r(oid) join pg_catalog.pg_attribute a on a.attrelid = r.oid \
                   where case when a.xmax <> '0' and a.attnum > 0 and not a.attisdropped \
                     then pg_catalog.has_column_privilege(a.attrelid, a.attname, 'SELECT') is null end \
                 order by 1 limit 1"
            )
        };
        let found = fetch_of(session, "locked tables", oids, sql, |f| f.oid()).await?;
        Ok(found.first().and_then(|oid| self.relation(*oid)))
    }
}

#[cfg(test)]
mod tests {
    use super::RelationKind;

    #[test]
    fn every_kind_has_its_letter() {
        use RelationKind::{
            CompositeType, ForeignTable, MaterializedView, PartitionedTable, Sequence, Table, View,
        };
        // Letter, kind, lockable, a view.
        for (letter, kind, is_lockable, is_view) in [
            (b'r', Table, true, false),
            (b'p', PartitionedTable, true, false),
            (b'v', View, false, true),
            (b'm', MaterializedView, false, true),
            (b'S', Sequence, false, false),
            (b'f', ForeignTable, false, false),
            (b'c', CompositeType, false, false),
        ] {
            assert_eq!(RelationKind::from_letter(letter), Some(kind));
            assert_eq!(kind.letter(), letter);
            assert_eq!((kind.is_lockable(), kind.is_view()), (is_lockable, is_view));
        }
        for letter in [b'i', b't', b'I', b's', 0] {
            assert_eq!(RelationKind::from_letter(letter), None);
        }
    }
}
