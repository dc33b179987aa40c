//! Whose definitions a plan needs.

use pgark_catalog::{RelationKind, Wanted};

use crate::options::Options;
use crate::plan::{Components, Node, Object, Plan};

impl Plan<'_> {
    /// Everything that the emitters will look up.
    pub(crate) fn wanted_definitions(&self, options: &Options) -> Wanted {
        let mut wanted = Wanted::default();
        for node in self
            .nodes
            .iter()
            .filter(|node| !node.components().is_empty())
        {
            if let Object::Data(relation) = node.object {
                if options.data() && self.catalog.relations[relation].kind == RelationKind::Sequence
                {
                    wanted
                        .positions
                        .push(self.catalog.relations[relation].id.oid);
                }
            } else if options.schema() {
                self.want(node, &mut wanted);
            }
        }
        wanted
    }

    fn want(&self, node: &Node, wanted: &mut Wanted) {
        let oid = node.id.oid;
        match node.object {
            Object::Function(_) => wanted.functions.push(oid),
            Object::Type(i) if !self.catalog.types[i].is_row_type() => {
                match self.catalog.types[i].kind {
                    b'e' => wanted.enums.push(oid),
                    b'r' => wanted.ranges.push(oid),
                    b'd' => wanted.domains.push(oid),
                    b'c' => wanted.composites.push(oid),
                    _ => {}
                }
            }
            Object::Relation(i) => {
                if node.components().contains(Components::DEFINITION) {
                    let relation = &self.catalog.relations[i];
                    match relation.kind {
                        RelationKind::View | RelationKind::MaterializedView => {
                            wanted.views.push(oid)
                        }
                        RelationKind::Sequence => wanted.sequences.push(oid),
                        RelationKind::PartitionedTable => wanted.partitioned.push(oid),
                        _ => {}
                    }
                    wanted
                        .type_names
                        .extend(Some(relation.of_type).filter(|of_type| of_type.is_valid()));
                }
                if node.components().contains(Components::ACL) {
                    wanted.column_privileges.push(oid);
                }
            }
            Object::TableAttach(i) => wanted.partitions.push(self.catalog.relations[i].id.oid),
            Object::Rule(i) if node.is_separate && !self.catalog.rules[i].is_on_select() => {
                wanted.rules.push(oid)
            }
            Object::Statistics(_) => wanted.statistics.push(oid),
            _ => {}
        }
    }
}
