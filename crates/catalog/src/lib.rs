//! One PostgreSQL database's catalogues at one snapshot, as plain typed objects.
//!
//! A [`Catalog`] is read in three steps, each in sets and never a query an object, because a dump must hold locks before it may ask the
//! server for definitions, and because most databases hold more than a dump wants:
//!
//! 1. [`Catalog::fetch`]: the identity, owner and privileges of every object, who inherits from whom, and what depends on what. It asks
//!    for plain columns only, which follow the transaction's snapshot.
//! 2. [`Details::fetch`]: columns, defaults, constraints, indexes, triggers and policies of the relations that the caller has chosen and
//!    locked.
//! 3. [`Definitions::fetch`]: the SQL text of what will be written.
//!
//! Each kind of object has a file with its struct and its query. Names and texts are byte strings in the session's encoding, which need
//! not be UTF-8. This crate writes no SQL for dumps; it has no opinion about what is dumped.

mod access_method;
mod aggregate;
mod base_type;
mod cast;
mod catalog;
mod collation;
mod column;
mod comment;
mod constraint;
mod conversion;
mod data_type;
mod database;
mod default_acl;
mod definition;
mod definitions;
mod depend;
mod details;
mod error;
mod event_trigger;
mod extension;
mod fields;
mod foreign_data_wrapper;
mod foreign_options;
mod foreign_server;
mod foreign_table;
mod function;
mod index;
mod language;
mod large_object;
mod name;
mod oid;
mod operator;
mod operator_class;
mod operator_family;
mod planner_statistics;
mod policy;
mod privilege;
mod publication;
mod publication_member;
mod relation;
mod role;
mod rule;
mod schema;
mod security_label;
mod sequence;
mod server;
mod sessions;
mod statistics;
mod subscription;
mod text_search_configuration;
mod text_search_dictionary;
mod text_search_parser;
mod text_search_template;
mod transform;
mod trigger;
mod user_mapping;

pub use access_method::AccessMethod;
pub use aggregate::{AggregateDefinition, AggregateState};
pub use base_type::BaseTypeDefinition;
pub use cast::{Cast, CastDefinition};
pub use catalog::Catalog;
pub use collation::{Collation, CollationDefinition};
pub use column::{Column, ColumnDefault, NotNull};
pub use comment::{Comment, Comments};
pub use constraint::{Check, ForeignKey};
pub use conversion::{Conversion, ConversionDefinition};
pub use data_type::DataType;
pub use database::Database;
pub use default_acl::DefaultAcl;
pub use definition::{Attribute, DomainDefinition, FunctionDefinition, RangeDefinition};
pub use definitions::{Definitions, Wanted};
pub use depend::Dependency;
pub use details::{Details, DetailsOf};
pub use error::{Error, Result};
pub use event_trigger::EventTrigger;
pub use extension::{ConfigTable, Extension, Members};
pub use foreign_data_wrapper::ForeignDataWrapper;
pub use foreign_server::ForeignServer;
pub use foreign_table::ForeignTable;
pub use function::{Function, FunctionSignature};
pub use index::{Index, IndexConstraint};
pub use language::Language;
pub use large_object::LargeObjects;
pub use name::{Named, find_foreign_tables, find_relations};
pub use oid::{CatalogId, Oid, catalog as catalog_oid};
pub use operator::{Operator, OperatorDefinition};
pub use operator_class::{OperatorClass, OperatorClassDefinition};
pub use operator_family::{FamilyFunction, FamilyMembers, FamilyOperator, OperatorFamily};
pub use planner_statistics::{ColumnStatistics, PlannerStatistics};
pub use policy::Policy;
pub use privilege::{Acl, ColumnPrivileges, InitialPrivileges};
pub use publication::Publication;
pub use publication_member::{PublicationFilter, PublicationMember};
pub use relation::{Inheritance, OwningColumn, Relation, RelationKind, TableSize};
pub use role::Roles;
pub use rule::Rule;
pub use schema::Schema;
pub use security_label::{SecurityLabel, SecurityLabels};
pub use sequence::{Sequence, SequencePosition};
pub use server::Server;
pub use sessions::Sessions;
pub use statistics::Statistics;
pub use subscription::Subscription;
pub use text_search_configuration::{TextSearchConfiguration, TextSearchMapping};
pub use text_search_dictionary::TextSearchDictionary;
pub use text_search_parser::TextSearchParser;
pub use text_search_template::TextSearchTemplate;
pub use transform::{Transform, TransformDefinition};
pub use trigger::Trigger;
pub use user_mapping::UserMapping;
