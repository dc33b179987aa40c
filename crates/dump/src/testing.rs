//! Databases put together by hand: a plan and its entries with no server.
//!
//! Everything that is added goes to the schema [`Fixture::schema`] and belongs to [`OWNER`]; what a case is about is changed through the
//! public fields and the `…_mut` methods afterwards.

use bstr::BString;
use pgark_archive::{DumpId, TocEntry};
use pgark_catalog::{
    Acl, Catalog, CatalogId, Check, Column, ColumnDefault, Comment, Comments, DataType, Database,
    DefaultAcl, Definitions, Dependency, Details, Extension, ForeignKey, Function,
    FunctionDefinition, Index, IndexConstraint, Inheritance, Language, NaturalKey, Oid,
    OwningColumn, Policy, Relation, RelationKind, Roles, Rule, Schema, Sequence, SequencePosition,
    Server, Statistics, Trigger, Unwritten, UnwrittenKind, catalog_oid,
};
use pgark_sql::{Encoding, Quoter};

use crate::dialect::Dialect;
use crate::emit::{Emission, Emitter};
use crate::error::Result;
use crate::options::Options;
use crate::plan::{NodeId, Plan, Selection};

/// The owner of everything, called `alice`.
pub(crate) const OWNER: Oid = Oid(16_390);
/// The role that owns the schema public unless told otherwise.
pub(crate) const PG_DATABASE_OWNER: Oid = Oid(6_171);
/// The schema `pg_catalog`.
pub(crate) const PG_CATALOG: Oid = Oid(11);
/// The schema `public`.
pub(crate) const PUBLIC: Oid = Oid(2_200);

/// `pg_attrdef`, `pg_language`, … as far as rows of them are needed.
const ATTRIBUTE_DEFAULT: Oid = Oid(2_604);
const LANGUAGE: Oid = Oid(2_612);
const REWRITE: Oid = Oid(2_618);
const TRIGGER: Oid = Oid(2_620);
const EXTENSION: Oid = Oid(3_079);
const POLICY: Oid = Oid(3_256);
const STATISTICS: Oid = Oid(3_381);
const DEFAULT_ACL: Oid = Oid(826);
/// Stands for the catalogues of unwritten objects; nothing asks which one it is.
const UNWRITTEN: Oid = Oid(1);

/// A database under construction.
#[derive(Clone)]
pub(crate) struct Fixture {
    pub(crate) catalog: Catalog,
    pub(crate) details: Details,
    pub(crate) definitions: Definitions,
    pub(crate) options: Options,
    /// Where new objects go.
    pub(crate) schema: Oid,
    roles: Vec<(Oid, BString)>,
    comments: Vec<Comment>,
    next_oid: u32,
}

impl Fixture {
    /// A database on a server of some major, with the schemas `pg_catalog`, `public` and `s`.
    pub(crate) fn new(major: u32) -> Self {
        let mut fixture = Self::empty(major);
        for (oid, name, owner) in [
            (PG_CATALOG, "pg_catalog", Oid(10)),
            (PUBLIC, "public", PG_DATABASE_OWNER),
        ] {
            let id = CatalogId {
                table: catalog_oid::NAMESPACE,
                oid,
            };
            fixture.catalog.schemas.push(schema(id, name, owner));
        }
        fixture.schema = fixture.schema("s");
        fixture
    }

    /// A database without schemas.
    pub(crate) fn empty(major: u32) -> Self {
        let mut catalog = Catalog::default();
        catalog.server = Server {
            version_num: major * 10_000 + 4,
            version: format!("{major}.4").into(),
            encoding: "UTF8".into(),
            std_strings: true,
            in_recovery: false,
        };
        catalog.database = Database {
            name: "db".into(),
            owner: OWNER,
            encoding: "UTF8".into(),
            locale_provider: b'c',
            collate: "C".into(),
            ctype: "C".into(),
            connection_limit: -1,
            tablespace: "pg_default".into(),
            ..Database::default()
        };
        Self {
            catalog,
            details: Details::default(),
            definitions: Definitions::default(),
            options: Options::default(),
            schema: Oid::INVALID,
            roles: [
                (Oid(10), "postgres"),
                (PG_DATABASE_OWNER, "pg_database_owner"),
                (OWNER, "alice"),
            ]
            .map(|(oid, name)| (oid, name.into()))
            .into(),
            comments: Vec::new(),
            next_oid: 20_000,
        }
    }

    /// A row that no other object has. OIDs ascend.
    pub(crate) fn row(&mut self, table: Oid) -> CatalogId {
        self.next_oid += 1;
        CatalogId {
            table,
            oid: Oid(self.next_oid),
        }
    }

    pub(crate) fn role(&mut self, name: &str) -> Oid {
        let oid = self.row(Oid::INVALID).oid;
        self.roles.push((oid, name.into()));
        oid
    }

    pub(crate) fn schema(&mut self, name: &str) -> Oid {
        let id = self.row(catalog_oid::NAMESPACE);
        self.catalog.schemas.push(schema(id, name, OWNER));
        id.oid
    }

    pub(crate) fn schema_mut(&mut self, oid: Oid) -> &mut Schema {
        let place = |schema: &Schema| schema.id.oid == oid;
        let found = self.catalog.schemas.iter().position(place).unwrap();
        &mut self.catalog.schemas[found]
    }

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
            definition: format!("CREATE INDEX {name} ON s.t USING btree (a)").into(),
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
            definition: "EXCLUDE USING gist (a WITH =)".into(),
        };
        self.index_mut(id).constraint = Some(constraint);
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

    /// Gives back the row and the place.
    pub(crate) fn extension(&mut self, name: &str) -> (CatalogId, usize) {
        let id = self.row(EXTENSION);
        self.catalog.extensions.push(Extension {
            id,
            name: name.into(),
            schema: "public".into(),
            config_tables: Vec::new(),
            config_conditions: None,
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

    pub(crate) fn unwritten(&mut self, kind: UnwrittenKind, name: &str) -> &mut Unwritten {
        let id = self.row(UNWRITTEN);
        self.catalog.unwritten.push(Unwritten {
            kind,
            id,
            name: name.into(),
            schema: self.schema,
            acl: None,
            key: NaturalKey::default(),
        });
        self.catalog.unwritten.last_mut().unwrap()
    }

    pub(crate) fn depends(&mut self, object: CatalogId, on: CatalogId, kind: u8) {
        self.catalog
            .dependencies
            .push(Dependency { object, on, kind });
    }

    pub(crate) fn comment(&mut self, id: CatalogId, column: i32, text: &str) {
        self.comments.push(Comment {
            id,
            column,
            text: text.into(),
        });
    }

    /// The row of a schema.
    pub(crate) fn schema_row(oid: Oid) -> CatalogId {
        CatalogId {
            table: catalog_oid::NAMESPACE,
            oid,
        }
    }

    /// Puts the lists into the order in which the server gives them.
    pub(crate) fn complete(&mut self) {
        let details = &mut self.details;
        details.columns.sort_by_key(|c| (c.relation, c.number));
        details.defaults.sort_by_key(|d| (d.relation, d.column));
        details.checks.sort_by_key(|c| (c.on, c.name.clone()));
        details
            .domain_constraints
            .sort_by_key(|c| (c.on, c.name.clone()));
        details
            .indexes
            .sort_by_key(|i| (i.relation, i.name.clone()));
        details
            .foreign_keys
            .sort_by_key(|k| (k.relation, k.name.clone()));
        self.catalog.inheritance.sort_by_key(|link| link.child);
        self.catalog.comments = Comments::new(self.comments.clone());
        self.catalog.roles = Roles::new(self.roles.clone());
        self.catalog = std::mem::take(&mut self.catalog).indexed();
    }

    fn dialect(&self) -> Dialect {
        Dialect::new(self.catalog.server.major())
    }

    pub(crate) fn quoter(&self) -> Quoter {
        Quoter {
            std_strings: self.catalog.server.std_strings,
            ..Quoter::new(
                self.catalog.server.major(),
                Encoding::from_name("UTF8").unwrap(),
            )
        }
    }

    pub(crate) fn selection(&mut self) -> Selection {
        self.complete();
        Selection::choose(&self.catalog)
    }

    /// The graph, not yet ordered.
    pub(crate) fn plan(&mut self) -> Plan<'_> {
        let selection = self.selection();
        Plan::build(
            &self.catalog,
            &self.details,
            &selection,
            &self.options,
            self.dialect(),
        )
    }

    /// The graph in order.
    pub(crate) fn ordered(&mut self) -> Plan<'_> {
        let mut plan = self.plan();
        plan.order();
        plan
    }

    /// All entries.
    pub(crate) fn try_emit(&mut self) -> Result<Emission> {
        let (definitions, options) = (self.definitions.clone(), self.options.clone());
        let (dialect, quoter) = (self.dialect(), self.quoter());
        let plan = self.ordered();
        Emitter::new(&plan, &definitions, &options, dialect, quoter).emit()
    }

    /// All entries.
    pub(crate) fn emit(&mut self) -> Vec<TocEntry> {
        self.try_emit().unwrap().entries
    }

    /// The entry of a kind and tag.
    pub(crate) fn entry(&mut self, desc: &str, tag: &str) -> TocEntry {
        let entries = self.emit();
        let is_it = |entry: &&TocEntry| entry.desc == desc && tag_of(entry) == tag;
        match entries.iter().find(is_it) {
            Some(entry) => entry.clone(),
            None => panic!("no {desc} {tag} among {:#?}", list(&entries)),
        }
    }

    /// The statement of the entry of a kind and tag.
    pub(crate) fn text(&mut self, desc: &str, tag: &str) -> String {
        self.entry(desc, tag).defn.unwrap_or_default().to_string()
    }

    /// Kinds and tags of all entries, but for those about the session and the database.
    pub(crate) fn list(&mut self) -> Vec<String> {
        list(&self.emit()).split_off(4)
    }

    /// Kinds and tags of the entries that an entry depends on; `-` for what is not in the archive.
    pub(crate) fn dependencies(&mut self, desc: &str, tag: &str) -> Vec<String> {
        let entries = self.emit();
        let name = |id: &DumpId| {
            let found = entries.iter().find(|entry| entry.dump_id == *id);
            found.map_or("-".into(), |entry| {
                format!("{} {}", entry.desc, tag_of(entry))
            })
        };
        let of = self.entry(desc, tag).dependencies;
        of.iter().map(name).collect()
    }
}

/// Privileges that were never changed.
pub(crate) fn acl(default: &str) -> Acl {
    Acl {
        current: None,
        default: default.into(),
    }
}

fn schema(id: CatalogId, name: &str, owner: Oid) -> Schema {
    Schema {
        id,
        name: name.into(),
        owner,
        acl: acl(&format!("{{owner=UC/{}}}", "owner")),
    }
}

/// The tag of an entry, empty where it has none.
pub(crate) fn tag_of(entry: &TocEntry) -> String {
    entry.tag.clone().unwrap_or_default().to_string()
}

fn list(entries: &[TocEntry]) -> Vec<String> {
    entries
        .iter()
        .map(|entry| format!("{} {}", entry.desc, tag_of(entry)))
        .collect()
}

/// What nodes are, for a user.
pub(crate) fn described(plan: &Plan<'_>, nodes: &[NodeId]) -> Vec<String> {
    nodes.iter().map(|id| plan.describe(*id)).collect()
}
