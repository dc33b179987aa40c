//! Turning planned objects into the entries of an archive. Each kind of object has a file; none of them asks the server for anything.

mod access_method;
mod acl;
mod aggregate;
mod base_type;
mod cast;
mod collation;
mod column_settings;
mod comment;
mod constraint;
mod conversion;
mod data;
mod data_type;
mod database;
mod default;
mod default_acl;
mod event_trigger;
mod extension;
mod foreign;
mod foreign_data_wrapper;
mod foreign_server;
mod function;
mod index;
mod language;
mod large_object;
mod named;
mod operator;
mod operator_class;
mod operator_family;
mod planner_statistics;
mod policy;
mod publication;
mod rule;
mod schema;
mod security_label;
mod sequence;
mod statistics;
mod subscription;
mod table;
mod table_part;
mod text_search_configuration;
mod text_search_dictionary;
mod text_search_parser;
mod text_search_template;
mod transform;
mod trigger;
mod view;

pub(crate) use data::copy_columns;

use std::collections::{HashMap, HashSet};
use std::num::NonZeroUsize;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::thread;

use bstr::{BStr, BString};
use pgark_archive::{DumpId, Section, TocEntry};
use pgark_catalog::{Catalog, CatalogId, Definitions, Details, InitialPrivileges, Oid, Relation};
use pgark_sql::Quoter;

use crate::dialect::Dialect;
use crate::error::{Error, Result};
use crate::options::{Omit, Options};
use crate::plan::{Components, Node, NodeId, Object, Plan};

/// What the emitters work with, and the entries that they have made.
pub(crate) struct Emitter<'a> {
    pub(crate) plan: &'a Plan<'a>,
    pub(crate) definitions: &'a Definitions,
    pub(crate) options: &'a Options,
    pub(crate) dialect: Dialect,
    pub(crate) quoter: Quoter,
    /// Privileges that objects had from the start, by object.
    initial: Arc<HashMap<CatalogId, &'a InitialPrivileges>>,
    entries: Vec<TocEntry>,
    /// The number of the next entry that is no node of the plan.
    next_id: usize,
}

impl<'a> Emitter<'a> {
    pub(crate) fn new(
        plan: &'a Plan<'a>,
        definitions: &'a Definitions,
        options: &'a Options,
        dialect: Dialect,
        quoter: Quoter,
    ) -> Self {
        Self {
            plan,
            definitions,
            options,
            dialect,
            quoter,
            initial: Arc::new(
                plan.catalog
                    .initial_privileges
                    .iter()
                    .filter(|privileges| privileges.column == 0)
                    .map(|privileges| (privileges.id, privileges))
                    .collect(),
            ),
            entries: Vec::new(),
            next_id: plan.nodes.len(),
        }
    }

    /// Makes all entries: the three that tell how to read the others, the database, and the planned objects in order.
    pub(crate) fn emit(mut self) -> Result<Vec<TocEntry>> {
        self.emit_session_entries();
        self.emit_database()?;
        self.emit_nodes()?;
        self.keep_sections();
        let written: HashSet<DumpId> = self.entries.iter().map(|entry| entry.dump_id).collect();
        for entry in &mut self.entries {
            // The others have said themselves what they depend on.
            let node = NodeId::of(entry.dump_id).filter(|node| node.0 < self.plan.nodes.len());
            if let (true, Some(node)) = (entry.dependencies.is_empty(), node) {
                // pg_dump names all that a transform depends on, in the archive or not (dumpTransform in src/bin/pg_dump/pg_dump.c).
                let is_transform = matches!(self.plan.node(node).object, Object::Transform(_));
                entry.dependencies = self
                    .plan
                    .archive_dependencies(node, |id| is_transform || written.contains(&id));
            }
        }
        Ok(self.entries)
    }

    /// Makes the entries of all planned objects. Those of many are made by several threads, which nothing shows.
    fn emit_nodes(&mut self) -> Result<()> {
        /// So many objects are worth a thread.
        const A_THREAD: usize = 4096;
        let order = &self.plan.order;
        let processors = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let count = (order.len() / A_THREAD).clamp(1, processors);
        let mut parts: Vec<_> = order
            .chunks(order.len().div_ceil(count).max(1))
            .map(|part| (self.part(part.len()), part))
            .collect();
        thread::scope(|scope| {
            let running: Vec<_> = parts
                .iter_mut()
                .map(|(emitter, part)| scope.spawn(|| emitter.emit_part(part)))
                .collect();
            let mut ended = running.into_iter().map(|running| running.join());
            ended.try_for_each(|ended| ended.unwrap_or_else(|panic| resume_unwind(panic)))
        })?;
        for (part, _) in parts {
            self.append(part);
        }
        Ok(())
    }

    /// One that makes the entries of so many objects.
    fn part(&self, objects: usize) -> Self {
        Self {
            initial: Arc::clone(&self.initial),
            // Most objects have one. Room that is not used costs nothing; to grow would hold what is there twice.
            entries: Vec::with_capacity(objects),
            next_id: self.plan.nodes.len(),
            ..*self
        }
    }

    fn emit_part(&mut self, part: &[NodeId]) -> Result<()> {
        for id in part {
            let node = self.plan.node(*id);
            if !node.components().is_empty() {
                self.emit_node(*id, node)?;
            }
        }
        Ok(())
    }

    /// Takes over the entries of a part, and numbers those that are no nodes as if they had been made here.
    fn append(&mut self, part: Self) {
        let nodes = self.plan.nodes.len();
        let before = self.next_id - nodes;
        let renumber = |id: &mut DumpId| {
            if let Some(node) = NodeId::of(*id).filter(|node| node.0 >= nodes) {
                *id = NodeId(node.0 + before).dump_id();
            }
        };
        self.next_id += part.next_id - nodes;
        self.entries.reserve_exact(part.entries.len());
        self.entries
            .extend(part.entries.into_iter().map(|mut entry| {
                renumber(&mut entry.dump_id);
                entry.dependencies.iter_mut().for_each(renumber);
                entry
            }));
    }

    fn emit_node(&mut self, id: NodeId, node: &'a Node) -> Result<()> {
        match node.object {
            Object::Data(i) if self.options.data_of(self.catalog().relations[i].kind) => {
                return self.emit_data(id, i);
            }
            Object::LargeObjects(i) => return self.emit_large_objects(id, i),
            Object::LargeObjectData(i) => return self.emit_large_object_data(id, i),
            Object::RelationStatistics(i) => return self.emit_relation_statistics(id, i),
            Object::IndexStatistics(i) => return self.emit_index_statistics(id, i),
            _ => {}
        }
        if !self.options.schema() {
            return Ok(());
        }
        match node.object {
            Object::Schema(i) => self.emit_schema(id, i),
            Object::Extension(i) => self.emit_extension(id, i),
            Object::Type(i) => self.emit_type(id, i),
            Object::Function(i) => self.emit_function(id, i),
            Object::Language(i) => self.emit_language(id, i),
            Object::TextSearchParser(i) => self.emit_text_search_parser(id, i),
            Object::TextSearchTemplate(i) => self.emit_text_search_template(id, i),
            Object::TextSearchDictionary(i) => self.emit_text_search_dictionary(id, i),
            Object::TextSearchConfiguration(i) => self.emit_text_search_configuration(id, i),
            Object::ForeignDataWrapper(i) => self.emit_foreign_data_wrapper(id, i),
            Object::ForeignServer(i) => self.emit_foreign_server(id, i),
            Object::Relation(i) => self.emit_relation(id, i),
            Object::TableAttach(i) => self.emit_table_attach(id, i),
            Object::Default(_) | Object::NullDefault(_) => self.emit_default(id),
            Object::Index(i) => self.emit_index(id, i),
            Object::IndexAttach(i) => self.emit_index_attach(id, i),
            Object::Statistics(i) => self.emit_statistics(id, i),
            Object::Rule(i) => self.emit_rule(id, i),
            Object::Trigger(i) => self.emit_trigger(id, i),
            Object::Check(_) | Object::InvalidNotNull(_) => self.emit_check(id),
            Object::DomainConstraint(i) => self.emit_domain_constraint(id, i),
            Object::IndexConstraint(i) => self.emit_index_constraint(id, i),
            Object::ForeignKey(i) => self.emit_foreign_key(id, i),
            Object::DefaultAcl(_) if self.options.omits(Omit::PRIVILEGES) => Ok(()),
            Object::DefaultAcl(i) => self.emit_default_acl(id, i),
            Object::EventTrigger(i) => self.emit_event_trigger(id, i),
            Object::Publication(i) => self.emit_publication(id, i),
            Object::PublicationTable(i) => self.emit_publication_table(id, i),
            Object::PublicationSchema(i) => self.emit_publication_schema(id, i),
            Object::Subscription(i) => self.emit_subscription(id, i),
            Object::RowSecurity(i) => self.emit_row_security(id, i),
            Object::Policy(i) => self.emit_policy(id, i),
            Object::ShellType(i) => self.emit_shell_type(id, i),
            Object::Aggregate(i) => self.emit_aggregate(id, i),
            Object::Operator(i) => self.emit_operator(id, i),
            Object::AccessMethod(i) => self.emit_access_method(id, i),
            Object::OperatorClass(i) => self.emit_operator_class(id, i),
            Object::OperatorFamily(i) => self.emit_operator_family(id, i),
            Object::Collation(i) => self.emit_collation(id, i),
            Object::Conversion(i) => self.emit_conversion(id, i),
            Object::Cast(_) => self.emit_cast(id),
            Object::Transform(_) => self.emit_transform(id),
            Object::Data(_)
            | Object::RelationStatistics(_)
            | Object::IndexStatistics(_)
            | Object::LargeObjects(_)
            | Object::LargeObjectData(_)
            | Object::PreDataBoundary
            | Object::PostDataBoundary => Ok(()),
        }
    }

    /// Leaves out what belongs to sections that are not wanted. What has no section belongs to that of the entry before it; what
    /// tells of the archive and of the database itself stays (`_tocEntryRequired` in src/bin/pg_dump/pg_backup_archiver.c).
    fn keep_sections(&mut self) {
        const ALWAYS: [&str; 5] = [
            "ENCODING",
            "STDSTRINGS",
            "SEARCHPATH",
            "DATABASE",
            "DATABASE PROPERTIES",
        ];
        let mut section = Section::PreData;
        self.entries.retain(|entry| {
            if entry.section != Section::None {
                section = entry.section;
            }
            self.options.sections.has(section) || ALWAYS.iter().any(|desc| entry.desc == *desc)
        });
    }

    pub(super) fn catalog(&self) -> &'a Catalog {
        self.plan.catalog
    }

    pub(super) fn details(&self) -> &'a Details {
        self.plan.details
    }

    /// An entry for a node of the plan.
    pub(super) fn entry(&self, id: NodeId, desc: &str, section: Section) -> TocEntry {
        let node = self.plan.node(id);
        TocEntry {
            table_oid: node.id.table.0,
            oid: node.id.oid.0,
            desc: desc.into(),
            section,
            ..TocEntry::new(id.dump_id())
        }
    }

    /// An entry for something that is said of an object and is no node of the plan.
    pub(super) fn extra_entry(
        &mut self,
        desc: &str,
        section: Section,
        dependencies: Vec<DumpId>,
    ) -> TocEntry {
        let id = NodeId(self.next_id);
        self.next_id += 1;
        TocEntry {
            desc: desc.into(),
            section,
            dependencies,
            ..TocEntry::new(id.dump_id())
        }
    }

    pub(super) fn push(&mut self, mut entry: TocEntry) {
        // There are many of them, and they are kept to the end.
        if let Some(defn) = &mut entry.defn {
            defn.shrink_to_fit();
        }
        self.entries.push(entry);
    }

    pub(super) fn is_wanted(&self, id: NodeId, component: Components) -> bool {
        self.plan.node(id).components().contains(component)
    }

    pub(super) fn schema_name(&self, schema: Oid) -> Result<&'a BString> {
        Ok(&self.catalog().schema(schema)?.name)
    }

    pub(super) fn role_name(&self, role: Oid) -> Result<&'a BStr> {
        Ok(self.catalog().roles.name(role)?)
    }

    /// A name with its schema, quoted.
    pub(super) fn qualified(&self, schema: Oid, name: &[u8]) -> Result<BString> {
        Ok(self.quoter.qualified(Some(self.schema_name(schema)?), name))
    }

    /// A relation's name with its schema, quoted.
    pub(super) fn qualified_relation(&self, relation: &Relation) -> Result<BString> {
        self.qualified(relation.schema, &relation.name)
    }

    /// A collation's name with its schema, quoted.
    pub(super) fn collation(&self, oid: Oid) -> Result<Option<BString>> {
        self.catalog()
            .collation(oid)
            .map(|collation| self.qualified(collation.schema, &collation.name))
            .transpose()
    }

    /// A definition that was asked for, or the error that its object is gone.
    pub(super) fn defined<T>(&self, id: NodeId, definition: Option<&'a T>) -> Result<&'a T> {
        definition.ok_or_else(|| Error::Dropped(self.plan.describe(id)))
    }

    /// The name of a function as the server writes it, without arguments.
    pub(super) fn function_name(&self, user: NodeId, function: Oid) -> Result<&'a BString> {
        self.defined(user, self.definitions.function_names.get(&function))
    }

    /// Says which object a failure to write SQL is about.
    pub(super) fn sql<T>(&self, id: NodeId, result: pgark_sql::Result<T>) -> Result<T> {
        result.map_err(|source| Error::Sql {
            object: self.plan.describe(id),
            source,
        })
    }

    /// `ALTER … DEPENDS ON EXTENSION` for an object that goes when an extension goes.
    pub(super) fn depends_on_extension(&self, id: NodeId, keyword: &str, name: &[u8]) -> BString {
        let mut text = BString::default();
        if !self.plan.node(id).depends_on_extension {
            return text;
        }
        let dependencies = self
            .catalog()
            .dependencies
            .iter()
            .filter(|dependency| dependency.kind == b'x');
        for dependency in
            dependencies.filter(|dependency| dependency.object == self.plan.node(id).id)
        {
            let extension = self
                .catalog()
                .extensions
                .iter()
                .find(|extension| extension.id == dependency.on);
            if let Some(extension) = extension {
                let extension = self.quoter.ident(&extension.name);
                let (before, after) = if self.dialect.extension_dependency_starts_line() {
                    ("\n", ";")
                } else {
                    ("", ";\n")
                };
                pgark_sql::put!(
                    text,
                    before,
                    "ALTER ",
                    keyword,
                    " ",
                    name,
                    " DEPENDS ON EXTENSION ",
                    extension,
                    after
                );
            }
        }
        text
    }
}

#[cfg(test)]
mod tests;
