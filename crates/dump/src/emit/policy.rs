//! Row security and its policies.

use pgark_archive::{Section, TocEntry};
use pgark_sql::{put, text};

use super::Emitter;
use super::comment::CommentOn;
use crate::error::{Error, Result};
use crate::plan::{Components, NodeId};

impl Emitter<'_> {
    /// `ENABLE ROW LEVEL SECURITY`; that it binds the owner too stands with the table.
    pub(super) fn emit_row_security(&mut self, id: NodeId, place: usize) -> Result<()> {
        let relation = &self.catalog().relations[place];
        if !self.is_wanted(id, Components::DEFINITION) {
            return Ok(());
        }
        self.push(TocEntry {
            tag: Some(relation.name.clone()),
            namespace: Some(self.schema_name(relation.schema)?.clone()),
            owner: Some(self.role_name(relation.owner)?.into()),
            // No newline here, unlike anywhere else.
            defn: Some(text!(
                "ALTER TABLE ",
                self.qualified_relation(relation)?,
                " ENABLE ROW LEVEL SECURITY;"
            )),
            dependencies: vec![self.plan.relation_dump_id(place)],
            ..self.entry(id, "ROW SECURITY", Section::PostData)
        });
        Ok(())
    }

    pub(super) fn emit_policy(&mut self, id: NodeId, place: usize) -> Result<()> {
        let policy = &self.details().policies[place];
        let relation = self
            .plan
            .catalog
            .relation(policy.relation)
            .ok_or_else(|| Error::Dropped(self.plan.describe(id)))?;
        let (schema, owner) = (
            self.schema_name(relation.schema)?,
            self.role_name(relation.owner)?,
        );
        let table = self.qualified_relation(relation)?;
        let name = self.quoter.ident(&policy.name);
        if self.is_wanted(id, Components::DEFINITION) {
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
            let mut create = text!("CREATE POLICY ", name, " ON ", table, restrictive, command);
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
                tag: Some(text!(relation.name, " ", policy.name)),
                namespace: Some(schema.clone()),
                owner: Some(owner.into()),
                defn: Some(create),
                drop_stmt: Some(text!("DROP POLICY ", name, " ON ", table, ";\n")),
                ..self.entry(id, "POLICY", Section::PostData)
            });
        }
        self.emit_comment(
            id,
            &CommentOn {
                kind: text!("POLICY ", name, " ON"),
                name: self.quoter.ident(&relation.name),
                schema: Some(schema),
                owner,
                initial: None,
            },
        );
        Ok(())
    }
}
