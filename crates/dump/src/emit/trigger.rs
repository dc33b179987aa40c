//! Triggers.

use pgark_archive::TocEntry;
use pgark_sql::{put, text};

use super::Emitter;
use crate::error::Result;
use crate::plan::{Components, NodeId};

impl Emitter<'_> {
    pub(super) fn emit_trigger(&mut self, id: NodeId, place: usize) -> Result<()> {
        let trigger = &self.details().triggers[place];
        let table = self.table_of(id, trigger.relation)?;
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
                table.name,
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
                let identity = text!(name, " ON ", table.name);
                let mut create = text!(trigger.definition, ";\n");
                put!(create, self.depends_on_extension(id, "TRIGGER", &identity));
                if trigger.enabled != b'O' {
                    put!(create, alter);
                }
                (create, text!("DROP TRIGGER ", identity, ";\n"))
            };
            self.push(TocEntry {
                defn: Some(create),
                drop_stmt: Some(drop),
                ..self.part_entry(id, "TRIGGER", &table, &trigger.name)
            });
        }
        self.emit_part_comment(id, "TRIGGER", &trigger.name, &table);
        Ok(())
    }
}
