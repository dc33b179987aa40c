//! Triggers.

use pgark_archive::{Section, TocEntry};
use pgark_sql::{put, text};

use super::Emitter;
use super::comment::CommentOn;
use crate::error::{Error, Result};
use crate::plan::{Components, NodeId};

impl Emitter<'_> {
    pub(super) fn emit_trigger(&mut self, id: NodeId, place: usize) -> Result<()> {
        let trigger = &self.details().triggers[place];
        let relation = self
            .plan
            .catalog
            .relation(trigger.relation)
            .ok_or_else(|| Error::Dropped(self.plan.describe(id)))?;
        let (schema, owner) = (
            self.schema_name(relation.schema)?,
            self.role_name(relation.owner)?,
        );
        let table = self.qualified_relation(relation)?;
        let name = self.quoter.ident(&trigger.name);
        if self.is_wanted(id, Components::DEFINITION) {
            let state = match trigger.enabled {
                b'D' => "DISABLE",
                b'A' => "ENABLE ALWAYS",
                b'R' => "ENABLE REPLICA",
                _ => "ENABLE",
            };
            let alter = text!(
                "\nALTER TABLE ",
                table,
                " ",
                state,
                " TRIGGER ",
                name,
                ";\n"
            );
            let (create, drop) = if trigger.is_inherited {
                // The trigger itself comes and goes with the parent's.
                (alter, "".into())
            } else {
                let identity = text!(name, " ON ", table);
                let mut create = text!(trigger.definition, ";\n");
                put!(create, self.depends_on_extension(id, "TRIGGER", &identity));
                if trigger.enabled != b'O' {
                    put!(create, alter);
                }
                (create, text!("DROP TRIGGER ", identity, ";\n"))
            };
            self.push(TocEntry {
                tag: Some(text!(relation.name, " ", trigger.name)),
                namespace: Some(schema.clone()),
                owner: Some(owner.into()),
                defn: Some(create),
                drop_stmt: Some(drop),
                ..self.entry(id, "TRIGGER", Section::PostData)
            });
        }
        self.emit_comment(
            id,
            &CommentOn {
                kind: text!("TRIGGER ", name, " ON"),
                name: self.quoter.ident(&relation.name),
                schema: Some(schema),
                owner,
                initial: None,
            },
        );
        Ok(())
    }
}
