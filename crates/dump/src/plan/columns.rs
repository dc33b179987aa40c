//! What of each column is written, and whether within its table or by itself.
//!
//! A child table repeats what its parents have, or takes part of it back; both must come out of a restore as they were (flagInhAttrs in
//! src/bin/pg_dump/common.c).

use bstr::{BStr, BString, ByteSlice};
use pgark_catalog::{Column, RelationKind};

use super::{Components, NodeId, Object, Plan};
use crate::dialect::Dialect;

/// What of a column is written.
#[derive(Clone, Debug, Default)]
pub(crate) struct ColumnPlan {
    /// The node of its default or generation expression.
    pub(crate) default: Option<NodeId>,
    /// Its NOT NULL constraint, where it has a valid one.
    pub(crate) not_null: Option<NotNullPlan>,
}

/// A NOT NULL constraint that is valid.
#[derive(Clone, Debug)]
pub(crate) struct NotNullPlan {
    /// The name to write, `None` for the one that the server would choose.
    pub(crate) name: Option<BString>,
    /// Whether it must be said on this table, not only on a parent.
    pub(crate) is_local: bool,
    /// Whether children do not inherit it.
    pub(crate) no_inherit: bool,
    /// Its comment.
    pub(crate) comment: Option<BString>,
}

impl NotNullPlan {
    fn new(column: &Column, table: &BStr) -> Option<Self> {
        let not_null = column
            .not_null
            .as_ref()
            .filter(|not_null| not_null.invalid.is_none())?;
        // The name that the server makes up for CREATE TABLE, but for its care not to make it too long or to use one twice.
        let usual_name = pgark_sql::text!(table, "_", column.name, "_not_null");
        let is_named = !not_null.name.is_empty()
            && (not_null.comment.is_some() || not_null.name != usual_name);
        Some(Self {
            name: is_named.then(|| not_null.name.clone()),
            is_local: not_null.is_local,
            no_inherit: not_null.no_inherit,
            comment: not_null.comment.clone(),
        })
    }
}

impl Plan<'_> {
    /// Whether a column is part of `CREATE TABLE`. Of a partition all columns are: it is made by itself and attached later.
    pub(crate) fn is_column_printed(&self, relation: usize, column: &Column) -> bool {
        !column.is_dropped && (column.is_local || self.catalog.relations[relation].is_partition)
    }

    /// The first column of a relation, as a place in `details.columns`.
    pub(crate) fn first_column(&self, relation: usize) -> usize {
        let oid = self.catalog.relations[relation].id.oid;
        self.details
            .columns
            .partition_point(|column| column.relation < oid)
    }

    /// Reads each column's constraints and defaults.
    pub(super) fn plan_columns(&mut self) {
        let mut columns = Vec::with_capacity(self.details.columns.len());
        for column in &self.details.columns {
            let table = self
                .catalog
                .relation(column.relation)
                .map(|relation| relation.name.as_bstr())
                .unwrap_or_default();
            columns.push(ColumnPlan {
                default: self
                    .details
                    .default_of(column.relation, column.number)
                    .and_then(|default| self.find(Object::Default(default))),
                not_null: NotNullPlan::new(column, table),
            });
        }
        self.columns = columns;
    }

    /// Compares each child's columns with its parents'.
    pub(super) fn compare_with_parents(&mut self, dialect: Dialect) {
        for relation in 0..self.catalog.relations.len() {
            let kind = self.catalog.relations[relation].kind;
            if kind == RelationKind::Sequence
                || kind.is_view()
                || self.relation_node(relation).wanted.is_empty()
                || self.parents[relation].is_empty()
            {
                continue;
            }
            let first = self.first_column(relation);
            for offset in 0..self
                .details
                .columns_of(self.catalog.relations[relation].id.oid)
                .len()
            {
                if !self.details.columns[first + offset].is_dropped {
                    self.compare_column(relation, first + offset, dialect);
                }
            }
        }
    }

    fn compare_column(&mut self, relation: usize, place: usize, dialect: Dialect) {
        let column = &self.details.columns[place];
        let expression =
            |default: Option<NodeId>| default.map(|default| self.default_expression(default));
        let own = expression(self.columns[place].default);
        let mut parent_is_not_null = false;
        let mut all_not_null_are_invalid = true;
        let mut parent_has_default = false;
        let mut same_generated = false;
        let mut other_generated = false;
        for parent in &self.parents[relation] {
            let first = self.first_column(*parent);
            let inherited = self
                .details
                .columns_of(self.catalog.relations[*parent].id.oid);
            let Some(offset) = inherited
                .iter()
                .position(|candidate| candidate.name == column.name)
            else {
                continue;
            };
            let theirs = expression(self.columns[first + offset].default);
            parent_is_not_null |= self.columns[first + offset].not_null.is_some();
            if self.columns[first + offset].not_null.is_some() {
                all_not_null_are_invalid = false;
            }
            if inherited[offset].generated == 0 {
                let is_null = dialect.null_default_is_no_default()
                    && theirs.is_some_and(|theirs| theirs == "NULL");
                parent_has_default |= theirs.is_some() && !is_null;
            } else if theirs.is_some() && (theirs == own || !dialect.children_generate_otherwise())
            {
                same_generated = true;
            } else {
                other_generated = true;
            }
        }

        if let Some(not_null) = &mut self.columns[place].not_null {
            if !dialect.has_not_null_constraints() {
                // Before 18 nobody knows who said it first: what a parent says is not repeated.
                not_null.is_local &= !parent_is_not_null;
            } else if all_not_null_are_invalid {
                // Valid here, but not above.
                not_null.is_local = true;
            }
        }
        match self.columns[place].default {
            None if parent_has_default => self.take_default_back(relation, place),
            Some(default)
                if same_generated
                    && !other_generated
                    && !self.catalog.relations[relation].is_partition =>
            {
                self.node_mut(default).wanted = Components::empty();
            }
            _ => {}
        }
    }

    /// The expression of a default.
    pub(crate) fn default_expression(&self, default: NodeId) -> &BStr {
        match self.node(default).object {
            Object::Default(i) => self.details.defaults[i].expression.as_bstr(),
            _ => BStr::new("NULL"),
        }
    }

    /// Makes a column say `DEFAULT NULL`, lest it get its parent's default.
    fn take_default_back(&mut self, relation: usize, place: usize) {
        let is_separate = !self.is_column_printed(relation, &self.details.columns[place]);
        let table = self.by_object[&Object::Relation(relation)];
        let wanted = self.node(table).wanted;
        let default = self.add(
            Object::NullDefault(place),
            pgark_catalog::CatalogId::NONE,
            wanted,
        );
        let node = self.node_mut(default);
        node.is_separate = is_separate;
        if is_separate {
            node.dependencies.push(table);
        }
        self.columns[place].default = Some(default);
    }
}

#[cfg(test)]
mod tests;
