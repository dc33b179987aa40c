//! Making the graph: a node an object, in the order in which pg_dump makes its own, and what depends on what.

use std::collections::{HashMap, HashSet};

use pgark_catalog::{
    Catalog, CatalogId, Details, Index, Oid, RelationKind, UnwrittenKind, catalog_oid,
};

use super::{Components, Node, NodeId, Object, Plan, Selection};
use crate::dialect::Dialect;
use crate::options::Options;

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
        if catalog.hidden_subscriptions > 0 {
            plan.warnings
                .push("subscriptions are not dumped because the role is not a superuser".into());
        }
        plan.add_skeleton(selection, options);
        plan.add_details(selection, dialect);
        if options.data() {
            plan.add_data(options);
            plan.add_large_objects();
        }
        plan.add_dependencies();
        plan.note_what_is_there();
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
            self.add_member(Object::Relation(i), relation.id, selection.relations[i]);
        }
        for (i, function) in catalog.functions.iter().enumerate() {
            self.add_member(
                Object::Function(i),
                function.id,
                selection.of_object(catalog, function.id, function.schema),
            );
        }
        self.add_types(selection);
        for (i, language) in catalog.languages.iter().enumerate() {
            let usual = if language.id.oid.is_builtin() {
                Components::ACL
            } else {
                Components::all()
            };
            let wanted = selection.of_member(catalog, language.id).unwrap_or(usual);
            self.add_member(Object::Language(i), language.id, wanted);
        }
        for (i, aggregate) in catalog.aggregates.iter().enumerate() {
            self.add_member(
                Object::Aggregate(i),
                aggregate.id,
                selection.of_object(catalog, aggregate.id, aggregate.schema),
            );
        }
        let follows_default_acls = |kind| {
            use UnwrittenKind::{Cast, Collation, Conversion, EventTrigger, Transform};
            matches!(
                kind,
                Collation | Conversion | Cast | Transform | EventTrigger
            )
        };
        let follows_policies = |kind| {
            use UnwrittenKind::{Publication, PublicationSchema, PublicationTable, Subscription};
            matches!(
                kind,
                Publication | PublicationTable | PublicationSchema | Subscription
            )
        };
        self.add_unwritten(selection, |kind| {
            !follows_default_acls(kind) && !follows_policies(kind)
        });
        for (i, default_acl) in catalog.default_acls.iter().enumerate() {
            let wanted = selection.of_object(catalog, CatalogId::NONE, default_acl.schema);
            self.add(Object::DefaultAcl(i), default_acl.id, wanted);
        }
        self.add_unwritten(selection, follows_default_acls);
        for (table, _) in sorted(selection.config_tables(catalog)) {
            self.add_relation_data(table, options);
        }
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

    fn add_unwritten(&mut self, selection: &Selection, is_next: impl Fn(UnwrittenKind) -> bool) {
        use UnwrittenKind::{AccessMethod, Cast};
        let catalog = self.catalog;
        for (i, object) in catalog
            .unwritten
            .iter()
            .enumerate()
            .filter(|(_, object)| is_next(object.kind))
        {
            let wanted =
                selection
                    .of_member(catalog, object.id)
                    .unwrap_or_else(|| match object.kind {
                        AccessMethod | Cast if object.id.oid.is_builtin() => Components::empty(),
                        _ => selection.of_object(catalog, object.id, object.schema),
                    });
            self.add_member(Object::Unwritten(i), object.id, wanted);
        }
    }

    /// What was read of the chosen tables.
    fn add_details(&mut self, selection: &Selection, dialect: Dialect) {
        let (catalog, details) = (self.catalog, self.details);
        self.add_table_attaches();
        self.add_defaults();
        for (i, constraint) in details.invalid_not_null.iter().enumerate() {
            // Data may violate it, so that it comes after the data.
            let node = self.add_part(Object::InvalidNotNull(i), constraint.id, constraint.on);
            self.node_mut(node).is_separate = true;
        }
        for (i, check) in details.checks.iter().enumerate() {
            let node = self.add_part(Object::Check(i), check.id, check.on);
            self.node_mut(node).is_separate = !check.is_validated;
            if check.is_validated {
                self.depend_relation_on(check.on, node);
            }
        }
        self.plan_columns();
        self.compare_with_parents(dialect);
        for (i, index) in details.indexes.iter().enumerate() {
            self.add_part(Object::Index(i), index.id, index.relation);
            if let Some(constraint) = &index.constraint {
                let node = self.add_part(Object::IndexConstraint(i), constraint.id, index.relation);
                self.node_mut(node).is_separate = true;
            }
        }
        self.add_index_attaches();
        for (i, statistics) in catalog.statistics.iter().enumerate() {
            let mut wanted = selection.of_object(catalog, statistics.id, statistics.schema);
            let table = catalog.relation_index(statistics.relation);
            let is_table_written = table
                .is_some_and(|table| selection.relations[table].contains(Components::DEFINITION));
            if !is_table_written && selection.of_member(catalog, statistics.id).is_none() {
                wanted = Components::empty();
            }
            self.add_member(Object::Statistics(i), statistics.id, wanted);
        }
        self.add_foreign_keys();
        for (i, trigger) in details.triggers.iter().enumerate() {
            self.add(Object::Trigger(i), trigger.id, Components::all());
        }
        self.add_rules();
        self.add_policies(selection);
        self.add_unwritten(selection, |kind| {
            use UnwrittenKind::{Publication, PublicationSchema, PublicationTable, Subscription};
            matches!(
                kind,
                Publication | PublicationTable | PublicationSchema | Subscription
            )
        });
    }

    /// Adds a node for part of a relation, of which as much is wanted as of the relation.
    fn add_part(&mut self, object: Object, id: CatalogId, relation: Oid) -> NodeId {
        let wanted = self
            .catalog
            .relation_index(relation)
            .map(|relation| self.relation_node(relation).wanted);
        self.add(object, id, wanted.unwrap_or_default())
    }

    /// Has a relation come after one of its parts.
    fn depend_relation_on(&mut self, relation: Oid, part: NodeId) {
        if let Some(relation) = self.catalog.relation_index(relation)
            && let Some(relation) = self.find(Object::Relation(relation))
        {
            self.node_mut(relation).dependencies.push(part);
        }
    }

    fn add_table_attaches(&mut self) {
        for (i, partition) in self.catalog.relations.iter().enumerate() {
            let node = self.by_object[&Object::Relation(i)];
            if !partition.is_partition || !self.node(node).wanted.contains(Components::DEFINITION) {
                continue;
            }
            if let Some(parent) = self.parents[i].first() {
                let parent = self.by_object[&Object::Relation(*parent)];
                let attach = self.add(Object::TableAttach(i), CatalogId::NONE, Components::all());
                self.node_mut(attach).dependencies.extend([node, parent]);
            }
        }
    }

    fn add_defaults(&mut self) {
        let (catalog, details) = (self.catalog, self.details);
        for (i, default) in details.defaults.iter().enumerate() {
            let Some(relation) = catalog.relation_index(default.relation) else {
                continue;
            };
            let columns = details.columns_of(default.relation);
            let Some(column) = usize::try_from(default.column - 1)
                .ok()
                .and_then(|place| columns.get(place))
            else {
                continue;
            };
            if column.is_dropped {
                continue;
            }
            let node = self.add_part(Object::Default(i), default.id, default.relation);
            let is_within = catalog.relations[relation].kind != RelationKind::View
                && self.is_column_printed(relation, column);
            self.node_mut(node).is_separate = column.generated == 0 && !is_within;
            if !self.node(node).is_separate {
                self.depend_relation_on(default.relation, node);
            }
        }
    }

    fn add_index_attaches(&mut self) {
        for (relation, partition) in self.catalog.relations.iter().enumerate() {
            if !partition.is_partition || self.parents[relation].is_empty() {
                continue;
            }
            for i in self.details.indexes_of(partition.id.oid) {
                let index = &self.details.indexes[i];
                let Some(parent) = self.index_by_oid(index.parent) else {
                    continue;
                };
                let attach = self.add(Object::IndexAttach(i), CatalogId::NONE, Components::all());
                let parent_relation = self.details.indexes[parent].relation;
                let dependencies = [
                    self.find(Object::Index(i)),
                    self.find(Object::Index(parent)),
                    self.find(Object::Relation(relation)),
                    self.catalog
                        .relation_index(parent_relation)
                        .and_then(|parent| self.find(Object::Relation(parent))),
                ];
                self.node_mut(attach)
                    .dependencies
                    .extend(dependencies.into_iter().flatten());
            }
        }
    }

    fn add_foreign_keys(&mut self) {
        let mut children: HashMap<Oid, Vec<usize>> = HashMap::new();
        for (i, index) in self.details.indexes.iter().enumerate() {
            if self.find(Object::IndexAttach(i)).is_some() {
                children.entry(index.parent).or_default().push(i);
            }
        }
        for (i, key) in self.details.foreign_keys.iter().enumerate() {
            let node = self.add(Object::ForeignKey(i), key.id, Components::all());
            self.node_mut(node).is_separate = true;
            let is_partitioned = self
                .catalog
                .relation(key.references)
                .is_some_and(|relation| relation.kind == RelationKind::PartitionedTable);
            if is_partitioned {
                // The index of a partitioned table counts only when all its partitions are attached.
                let mut attaches = Vec::new();
                self.attaches_below(key.index, &children, &mut attaches);
                self.node_mut(node).dependencies.extend(attaches);
            }
        }
    }

    /// All partitions of an index, from the top down.
    fn attaches_below(
        &self,
        index: Oid,
        children: &HashMap<Oid, Vec<usize>>,
        attaches: &mut Vec<NodeId>,
    ) {
        for child in children.get(&index).into_iter().flatten() {
            attaches.extend(self.find(Object::IndexAttach(*child)));
            let child: &Index = &self.details.indexes[*child];
            self.attaches_below(child.id.oid, children, attaches);
        }
    }

    fn add_rules(&mut self) {
        for (i, rule) in self.catalog.rules.iter().enumerate() {
            let node = self.add_part(Object::Rule(i), rule.id, rule.relation);
            let is_view = self
                .catalog
                .relation(rule.relation)
                .is_some_and(|relation| relation.kind.is_view());
            if is_view && rule.is_on_select() {
                self.depend_relation_on(rule.relation, node);
            } else {
                self.node_mut(node).is_separate = true;
                if let Some(relation) = self.find_row(CatalogId {
                    table: catalog_oid::CLASS,
                    oid: rule.relation,
                }) {
                    self.node_mut(node).dependencies.push(relation);
                }
            }
        }
    }

    fn add_policies(&mut self, selection: &Selection) {
        for (i, relation) in self.catalog.relations.iter().enumerate() {
            let is_wanted =
                selection.relations[i].contains(Components::POLICY) && relation.kind.is_lockable();
            if is_wanted && relation.row_security {
                let id = CatalogId {
                    table: Oid::INVALID,
                    oid: relation.id.oid,
                };
                self.add(Object::RowSecurity(i), id, Components::all());
            }
        }
        for (i, policy) in self.details.policies.iter().enumerate() {
            self.add(Object::Policy(i), policy.id, Components::all());
        }
    }

    /// The rows of tables, the positions of sequences, the refreshes of materialized views.
    fn add_data(&mut self, options: &Options) {
        for relation in 0..self.catalog.relations.len() {
            if self
                .relation_node(relation)
                .wanted
                .contains(Components::DATA)
            {
                self.add_relation_data(relation, options);
            }
        }
        self.order_refreshes();
        if !options.schema() {
            self.order_data_by_foreign_keys();
        }
    }

    fn add_relation_data(&mut self, place: usize, options: &Options) {
        let relation = &self.catalog.relations[place];
        let has_data = match relation.kind {
            RelationKind::View
            | RelationKind::ForeignTable
            | RelationKind::PartitionedTable
            | RelationKind::CompositeType => false,
            _ => relation.persistence != b'u' || options.unlogged_table_data,
        };
        if !has_data || self.find(Object::Data(place)).is_some() {
            return;
        }
        let id = CatalogId {
            table: Oid::INVALID,
            oid: relation.id.oid,
        };
        let node = self.add(Object::Data(place), id, Components::all());
        let table = self.by_object[&Object::Relation(place)];
        let node = self.node_mut(node);
        node.present |= Components::DATA;
        node.dependencies.push(table);
    }

    /// Has a materialized view refreshed after those that it reads, and not at all where one of them holds no data.
    fn order_refreshes(&mut self) {
        for (reader, source) in &self.catalog.refresh_order {
            let place = |oid| {
                let relation = self.catalog.relation_index(oid)?;
                Some((relation, self.find(Object::Data(relation))?))
            };
            if let (Some((reader, reader_data)), Some((source, source_data))) =
                (place(*reader), place(*source))
            {
                self.node_mut(reader_data).dependencies.push(source_data);
                self.is_populated[reader] &= self.is_populated[source];
            }
        }
    }

    /// Without the schema the foreign keys are there already, and the referenced rows must come first.
    fn order_data_by_foreign_keys(&mut self) {
        let data = |plan: &Self, oid| {
            plan.catalog
                .relation_index(oid)
                .and_then(|relation| plan.find(Object::Data(relation)))
        };
        for key in &self.details.foreign_keys {
            if let (Some(from), Some(to)) = (data(self, key.relation), data(self, key.references)) {
                self.node_mut(from).dependencies.push(to);
            }
        }
    }

    fn add_large_objects(&mut self) {
        let catalog = self.catalog;
        for (i, group) in catalog.large_objects.iter().enumerate() {
            let objects = self.add(Object::LargeObjects(i), group.id, Components::all());
            for other in &group.objects {
                self.by_row.insert(
                    CatalogId {
                        oid: *other,
                        ..group.id
                    },
                    objects,
                );
            }
            if catalog.server.groups_large_objects() {
                let data = self.add(
                    Object::LargeObjectData(i),
                    CatalogId::NONE,
                    Components::all(),
                );
                self.node_mut(data).dependencies.push(objects);
            }
        }
        if !catalog.large_objects.is_empty() && !catalog.server.groups_large_objects() {
            self.add(
                Object::LargeObjectData(0),
                CatalogId::NONE,
                Components::all(),
            );
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
    fn note_what_is_there(&mut self) {
        let catalog = self.catalog;
        let with_column_privileges: HashSet<Oid> =
            catalog.column_privileges.iter().copied().collect();
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
                Object::LargeObjects(i) => catalog.large_objects[i].acl.current.is_some(),
                Object::Unwritten(i) => catalog.unwritten[i]
                    .acl
                    .as_ref()
                    .is_some_and(|acl| acl.current.is_some()),
                Object::DefaultAcl(_) => true,
                _ => false,
            };
            if has_acl {
                self.nodes[place].present |= Components::ACL;
            }
            // The comment of the schema public is there from the start, so that its absence is something to say.
            if matches!(object, Object::Schema(i) if catalog.schemas[i].name == "public") {
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
            let Some(node) = self.find_row(comment.id) else {
                continue;
            };
            let commented = match self.node(node).object {
                Object::Relation(i)
                    if comment.column != 0
                        && catalog.relations[i].kind == RelationKind::CompositeType =>
                {
                    self.find_row(CatalogId {
                        table: catalog_oid::TYPE,
                        oid: catalog.relations[i].row_type,
                    })
                }
                _ => Some(node),
            };
            if let Some(commented) = commented {
                self.node_mut(commented).present |= Components::COMMENT;
            }
        }
    }
}

/// The entries of a map in the order of their keys.
fn sorted<V>(map: HashMap<usize, V>) -> Vec<(usize, V)> {
    let mut entries: Vec<_> = map.into_iter().collect();
    entries.sort_by_key(|(key, _)| *key);
    entries
}
