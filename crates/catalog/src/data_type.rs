//! Data types.

use std::collections::HashMap;

use bstr::BString;
use pgark_connect::Session;

use crate::error::Result;
use crate::fields::fetch;
use crate::oid::{CatalogId, Oid};
use crate::privilege::Acl;
use crate::relation::Relation;

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
    /// The kind of that relation (`pg_class.relkind`), 0 where it is none that a dump knows of.
    pub relation_kind: u8,
    /// `b`ase, `c`omposite, `d`omain, `e`num, `p`seudo, `r`ange or `m`ultirange.
    pub kind: u8,
    /// False for a shell type.
    pub is_defined: bool,
    /// Whether it is the array type that came with another type.
    pub is_array: bool,
}

impl DataType {
    /// Reads all types, built-in ones included, since users' types build on them. `relations` are those of the database.
    pub(crate) async fn fetch(session: &mut Session, relations: &[Relation]) -> Result<Vec<Self>> {
        let kind_of = |oid| {
            let place = relations.binary_search_by_key(&oid, |relation| relation.id.oid);
            place.map_or(0, |place| relations[place].kind.letter())
        };
        let sql = "select tableoid, oid, typname, typnamespace, typowner, typacl, pg_catalog.acldefault('T', typowner), typrelid, \
                     typtype, typisdefined, typarray, typelem from pg_catalog.pg_type";
        let types = fetch(session, "types", sql, |f| {
            let (id, name, schema, owner) = (f.catalog_id()?, f.text()?, f.oid()?, f.oid()?);
            let (acl, relation) = (Acl::take(f), f.oid()?);
            let data_type = Self {
                id,
                name,
                schema,
                owner,
                acl,
                relation,
                relation_kind: kind_of(relation),
                kind: f.char(),
                is_defined: f.boolean()?,
                is_array: false,
            };
            Ok((data_type, f.oid()?, f.oid()?))
        })
        .await?;
        let arrays: HashMap<Oid, Oid> = (types.iter())
            .filter(|(_, array, _)| array.is_valid())
            .map(|(data_type, array, _)| (data_type.id.oid, *array))
            .collect();
        let with_array = types.into_iter().map(|(data_type, _, element)| Self {
            is_array: data_type.name.starts_with(b"_")
                && arrays.get(&element) == Some(&data_type.id.oid),
            ..data_type
        });
        Ok(with_array.collect())
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
