//! Dependency loops, and how they are broken (findDependencyLoops and repairDependencyLoop in src/bin/pg_dump/pg_dump_sort.c).

use std::collections::HashMap;

use pgark_catalog::{CatalogId, RelationKind, catalog_oid};

use super::{Components, Kind, NodeId, Object, Plan};

/// The search for loops among the objects that could not be sorted.
struct Search {
    /// Objects that need not be looked at again in this round: members of a loop that was repaired, and objects without a loop.
    is_done: Vec<bool>,
    /// For each object the starting point, if any, that is known not to be reached from it.
    fails_for: Vec<Option<NodeId>>,
    is_on_path: Vec<bool>,
}

impl Plan<'_> {
    /// Repairs one loop after the other, as long as they share no member: the repair of one may do for another.
    pub(super) fn repair_loops(&mut self, unsorted: &[NodeId]) {
        let mut search = Search {
            is_done: vec![false; self.nodes.len()],
            fails_for: vec![None; self.nodes.len()],
            is_on_path: vec![false; self.nodes.len()],
        };
        for start in unsorted {
            match self.find_loop(*start, &mut search) {
                Some(members) => {
                    self.repair(&members);
                    for member in members {
                        search.is_done[member.0] = true;
                    }
                }
                None => search.is_done[start.0] = true,
            }
        }
    }

    /// A path along dependencies from an object back to itself: depth first, in the order in which the dependencies were found, but a
    /// step back to the start goes before any other. Without recursion, since a chain can be as long as the catalogue.
    fn find_loop(&self, start: NodeId, search: &mut Search) -> Option<Vec<NodeId>> {
        let mut path: Vec<(NodeId, usize)> = Vec::new();
        let mut next = Some(start);
        loop {
            if let Some(id) = next.take()
                && !search.is_done[id.0]
                && search.fails_for[id.0] != Some(start)
                && !search.is_on_path[id.0]
            {
                path.push((id, 0));
                search.is_on_path[id.0] = true;
                if self.node(id).dependencies.contains(&start) {
                    for (member, _) in &path {
                        search.is_on_path[member.0] = false;
                    }
                    return Some(path.into_iter().map(|(id, _)| id).collect());
                }
            }
            let (id, tried) = path.last_mut()?;
            if let Some(dependency) = self.nodes[id.0].dependencies.get(*tried) {
                *tried += 1;
                next = Some(*dependency);
            } else {
                search.fails_for[id.0] = Some(start);
                search.is_on_path[id.0] = false;
                path.pop();
            }
        }
    }

    fn remove_dependency(&mut self, of: NodeId, on: NodeId) {
        self.node_mut(of)
            .dependencies
            .retain(|dependency| *dependency != on);
    }

    /// Breaks a loop, in the gentlest way that its members allow.
    fn repair(&mut self, members: &[NodeId]) {
        if let [only] = members {
            // A column that depends on another column of its table: nothing that an order could help.
            if matches!(self.node(*only).object, Object::Relation(_)) {
                return self.remove_dependency(*only, *only);
            }
        }
        let is_repaired = match members {
            [a, b] => self.repair_pair(*a, *b) || self.repair_pair(*b, *a),
            _ => self.repair_long(members),
        };
        if is_repaired {
            return;
        }
        let names = || {
            members
                .iter()
                .map(|member| self.describe(*member))
                .collect::<Vec<_>>()
                .join(", ")
        };
        if members
            .iter()
            .all(|member| self.node(*member).object.kind(self.catalog) == Kind::TableData)
        {
            self.warnings.push(format!(
                "there are circular foreign keys among: {}; a restore of this data needs --disable-triggers or the constraints dropped",
                names()
            ));
        } else {
            self.warnings.push(format!(
                "could not resolve dependency loop among: {}",
                names()
            ));
        }
        self.remove_dependency(members[0], members.get(1).copied().unwrap_or(members[0]));
    }

    /// Two objects that depend on each other by nature. `a` is the one that holds the other.
    fn repair_pair(&mut self, a: NodeId, b: NodeId) -> bool {
        let is_part = self.whole_of(b) == Some(a);
        match (self.node(a).object, self.node(b).object) {
            // A type's functions can do with its shell.
            (Object::Type(data_type), Object::Function(_))
                if self.node(a).object.kind(self.catalog) == Kind::Type =>
            {
                self.remove_dependency(b, a);
                if let Some(shell) = self.find(Object::ShellType(data_type)) {
                    let wanted = self.node(b).wanted;
                    self.node_mut(b).dependencies.push(shell);
                    if !wanted.is_empty() {
                        self.node_mut(shell).wanted = if self.dialect.always_defines_shell_types() {
                            wanted | Components::DEFINITION
                        } else {
                            wanted
                        };
                    }
                }
            }
            // A view and its text, a table or domain and its constraint or default: one statement makes both.
            (
                Object::Relation(_) | Object::Type(_),
                Object::Rule(_)
                | Object::Check(_)
                | Object::DomainConstraint(_)
                | Object::Default(_)
                | Object::NullDefault(_),
            ) if is_part => self.remove_dependency(b, a),
            // An index and the one that it is attached to; attaching is an entry of its own.
            (Object::Index(child), Object::Index(_))
                if self.details.indexes[child].parent == self.node(b).id.oid =>
            {
                self.remove_dependency(a, b);
            }
            _ => return false,
        }
        true
    }

    /// The view of a SELECT rule, the table or domain of a CHECK constraint or default.
    fn whole_of(&self, part: NodeId) -> Option<NodeId> {
        let (table, oid) = match self.node(part).object {
            Object::Rule(i) if self.catalog.rules[i].is_on_select() => {
                (catalog_oid::CLASS, self.catalog.rules[i].relation)
            }
            Object::Check(i) => (catalog_oid::CLASS, self.details.checks[i].on),
            Object::DomainConstraint(i) => {
                (catalog_oid::TYPE, self.details.domain_constraints[i].on)
            }
            Object::Default(i) => (catalog_oid::CLASS, self.details.defaults[i].relation),
            Object::NullDefault(i) => (catalog_oid::CLASS, self.details.columns[i].relation),
            _ => return None,
        };
        self.find_row(CatalogId { table, oid })
    }

    /// The first pair of a whole and its part in a loop, wholes first. A part that is written by itself already is none: to separate it
    /// again would change nothing, for ever.
    fn find_part(
        &self,
        members: &[NodeId],
        is_wanted: impl Fn(Object, Object) -> bool,
    ) -> Option<(NodeId, NodeId)> {
        let places: HashMap<NodeId, usize> =
            members.iter().enumerate().map(|(i, id)| (*id, i)).collect();
        members
            .iter()
            .filter(|part| !self.node(**part).is_separate)
            .filter_map(|part| {
                let whole = self.whole_of(*part)?;
                let place = *places.get(&whole)?;
                is_wanted(self.node(whole).object, self.node(*part).object)
                    .then_some((place, (whole, *part)))
            })
            .min_by_key(|(place, _)| *place)
            .map(|(_, pair)| pair)
    }

    /// A loop through more than two objects: something must be written apart from what it belongs to, or later.
    fn repair_long(&mut self, members: &[NodeId]) -> bool {
        if members.len() < 3 {
            return false;
        }
        let is_relation_kind = |plan: &Self, object: Object, kind| matches!(object, Object::Relation(i) if plan.catalog.relations[i].kind == kind);
        // A view is made with dummy columns first.
        let is_view_rule = |whole, part| {
            matches!(part, Object::Rule(_)) && is_relation_kind(self, whole, RelationKind::View)
        };
        if let Some((view, rule)) = self.find_part(members, is_view_rule) {
            self.node_mut(view).is_dummy = true;
            self.separate(view, rule, true);
            return true;
        }
        // A materialized view or a function waits for the keys that its text relies on.
        let place_of = |object| {
            members
                .iter()
                .position(|member| self.node(*member).object == object)
        };
        // Statistics of such a materialized view wait with it.
        let boundary = place_of(Object::PreDataBoundary);
        let post_data = place_of(Object::PostDataBoundary);
        let has_view_statistics = members
            .iter()
            .any(|member| self.is_view_statistics(*member));
        if let (None, Some(boundary), true) = (boundary, post_data, has_view_statistics) {
            let next = members[(boundary + 1) % members.len()];
            self.remove_dependency(members[boundary], next);
            let is_postponed = self.is_view_statistics(next);
            self.node_mut(next).is_postponed |= is_postponed;
            return true;
        }
        if let Some(boundary) = boundary {
            let has = |test: &dyn Fn(Object) -> bool| {
                members.iter().any(|member| test(self.node(*member).object))
            };
            let has_materialized_view =
                has(&|object| is_relation_kind(self, object, RelationKind::MaterializedView));
            let has_function = has(&|object| matches!(object, Object::Function(_)));
            if has_materialized_view || has_function {
                let next = members[(boundary + 1) % members.len()];
                self.remove_dependency(members[boundary], next);
                let object = self.node(next).object;
                let is_postponed = if has_materialized_view {
                    is_relation_kind(self, object, RelationKind::MaterializedView)
                } else {
                    matches!(object, Object::Function(_))
                };
                self.node_mut(next).is_postponed |= is_postponed;
                return true;
            }
        }
        if let Some((table, check)) =
            self.find_part(members, |_, part| matches!(part, Object::Check(_)))
        {
            self.separate(table, check, true);
            return true;
        }
        if let Some((table, default)) = self.find_part(members, |_, part| {
            matches!(part, Object::Default(_) | Object::NullDefault(_))
        }) {
            self.separate(table, default, false);
            return true;
        }
        if let Some((domain, constraint)) = self.find_part(members, |_, part| {
            matches!(part, Object::DomainConstraint(_))
        }) {
            self.separate(domain, constraint, true);
            return true;
        }
        false
    }

    /// Whether a node is what the planner knows of a materialized view.
    fn is_view_statistics(&self, id: NodeId) -> bool {
        matches!(self.node(id).object, Object::RelationStatistics(i)
            if self.catalog.relations[i].kind == RelationKind::MaterializedView)
    }

    /// Has a part written by itself after its whole, and after all data if told so. The dependency of the part on the whole may have been
    /// removed by the repair of a shorter loop.
    fn separate(&mut self, whole: NodeId, part: NodeId, after_data: bool) {
        self.remove_dependency(whole, part);
        let post_data = self.find(Object::PostDataBoundary).filter(|_| after_data);
        let node = self.node_mut(part);
        node.is_separate = true;
        node.dependencies.push(whole);
        node.dependencies.extend(post_data);
    }
}

#[cfg(test)]
mod tests;
