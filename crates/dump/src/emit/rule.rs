//! Rewrite rules, the text of a view that was first written as a dummy among them.

use pgark_archive::{Section, TocEntry};
use pgark_sql::{put, text};

use super::Emitter;
use super::comment::CommentOn;
use crate::error::{Error, Result};
use crate::plan::{Components, NodeId};

impl Emitter<'_> {
    pub(super) fn emit_rule(&mut self, id: NodeId, place: usize) -> Result<()> {
        let rule = &self.catalog().rules[place];
        if !self.plan.node(id).is_separate {
            return Ok(());
        }
        let relation = self
            .plan
            .catalog
            .relation(rule.relation)
            .ok_or_else(|| Error::Dropped(self.plan.describe(id)))?;
        let (schema, owner) = (
            self.schema_name(relation.schema)?,
            self.role_name(relation.owner)?,
        );
        let table = self.qualified_relation(relation)?;
        let name = self.quoter.ident(&rule.name);
        if self.is_wanted(id, Components::DEFINITION) {
            const REPLACE: &str = "CREATE OR REPLACE VIEW ";
            let (mut create, drop) = if rule.is_on_select() {
                let dummy = text!(REPLACE, table, " AS\n", self.dummy_query(relation)?, ";\n");
                (self.create_view(id, REPLACE, relation, &table)?, dummy)
            } else {
                let definition = self.defined(id, self.definitions.rules.get(&rule.id.oid))?;
                (
                    text!(definition, "\n"),
                    text!("DROP RULE ", name, " ON ", table, ";\n"),
                )
            };
            let state = match rule.enabled {
                b'A' => Some("ENABLE ALWAYS"),
                b'R' => Some("ENABLE REPLICA"),
                b'D' => Some("DISABLE"),
                _ => None,
            };
            if let Some(state) = state {
                put!(
                    create,
                    "ALTER TABLE ",
                    table,
                    " ",
                    state,
                    " RULE ",
                    name,
                    ";\n"
                );
            }
            self.push(TocEntry {
                tag: Some(text!(relation.name, " ", rule.name)),
                namespace: Some(schema.clone()),
                owner: Some(owner.into()),
                defn: Some(create),
                drop_stmt: Some(drop),
                ..self.entry(id, "RULE", Section::PostData)
            });
        }
        self.emit_comment(
            id,
            &CommentOn {
                kind: text!("RULE ", name, " ON"),
                name: self.quoter.ident(&relation.name),
                schema: Some(schema),
                owner,
                initial: None,
            },
        );
        Ok(())
    }
}
