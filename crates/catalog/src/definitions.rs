//! The SQL text of what will be written.

use std::collections::HashMap;
use std::mem;

use bstr::BString;
use pgark_connect::Session;
use pgark_sql::Quoter;

use crate::aggregate::AggregateDefinition;
use crate::base_type::BaseTypeDefinition;
use crate::cast::CastDefinition;
use crate::catalog::Catalog;
use crate::collation::CollationDefinition;
use crate::conversion::ConversionDefinition;
use crate::definition::{self, Attribute, DomainDefinition, FunctionDefinition, RangeDefinition};
use crate::error::Result;
use crate::foreign_table::ForeignTable;
use crate::oid::Oid;
use crate::operator::OperatorDefinition;
use crate::operator_class::OperatorClassDefinition;
use crate::operator_family::FamilyMembers;
use crate::planner_statistics::PlannerStatistics;
use crate::publication_member::PublicationFilter;
use crate::rule::{self, Rule};
use crate::sequence::{Sequence, SequencePosition};
use crate::sessions::{Part, Sessions};
use crate::statistics::Statistics;
use crate::text_search_configuration::TextSearchMapping;
use crate::transform::TransformDefinition;

/// Whose definitions are wanted, by OID.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Functions and procedures.
    pub functions: Vec<Oid>,
    /// Aggregates.
    pub aggregates: Vec<Oid>,
    /// Base types.
    pub base_types: Vec<Oid>,
    /// Operators.
    pub operators: Vec<Oid>,
    /// Operator classes.
    pub operator_classes: Vec<Oid>,
    /// Operator families.
    pub operator_families: Vec<Oid>,
    /// Collations.
    pub collations: Vec<Oid>,
    /// Conversions.
    pub conversions: Vec<Oid>,
    /// Casts.
    pub casts: Vec<Oid>,
    /// Transforms.
    pub transforms: Vec<Oid>,
    /// Enums.
    pub enums: Vec<Oid>,
    /// Range types.
    pub ranges: Vec<Oid>,
    /// Domains.
    pub domains: Vec<Oid>,
    /// Composite types.
    pub composites: Vec<Oid>,
    /// Views and materialized views.
    pub views: Vec<Oid>,
    /// Rules that are written by themselves.
    pub rules: Vec<Oid>,
    /// Extended statistics.
    pub statistics: Vec<Oid>,
    /// Partitioned tables.
    pub partitioned: Vec<Oid>,
    /// Partitions.
    pub partitions: Vec<Oid>,
    /// Types whose names are wanted as SQL text.
    pub type_names: Vec<Oid>,
    /// Functions whose names are wanted as SQL text.
    pub function_names: Vec<Oid>,
    /// Foreign tables.
    pub foreign_tables: Vec<Oid>,
    /// Text search configurations.
    pub text_search_configurations: Vec<Oid>,
    /// Tables in publications, by their own rows.
    pub publication_tables: Vec<Oid>,
    /// Sequences.
    pub sequences: Vec<Oid>,
    /// Sequences whose positions are wanted.
    pub positions: Vec<Oid>,
    /// Relations and indexes of which the planner's statistics are wanted.
    pub planner_statistics: Vec<Oid>,
}

/// Definitions by the OID of their object.
#[derive(Clone, Debug, Default)]
pub struct Definitions {
    /// Functions and procedures.
    pub functions: HashMap<Oid, FunctionDefinition>,
    /// Aggregates.
    pub aggregates: HashMap<Oid, AggregateDefinition>,
    /// Base types.
    pub base_types: HashMap<Oid, BaseTypeDefinition>,
    /// Operators.
    pub operators: HashMap<Oid, OperatorDefinition>,
    /// Operator classes.
    pub operator_classes: HashMap<Oid, OperatorClassDefinition>,
    /// Operators and functions of operator families that belong to no class.
    pub operator_families: HashMap<Oid, FamilyMembers>,
    /// Collations.
    pub collations: HashMap<Oid, CollationDefinition>,
    /// Conversions.
    pub conversions: HashMap<Oid, ConversionDefinition>,
    /// Casts.
    pub casts: HashMap<Oid, CastDefinition>,
    /// Transforms.
    pub transforms: HashMap<Oid, TransformDefinition>,
    /// Labels of enums.
    pub enums: HashMap<Oid, Vec<BString>>,
    /// Range types.
    pub ranges: HashMap<Oid, RangeDefinition>,
    /// Domains.
    pub domains: HashMap<Oid, DomainDefinition>,
    /// Attributes of composite types.
    pub composites: HashMap<Oid, Vec<Attribute>>,
    /// Queries of views, with semicolon.
    pub views: HashMap<Oid, BString>,
    /// `CREATE RULE` statements, with semicolon.
    pub rules: HashMap<Oid, BString>,
    /// `CREATE STATISTICS` statements, without semicolon.
    pub statistics: HashMap<Oid, BString>,
    /// Partition keys.
    pub partition_keys: HashMap<Oid, BString>,
    /// Partition bounds.
    pub partition_bounds: HashMap<Oid, BString>,
    /// Types as SQL text.
    pub type_names: HashMap<Oid, BString>,
    /// Names of functions as SQL text, without arguments.
    pub function_names: HashMap<Oid, BString>,
    /// Foreign tables.
    pub foreign_tables: HashMap<Oid, ForeignTable>,
    /// Mappings of text search configurations.
    pub text_search_mappings: HashMap<Oid, Vec<TextSearchMapping>>,
    /// What publications publish of tables, by the row that says so.
    pub publication_filters: HashMap<Oid, PublicationFilter>,
    /// How sequences count.
    pub sequences: HashMap<Oid, Sequence>,
    /// How far sequences have come.
    pub positions: HashMap<Oid, SequencePosition>,
    /// What the planner knows of relations and indexes.
    pub planner_statistics: HashMap<Oid, PlannerStatistics>,
}

impl Definitions {
    /// Reads the definitions of what the caller will write.
    ///
    /// # Errors
    /// What the server said. Not cancel safe: a dropped future leaves the sessions broken.
    pub async fn fetch(
        sessions: &mut Sessions,
        catalog: &Catalog,
        quoter: &Quoter,
        mut wanted: Wanted,
    ) -> Result<Self> {
        if sessions.others.is_empty() {
            return Self::fetch_all(&mut sessions.first, catalog, quoter, &wanted).await;
        }
        // Several a session, since parts differ in how long they take.
        let count = 4 * sessions.count();
        let (functions, views) = (
            mem::take(&mut wanted.functions),
            mem::take(&mut wanted.views),
        );
        let cut = |list: &[Oid], part: fn(Vec<Oid>) -> PartWanted| -> Vec<PartWanted> {
            let size = list.len().div_ceil(count).max(1);
            list.chunks(size).map(|oids| part(oids.to_vec())).collect()
        };
        let mut parts = cut(&views, PartWanted::Views);
        parts.append(&mut cut(&functions, PartWanted::Functions));
        parts.push(PartWanted::Others(Box::new(wanted)));
        let parts: Vec<_> = parts
            .into_iter()
            .map(|wanted| PartOfDefinitions {
                catalog,
                quoter,
                wanted,
            })
            .collect();
        let mut fetched = sessions.fetch_parts(&parts).await?.into_iter().rev();
        // The last part is that of all others.
        let mut all = fetched.next().unwrap_or_default();
        for part in fetched {
            all.functions.extend(part.functions);
            all.views.extend(part.views);
        }
        Ok(all)
    }

    async fn fetch_all(
        session: &mut Session,
        catalog: &Catalog,
        quoter: &Quoter,
        wanted: &Wanted,
    ) -> Result<Self> {
        let oids = |list: &[Oid]| list.to_vec();
        let mut positions = Vec::new();
        for oid in &wanted.positions {
            if let Some(sequence) = catalog.relation(*oid) {
                positions.push((sequence, catalog.schema(sequence.schema)?.name.as_slice()));
            }
        }
        Ok(Self {
            functions: FunctionDefinition::fetch(session, &catalog.server, oids(&wanted.functions))
                .await?,
            aggregates: AggregateDefinition::fetch(session, oids(&wanted.aggregates)).await?,
            base_types: BaseTypeDefinition::fetch(
                session,
                &catalog.server,
                oids(&wanted.base_types),
            )
            .await?,
            operators: OperatorDefinition::fetch(session, oids(&wanted.operators)).await?,
            operator_classes: OperatorClassDefinition::fetch(
                session,
                oids(&wanted.operator_classes),
            )
            .await?,
            operator_families: FamilyMembers::fetch_loose(session, oids(&wanted.operator_families))
                .await?,
            collations: CollationDefinition::fetch(
                session,
                &catalog.server,
                oids(&wanted.collations),
            )
            .await?,
            conversions: ConversionDefinition::fetch(session, oids(&wanted.conversions)).await?,
            casts: CastDefinition::fetch(session, oids(&wanted.casts)).await?,
            transforms: TransformDefinition::fetch(session, oids(&wanted.transforms)).await?,
            enums: definition::fetch_enum_labels(session, oids(&wanted.enums)).await?,
            ranges: RangeDefinition::fetch(session, &catalog.server, oids(&wanted.ranges)).await?,
            domains: DomainDefinition::fetch(session, oids(&wanted.domains)).await?,
            composites: Attribute::fetch(session, oids(&wanted.composites)).await?,
            views: rule::fetch_view_definitions(session, oids(&wanted.views)).await?,
            rules: Rule::fetch_definitions(session, oids(&wanted.rules)).await?,
            statistics: Statistics::fetch_definitions(session, oids(&wanted.statistics)).await?,
            partition_keys: definition::fetch_partition_keys(session, oids(&wanted.partitioned))
                .await?,
            partition_bounds: definition::fetch_partition_bounds(session, oids(&wanted.partitions))
                .await?,
            type_names: definition::fetch_type_names(session, oids(&wanted.type_names)).await?,
            function_names: definition::fetch_function_names(session, oids(&wanted.function_names))
                .await?,
            foreign_tables: ForeignTable::fetch(session, oids(&wanted.foreign_tables)).await?,
            text_search_mappings: TextSearchMapping::fetch(
                session,
                oids(&wanted.text_search_configurations),
            )
            .await?,
            publication_filters: PublicationFilter::fetch(
                session,
                &catalog.server,
                oids(&wanted.publication_tables),
            )
            .await?,
            sequences: Sequence::fetch(session, oids(&wanted.sequences)).await?,
            positions: SequencePosition::fetch(session, &catalog.server, quoter, &positions)
                .await?,
            planner_statistics: PlannerStatistics::fetch(
                session,
                &catalog.server,
                &wanted.planner_statistics,
            )
            .await?,
        })
    }
}

/// What is wanted in one part of the read: some of the objects whose text takes the server long to make, or all others.
enum PartWanted {
    Functions(Vec<Oid>),
    Views(Vec<Oid>),
    Others(Box<Wanted>),
}

struct PartOfDefinitions<'a> {
    catalog: &'a Catalog,
    quoter: &'a Quoter,
    wanted: PartWanted,
}

impl Part for PartOfDefinitions<'_> {
    type Fetched = Definitions;

    async fn fetch(&self, session: &mut Session) -> Result<Definitions> {
        match &self.wanted {
            PartWanted::Functions(oids) => Ok(Definitions {
                functions: FunctionDefinition::fetch(
                    session,
                    &self.catalog.server,
                    oids.iter().copied(),
                )
                .await?,
                ..Definitions::default()
            }),
            PartWanted::Views(oids) => Ok(Definitions {
                views: rule::fetch_view_definitions(session, oids.iter().copied()).await?,
                ..Definitions::default()
            }),
            PartWanted::Others(wanted) => {
                Definitions::fetch_all(session, self.catalog, self.quoter, wanted).await
            }
        }
    }
}
