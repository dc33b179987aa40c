//! Constraints that are added once their table or domain is there: CHECK and NOT NULL that are not valid, foreign keys.

use pgark_archive::{Section, TocEntry};
use pgark_catalog::RelationKind;
use pgark_sql::text;

use super::Emitter;
use super::foreign::alter_table;
use crate::error::{Error, Result};
use crate::plan::{Components, NodeId, Object};

impl Emitter<'_> {
    /// A table's CHECK constraint or a NOT NULL constraint that is not valid.
    pub(super) fn emit_check(&mut self, id: NodeId) -> Result<()> {
        let node = self.plan.node(id);
        let (constraint, desc) = match node.object {
            Object::Check(i) => (&self.details().checks[i], "CHECK CONSTRAINT"),
            Object::InvalidNotNull(i) => (&self.details().invalid_not_null[i], "CONSTRAINT"),
            _ => return Ok(()),
        };
        if !node.is_separate {
            return Ok(());
        }
        let table = self.table_of(id, constraint.on)?;
        if constraint.is_local && self.is_wanted(id, Components::DEFINITION) {
            let name = self.quoter.ident(&constraint.name);
            self.push(TocEntry {
                defn: Some(text!(
                    alter_table(table.relation),
                    table.name,
                    "\n    ADD CONSTRAINT ",
                    name,
                    " ",
                    constraint.definition,
                    ";\n"
                )),
                drop_stmt: Some(text!(
                    alter_table(table.relation),
                    table.name,
                    " DROP CONSTRAINT ",
                    name,
                    ";\n"
                )),
                ..self.part_entry(id, desc, &table, &constraint.name)
            });
        }
        self.emit_part_comment(id, "CONSTRAINT", &constraint.name, &table);
        Ok(())
    }

    pub(super) fn emit_domain_constraint(&mut self, id: NodeId, place: usize) -> Result<()> {
        let constraint = &self.details().domain_constraints[place];
        if !self.plan.node(id).is_separate {
            return Ok(());
        }
        let domain = self
            .catalog()
            .type_index(constraint.on)
            .ok_or_else(|| Error::Dropped(self.plan.describe(id)))?;
        let domain = &self.catalog().types[domain];
        let (schema, owner) = (
            self.schema_name(domain.schema)?,
            self.role_name(domain.owner)?,
        );
        if self.is_wanted(id, Components::DEFINITION) {
            let qualified = self.qualified(domain.schema, &domain.name)?;
            let name = self.quoter.ident(&constraint.name);
            let desc = if constraint.kind == b'n' {
                "CONSTRAINT"
            } else {
                "CHECK CONSTRAINT"
            };
            self.push(TocEntry {
                tag: Some(text!(domain.name, " ", constraint.name)),
                namespace: Some(schema.clone()),
                owner: Some(owner.into()),
                defn: Some(text!(
                    "ALTER DOMAIN ",
                    qualified,
                    "\n    ADD CONSTRAINT ",
                    name,
                    " ",
                    constraint.definition,
                    ";\n"
                )),
                drop_stmt: Some(text!(
                    "ALTER DOMAIN ",
                    qualified,
                    " DROP CONSTRAINT ",
                    name,
                    ";\n"
                )),
                ..self.entry(id, desc, Section::PostData)
            });
        }
        if self.is_wanted(id, Components::COMMENT) {
            self.emit_domain_constraint_comment(id, place, id, domain, schema, owner);
        }
        Ok(())
    }

    pub(super) fn emit_foreign_key(&mut self, id: NodeId, place: usize) -> Result<()> {
        let key = &self.details().foreign_keys[place];
        let table = self.table_of(id, key.relation)?;
        if self.is_wanted(id, Components::DEFINITION) {
            let only = if table.relation.kind == RelationKind::PartitionedTable {
                ""
            } else {
                "ONLY "
            };
            let name = self.quoter.ident(&key.name);
            let alter = text!("ALTER TABLE ", only, table.name);
            self.push(TocEntry {
                defn: Some(text!(
                    alter,
                    "\n    ADD CONSTRAINT ",
                    name,
                    " ",
                    key.definition,
                    ";\n"
                )),
                drop_stmt: Some(text!(alter, " DROP CONSTRAINT ", name, ";\n")),
                ..self.part_entry(id, "FK CONSTRAINT", &table, &key.name)
            });
        }
        self.emit_part_comment(id, "CONSTRAINT", &key.name, &table);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
