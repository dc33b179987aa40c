//! The nodes of data: rows of tables, positions of sequences, refreshes of materialized views, large objects.

use pgark_catalog::{CatalogId, Oid, RelationKind};

use crate::options::{Omit, Options};
use crate::plan::{Components, Object, Plan, Selection};

impl Plan<'_> {
    /// The rows of tables, the positions of sequences, the refreshes of materialized views.
    pub(super) fn add_data(&mut self, selection: &Selection, options: &Options) {
        for (place, relation) in self.catalog.relations.iter().enumerate() {
            if options.data_of(relation.kind)
                && selection.relations[place].contains(Components::DATA)
            {
                self.add_relation_data(place, selection, options);
            }
        }
        if !options.data() {
            return;
        }
        self.order_refreshes();
        if !options.schema() {
            self.order_data_by_foreign_keys();
        }
    }

    /// Has the rows of configuration tables come after those that they refer to: the extension has made the foreign keys already.
    pub(super) fn order_config_data(&mut self) {
        for (table, references) in &self.catalog.extension_foreign_keys {
            self.order_data(*table, *references);
        }
    }

    pub(super) fn add_relation_data(
        &mut self,
        place: usize,
        selection: &Selection,
        options: &Options,
    ) {
        let relation = &self.catalog.relations[place];
        let has_data = match relation.kind {
            RelationKind::View | RelationKind::PartitionedTable | RelationKind::CompositeType => {
                false
            }
            RelationKind::ForeignTable => selection.names.foreign_tables.contains(&relation.id.oid),
            _ => relation.persistence != b'u' || !options.omits(Omit::UNLOGGED_TABLE_DATA),
        };
        let is_excluded = selection.names.excluded_data.contains(&relation.id.oid);
        if !has_data || is_excluded || self.find(Object::Data(place)).is_some() {
            return;
        }
        let id = CatalogId {
            table: Oid::INVALID,
            oid: relation.id.oid,
        };
        let node = self.add(Object::Data(place), id, Components::all());
        let table = self.by_object[&Object::Relation(place)];
        if relation.kind == RelationKind::MaterializedView
            && let Some(statistics) = self.find(Object::RelationStatistics(place))
        {
            // The refresh forgets what is known.
            let statistics = self.node_mut(statistics);
            statistics.is_postponed = true;
            statistics.dependencies.push(node);
        }
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
        for key in &self.details.foreign_keys {
            self.order_data(key.relation, key.references);
        }
    }

    /// Has the rows of a table come after those of another, if both are dumped.
    fn order_data(&mut self, table: Oid, references: Oid) {
        let data = |oid| {
            let relation = self.catalog.relation_index(oid)?;
            self.find(Object::Data(relation))
        };
        if let (Some(from), Some(to)) = (data(table), data(references)) {
            self.node_mut(from).dependencies.push(to);
        }
    }

    pub(super) fn add_large_objects(&mut self) {
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
}

#[cfg(test)]
mod tests;
