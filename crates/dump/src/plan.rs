//! What a dump holds, and in which order.
//!
//! A [`Plan`] is a graph over the catalogue. Its nodes are all objects that the catalogue knows, also those that will not be written,
//! because the order of the others can hang on them. A node's place in [`Plan::nodes`] is its dump id less one; the nodes are made in the
//! order in which pg_dump makes its own (getSchemaData in src/bin/pg_dump/common.c), since that decides which of several dependency loops
//! is repaired first.

mod boundary;
mod build;
mod columns;
mod loops;
mod object;
mod root;
mod select;
mod sort;

use std::collections::HashMap;

use bitflags::bitflags;
use bstr::BStr;
use pgark_archive::DumpId;
use pgark_catalog::{Catalog, CatalogId, Details, Oid, catalog_oid};

use crate::dialect::Dialect;

pub(crate) use columns::ColumnPlan;
pub(crate) use object::{Kind, Object};
pub(crate) use select::Selection;

bitflags! {
    /// The parts of an object that can be written, each by itself.
    #[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
    pub(crate) struct Components: u16 {
        const DEFINITION = 1;
        const DATA = 1 << 1;
        const COMMENT = 1 << 2;
        const SECURITY_LABEL = 1 << 3;
        const ACL = 1 << 4;
        const POLICY = 1 << 5;
        const USER_MAPPING = 1 << 6;
        const STATISTICS = 1 << 7;
    }
}

/// The place of a node in the plan.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct NodeId(pub(crate) usize);

impl NodeId {
    /// The node that bears a number, if there are so many.
    pub(crate) fn of(id: DumpId) -> Option<Self> {
        usize::try_from(id.0).ok()?.checked_sub(1).map(Self)
    }

    /// The number that the node's entry bears in the archive.
    pub(crate) fn dump_id(self) -> DumpId {
        // A catalogue with 2^31 rows does not fit into memory.
        DumpId(i32::try_from(self.0 + 1).unwrap_or(i32::MAX))
    }
}

/// An object in the plan.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// Which one.
    pub(crate) object: Object,
    /// Its row, [`CatalogId::NONE`] for what stands in no catalogue.
    pub(crate) id: CatalogId,
    /// The parts that the options ask for.
    pub(crate) wanted: Components,
    /// The parts that it has.
    pub(crate) present: Components,
    /// What must come before it.
    pub(crate) dependencies: Vec<NodeId>,
    /// Whether it depends on an extension without belonging to it.
    pub(crate) depends_on_extension: bool,
    /// A default, constraint or rule that is written by itself, not within its table.
    pub(crate) is_separate: bool,
    /// A function or materialized view that must wait until data is loaded, or statistics that must.
    pub(crate) is_postponed: bool,
    /// A view that is first written with dummy columns, its text following as a rule.
    pub(crate) is_dummy: bool,
}

impl Node {
    /// The parts that will be written.
    pub(crate) fn components(&self) -> Components {
        self.wanted & self.present
    }
}

/// What a dump holds, and in which order.
#[derive(Debug)]
pub(crate) struct Plan<'a> {
    pub(crate) catalog: &'a Catalog,
    pub(crate) details: &'a Details,
    pub(crate) dialect: Dialect,
    pub(crate) nodes: Vec<Node>,
    /// The nodes in the order of the archive; empty until [`Plan::order`] has run.
    pub(crate) order: Vec<NodeId>,
    by_row: HashMap<CatalogId, NodeId>,
    by_object: HashMap<Object, NodeId>,
    /// The direct parents of each relation, as places in `catalog.relations`.
    pub(crate) parents: Vec<Vec<usize>>,
    /// What of each column is written where, by place in `details.columns`.
    pub(crate) columns: Vec<ColumnPlan>,
    /// Materialized views that hold data and whose sources do, by place in `catalog.relations`.
    pub(crate) is_populated: Vec<bool>,
    /// What a user should know of the plan.
    pub(crate) warnings: Vec<String>,
}

impl Plan<'_> {
    pub(crate) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0]
    }

    fn node_mut(&mut self, id: NodeId) -> &mut Node {
        &mut self.nodes[id.0]
    }

    /// The node of an object.
    pub(crate) fn find(&self, object: Object) -> Option<NodeId> {
        self.by_object.get(&object).copied()
    }

    /// The node of a catalogue's row.
    pub(crate) fn find_row(&self, id: CatalogId) -> Option<NodeId> {
        self.by_row.get(&id).copied()
    }

    /// The place of an index in `details.indexes`.
    pub(crate) fn index_by_oid(&self, oid: Oid) -> Option<usize> {
        match self
            .find_row(CatalogId {
                table: catalog_oid::CLASS,
                oid,
            })
            .map(|node| self.node(node).object)
        {
            Some(Object::Index(place)) => Some(place),
            _ => None,
        }
    }

    /// The node of a relation, by place in `catalog.relations`.
    pub(crate) fn relation_node(&self, relation: usize) -> &Node {
        // Every relation gets a node before anything asks for it.
        &self.nodes[self.by_object[&Object::Relation(relation)].0]
    }

    /// The dump id of a relation, by place in `catalog.relations`.
    pub(crate) fn relation_dump_id(&self, relation: usize) -> DumpId {
        self.by_object[&Object::Relation(relation)].dump_id()
    }

    /// Sorts by kind and name, then by dependency.
    pub(crate) fn order(&mut self) {
        self.add_boundaries();
        let initial = self.sort_by_name();
        self.order = self.sort_by_dependency(&initial);
    }

    /// The dependencies that an entry of the archive names: those among `written`, and in place of the others what these depend on
    /// in turn, without end at the boundaries. Repetitions are left in, as pg_dump leaves them (findDumpableDependencies).
    pub(crate) fn archive_dependencies(
        &self,
        id: NodeId,
        written: impl Fn(DumpId) -> bool,
    ) -> Vec<DumpId> {
        let mut found = Vec::new();
        let mut pending: Vec<NodeId> = self.node(id).dependencies.iter().rev().copied().collect();
        while let Some(next) = pending.pop() {
            if written(next.dump_id()) {
                found.push(next.dump_id());
            } else if !matches!(
                self.node(next).object,
                Object::PreDataBoundary | Object::PostDataBoundary
            ) {
                pending.extend(self.node(next).dependencies.iter().rev());
            }
        }
        found
    }

    /// The name of an object for a user, such as `table "public.t"`.
    pub(crate) fn describe(&self, id: NodeId) -> String {
        let object = self.node(id).object;
        let name = object.name(self.catalog, self.details);
        match object
            .schema(self.catalog, self.details)
            .and_then(|schema| self.catalog.schemas.get(schema))
        {
            Some(schema) => format!(
                "{} \"{}.{}\"",
                object.noun(self.catalog),
                schema.name,
                BStr::new(name.as_ref())
            ),
            None => format!(
                "{} \"{}\"",
                object.noun(self.catalog),
                BStr::new(name.as_ref())
            ),
        }
    }
}

#[cfg(test)]
mod tests;
