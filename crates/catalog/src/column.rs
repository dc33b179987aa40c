//! Columns of relations and their defaults.

use bstr::BString;
use pgark_connect::Session;

use crate::error::Result;
use crate::fields::fetch_of;
use crate::foreign_options::options_as_text;
use crate::oid::{CatalogId, Oid};
use crate::server::Server;

/// A column that may not be NULL, as the catalogues say it.
#[derive(Clone, Debug, Default)]
pub struct NotNull {
    /// The constraint's name; empty before 18, where it has none.
    pub name: BString,
    /// The comment on a constraint that is valid.
    pub comment: Option<BString>,
    /// The constraint's OID where it is not valid.
    pub invalid: Option<Oid>,
    /// Whether children do not inherit it.
    pub no_inherit: bool,
    /// Whether it was declared on this table.
    pub is_local: bool,
}

/// A column.
#[derive(Clone, Debug)]
pub struct Column {
    /// The relation's OID.
    pub relation: Oid,
    /// Its number, from 1.
    pub number: i16,
    /// Its name.
    pub name: BString,
    /// Its type as SQL text.
    pub type_name: BString,
    /// Statistics target, `None` for the default.
    pub statistics_target: Option<i32>,
    /// `p`lain, `e`xternal, e`x`tended or `m`ain.
    pub storage: u8,
    /// The storage that its type has by default.
    pub type_storage: u8,
    /// Whether it has a default or a generation expression.
    pub has_default: bool,
    /// Whether it was dropped.
    pub is_dropped: bool,
    /// Whether it was declared on this table, not only inherited.
    pub is_local: bool,
    /// Attribute options as SQL text, empty if none.
    pub options: BString,
    /// The collation where it is not the type's own, else invalid.
    pub collation: Oid,
    /// Options of a foreign table's column as SQL text, empty if none.
    pub foreign_options: BString,
    /// The NOT NULL constraint.
    pub not_null: Option<NotNull>,
    /// `p`glz, `l`z4 or 0 for the default.
    pub compression: u8,
    /// `a`lways, by `d`efault, or 0 for no identity.
    pub identity: u8,
    /// `s`tored, `v`irtual, or 0 where it is not generated.
    pub generated: u8,
}

impl Column {
    /// Reads the columns of relations, dropped ones included, ordered by relation and number.
    pub(crate) async fn fetch(
        session: &mut Session,
        server: &Server,
        relations: impl IntoIterator<Item = Oid>,
    ) -> Result<Vec<Self>> {
        // Since 18 a NOT NULL constraint is a row of pg_constraint, with a name of its own.
        let (not_null, join) = if server.has_not_null_constraints() {
            (
                "c.conname, case when c.convalidated then d.description end, case when not c.convalidated then c.oid end, \
                 c.connoinherit, c.conislocal",
                "left join pg_catalog.pg_constraint c on c.conrelid = a.attrelid and c.contype = 'n' and c.conkey = array[a.attnum] \
                 left join pg_catalog.pg_description d on d.classoid = c.tableoid and d.objoid = c.oid",
            )
        } else {
            (
                "case when a.attnotnull then '' end, null, null, false, a.attislocal or a.attnotnull",
                "",
            )
        };
        let compression = if server.has_column_compression() {
            "a.attcompression"
        } else {
            "null"
        };
        // Minor versions since 15.20 keep a version of the column among its options, which no statement can set and pg_dump leaves out.
        let sql = |oids: &str| {
            format!(
                "select a.attrelid, a.attnum, a.attname, pg_catalog.format_type(t.oid, a.atttypmod), a.attstattarget, a.attstorage, \
                   t.typstorage, a.atthasdef, a.attisdropped, a.attislocal, \
                   pg_catalog.array_to_string(array( \
                     select o from pg_catalog.unnest(a.attoptions) o where not pg_catalog.starts_with(o, 'pg_attver=')), ', '), \
                   case when a.attcollation <> t.typcollation then a.attcollation else 0 end, \
                   {}, \
                   {not_null}, {compression}, a.attidentity, a.attgenerated \
                 from pg_catalog.unnest({}) r(oid) \
                 join pg_catalog.pg_attribute a on a.attrelid = r.oid \
                 left join pg_catalog.pg_type t on t.oid = a.atttypid \
                 {join} \
                 where a.attnum > 0 \
                 order by a.attrelid, a.attnum",
                options_as_text("a.attfdwoptions"),
                oids
            )
        };
        fetch_of(session, "columns", relations, sql, |f| {
            Ok(Self {
                relation: f.oid()?,
                number: f.number("a column number")?,
                name: f.text()?,
                type_name: f.text_or_empty(),
                statistics_target: f
                    .optional_number("a statistics target")?
                    .filter(|target| *target >= 0),
                storage: f.char(),
                type_storage: f.char(),
                has_default: f.boolean()?,
                is_dropped: f.boolean()?,
                is_local: f.boolean()?,
                options: f.text_or_empty(),
                collation: f.oid_or_invalid()?,
                foreign_options: f.text_or_empty(),
                not_null: {
                    let name = f.optional_text();
                    let comment = f.optional_text();
                    let invalid = f.optional_number("an OID")?.map(Oid);
                    let (no_inherit, is_local) = (f.boolean()?, f.boolean()?);
                    name.map(|name| NotNull {
                        name,
                        comment,
                        invalid,
                        no_inherit,
                        is_local,
                    })
                },
                compression: f.char(),
                identity: f.char(),
                generated: f.char(),
            })
        })
        .await
    }
}

/// A column's default, or the expression of a generated column.
#[derive(Clone, Debug)]
pub struct ColumnDefault {
    /// Its row in `pg_attrdef`.
    pub id: CatalogId,
    /// The relation's OID.
    pub relation: Oid,
    /// The column's number, from 1.
    pub column: i16,
    /// The expression as SQL text.
    pub expression: BString,
}

impl ColumnDefault {
    /// Reads the defaults of relations, ordered by relation and column.
    pub(crate) async fn fetch(
        session: &mut Session,
        relations: impl IntoIterator<Item = Oid>,
    ) -> Result<Vec<Self>> {
        let sql = |oids: &str| {
            format!(
                "select d.tableoid, d.oid, d.adrelid, d.adnum, pg_catalog.pg_get_expr(d.adbin, d.adrelid) \
                 from pg_catalog.unnest({oids}) r(oid) join pg_catalog.pg_attrdef d on d.adrelid = r.oid \
                 order by d.adrelid, d.adnum"
            )
        };
        fetch_of(session, "column defaults", relations, sql, |f| {
            Ok(Self {
                id: f.catalog_id()?,
                relation: f.oid()?,
                column: f.number("a column number")?,
                expression: f.text()?,
            })
        })
        .await
    }
}
