//! Indexes and the constraints that they enforce.

use bstr::BString;
use pgark_connect::Session;

use crate::error::Result;
use crate::fields::fetch_of;
use crate::oid::{CatalogId, Oid};
use crate::server::Server;

/// The primary key, unique or exclusion constraint of an index.
#[derive(Clone, Debug)]
pub struct IndexConstraint {
    /// Its row in `pg_constraint`.
    pub id: CatalogId,
    /// Its name.
    pub name: BString,
    /// `p`rimary key, `u`nique or e`x`clusion.
    pub kind: u8,
    /// Whether its check can be put off.
    pub is_deferrable: bool,
    /// Whether its check is put off to the end of a transaction by default.
    pub is_deferred: bool,
    /// Whether its last column is `WITHOUT OVERLAPS`.
    pub without_overlaps: bool,
    /// The definition of an exclusion constraint as SQL text; keys follow from the index's columns.
    pub exclusion: Option<BString>,
}

/// An index.
#[derive(Clone, Debug)]
pub struct Index {
    /// Its row in `pg_class`.
    pub id: CatalogId,
    /// The table's OID.
    pub relation: Oid,
    /// Its name.
    pub name: BString,
    /// The `CREATE INDEX` statement without semicolon; `None` where a constraint makes the index.
    pub definition: Option<BString>,
    /// Number of key columns.
    pub key_columns: usize,
    /// Column numbers of the table, included ones after the keys; 0 for an expression.
    pub columns: Vec<i16>,
    /// Whether the table was last clustered on it.
    pub is_clustered: bool,
    /// Whether it is the table's replica identity.
    pub is_replica_identity: bool,
    /// Whether NULLs count as equal.
    pub nulls_not_distinct: bool,
    /// Tablespace, empty for the database's default.
    pub tablespace: BString,
    /// Storage options as array text.
    pub options: Option<BString>,
    /// The index of the parent table that it is attached to, else invalid.
    pub parent: Oid,
    /// Column numbers of the index with a statistics target.
    pub statistics_columns: Vec<i16>,
    /// Their targets.
    pub statistics_targets: Vec<i32>,
    /// The constraint that it enforces.
    pub constraint: Option<IndexConstraint>,
}

impl Index {
    /// Reads the indexes of relations, ordered by relation and name; not those that an unfinished `CREATE INDEX CONCURRENTLY` left.
    pub(crate) async fn fetch(
        session: &mut Session,
        server: &Server,
        relations: impl IntoIterator<Item = Oid>,
    ) -> Result<Vec<Self>> {
        let without_overlaps = if server.has_without_overlaps() {
            "c.conperiod"
        } else {
            "false"
        };
        let nulls_not_distinct = if server.has_nulls_not_distinct() {
            "i.indnullsnotdistinct"
        } else {
            "false"
        };
        let sql = |oids: &str| {
            format!(
                "select t.tableoid, t.oid, i.indrelid, t.relname, c.oid is null, \
                   case when c.oid is null then pg_catalog.pg_get_indexdef(i.indexrelid) end, i.indnkeyatts, i.indkey, \
                   i.indisclustered, i.indisreplident, {nulls_not_distinct}, \
                   (select s.spcname from pg_catalog.pg_tablespace s where s.oid = t.reltablespace), t.reloptions, h.inhparent, \
                   a.numbers, a.targets, \
                   c.tableoid, c.oid, c.conname, c.contype, c.condeferrable, c.condeferred, {without_overlaps}, \
                   case when c.contype = 'x' then pg_catalog.pg_get_constraintdef(c.oid, false) end \
                 from pg_catalog.unnest({oids}) r(oid) \
                 join pg_catalog.pg_index i on i.indrelid = r.oid \
                 join pg_catalog.pg_class t on t.oid = i.indexrelid \
                 join pg_catalog.pg_class o on o.oid = i.indrelid \
                 left join pg_catalog.pg_constraint c \
                   on c.conrelid = i.indrelid and c.conindid = i.indexrelid and c.contype in ('p', 'u', 'x') \
                 left join pg_catalog.pg_inherits h on h.inhrelid = i.indexrelid \
                 cross join lateral ( \
                   select pg_catalog.array_agg(attnum order by attnum), pg_catalog.array_agg(attstattarget order by attnum) \
                   from pg_catalog.pg_attribute where attrelid = i.indexrelid and attstattarget >= 0) a (numbers, targets) \
                 where (i.indisvalid or o.relkind = 'p') and i.indisready \
                 order by i.indrelid, t.relname"
            )
        };
        fetch_of(session, "indexes", relations, sql, |f| {
            let (id, relation, name) = (f.catalog_id()?, f.oid()?, f.text()?);
            Ok(Self {
                id,
                relation,
                definition: if f.boolean()? {
                    Some(f.definition("index", name.as_ref())?)
                } else {
                    f.optional_text()
                },
                name,
                key_columns: f.number("a count")?,
                columns: f.numbers()?,
                is_clustered: f.boolean()?,
                is_replica_identity: f.boolean()?,
                nulls_not_distinct: f.boolean()?,
                tablespace: f.text_or_empty(),
                options: f.optional_text(),
                parent: f.oid_or_invalid()?,
                statistics_columns: f.numbers()?,
                statistics_targets: f.numbers()?,
                constraint: {
                    let id = CatalogId {
                        table: f.oid_or_invalid()?,
                        oid: f.oid_or_invalid()?,
                    };
                    if id == CatalogId::NONE {
                        None
                    } else {
                        let (name, kind) = (f.text()?, f.char());
                        Some(IndexConstraint {
                            id,
                            kind,
                            is_deferrable: f.boolean()?,
                            is_deferred: f.boolean()?,
                            without_overlaps: f.boolean()?,
                            exclusion: match kind {
                                b'x' => Some(f.definition("constraint", name.as_ref())?),
                                _ => f.optional_text(),
                            },
                            name,
                        })
                    }
                },
            })
        })
        .await
    }
}
