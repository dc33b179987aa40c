//! Casts, transforms, collations and conversions.

use pgark_catalog::{
    Cast, CastDefinition, CatalogId, Collation, CollationDefinition, Conversion,
    ConversionDefinition, FunctionSignature, Oid, Transform, TransformDefinition,
};

use super::{Fixture, OWNER};

/// `pg_cast`
const CAST: Oid = Oid(2_605);
/// `pg_conversion`
const CONVERSION: Oid = Oid(2_607);
/// `pg_collation`
const COLLATION: Oid = Oid(3_456);
/// `pg_transform`
const TRANSFORM: Oid = Oid(3_576);

impl Fixture {
    /// A collation of libc.
    pub(crate) fn collation(&mut self, name: &str) -> CatalogId {
        let id = self.row(COLLATION);
        self.catalog.collations.push(Collation {
            id,
            name: name.into(),
            schema: self.schema,
            owner: OWNER,
            encoding: -1,
        });
        let definition = CollationDefinition {
            provider: b'c',
            is_deterministic: true,
            collate: Some("C".into()),
            ctype: Some("C".into()),
            locale: None,
            rules: None,
        };
        self.definitions.collations.insert(id.oid, definition);
        id
    }

    /// A conversion of LATIN1 to UTF8.
    pub(crate) fn conversion(&mut self, name: &str) -> CatalogId {
        let id = self.row(CONVERSION);
        self.catalog.conversions.push(Conversion {
            id,
            name: name.into(),
            schema: self.schema,
            owner: OWNER,
        });
        let definition = ConversionDefinition {
            from: "LATIN1".into(),
            to: "UTF8".into(),
            function: "iso8859_1_to_utf8".into(),
            is_default: false,
        };
        self.definitions.conversions.insert(id.oid, definition);
        id
    }

    /// An explicit cast of `s."T"` to integer without function.
    pub(crate) fn cast(&mut self, name: &str) -> CatalogId {
        let id = self.row(CAST);
        self.catalog.casts.push(Cast {
            id,
            name: name.into(),
        });
        let definition = CastDefinition {
            source: "s.\"T\"".into(),
            target: "integer".into(),
            method: b'b',
            context: b'e',
            function: None,
        };
        self.definitions.casts.insert(id.oid, definition);
        id
    }

    /// A transform of `s."T"` for the language `PL/x`, by the function `s."F"`.
    pub(crate) fn transform(&mut self, name: &str) -> CatalogId {
        let id = self.row(TRANSFORM);
        self.catalog.transforms.push(Transform {
            id,
            name: name.into(),
        });
        let definition = TransformDefinition {
            type_name: "s.\"T\"".into(),
            language: "PL/x".into(),
            from_sql: Some(signature("F")),
            to_sql: None,
        };
        self.definitions.transforms.insert(id.oid, definition);
        id
    }
}

/// A function in the schema `s` of an internal value and an integer.
pub(crate) fn signature(name: &str) -> FunctionSignature {
    FunctionSignature {
        schema: "s".into(),
        name: name.into(),
        argument_types: vec!["internal".into(), "integer".into()],
    }
}
