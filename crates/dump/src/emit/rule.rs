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

#[cfg(test)]
mod tests {
    use pgark_archive::Section;

    use crate::testing::Fixture;

    #[test]
    fn a_rule_says_when_it_is_not_enabled_as_usual() {
        for (enabled, expected) in [
            (b'O', ""),
            (b'D', "ALTER TABLE s.t DISABLE RULE \"R\";\n"),
            (b'A', "ALTER TABLE s.t ENABLE ALWAYS RULE \"R\";\n"),
            (b'R', "ALTER TABLE s.t ENABLE REPLICA RULE \"R\";\n"),
        ] {
            let mut f = Fixture::new(18);
            let table = f.table("t");
            let rule = f.rule(table, "R", b'2');
            f.catalog.rules[0].enabled = enabled;
            f.comment(rule, 0, "why");
            let entry = f.entry("RULE", "t R");
            assert_eq!(
                entry.defn.unwrap(),
                format!("CREATE RULE R AS ON UPDATE TO s.t DO INSTEAD NOTHING;\n{expected}")
            );
            assert_eq!(entry.drop_stmt.unwrap(), "DROP RULE \"R\" ON s.t;\n");
            assert_eq!(entry.section, Section::PostData);
            assert_eq!(
                f.text("COMMENT", "RULE \"R\" ON t"),
                "COMMENT ON RULE \"R\" ON s.t IS 'why';\n"
            );
        }
    }
}
