//! Relations and their parts.

use pgark_catalog::{
    CatalogId, Check, Column, ColumnDefault, ForeignKey, Index, IndexConstraint, Inheritance, Oid,
    OwningColumn, Policy, Relation, RelationKind, Rule, Sequence, SequencePosition, Statistics,
    Trigger, catalog_oid,
};

use super::{Fixture, OWNER, acl};

/// `pg_attrdef`
const ATTRIBUTE_DEFAULT: Oid = Oid(2_604);
/// `pg_rewrite`
const REWRITE: Oid = Oid(2_618);
/// `pg_trigger`
const TRIGGER: Oid = Oid(2_620);
/// `pg_policy`
const POLICY: Oid = Oid(3_256);
/// `pg_statistic_ext`
const STATISTICS: Oid = Oid(3_381);

impl Fixture {
    pub(crate) fn relation(&mut self, kind: RelationKind, name: &str) -> CatalogId {
        let id = self.row(catalog_oid::CLASS);
        self.catalog.relations.push(Relation {
            id,
            name: name.into(),
            schema: self.schema,
            kind,
            owner: OWNER,
            row_type: Oid::INVALID,
            checks: 0,
            has_indexes: false,
            has_triggers: false,
            persistence: b'p',
            is_populated: true,
            replica_identity: b'd',
            row_security: false,
            force_row_security: false,
            is_partition: false,
            of_type: Oid::INVALID,
            acl: acl("{alice=arwdDxt/alice}"),
            tablespace: "".into(),
            options: None,
            check_option: None,
            toast_options: None,
            access_method: matches!(kind, RelationKind::Table | RelationKind::MaterializedView)
                .then(|| "heap".into()),
            owning_column: None,
            pages: 0,
        });
        id
    }

    pub(crate) fn relation_mut(&mut self, id: CatalogId) -> &mut Relation {
        let place = self.catalog.relation_index(id.oid).unwrap();
        &mut self.catalog.relations[place]
    }

    pub(crate) fn table(&mut self, name: &str) -> CatalogId {
        self.relation(RelationKind::Table, name)
    }

    /// A table with columns of type integer.
    pub(crate) fn table_of(&mut self, name: &str, columns: &[&str]) -> CatalogId {
        let table = self.table(name);
        for column in columns {
            self.column(table, column, "integer");
        }
        table
    }

    pub(crate) fn inherits(&mut self, child: CatalogId, parent: CatalogId) {
        self.catalog.inheritance.push(Inheritance {
            child: child.oid,
            parent: parent.oid,
        });
    }

    /// A partitioned table.
    pub(crate) fn partitioned(&mut self, name: &str, key: &str) -> CatalogId {
        let id = self.relation(RelationKind::PartitionedTable, name);
        self.definitions.partition_keys.insert(id.oid, key.into());
        id
    }

    /// Makes a table a partition.
    pub(crate) fn partition(&mut self, child: CatalogId, parent: CatalogId, bound: &str) {
        self.inherits(child, parent);
        self.relation_mut(child).is_partition = true;
        self.definitions
            .partition_bounds
            .insert(child.oid, bound.into());
    }

    /// A view or materialized view with its rule.
    pub(crate) fn view(&mut self, kind: RelationKind, name: &str, query: &str) -> CatalogId {
        let id = self.relation(kind, name);
        self.definitions.views.insert(id.oid, query.into());
        self.rule(id, "_RETURN", b'1');
        id
    }

    /// The next column of a relation.
    pub(crate) fn column(
        &mut self,
        relation: CatalogId,
        name: &str,
        type_name: &str,
    ) -> &mut Column {
        let before = |column: &&Column| column.relation == relation.oid;
        let number = self.details.columns.iter().filter(before).count() + 1;
        self.details.columns.push(Column {
            relation: relation.oid,
            number: i16::try_from(number).unwrap(),
            name: name.into(),
            type_name: type_name.into(),
            statistics_target: None,
            storage: b'p',
            type_storage: b'p',
            has_default: false,
            is_dropped: false,
            is_local: true,
            options: "".into(),
            collation: Oid::INVALID,
            foreign_options: "".into(),
            not_null: None,
            compression: 0,
            identity: 0,
            generated: 0,
        });
        self.details.columns.last_mut().unwrap()
    }

    pub(crate) fn default(
        &mut self,
        relation: CatalogId,
        column: i16,
        expression: &str,
    ) -> CatalogId {
        let id = self.row(ATTRIBUTE_DEFAULT);
        self.details.defaults.push(ColumnDefault {
            id,
            relation: relation.oid,
            column,
            expression: expression.into(),
        });
        // As pg_depend has it.
        self.depends(id, relation, b'a');
        id
    }

    /// A CHECK constraint of a table.
    pub(crate) fn check(&mut self, table: CatalogId, name: &str) -> CatalogId {
        let check = self.constraint(table, name, b'c', "CHECK ((a > 0))");
        self.depends(check.id, table, b'a');
        self.details.checks.push(check.clone());
        check.id
    }

    pub(crate) fn constraint(
        &mut self,
        on: CatalogId,
        name: &str,
        kind: u8,
        definition: &str,
    ) -> Check {
        Check {
            id: self.row(catalog_oid::CONSTRAINT),
            on: on.oid,
            name: name.into(),
            kind,
            definition: definition.into(),
            is_local: true,
            is_validated: true,
        }
    }

    pub(crate) fn foreign_key(
        &mut self,
        name: &str,
        from: CatalogId,
        to: CatalogId,
        index: CatalogId,
    ) -> CatalogId {
        let id = self.row(catalog_oid::CONSTRAINT);
        self.details.foreign_keys.push(ForeignKey {
            id,
            relation: from.oid,
            name: name.into(),
            references: to.oid,
            index: index.oid,
            definition: "FOREIGN KEY (a) REFERENCES s.r(a)".into(),
        });
        id
    }

    /// An index of column 1.
    pub(crate) fn index(&mut self, relation: CatalogId, name: &str) -> CatalogId {
        let id = self.row(catalog_oid::CLASS);
        self.details.indexes.push(Index {
            id,
            relation: relation.oid,
            name: name.into(),
            definition: Some(format!("CREATE INDEX {name} ON s.t USING btree (a)").into()),
            key_columns: 1,
            columns: vec![1],
            is_clustered: false,
            is_replica_identity: false,
            nulls_not_distinct: false,
            tablespace: "".into(),
            options: None,
            parent: Oid::INVALID,
            statistics_columns: Vec::new(),
            statistics_targets: Vec::new(),
            constraint: None,
        });
        id
    }

    pub(crate) fn index_mut(&mut self, id: CatalogId) -> &mut Index {
        let place = |index: &Index| index.id == id;
        let found = self.details.indexes.iter().position(place).unwrap();
        &mut self.details.indexes[found]
    }

    /// An index with the constraint that it enforces, of the same name; gives back the index.
    pub(crate) fn key(&mut self, relation: CatalogId, name: &str, kind: u8) -> CatalogId {
        let id = self.index(relation, name);
        let constraint = IndexConstraint {
            id: self.row(catalog_oid::CONSTRAINT),
            name: name.into(),
            kind,
            is_deferrable: false,
            is_deferred: false,
            without_overlaps: false,
            exclusion: (kind == b'x').then(|| "EXCLUDE USING gist (a WITH =)".into()),
        };
        let index = self.index_mut(id);
        index.definition = None;
        index.constraint = Some(constraint);
        id
    }

    pub(crate) fn rule(&mut self, relation: CatalogId, name: &str, event: u8) -> CatalogId {
        let id = self.row(REWRITE);
        self.catalog.rules.push(Rule {
            id,
            name: name.into(),
            relation: relation.oid,
            event,
            is_instead: true,
            enabled: b'O',
        });
        let kind = if event == b'1' { b'i' } else { b'a' };
        self.depends(id, relation, kind);
        let text = format!("CREATE RULE {name} AS ON UPDATE TO s.t DO INSTEAD NOTHING;");
        self.definitions.rules.insert(id.oid, text.into());
        id
    }

    pub(crate) fn trigger(&mut self, relation: CatalogId, name: &str) -> &mut Trigger {
        let id = self.row(TRIGGER);
        self.details.triggers.push(Trigger {
            id,
            relation: relation.oid,
            name: name.into(),
            definition: format!("CREATE TRIGGER {name} BEFORE INSERT ON s.t").into(),
            enabled: b'O',
            is_inherited: false,
        });
        self.details.triggers.last_mut().unwrap()
    }

    pub(crate) fn policy(&mut self, relation: CatalogId, name: &str) -> &mut Policy {
        let id = self.row(POLICY);
        self.details.policies.push(Policy {
            id,
            relation: relation.oid,
            name: name.into(),
            command: b'*',
            is_permissive: true,
            roles: None,
            using: None,
            with_check: None,
        });
        self.details.policies.last_mut().unwrap()
    }

    pub(crate) fn statistics(&mut self, relation: CatalogId, name: &str) -> CatalogId {
        let id = self.row(STATISTICS);
        self.catalog.statistics.push(Statistics {
            id,
            name: name.into(),
            schema: self.schema,
            owner: OWNER,
            relation: relation.oid,
            target: None,
        });
        let text = format!("CREATE STATISTICS s.{name} ON a, b FROM s.t");
        self.definitions.statistics.insert(id.oid, text.into());
        id
    }

    /// A sequence of bigint that counts from 1.
    pub(crate) fn sequence(&mut self, name: &str) -> CatalogId {
        let id = self.relation(RelationKind::Sequence, name);
        let sequence = Sequence {
            type_name: "bigint".into(),
            start: 1,
            increment: 1,
            max: i64::MAX,
            min: 1,
            cache: 1,
            cycles: false,
        };
        self.definitions.sequences.insert(id.oid, sequence);
        let position = SequencePosition {
            last_value: 7,
            is_called: true,
        };
        self.definitions.positions.insert(id.oid, position);
        id
    }

    /// Has a column own a sequence, or be its identity.
    pub(crate) fn own(
        &mut self,
        sequence: CatalogId,
        table: CatalogId,
        column: i16,
        is_identity: bool,
    ) {
        self.relation_mut(sequence).owning_column = Some(OwningColumn {
            relation: table.oid,
            column,
            is_identity,
        });
        self.depends(sequence, table, if is_identity { b'i' } else { b'a' });
    }
}
