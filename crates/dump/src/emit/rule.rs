//! Rewrite rules, the text of a view that was first written as a dummy among them.

use pgark_archive::TocEntry;
use pgark_sql::{put, text};

use super::Emitter;
use crate::error::Result;
use crate::plan::{Components, NodeId};

impl Emitter<'_> {
    pub(super) fn emit_rule(&mut self, id: NodeId, place: usize) -> Result<()> {
        const REPLACE: &str = "CREATE OR REPLACE VIEW ";
        let rule = &self.catalog().rules[place];
        if !self.plan.node(id).is_separate {
            return Ok(());
        }
        let table = self.table_of(id, rule.relation)?;
        if self.is_wanted(id, Components::DEFINITION) {
            let name = self.quoter.ident(&rule.name);
            let (mut create, drop) = if rule.is_on_select() {
                let dummy = text!(
                    REPLACE,
                    table.name,
                    " AS\n",
                    self.dummy_query(table.relation)?,
                    ";\n"
                );
                (
                    self.create_view(id, REPLACE, table.relation, &table.name)?,
                    dummy,
                )
            } else {
                let definition = self.defined(id, self.definitions.rules.get(&rule.id.oid))?;
                (
                    text!(definition, "\n"),
                    text!("DROP RULE ", name, " ON ", table.name, ";\n"),
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
                    table.name,
                    " ",
                    state,
                    " RULE ",
                    name,
                    ";\n"
                );
            }
            self.push(TocEntry {
                defn: Some(create),
                drop_stmt: Some(drop),
                ..self.part_entry(id, "RULE", &table, &rule.name)
            });
        }
        self.emit_part_comment(id, "RULE", &rule.name, &table);
        Ok(())
    }
}
