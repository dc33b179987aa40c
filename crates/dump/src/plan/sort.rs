//! The order of an archive: by kind and name, disturbed as little as dependencies allow (src/bin/pg_dump/pg_dump_sort.c).

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BinaryHeap;

use pgark_catalog::Oid;

use super::{Kind, NodeId, Object, Plan};

/// Kinds in the order of an archive, several kinds on one line being sorted together.
const PRIORITIES: [&[Kind]; 46] = [
    &[Kind::Schema],
    &[Kind::Language],
    &[Kind::Collation],
    &[Kind::Transform],
    &[Kind::Extension],
    &[Kind::Type, Kind::ShellType],
    // Casts come before the functions that they use, which are then pulled before them.
    &[Kind::Cast],
    &[Kind::Function],
    &[Kind::Aggregate],
    &[Kind::AccessMethod],
    &[Kind::Operator],
    &[Kind::OperatorFamily, Kind::OperatorClass],
    &[Kind::Conversion],
    &[Kind::TextSearchParser],
    &[Kind::TextSearchTemplate],
    &[Kind::TextSearchDictionary],
    &[Kind::TextSearchConfiguration],
    &[Kind::ForeignDataWrapper],
    &[Kind::ForeignServer],
    &[Kind::Table],
    &[Kind::TableAttach],
    &[Kind::DummyType],
    &[Kind::Default],
    &[Kind::EarlyLargeObject],
    &[Kind::PreDataBoundary],
    &[Kind::TableData],
    &[Kind::SequenceSet],
    &[Kind::LargeObject],
    &[Kind::LargeObjectData],
    &[Kind::PlannerStatistics],
    &[Kind::PostDataBoundary],
    &[Kind::Constraint],
    &[Kind::Index],
    &[Kind::IndexAttach],
    &[Kind::Statistics],
    &[Kind::Rule],
    &[Kind::Trigger],
    &[Kind::ForeignKey],
    &[Kind::Policy],
    &[Kind::Publication],
    &[Kind::PublicationTable],
    &[Kind::PublicationSchema],
    &[Kind::Subscription],
    &[Kind::DefaultAcl],
    &[Kind::EventTrigger],
    &[Kind::RefreshMaterializedView],
];

fn priority(kind: Kind) -> usize {
    PRIORITIES
        .iter()
        .position(|kinds| kinds.contains(&kind))
        .unwrap_or(PRIORITIES.len())
}

/// What a node is sorted by first. Objects without a schema come after those with one.
#[derive(Eq, Ord, PartialEq, PartialOrd)]
struct SortKey<'a> {
    priority: usize,
    schema: (bool, &'a [u8]),
    name: Cow<'a, [u8]>,
    kind: Option<Kind>,
}

impl Plan<'_> {
    /// Sorts all nodes by kind, schema, name and natural key; before them come those that initdb has made and that need nothing, unless
    /// they are written: no order hangs on theirs.
    pub(super) fn sort_by_name(&self) -> Vec<NodeId> {
        let is_idle = |id: &NodeId| {
            let node = self.node(*id);
            let is_builtin = node.id.table.is_valid() && node.id.oid.is_builtin();
            is_builtin && node.components().is_empty() && node.dependencies.is_empty()
        };
        let key = |id: NodeId| {
            let object = self.node(id).object;
            let kind = object.kind(self.catalog);
            let schema = object
                .schema(self.catalog, self.details)
                .map(|schema| self.catalog.schemas[schema].name.as_slice());
            SortKey {
                priority: priority(self.sorted_with(kind)),
                schema: (schema.is_none(), schema.unwrap_or_default()),
                name: object.name(self.catalog, self.details),
                kind: self.dialect.sorts_by_natural_keys().then_some(kind),
            }
        };
        let (idle, others): (Vec<_>, Vec<_>) = (0..self.nodes.len()).map(NodeId).partition(is_idle);
        let mut keyed: Vec<(SortKey<'_>, NodeId)> =
            others.into_iter().map(|id| (key(id), id)).collect();
        keyed.sort_by(|(a_key, a), (b_key, b)| {
            a_key
                .cmp(b_key)
                .then_with(|| self.compare_natural_keys(*a, *b))
                .then_with(|| self.node(*a).id.oid.cmp(&self.node(*b).id.oid))
        });
        let sorted = keyed.into_iter().map(|(_, id)| id);
        idle.into_iter().chain(sorted).collect()
    }

    /// The kind among which objects of a kind are sorted: older releases sort some together with others.
    fn sorted_with(&self, kind: Kind) -> Kind {
        match kind {
            _ if self.dialect.sorts_by_natural_keys() => kind,
            Kind::AccessMethod => Kind::Operator,
            Kind::Transform => Kind::Collation,
            _ => kind,
        }
    }

    /// Compares two objects of one kind, schema and name by what else tells them apart in their catalogue.
    fn compare_natural_keys(&self, a: NodeId, b: NodeId) -> Ordering {
        let (catalog, details) = (self.catalog, self.details);
        let relation_name = |object: Object| {
            object
                .relation(catalog, details)
                .map(|relation| &catalog.relations[relation].name)
        };
        let role_name = |oid: Oid| catalog.roles.name(oid).ok();
        let (a, b) = (self.node(a).object, self.node(b).object);
        if !self.dialect.sorts_by_natural_keys() && !self.is_sorted_by_more_than_oid(a) {
            return Ordering::Equal;
        }
        match (a, b) {
            (Object::Function(a), Object::Function(b)) => self.compare_arguments(
                &catalog.functions[a].argument_types,
                &catalog.functions[b].argument_types,
            ),
            (Object::Aggregate(a), Object::Aggregate(b)) => self.compare_arguments(
                &catalog.aggregates[a].argument_types,
                &catalog.aggregates[b].argument_types,
            ),
            (Object::Operator(a), Object::Operator(b)) => {
                let (a, b) = (&catalog.operators[a], &catalog.operators[b]);
                // Prefix operators come before infix ones.
                let by_kind = b.kind.cmp(&a.kind);
                if !self.dialect.sorts_by_natural_keys() {
                    return by_kind;
                }
                by_kind
                    .then_with(|| self.compare_types(a.types[0], b.types[0]))
                    .then_with(|| self.compare_types(a.types[1], b.types[1]))
            }
            (Object::OperatorClass(a), Object::OperatorClass(b)) => {
                let method = |class: usize| &catalog.operator_classes[class].access_method;
                method(a).cmp(method(b))
            }
            (Object::OperatorFamily(a), Object::OperatorFamily(b)) => {
                let method = |family: usize| &catalog.operator_families[family].access_method;
                method(a).cmp(method(b))
            }
            (Object::Collation(a), Object::Collation(b)) => {
                let encoding = |collation: usize| catalog.collations[collation].encoding;
                encoding(a).cmp(&encoding(b))
            }
            (Object::PublicationTable(a), Object::PublicationTable(b)) => {
                let tables = &catalog.publication_tables;
                tables[a].publication.cmp(&tables[b].publication)
            }
            (Object::PublicationSchema(a), Object::PublicationSchema(b)) => {
                let schemas = &catalog.publication_schemas;
                schemas[a].publication.cmp(&schemas[b].publication)
            }
            (
                Object::Default(_) | Object::NullDefault(_),
                Object::Default(_) | Object::NullDefault(_),
            ) => self.default_column(a).cmp(&self.default_column(b)),
            (Object::DefaultAcl(a), Object::DefaultAcl(b)) => {
                role_name(catalog.default_acls[a].role)
                    .cmp(&role_name(catalog.default_acls[b].role))
            }
            _ => match (self.domain_name(a), self.domain_name(b)) {
                (Some(a), Some(b)) => a.cmp(b),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => match a.kind(catalog) {
                    Kind::Policy
                    | Kind::Rule
                    | Kind::Trigger
                    | Kind::Constraint
                    | Kind::ForeignKey => relation_name(a).cmp(&relation_name(b)),
                    _ => Ordering::Equal,
                },
            },
        }
    }

    /// Whether all releases look at more than the OID of such an object.
    fn is_sorted_by_more_than_oid(&self, object: Object) -> bool {
        matches!(
            object.kind(self.catalog),
            Kind::Function
                | Kind::Aggregate
                | Kind::Operator
                | Kind::Default
                | Kind::Policy
                | Kind::Trigger
        )
    }

    fn domain_name(&self, object: Object) -> Option<&[u8]> {
        match object {
            Object::DomainConstraint(i) => self
                .catalog
                .type_index(self.details.domain_constraints[i].on)
                .map(|domain| self.catalog.types[domain].name.as_slice()),
            _ => None,
        }
    }

    fn default_column(&self, object: Object) -> i16 {
        match object {
            Object::Default(i) => self.details.defaults[i].column,
            Object::NullDefault(i) => self.details.columns[i].number,
            _ => 0,
        }
    }

    fn compare_arguments(&self, a: &[Oid], b: &[Oid]) -> Ordering {
        let by_type = || {
            a.iter()
                .zip(b)
                .map(|(a, b)| self.compare_types(*a, *b))
                .find(|order| order.is_ne())
        };
        a.len()
            .cmp(&b.len())
            .then_with(|| by_type().unwrap_or(Ordering::Equal))
    }

    /// Compares types by schema and name.
    fn compare_types(&self, a: Oid, b: Oid) -> Ordering {
        let name = |oid| {
            let data_type = &self.catalog.types[self.catalog.type_index(oid)?];
            Some((
                &self.catalog.schemas[self.catalog.schema_index(data_type.schema)?].name,
                &data_type.name,
            ))
        };
        match (a == b, name(a), name(b)) {
            (false, Some(a), Some(b)) => a.cmp(&b),
            _ => Ordering::Equal,
        }
    }

    /// Moves objects before those that depend on them, repairing loops until there are none.
    pub(super) fn sort_by_dependency(&mut self, initial: &[NodeId]) -> Vec<NodeId> {
        loop {
            match self.try_sort(initial) {
                Ok(order) => return order,
                Err(unsorted) => self.repair_loops(&unsorted),
            }
        }
    }

    /// Takes, from the end, always the last object that nothing unplaced depends on. Fails with the objects that are left over: those in
    /// loops, and those that they depend on, in the order of their ids.
    pub(super) fn try_sort(&self, initial: &[NodeId]) -> Result<Vec<NodeId>, Vec<NodeId>> {
        let mut position = vec![0; self.nodes.len()];
        for (i, id) in initial.iter().enumerate() {
            position[id.0] = i;
        }
        let mut dependents = vec![0_usize; self.nodes.len()];
        for dependency in self.nodes.iter().flat_map(|node| &node.dependencies) {
            dependents[dependency.0] += 1;
        }
        let mut ready: BinaryHeap<usize> = (0..initial.len())
            .filter(|i| dependents[initial[*i].0] == 0)
            .collect();
        let mut order = Vec::with_capacity(initial.len());
        while let Some(last) = ready.pop() {
            order.push(initial[last]);
            for dependency in &self.node(initial[last]).dependencies {
                dependents[dependency.0] -= 1;
                if dependents[dependency.0] == 0 {
                    ready.push(position[dependency.0]);
                }
            }
        }
        if order.len() < initial.len() {
            return Err((0..self.nodes.len())
                .filter(|i| dependents[*i] > 0)
                .map(NodeId)
                .collect());
        }
        order.reverse();
        Ok(order)
    }
}

#[cfg(test)]
mod tests;
