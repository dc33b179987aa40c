//! Operators, operator classes and families, access methods and aggregates.

use pgark_catalog::{
    AccessMethod, AggregateDefinition, AggregateState, CatalogId, FamilyMembers, FamilyOperator,
    Function, Oid, Operator, OperatorClass, OperatorClassDefinition, OperatorDefinition,
    OperatorFamily, catalog_oid,
};

use super::{Fixture, OWNER, acl};

/// `pg_am`
const ACCESS_METHOD: Oid = Oid(2_601);
/// `pg_opclass`
const OPERATOR_CLASS: Oid = Oid(2_616);
/// `pg_operator`
const OPERATOR: Oid = Oid(2_617);
/// `pg_opfamily`
const OPERATOR_FAMILY: Oid = Oid(2_753);

impl Fixture {
    /// One of each kind of this file and of its neighbour about conversions.
    pub(crate) fn one_of_each_operator_and_conversion(&mut self, name: &str) {
        self.aggregate(name);
        self.operator(name);
        self.access_method(name);
        self.operator_class(name, "btree");
        self.operator_family(name, "btree");
        self.collation(name);
        self.conversion(name);
        self.cast(name);
        self.transform(name);
    }

    /// An infix operator of integers, by the function `s.f`.
    pub(crate) fn operator(&mut self, name: &str) -> CatalogId {
        let id = self.row(OPERATOR);
        self.catalog.operators.push(Operator {
            id,
            name: name.into(),
            schema: self.schema,
            owner: OWNER,
            kind: b'b',
            types: [Oid(23); 2],
            is_defined: true,
        });
        let definition = OperatorDefinition {
            function: "s.f(integer,integer)".into(),
            types: ["integer".into(), "integer".into()],
            commutator: Oid::INVALID,
            negator: Oid::INVALID,
            restrict: "-".into(),
            join: "-".into(),
            can_merge: false,
            can_hash: false,
        };
        self.definitions.operators.insert(id.oid, definition);
        id
    }

    pub(crate) fn operator_mut(&mut self, id: CatalogId) -> &mut Operator {
        let place = |operator: &Operator| operator.id == id;
        let found = self.catalog.operators.iter().position(place).unwrap();
        &mut self.catalog.operators[found]
    }

    /// An access method for indexes.
    pub(crate) fn access_method(&mut self, name: &str) -> &mut AccessMethod {
        let id = self.row(ACCESS_METHOD);
        self.catalog.access_methods.push(AccessMethod {
            id,
            name: name.into(),
            kind: b'i',
            handler: "s.\"Handler\"".into(),
        });
        self.catalog.access_methods.last_mut().unwrap()
    }

    /// An operator class of integers with one operator, in the family `s.fam`.
    pub(crate) fn operator_class(&mut self, name: &str, access_method: &str) -> CatalogId {
        let id = self.row(OPERATOR_CLASS);
        self.catalog.operator_classes.push(OperatorClass {
            id,
            name: name.into(),
            schema: self.schema,
            owner: OWNER,
            access_method: access_method.into(),
        });
        let members = FamilyMembers {
            operators: vec![family_operator(1, "<(integer,integer)")],
            functions: Vec::new(),
        };
        let definition = OperatorClassDefinition {
            input_type: "integer".into(),
            storage: "-".into(),
            is_default: false,
            family: ("s".into(), "fam".into()),
            members,
        };
        self.definitions.operator_classes.insert(id.oid, definition);
        id
    }

    /// An operator family without members of its own.
    pub(crate) fn operator_family(&mut self, name: &str, access_method: &str) -> CatalogId {
        let id = self.row(OPERATOR_FAMILY);
        self.catalog.operator_families.push(OperatorFamily {
            id,
            name: name.into(),
            schema: self.schema,
            owner: OWNER,
            access_method: access_method.into(),
        });
        id
    }

    /// An aggregate of integers.
    pub(crate) fn aggregate(&mut self, name: &str) -> CatalogId {
        let id = self.row(catalog_oid::PROC);
        self.catalog.aggregates.push(Function {
            id,
            name: name.into(),
            schema: self.schema,
            owner: OWNER,
            argument_types: vec![Oid(23)],
            acl: acl("{=X/alice,alice=X/alice}"),
        });
        let state = |transition: &str, data_type: &str| AggregateState {
            transition: transition.into(),
            data_type: data_type.into(),
            space: 0,
            initial: None,
            finish: "-".into(),
            finish_takes_arguments: false,
            finish_modifies: b'r',
        };
        let definition = AggregateDefinition {
            arguments: "integer".into(),
            identity_arguments: "integer".into(),
            argument_types: vec!["integer".into()],
            kind: b'n',
            state: state("s.sf", "bigint"),
            moving: state("-", "-"),
            moving_inverse: "-".into(),
            combine: "-".into(),
            serialize: "-".into(),
            deserialize: "-".into(),
            sort_operator: Oid::INVALID,
            parallel: b'u',
        };
        self.definitions.aggregates.insert(id.oid, definition);
        id
    }
}

/// An operator for searching.
pub(crate) fn family_operator(strategy: i16, operator: &str) -> FamilyOperator {
    FamilyOperator {
        strategy,
        operator: operator.into(),
        sort_family: None,
    }
}
