//! What belongs to relations: defaults, constraints, indexes, rules, policies, attaches of partitions.

use std::collections::HashMap;

use pgark_catalog::{CatalogId, Oid, RelationKind, catalog_oid};

use crate::dialect::Dialect;
use crate::options::{Omit, Options};
use crate::plan::{Components, NodeId, Object, Plan, Selection};

impl Plan<'_> {
    /// What was read of the chosen tables.
    pub(super) fn add_details(
        &mut self,
        selection: &Selection,
        options: &Options,
        dialect: Dialect,
    ) {
        let (catalog, details) = (self.catalog, self.details);
        if dialect.attaches_partitions_apart() {
            self.add_table_attaches();
        }
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
            let index_node = self.add_part(Object::Index(i), index.id, index.relation);
            let statistics = options
                .statistics
                .then(|| self.add_planner_statistics(Object::IndexStatistics(i), index_node));
            if let Some(constraint) = &index.constraint {
                let node = self.add_part(Object::IndexConstraint(i), constraint.id, index.relation);
                self.node_mut(node).is_separate = true;
                if let Some(statistics) = statistics {
                    // The constraint makes the index.
                    self.node_mut(statistics).dependencies.push(node);
                }
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
        if !options.omits(Omit::POLICIES) {
            self.add_policies(selection);
        }
        if !options.omits(Omit::PUBLICATIONS) {
            self.add_publications(selection, dialect);
        }
        if !options.omits(Omit::SUBSCRIPTIONS) {
            self.add_subscriptions(selection);
        }
    }

    fn add_subscriptions(&mut self, selection: &Selection) {
        for (i, subscription) in self.catalog.subscriptions.iter().enumerate() {
            self.add_in_schema(
                selection,
                Object::Subscription(i),
                subscription.id,
                Oid::INVALID,
            );
        }
    }

    fn add_publications(&mut self, selection: &Selection, dialect: Dialect) {
        let catalog = self.catalog;
        for (i, publication) in catalog.publications.iter().enumerate() {
            self.add_in_schema(
                selection,
                Object::Publication(i),
                publication.id,
                Oid::INVALID,
            );
        }
        for (i, table) in catalog.publication_tables.iter().enumerate() {
            let is_written = catalog
                .relation_index(table.member)
                .is_some_and(|relation| {
                    selection.relations[relation].contains(Components::DEFINITION)
                });
            if is_written || dialect.publishes_what_is_not_written() {
                self.add_in_schema(
                    selection,
                    Object::PublicationTable(i),
                    table.id,
                    Oid::INVALID,
                );
            }
        }
        for (i, schema) in catalog.publication_schemas.iter().enumerate() {
            let is_written = catalog
                .schema_index(schema.member)
                .is_some_and(|schema| !selection.schemas[schema].is_empty());
            if is_written || dialect.publishes_what_is_not_written() {
                self.add_in_schema(
                    selection,
                    Object::PublicationSchema(i),
                    schema.id,
                    Oid::INVALID,
                );
            }
        }
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
                let attaches = self.attaches_below(key.index, &children);
                self.node_mut(node).dependencies.extend(attaches);
            }
        }
    }

    /// All partitions of an index, from the top down.
    fn attaches_below(&self, index: Oid, children: &HashMap<Oid, Vec<usize>>) -> Vec<NodeId> {
        let of = |index| children.get(&index).into_iter().flatten().rev().copied();
        let mut attaches = Vec::new();
        let mut open: Vec<usize> = of(index).collect();
        while let Some(child) = open.pop() {
            attaches.extend(self.find(Object::IndexAttach(child)));
            // Each index has one parent, so that only damaged catalogues have more below one than there are.
            if attaches.len() > self.details.indexes.len() {
                break;
            }
            open.extend(of(self.details.indexes[child].id.oid));
        }
        attaches
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
}

#[cfg(test)]
mod tests;
