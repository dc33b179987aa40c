//! Data types.

use bstr::BString;
use pgark_connect::Session;

use crate::error::Result;
use crate::fields::fetch;
use crate::oid::{CatalogId, Oid};
use crate::privilege::Acl;

/// A data type.
#[derive(Clone, Debug)]
pub struct DataType {
    /// Its row in `pg_type`.
    pub id: CatalogId,
    /// Its name.
    pub name: BString,
    /// The schema's OID.
    pub schema: Oid,
    /// The owner.
    pub owner: Oid,
    /// Privileges.
    pub acl: Acl,
    /// The relation of a composite type, else invalid.
    pub relation: Oid,
    /// The kind of that relation (`pg_class.relkind`).
    pub relation_kind: u8,
    /// `b`ase, `c`omposite, `d`omain, `e`num, `p`seudo, `r`ange or `m`ultirange.
    pub kind: u8,
    /// False for a shell type.
    pub is_defined: bool,
    /// Whether it is the array type that came with another type.
    pub is_array: bool,
}

impl DataType {
    /// Reads all types, built-in ones included, since users' types build on them.
    pub(crate) async fn fetch(session: &mut Session) -> Result<Vec<Self>> {
        let sql = "select t.tableoid, t.oid, t.typname, t.typnamespace, t.typowner, t.typacl, \
              pg_catalog.acldefault('T', t.typowner), t.typrelid, \
              case when t.typrelid <> 0 then (select c.relkind from pg_catalog.pg_class c where c.oid = t.typrelid) end, \
              t.typtype, t.typisdefined, \
              t.typname[0] = '_' and t.typelem <> 0 \
                and (select e.typarray from pg_catalog.pg_type e where e.oid = t.typelem) = t.oid \
            from pg_catalog.pg_type t";
        fetch(session, "types", sql, |f| {
            Ok(Self {
                id: f.catalog_id()?,
                name: f.text()?,
                schema: f.oid()?,
                owner: f.oid()?,
                acl: Acl::take(f),
                relation: f.oid()?,
                relation_kind: f.char(),
                kind: f.char(),
                is_defined: f.boolean()?,
                is_array: f.boolean()?,
            })
        })
        .await
    }

    /// Whether the type is the row type of a table or view, which has no existence of its own.
    pub fn is_row_type(&self) -> bool {
        self.relation.is_valid() && self.relation_kind != b'c'
    }

    /// Whether the type came into being with another one.
    pub fn is_generated(&self) -> bool {
        self.is_array || self.kind == b'm'
    }
}

#[cfg(test)]
mod tests {
    use super::DataType;
    use crate::oid::{CatalogId, Oid};
    use crate::privilege::Acl;

    #[test]
    fn types_that_come_with_others_are_told_apart() {
        // `typrelid`, the relation's kind, `typtype`, whether an array, whether a row type, whether generated.
        for (relation, relation_kind, kind, is_array, is_row_type, is_generated) in [
            (0, 0, b'b', false, false, false),
            (9, b'r', b'c', false, true, false),
            (9, b'v', b'c', false, true, false),
            (9, b'c', b'c', false, false, false),
            (0, 0, b'b', true, false, true),
            (0, 0, b'm', false, false, true),
            (0, 0, b'r', false, false, false),
        ] {
            let data_type = DataType {
                id: CatalogId::NONE,
                name: "t".into(),
                schema: Oid(1),
                owner: Oid(1),
                acl: Acl::default(),
                relation: Oid(relation),
                relation_kind,
                kind,
                is_defined: true,
                is_array,
            };
            assert_eq!(data_type.is_row_type(), is_row_type);
            assert_eq!(data_type.is_generated(), is_generated);
        }
    }
}
