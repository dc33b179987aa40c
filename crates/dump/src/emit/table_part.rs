//! What the parts of tables and views have in common: indexes, constraints, rules, triggers, policies.

use bstr::{BStr, BString};
use pgark_archive::{Section, TocEntry};
use pgark_catalog::{Oid, Relation};
use pgark_sql::text;

use super::Emitter;
use super::comment::CommentOn;
use crate::error::{Error, Result};
use crate::plan::NodeId;

/// The table or view that an object is part of, with the names that the object's entries bear.
pub(super) struct TableOf<'a> {
    pub(super) relation: &'a Relation,
    /// The table's schema, not quoted.
    pub(super) schema: &'a BString,
    /// The table's owner, not quoted.
    pub(super) owner: &'a BStr,
    /// The table's name with its schema, quoted.
    pub(super) name: BString,
}

impl<'a> Emitter<'a> {
    /// The table or view that an object of the plan is part of.
    pub(super) fn table_of(&self, part: NodeId, table: Oid) -> Result<TableOf<'a>> {
        let relation = self
            .catalog()
            .relation(table)
            .ok_or_else(|| Error::Dropped(self.plan.describe(part)))?;
        Ok(TableOf {
            relation,
            schema: self.schema_name(relation.schema)?,
            owner: self.role_name(relation.owner)?,
            name: self.qualified_relation(relation)?,
        })
    }

    /// An entry for a part of a table, made once data is there. It bears both names.
    pub(super) fn part_entry(
        &self,
        id: NodeId,
        desc: &str,
        table: &TableOf<'_>,
        name: &BString,
    ) -> TocEntry {
        TocEntry {
            tag: Some(text!(table.relation.name, " ", name)),
            namespace: Some(table.schema.clone()),
            owner: Some(table.owner.into()),
            ..self.entry(id, desc, Section::PostData)
        }
    }

    /// The comment on a part of a table, which names the table too: `TRIGGER name ON table`.
    pub(super) fn emit_part_comment(
        &mut self,
        id: NodeId,
        kind: &str,
        name: &BString,
        table: &TableOf<'_>,
    ) {
        self.emit_comment(id, &self.comment_on_part(kind, name, table));
    }

    /// How a comment names a part of a table.
    pub(super) fn comment_on_part<'t>(
        &self,
        kind: &str,
        name: &BString,
        table: &TableOf<'t>,
    ) -> CommentOn<'t> {
        CommentOn {
            kind: text!(kind, " ", self.quoter.ident(name), " ON"),
            name: self.quoter.ident(&table.relation.name),
            schema: Some(table.schema),
            owner: table.owner,
            initial: None,
        }
    }
}
