//! Types, functions and what else stands in no relation.

use pgark_catalog::{
    BaseTypeDefinition, CatalogId, Check, DataType, DefaultAcl, Extension, Function,
    FunctionDefinition, Language, Oid, RelationKind, catalog_oid,
};

use super::{Fixture, OWNER, acl};

/// `pg_default_acl`
const DEFAULT_ACL: Oid = Oid(826);
/// `pg_language`
const LANGUAGE: Oid = Oid(2_612);
/// `pg_extension`
const EXTENSION: Oid = Oid(3_079);

impl Fixture {
    /// A constraint of a domain: `c` for CHECK, `n` for NOT NULL.
    pub(crate) fn domain_constraint(
        &mut self,
        domain: CatalogId,
        name: &str,
        kind: u8,
    ) -> &mut Check {
        let definition = if kind == b'n' {
            "NOT NULL"
        } else {
            "CHECK ((VALUE > 0))"
        };
        let check = self.constraint(domain, name, kind, definition);
        self.depends(check.id, domain, b'a');
        self.details.domain_constraints.push(check);
        self.details.domain_constraints.last_mut().unwrap()
    }

    /// A type; `kind` as in `pg_type`.
    pub(crate) fn data_type(&mut self, name: &str, kind: u8) -> CatalogId {
        let id = self.row(catalog_oid::TYPE);
        self.catalog.types.push(DataType {
            id,
            name: name.into(),
            schema: self.schema,
            owner: OWNER,
            acl: acl("{=U/alice,alice=U/alice}"),
            relation: Oid::INVALID,
            relation_kind: 0,
            kind,
            is_defined: true,
            is_array: false,
        });
        if kind == b'b' {
            let definition = base_type();
            self.definitions.base_types.insert(id.oid, definition);
        }
        id
    }

    pub(crate) fn type_mut(&mut self, id: CatalogId) -> &mut DataType {
        let place = |data_type: &DataType| data_type.id == id;
        let found = self.catalog.types.iter().position(place).unwrap();
        &mut self.catalog.types[found]
    }

    /// A relation's row type.
    pub(crate) fn row_type(&mut self, relation: CatalogId) -> CatalogId {
        let (name, kind) = {
            let relation = self.relation_mut(relation);
            (relation.name.to_string(), relation.kind)
        };
        let id = self.data_type(&name, b'c');
        let data_type = self.type_mut(id);
        data_type.relation = relation.oid;
        data_type.relation_kind = kind.letter();
        self.relation_mut(relation).row_type = id.oid;
        id
    }

    /// A composite type and its relation.
    pub(crate) fn composite(&mut self, name: &str) -> (CatalogId, CatalogId) {
        let relation = self.relation(RelationKind::CompositeType, name);
        (self.row_type(relation), relation)
    }

    /// A function in SQL.
    pub(crate) fn function(&mut self, name: &str, argument_types: &[CatalogId]) -> CatalogId {
        let id = self.row(catalog_oid::PROC);
        self.catalog.functions.push(Function {
            id,
            name: name.into(),
            schema: self.schema,
            owner: OWNER,
            argument_types: argument_types.iter().map(|id| id.oid).collect(),
            acl: acl("{=X/alice,alice=X/alice}"),
        });
        let definition = FunctionDefinition {
            arguments: "".into(),
            identity_arguments: "".into(),
            argument_types: Vec::new(),
            result: Some("integer".into()),
            returns_set: false,
            kind: b'f',
            language: "sql".into(),
            source: "select 1".into(),
            binary: None,
            sql_body: None,
            volatility: b'v',
            is_strict: false,
            is_security_definer: false,
            is_leakproof: false,
            parallel: b'u',
            settings: Vec::new(),
            cost: "100".into(),
            rows: "0".into(),
            support: "-".into(),
            transforms: Vec::new(),
        };
        self.definitions.functions.insert(id.oid, definition);
        id
    }

    pub(crate) fn function_mut(&mut self, id: CatalogId) -> &mut FunctionDefinition {
        self.definitions.functions.get_mut(&id.oid).unwrap()
    }

    pub(crate) fn language(&mut self, name: &str) -> &mut Language {
        let id = self.row(LANGUAGE);
        self.catalog.languages.push(Language {
            id,
            name: name.into(),
            owner: OWNER,
            acl: acl("{=U/alice,alice=U/alice}"),
            is_trusted: true,
            handler: Oid(9_001),
            inline_handler: Oid::INVALID,
            validator: Oid::INVALID,
        });
        self.catalog.languages.last_mut().unwrap()
    }

    /// Gives back the row and the place.
    pub(crate) fn extension(&mut self, name: &str) -> (CatalogId, usize) {
        let id = self.row(EXTENSION);
        self.catalog.extensions.push(Extension {
            id,
            name: name.into(),
            schema: "public".into(),
            config_tables: Vec::new(),
        });
        (id, self.catalog.extensions.len() - 1)
    }

    pub(crate) fn default_acl(
        &mut self,
        role: Oid,
        schema: Oid,
        object_type: u8,
    ) -> &mut DefaultAcl {
        let id = self.row(DEFAULT_ACL);
        self.catalog.default_acls.push(DefaultAcl {
            id,
            role,
            schema,
            object_type,
            acl: acl("{}"),
        });
        self.catalog.default_acls.last_mut().unwrap()
    }
}

/// A type of the size of an integer.
fn base_type() -> BaseTypeDefinition {
    let none = || "-".into();
    BaseTypeDefinition {
        length: 4,
        input: "s.i".into(),
        output: "s.o".into(),
        receive: none(),
        send: none(),
        modifier_input: none(),
        modifier_output: none(),
        analyze: none(),
        subscript: none(),
        element: none(),
        is_collatable: false,
        default: None,
        default_literal: None,
        category: "U".into(),
        is_preferred: false,
        delimiter: ",".into(),
        alignment: b'i',
        storage: b'p',
        is_by_value: false,
    }
}
