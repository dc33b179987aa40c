//! Row security and its policies.

use pgark_archive::{Section, TocEntry};
use pgark_sql::{put, text};

use super::Emitter;
use crate::error::Result;
use crate::plan::{Components, NodeId};

impl Emitter<'_> {
    /// `ENABLE ROW LEVEL SECURITY`; that it binds the owner too stands with the table.
    pub(super) fn emit_row_security(&mut self, id: NodeId, place: usize) -> Result<()> {
        let table = self.table_of(id, self.catalog().relations[place].id.oid)?;
        if self.is_wanted(id, Components::DEFINITION) {
            self.push(TocEntry {
                tag: Some(table.relation.name.clone()),
                namespace: Some(table.schema.clone()),
                owner: Some(table.owner.into()),
                // No newline here, unlike anywhere else.
                defn: Some(text!(
                    "ALTER TABLE ",
                    table.name,
                    " ENABLE ROW LEVEL SECURITY;"
                )),
                dependencies: vec![self.plan.relation_dump_id(place)],
                ..self.entry(id, "ROW SECURITY", Section::PostData)
            });
        }
        Ok(())
    }

    pub(super) fn emit_policy(&mut self, id: NodeId, place: usize) -> Result<()> {
        let policy = &self.details().policies[place];
        let table = self.table_of(id, policy.relation)?;
        if self.is_wanted(id, Components::DEFINITION) {
            let name = self.quoter.ident(&policy.name);
            let command = match policy.command {
                b'r' => " FOR SELECT",
                b'a' => " FOR INSERT",
                b'w' => " FOR UPDATE",
                b'd' => " FOR DELETE",
                _ => "",
            };
            let restrictive = if policy.is_permissive {
                ""
            } else {
                " AS RESTRICTIVE"
            };
            let mut create = text!(
                "CREATE POLICY ",
                name,
                " ON ",
                table.name,
                restrictive,
                command
            );
            if let Some(roles) = &policy.roles {
                put!(create, " TO ", roles);
            }
            if let Some(using) = &policy.using {
                put!(create, " USING (", using, ")");
            }
            if let Some(check) = &policy.with_check {
                put!(create, " WITH CHECK (", check, ")");
            }
            put!(create, ";\n");
            self.push(TocEntry {
                defn: Some(create),
                drop_stmt: Some(text!("DROP POLICY ", name, " ON ", table.name, ";\n")),
                ..self.part_entry(id, "POLICY", &table, &policy.name)
            });
        }
        self.emit_part_comment(id, "POLICY", &policy.name, &table);
        Ok(())
    }
}
