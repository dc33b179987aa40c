//! Making the graph: a node an object, in the order in which pg_dump makes its own, and what depends on what.

mod data;
mod parts;

use std::collections::{HashMap, HashSet};

use pgark_catalog::{Catalog, CatalogId, Details, Oid, RelationKind, catalog_oid};

use super::{Components, Node, NodeId, Object, Plan, Selection};
use crate::dialect::Dialect;
use crate::options::{Omit, Options};

impl<'a> Plan<'a> {
    /// Makes the graph of everything that the catalogue knows. It is not ordered yet.
    pub(crate) fn build(
        catalog: &'a Catalog,
        details: &'a Details,
        selection: &Selection,
        options: &Options,
        dialect: Dialect,
    ) -> Self {
        let mut plan = Self {
            catalog,
            details,
            dialect,
            nodes: Vec::new(),
            order: Vec::new(),
            by_row: HashMap::new(),
            by_object: HashMap::new(),
            parents: selection.parents.clone(),
            columns: Vec::new(),
            is_populated: catalog
                .relations
                .iter()
                .map(|relation| relation.is_populated)
                .collect(),
            warnings: Vec::new(),
        };
        let are_dumped = !options.names.is_partial && !options.omits(Omit::SUBSCRIPTIONS);
        if catalog.hidden_subscriptions > 0 && are_dumped && options.schema() {
            plan.warnings
                .push("subscriptions are not dumped because the role is not a superuser".into());
        }
        plan.add_skeleton(selection, options);
        if options.schema() {
            plan.warn_of_hidden_options();
        }
        plan.add_details(selection, options, dialect);
        plan.add_data(selection, options);
        if options.large_objects() {
            plan.add_large_objects();
        }
        plan.add_dependencies();
        plan.note_what_is_there(options);
        plan
    }

    /// Adds a node. What belongs to an extension depends on it.
    pub(super) fn add(&mut self, object: Object, id: CatalogId, wanted: Components) -> NodeId {
        let node = NodeId(self.nodes.len());
        self.nodes.push(Node {
            object,
            id,
            wanted,
            present: Components::DEFINITION,
            dependencies: Vec::new(),
            depends_on_extension: false,
            is_separate: false,
            is_postponed: false,
            is_dummy: false,
        });
        self.by_object.insert(object, node);
        if id.table.is_valid() {
            self.by_row.insert(id, node);
        }
        node
    }

    /// Adds a node for an object that can belong to an extension.
    fn add_member(&mut self, object: Object, id: CatalogId, wanted: Components) -> NodeId {
        let node = self.add(object, id, wanted);
        if let Some(extension) = self.catalog.members.get(&id)
            && let Some(extension) = self.find(Object::Extension(*extension))
        {
            self.node_mut(node).dependencies.push(extension);
        }
        node
    }

    /// Adds a node for an object that is wanted as its extension or schema is.
    pub(super) fn add_in_schema(
        &mut self,
        selection: &Selection,
        object: Object,
        id: CatalogId,
        schema: Oid,
    ) {
        self.add_member(object, id, selection.of_object(self.catalog, id, schema));
    }

    /// Adds a node for an object without schema and privileges, of a kind that initdb makes some of.
    fn add_unless_builtin(&mut self, selection: &Selection, object: Object, id: CatalogId) {
        let wanted = match selection.of_member(self.catalog, id) {
            None if id.oid.is_builtin() => Components::empty(),
            _ => selection.of_object(self.catalog, id, Oid::INVALID),
        };
        self.add_member(object, id, wanted);
    }

    /// Everything that is known without a look into the tables.
    fn add_skeleton(&mut self, selection: &Selection, options: &Options) {
        let catalog = self.catalog;
        for (i, extension) in catalog.extensions.iter().enumerate() {
            self.add(Object::Extension(i), extension.id, selection.extensions[i]);
        }
        for (i, schema) in catalog.schemas.iter().enumerate() {
            self.add_member(Object::Schema(i), schema.id, selection.schemas[i]);
        }
        for (i, relation) in catalog.relations.iter().enumerate() {
            let node = self.add_member(Object::Relation(i), relation.id, selection.relations[i]);
            if options.statistics && is_analyzed(relation.kind) && selection.is_written(i) {
                self.add_planner_statistics(Object::RelationStatistics(i), node);
            }
        }
        for (i, function) in catalog.functions.iter().enumerate() {
            self.add_in_schema(selection, Object::Function(i), function.id, function.schema);
        }
        self.add_types(selection);
        for (i, language) in catalog.languages.iter().enumerate() {
            let mut wanted = selection.of_object(catalog, language.id, Oid::INVALID);
            if language.id.oid.is_builtin() {
                wanted &= Components::ACL;
            }
            self.add_member(Object::Language(i), language.id, wanted);
        }
        for (i, aggregate) in catalog.aggregates.iter().enumerate() {
            self.add_in_schema(
                selection,
                Object::Aggregate(i),
                aggregate.id,
                aggregate.schema,
            );
        }
        self.add_operators(selection);
        self.add_text_search(selection);
        self.add_foreign(selection);
        for (i, default_acl) in catalog.default_acls.iter().enumerate() {
            let wanted = selection.of_object(catalog, CatalogId::NONE, default_acl.schema);
            self.add(Object::DefaultAcl(i), default_acl.id, wanted);
        }
        self.add_conversions(selection);
        for (i, trigger) in catalog.event_triggers.iter().enumerate() {
            self.add_in_schema(selection, Object::EventTrigger(i), trigger.id, Oid::INVALID);
        }
        for (table, _) in selection.config_tables(catalog) {
            self.add_relation_data(table, selection, options);
        }
        self.order_config_data();
    }

    /// Adds a node for what the planner knows of a relation or an index.
    pub(super) fn add_planner_statistics(&mut self, object: Object, of: NodeId) -> NodeId {
        let node = self.add(object, CatalogId::NONE, Components::all());
        let statistics = self.node_mut(node);
        statistics.present |= Components::STATISTICS;
        statistics.is_postponed = matches!(object, Object::IndexStatistics(_));
        statistics.dependencies.push(of);
        node
    }

    fn add_types(&mut self, selection: &Selection) {
        for (i, data_type) in self.catalog.types.iter().enumerate() {
            let wanted = selection.of_type(self.catalog, data_type);
            let node = if data_type.is_row_type() {
                self.add(Object::Type(i), data_type.id, wanted)
            } else {
                self.add_member(Object::Type(i), data_type.id, wanted)
            };
            if !wanted.contains(Components::DEFINITION) {
                continue;
            }
            if data_type.kind == b'd' {
                for check in self.details.domain_constraints_of(data_type.id.oid) {
                    let constraint = &self.details.domain_constraints[check];
                    let id = self.add(
                        Object::DomainConstraint(check),
                        constraint.id,
                        Components::all(),
                    );
                    self.node_mut(id).is_separate = !constraint.is_validated;
                    if constraint.is_validated {
                        // What the constraint needs must be there before the domain.
                        self.node_mut(node).dependencies.push(id);
                    }
                }
            }
            if matches!(data_type.kind, b'b' | b'r') {
                // Wanted only if a function of the type turns out to need it.
                self.add(Object::ShellType(i), CatalogId::NONE, Components::empty());
            }
        }
    }

    fn add_operators(&mut self, selection: &Selection) {
        let catalog = self.catalog;
        for (i, operator) in catalog.operators.iter().enumerate() {
            self.add_in_schema(selection, Object::Operator(i), operator.id, operator.schema);
        }
        for (i, method) in catalog.access_methods.iter().enumerate() {
            self.add_unless_builtin(selection, Object::AccessMethod(i), method.id);
        }
        for (i, class) in catalog.operator_classes.iter().enumerate() {
            self.add_in_schema(selection, Object::OperatorClass(i), class.id, class.schema);
        }
        for (i, family) in catalog.operator_families.iter().enumerate() {
            self.add_in_schema(
                selection,
                Object::OperatorFamily(i),
                family.id,
                family.schema,
            );
        }
    }

    fn add_conversions(&mut self, selection: &Selection) {
        let catalog = self.catalog;
        for (i, collation) in catalog.collations.iter().enumerate() {
            self.add_in_schema(
                selection,
                Object::Collation(i),
                collation.id,
                collation.schema,
            );
        }
        for (i, conversion) in catalog.conversions.iter().enumerate() {
            self.add_in_schema(
                selection,
                Object::Conversion(i),
                conversion.id,
                conversion.schema,
            );
        }
        for (i, cast) in catalog.casts.iter().enumerate() {
            self.add_unless_builtin(selection, Object::Cast(i), cast.id);
        }
        for (i, transform) in catalog.transforms.iter().enumerate() {
            self.add_in_schema(selection, Object::Transform(i), transform.id, Oid::INVALID);
        }
    }

    fn add_text_search(&mut self, selection: &Selection) {
        let catalog = self.catalog;
        for (i, parser) in catalog.text_search_parsers.iter().enumerate() {
            self.add_in_schema(
                selection,
                Object::TextSearchParser(i),
                parser.id,
                parser.schema,
            );
        }
        for (i, template) in catalog.text_search_templates.iter().enumerate() {
            self.add_in_schema(
                selection,
                Object::TextSearchTemplate(i),
                template.id,
                template.schema,
            );
        }
        for (i, dictionary) in catalog.text_search_dictionaries.iter().enumerate() {
            self.add_in_schema(
                selection,
                Object::TextSearchDictionary(i),
                dictionary.id,
                dictionary.schema,
            );
        }
        for (i, configuration) in catalog.text_search_configurations.iter().enumerate() {
            self.add_in_schema(
                selection,
                Object::TextSearchConfiguration(i),
                configuration.id,
                configuration.schema,
            );
        }
    }

    /// Foreign-data wrappers and servers. Those have user mappings, which are no objects of their own here.
    fn add_foreign(&mut self, selection: &Selection) {
        let catalog = self.catalog;
        for (i, wrapper) in catalog.foreign_data_wrappers.iter().enumerate() {
            self.add_in_schema(
                selection,
                Object::ForeignDataWrapper(i),
                wrapper.id,
                Oid::INVALID,
            );
        }
        for (i, server) in catalog.foreign_servers.iter().enumerate() {
            self.add_in_schema(selection, Object::ForeignServer(i), server.id, Oid::INVALID);
            let node = self.by_object[&Object::ForeignServer(i)];
            self.node_mut(node).present |= Components::USER_MAPPING;
        }
    }

    /// User mappings are there for everybody to see, their options are not: they hold passwords.
    fn warn_of_hidden_options(&mut self) {
        for (i, server) in self.catalog.foreign_servers.iter().enumerate() {
            let has_mappings = self.find(Object::ForeignServer(i)).is_some_and(|node| {
                self.node(node)
                    .components()
                    .contains(Components::USER_MAPPING)
            });
            let mappings = self.catalog.user_mappings.iter();
            for mapping in mappings.filter(|mapping| mapping.server == server.id.oid) {
                if has_mappings && mapping.is_hidden {
                    self.warnings.push(format!(
                        "options of user mapping \"{}\" of server \"{}\" are not dumped because the role may not read them",
                        mapping.user, server.name
                    ));
                }
            }
        }
    }

    fn add_dependencies(&mut self) {
        for dependency in &self.catalog.dependencies {
            let (Some(object), Some(on)) = (
                self.find_row(dependency.object),
                self.find_row(dependency.on),
            ) else {
                continue;
            };
            self.node_mut(object).depends_on_extension |= dependency.kind == b'x';
            let is_composite = dependency.kind == b'i'
                && matches!(self.node(object).object, Object::Relation(_))
                && dependency.on.table == catalog_oid::TYPE
                && !matches!(
                    self.node(on).object.kind(self.catalog),
                    super::Kind::DummyType
                );
            if is_composite {
                // What a composite type's columns depend on is written down for its relation; the type is what is made.
                self.node_mut(on).dependencies.push(object);
            } else {
                self.node_mut(object).dependencies.push(on);
            }
        }
    }

    /// Notes which objects have privileges, comments and so on at all.
    fn note_what_is_there(&mut self, options: &Options) {
        let catalog = self.catalog;
        let with_column_privileges = catalog.column_privileges.iter();
        let with_column_privileges: HashSet<Oid> = with_column_privileges
            .map(|privileges| privileges.relation)
            .collect();
        for place in 0..self.nodes.len() {
            let object = self.nodes[place].object;
            let has_acl = match object {
                Object::Schema(i) => {
                    catalog.schemas[i].acl.current.is_some() || catalog.schemas[i].name == "public"
                }
                Object::Relation(i) => {
                    catalog.relations[i].acl.current.is_some()
                        || with_column_privileges.contains(&catalog.relations[i].id.oid)
                }
                Object::Function(i) => catalog.functions[i].acl.current.is_some(),
                Object::Aggregate(i) => catalog.aggregates[i].acl.current.is_some(),
                Object::Type(i) => catalog.types[i].acl.current.is_some(),
                Object::Language(i) => catalog.languages[i].acl.current.is_some(),
                Object::ForeignDataWrapper(i) => {
                    catalog.foreign_data_wrappers[i].acl.current.is_some()
                }
                Object::ForeignServer(i) => catalog.foreign_servers[i].acl.current.is_some(),
                Object::LargeObjects(i) => catalog.large_objects[i].acl.current.is_some(),
                Object::DefaultAcl(_) => true,
                _ => false,
            };
            if has_acl {
                self.nodes[place].present |= Components::ACL;
            }
            // The comment of the schema public is there from the start, so that its absence is something to say.
            if matches!(object, Object::Schema(i) if options.is_from_start(&catalog.schemas[i])) {
                self.nodes[place].present |= Components::COMMENT;
            }
        }
        for privileges in catalog
            .initial_privileges
            .iter()
            .filter(|privileges| privileges.column != 0)
        {
            if let Some(node) = self.find_row(privileges.id) {
                self.node_mut(node).present |= Components::ACL;
            }
        }
        for comment in catalog.comments.iter() {
            if let Some(node) = self.find_described(comment.id, comment.column) {
                self.node_mut(node).present |= Components::COMMENT;
            }
        }
        for label in catalog.security_labels.iter() {
            if let Some(node) = self.find_described(label.id, label.column) {
                self.node_mut(node).present |= Components::SECURITY_LABEL;
            }
        }
    }

    /// The node with which a comment or a label on a row or one of its columns is written. What is said of a composite type's columns
    /// stands in the catalogues with the type's relation.
    fn find_described(&self, row: CatalogId, column: i32) -> Option<NodeId> {
        let node = self.find_row(row)?;
        match self.node(node).object {
            Object::Relation(i)
                if column != 0 && self.catalog.relations[i].kind == RelationKind::CompositeType =>
            {
                self.find_row(CatalogId {
                    table: catalog_oid::TYPE,
                    oid: self.catalog.relations[i].row_type,
                })
            }
            _ => Some(node),
        }
    }
}

/// Whether the planner can know anything of relations of a kind.
fn is_analyzed(kind: RelationKind) -> bool {
    matches!(
        kind,
        RelationKind::Table
            | RelationKind::PartitionedTable
            | RelationKind::MaterializedView
            | RelationKind::ForeignTable
    )
}

#[cfg(test)]
mod tests;
