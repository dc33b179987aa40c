//! The two borders between the sections of an archive: what defines the schema, data, what is better made once data is there.

use pgark_catalog::CatalogId;

use super::{Components, Kind, NodeId, Object, Plan};

impl Plan<'_> {
    /// Adds the borders, and makes every object depend on the ones that it must come after.
    pub(super) fn add_boundaries(&mut self) {
        let pre_data = self.add(Object::PreDataBoundary, CatalogId::NONE, Components::all());
        let post_data = self.add(Object::PostDataBoundary, CatalogId::NONE, Components::all());
        for i in 0..self.nodes.len() {
            let id = NodeId(i);
            match self.nodes[i].object.kind(self.catalog) {
                Kind::PlannerStatistics if self.nodes[i].is_postponed => {
                    self.nodes[i].dependencies.push(post_data);
                }
                Kind::TableData
                | Kind::SequenceSet
                | Kind::LargeObject
                | Kind::LargeObjectData
                | Kind::PlannerStatistics => {
                    self.nodes[i].dependencies.push(pre_data);
                    self.node_mut(post_data).dependencies.push(id);
                }
                Kind::Rule | Kind::Constraint | Kind::ForeignKey => {
                    if self.nodes[i].is_separate {
                        self.nodes[i].dependencies.push(post_data);
                    }
                }
                Kind::Index
                | Kind::IndexAttach
                | Kind::Statistics
                | Kind::RefreshMaterializedView
                | Kind::Trigger
                | Kind::EventTrigger
                | Kind::DefaultAcl
                | Kind::Policy
                | Kind::Publication
                | Kind::PublicationTable
                | Kind::PublicationSchema
                | Kind::Subscription => self.nodes[i].dependencies.push(post_data),
                Kind::PreDataBoundary => {}
                Kind::PostDataBoundary => self.nodes[i].dependencies.push(pre_data),
                _ => self.node_mut(pre_data).dependencies.push(id),
            }
        }
    }
}

#[cfg(test)]
mod tests;
