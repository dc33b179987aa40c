//! The things that a plan orders.

use std::borrow::Cow;

use pgark_catalog::{Catalog, Details, RelationKind};

/// A thing in the plan, as places in the catalogue's lists.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Object {
    Schema(usize),
    Extension(usize),
    Type(usize),
    /// The shell of a base or range type, which its functions can name before the type is whole.
    ShellType(usize),
    Function(usize),
    Language(usize),
    Aggregate(usize),
    Operator(usize),
    AccessMethod(usize),
    OperatorClass(usize),
    OperatorFamily(usize),
    Collation(usize),
    Conversion(usize),
    Cast(usize),
    Transform(usize),
    TextSearchParser(usize),
    TextSearchTemplate(usize),
    TextSearchDictionary(usize),
    TextSearchConfiguration(usize),
    ForeignDataWrapper(usize),
    /// A foreign server with its user mappings.
    ForeignServer(usize),
    LargeObjects(usize),
    /// What large objects hold; up to 16 that of all of them, with the place 0.
    LargeObjectData(usize),
    Relation(usize),
    /// A partition becomes one; the place is the partition's.
    TableAttach(usize),
    Default(usize),
    /// A column that takes no default where its parent has one; the place is the column's.
    NullDefault(usize),
    Index(usize),
    /// An index becomes a partition of another; the place is the partition's.
    IndexAttach(usize),
    Statistics(usize),
    Rule(usize),
    Trigger(usize),
    Check(usize),
    InvalidNotNull(usize),
    DomainConstraint(usize),
    /// A key, unique or exclusion constraint; the place is its index's.
    IndexConstraint(usize),
    ForeignKey(usize),
    DefaultAcl(usize),
    EventTrigger(usize),
    Publication(usize),
    /// A table in a publication; the place is in `catalog.publication_tables`.
    PublicationTable(usize),
    /// A schema whose tables are in a publication; the place is in `catalog.publication_schemas`.
    PublicationSchema(usize),
    Subscription(usize),
    /// A table's rows, a sequence's position or a materialized view's refresh; the place is the relation's.
    Data(usize),
    /// What the planner knows of a relation.
    RelationStatistics(usize),
    /// What the planner knows of an index.
    IndexStatistics(usize),
    /// A table has row security enabled; the place is the table's.
    RowSecurity(usize),
    Policy(usize),
    PreDataBoundary,
    PostDataBoundary,
}

/// What an object is for the order of a dump.
///
/// The order of the variants is the order in which kinds that share a priority sort (DumpableObjectType in src/bin/pg_dump/pg_dump.h).
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) enum Kind {
    Schema,
    Extension,
    Type,
    ShellType,
    Function,
    Aggregate,
    Operator,
    AccessMethod,
    OperatorClass,
    OperatorFamily,
    Collation,
    Conversion,
    Table,
    TableAttach,
    Default,
    Index,
    IndexAttach,
    Statistics,
    Rule,
    Trigger,
    Constraint,
    ForeignKey,
    Language,
    Cast,
    TableData,
    SequenceSet,
    /// A type that comes with another object: a row type, array or multirange.
    DummyType,
    TextSearchParser,
    TextSearchDictionary,
    TextSearchTemplate,
    TextSearchConfiguration,
    ForeignDataWrapper,
    ForeignServer,
    DefaultAcl,
    Transform,
    /// As pg_dump 16 and older write them: before data.
    EarlyLargeObject,
    LargeObject,
    LargeObjectData,
    PreDataBoundary,
    PostDataBoundary,
    EventTrigger,
    RefreshMaterializedView,
    Policy,
    Publication,
    PublicationTable,
    PublicationSchema,
    Subscription,
    PlannerStatistics,
}

impl Object {
    pub(crate) fn kind(self, catalog: &Catalog) -> Kind {
        match self {
            Self::Schema(_) => Kind::Schema,
            Self::Extension(_) => Kind::Extension,
            Self::Type(i) => {
                let data_type = &catalog.types[i];
                if data_type.is_row_type() || data_type.is_generated() {
                    Kind::DummyType
                } else {
                    Kind::Type
                }
            }
            Self::ShellType(_) => Kind::ShellType,
            Self::Function(_) => Kind::Function,
            Self::Language(_) => Kind::Language,
            Self::Aggregate(_) => Kind::Aggregate,
            Self::Operator(_) => Kind::Operator,
            Self::AccessMethod(_) => Kind::AccessMethod,
            Self::OperatorClass(_) => Kind::OperatorClass,
            Self::OperatorFamily(_) => Kind::OperatorFamily,
            Self::Collation(_) => Kind::Collation,
            Self::Conversion(_) => Kind::Conversion,
            Self::Cast(_) => Kind::Cast,
            Self::Transform(_) => Kind::Transform,
            Self::TextSearchParser(_) => Kind::TextSearchParser,
            Self::TextSearchTemplate(_) => Kind::TextSearchTemplate,
            Self::TextSearchDictionary(_) => Kind::TextSearchDictionary,
            Self::TextSearchConfiguration(_) => Kind::TextSearchConfiguration,
            Self::ForeignDataWrapper(_) => Kind::ForeignDataWrapper,
            Self::ForeignServer(_) => Kind::ForeignServer,
            Self::LargeObjects(_) if catalog.server.groups_large_objects() => Kind::LargeObject,
            Self::LargeObjects(_) => Kind::EarlyLargeObject,
            Self::LargeObjectData(_) => Kind::LargeObjectData,
            Self::Relation(_) => Kind::Table,
            Self::TableAttach(_) => Kind::TableAttach,
            Self::Default(_) | Self::NullDefault(_) => Kind::Default,
            Self::Index(_) => Kind::Index,
            Self::IndexAttach(_) => Kind::IndexAttach,
            Self::Statistics(_) => Kind::Statistics,
            Self::Rule(_) => Kind::Rule,
            Self::Trigger(_) => Kind::Trigger,
            Self::Check(_)
            | Self::InvalidNotNull(_)
            | Self::DomainConstraint(_)
            | Self::IndexConstraint(_) => Kind::Constraint,
            Self::ForeignKey(_) => Kind::ForeignKey,
            Self::DefaultAcl(_) => Kind::DefaultAcl,
            Self::EventTrigger(_) => Kind::EventTrigger,
            Self::Publication(_) => Kind::Publication,
            Self::PublicationTable(_) => Kind::PublicationTable,
            Self::PublicationSchema(_) => Kind::PublicationSchema,
            Self::Subscription(_) => Kind::Subscription,
            Self::Data(i) => match catalog.relations[i].kind {
                RelationKind::Sequence => Kind::SequenceSet,
                RelationKind::MaterializedView => Kind::RefreshMaterializedView,
                _ => Kind::TableData,
            },
            Self::RelationStatistics(_) | Self::IndexStatistics(_) => Kind::PlannerStatistics,
            Self::RowSecurity(_) | Self::Policy(_) => Kind::Policy,
            Self::PreDataBoundary => Kind::PreDataBoundary,
            Self::PostDataBoundary => Kind::PostDataBoundary,
        }
    }

    /// The name that it is sorted by, which is not always the one that an entry bears.
    pub(crate) fn name<'a>(self, catalog: &'a Catalog, details: &'a Details) -> Cow<'a, [u8]> {
        let relation_name = |oid| {
            catalog
                .relation(oid)
                .map_or(&b""[..], |relation| relation.name.as_slice())
        };
        Cow::Borrowed(match self {
            Self::Schema(i) => catalog.schemas[i].name.as_slice(),
            Self::Extension(i) => &catalog.extensions[i].name,
            Self::Type(i) | Self::ShellType(i) => &catalog.types[i].name,
            Self::Function(i) => &catalog.functions[i].name,
            Self::Language(i) => &catalog.languages[i].name,
            Self::Aggregate(i) => &catalog.aggregates[i].name,
            Self::Operator(i) => &catalog.operators[i].name,
            Self::AccessMethod(i) => &catalog.access_methods[i].name,
            Self::OperatorClass(i) => &catalog.operator_classes[i].name,
            Self::OperatorFamily(i) => &catalog.operator_families[i].name,
            Self::Collation(i) => &catalog.collations[i].name,
            Self::Conversion(i) => &catalog.conversions[i].name,
            Self::Cast(i) => &catalog.casts[i].name,
            Self::Transform(i) => &catalog.transforms[i].name,
            Self::TextSearchParser(i) => &catalog.text_search_parsers[i].name,
            Self::TextSearchTemplate(i) => &catalog.text_search_templates[i].name,
            Self::TextSearchDictionary(i) => &catalog.text_search_dictionaries[i].name,
            Self::TextSearchConfiguration(i) => &catalog.text_search_configurations[i].name,
            Self::ForeignDataWrapper(i) => &catalog.foreign_data_wrappers[i].name,
            Self::ForeignServer(i) => &catalog.foreign_servers[i].name,
            Self::LargeObjectData(_) if !catalog.server.groups_large_objects() => b"BLOBS",
            Self::LargeObjects(i) | Self::LargeObjectData(i) => &catalog.large_objects[i].name,
            Self::Relation(i)
            | Self::TableAttach(i)
            | Self::Data(i)
            | Self::RelationStatistics(i)
            | Self::RowSecurity(i) => &catalog.relations[i].name,
            Self::Default(i) => relation_name(details.defaults[i].relation),
            Self::NullDefault(i) => relation_name(details.columns[i].relation),
            Self::Index(i) | Self::IndexAttach(i) | Self::IndexStatistics(i) => {
                &details.indexes[i].name
            }
            Self::Statistics(i) => &catalog.statistics[i].name,
            Self::Rule(i) => &catalog.rules[i].name,
            Self::Trigger(i) => &details.triggers[i].name,
            Self::Check(i) => &details.checks[i].name,
            Self::InvalidNotNull(i) => &details.invalid_not_null[i].name,
            Self::DomainConstraint(i) => &details.domain_constraints[i].name,
            Self::IndexConstraint(i) => details.indexes[i]
                .constraint
                .as_ref()
                .map_or(&b""[..], |constraint| constraint.name.as_slice()),
            Self::ForeignKey(i) => &details.foreign_keys[i].name,
            Self::DefaultAcl(i) => return Cow::Owned(vec![catalog.default_acls[i].object_type]),
            Self::EventTrigger(i) => &catalog.event_triggers[i].name,
            Self::Publication(i) => &catalog.publications[i].name,
            Self::PublicationTable(i) => relation_name(catalog.publication_tables[i].member),
            Self::PublicationSchema(i) => catalog
                .schema_index(catalog.publication_schemas[i].member)
                .map_or(&b""[..], |schema| catalog.schemas[schema].name.as_slice()),
            Self::Subscription(i) => &catalog.subscriptions[i].name,
            Self::Policy(i) => &details.policies[i].name,
            Self::PreDataBoundary => b"PRE-DATA BOUNDARY",
            Self::PostDataBoundary => b"POST-DATA BOUNDARY",
        })
    }

    /// The schema that it is sorted by, as a place in `catalog.schemas`.
    pub(crate) fn schema(self, catalog: &Catalog, details: &Details) -> Option<usize> {
        if let Some(relation) = self.relation(catalog, details) {
            return catalog.schema_index(catalog.relations[relation].schema);
        }
        let oid = match self {
            Self::Type(i) | Self::ShellType(i) => catalog.types[i].schema,
            Self::Function(i) => catalog.functions[i].schema,
            Self::Aggregate(i) => catalog.aggregates[i].schema,
            Self::Operator(i) => catalog.operators[i].schema,
            Self::OperatorClass(i) => catalog.operator_classes[i].schema,
            Self::OperatorFamily(i) => catalog.operator_families[i].schema,
            Self::Collation(i) => catalog.collations[i].schema,
            Self::Conversion(i) => catalog.conversions[i].schema,
            Self::TextSearchParser(i) => catalog.text_search_parsers[i].schema,
            Self::TextSearchTemplate(i) => catalog.text_search_templates[i].schema,
            Self::TextSearchDictionary(i) => catalog.text_search_dictionaries[i].schema,
            Self::TextSearchConfiguration(i) => catalog.text_search_configurations[i].schema,
            Self::Statistics(i) => catalog.statistics[i].schema,
            Self::DomainConstraint(i) => {
                let domain = catalog.type_index(details.domain_constraints[i].on)?;
                catalog.types[domain].schema
            }
            Self::DefaultAcl(i) => catalog.default_acls[i].schema,
            _ => return None,
        };
        catalog.schema_index(oid)
    }

    /// The relation that it is, or is part of, as a place in `catalog.relations`.
    pub(crate) fn relation(self, catalog: &Catalog, details: &Details) -> Option<usize> {
        let oid = match self {
            Self::Relation(i)
            | Self::TableAttach(i)
            | Self::Data(i)
            | Self::RelationStatistics(i)
            | Self::RowSecurity(i) => {
                return Some(i);
            }
            Self::Default(i) => details.defaults[i].relation,
            Self::NullDefault(i) => details.columns[i].relation,
            Self::Index(i)
            | Self::IndexAttach(i)
            | Self::IndexConstraint(i)
            | Self::IndexStatistics(i) => details.indexes[i].relation,
            Self::Rule(i) => catalog.rules[i].relation,
            Self::Trigger(i) => details.triggers[i].relation,
            Self::Check(i) => details.checks[i].on,
            Self::InvalidNotNull(i) => details.invalid_not_null[i].on,
            Self::ForeignKey(i) => details.foreign_keys[i].relation,
            Self::Policy(i) => details.policies[i].relation,
            Self::PublicationTable(i) => catalog.publication_tables[i].member,
            _ => return None,
        };
        catalog.relation_index(oid)
    }

    /// What a user calls it.
    pub(crate) fn noun(self, catalog: &Catalog) -> &'static str {
        match self {
            Self::Schema(_) => "schema",
            Self::Extension(_) => "extension",
            Self::Type(i) => match catalog.types[i].kind {
                b'b' => "base type",
                b'p' => "shell type",
                b'd' => "domain",
                _ => "type",
            },
            Self::ShellType(_) => "shell type",
            Self::Function(_) => "function",
            Self::Language(_) => "procedural language",
            Self::Aggregate(_) => "aggregate",
            Self::Operator(_) => "operator",
            Self::AccessMethod(_) => "access method",
            Self::OperatorClass(_) => "operator class",
            Self::OperatorFamily(_) => "operator family",
            Self::Collation(_) => "collation",
            Self::Conversion(_) => "conversion",
            Self::Cast(_) => "cast",
            Self::Transform(_) => "transform",
            Self::TextSearchParser(_) => "text search parser",
            Self::TextSearchTemplate(_) => "text search template",
            Self::TextSearchDictionary(_) => "text search dictionary",
            Self::TextSearchConfiguration(_) => "text search configuration",
            Self::ForeignDataWrapper(_) => "foreign-data wrapper",
            Self::ForeignServer(_) => "foreign server",
            Self::LargeObjects(_) => "large object",
            Self::LargeObjectData(_) => "data of large object",
            Self::Relation(i) => match catalog.relations[i].kind {
                RelationKind::Table | RelationKind::PartitionedTable => "table",
                RelationKind::View => "view",
                RelationKind::MaterializedView => "materialized view",
                RelationKind::Sequence => "sequence",
                RelationKind::ForeignTable => "foreign table",
                RelationKind::CompositeType => "composite type",
            },
            Self::TableAttach(_) => "partition",
            Self::Default(_) | Self::NullDefault(_) => "default of table",
            Self::Index(_) => "index",
            Self::IndexAttach(_) => "partition of index",
            Self::Statistics(_) => "extended statistics",
            Self::Rule(_) => "rule",
            Self::Trigger(_) => "trigger",
            Self::Check(_)
            | Self::InvalidNotNull(_)
            | Self::DomainConstraint(_)
            | Self::IndexConstraint(_) => "constraint",
            Self::ForeignKey(_) => "foreign key",
            Self::DefaultAcl(_) => "default privileges",
            Self::EventTrigger(_) => "event trigger",
            Self::Publication(_) => "publication",
            Self::PublicationTable(_) => "publication of table",
            Self::PublicationSchema(_) => "publication of schema",
            Self::Subscription(_) => "subscription",
            Self::Data(_) => "data of",
            Self::RelationStatistics(_) | Self::IndexStatistics(_) => "planner statistics of",
            Self::RowSecurity(_) => "row security of table",
            Self::Policy(_) => "policy",
            Self::PreDataBoundary => "boundary before",
            Self::PostDataBoundary => "boundary after",
        }
    }
}
