//! Triggers.

use pgark_archive::TocEntry;
use pgark_sql::{put, text};

use super::Emitter;
use super::foreign::alter_table;
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
                "\n",
                alter_table(table.relation),
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

#[cfg(test)]
mod tests {
    use pgark_archive::Section;

    use crate::testing::Fixture;

    #[test]
    fn a_trigger_says_when_it_is_not_enabled_as_usual() {
        const CREATE: &str = "CREATE TRIGGER T BEFORE INSERT ON s.t;\n";
        // How it is enabled, whether it came with the parent's, and the words for it.
        for (enabled, is_inherited, state) in [
            (b'O', false, None),
            (b'D', false, Some("DISABLE")),
            (b'A', false, Some("ENABLE ALWAYS")),
            (b'R', false, Some("ENABLE REPLICA")),
            (b'O', true, Some("ENABLE")),
            (b'D', true, Some("DISABLE")),
        ] {
            let mut f = Fixture::new(18);
            let table = f.table("t");
            let trigger = f.trigger(table, "T");
            trigger.enabled = enabled;
            trigger.is_inherited = is_inherited;
            let id = trigger.id;
            f.comment(id, 0, "why");
            let entry = f.entry("TRIGGER", "t T");
            let state = state.map(|state| format!("\nALTER TABLE s.t {state} TRIGGER \"T\";\n"));
            let (create, drop) = if is_inherited {
                ("", "")
            } else {
                (CREATE, "DROP TRIGGER \"T\" ON s.t;\n")
            };
            assert_eq!(
                entry.defn.unwrap(),
                format!("{create}{}", state.unwrap_or_default())
            );
            assert_eq!(entry.drop_stmt.unwrap(), drop);
            assert_eq!(entry.section, Section::PostData);
            assert_eq!(
                f.text("COMMENT", "TRIGGER \"T\" ON t"),
                "COMMENT ON TRIGGER \"T\" ON s.t IS 'why';\n"
            );
        }
    }

    #[test]
    fn a_trigger_that_goes_with_an_extension_says_so_before_its_state() {
        let mut f = Fixture::new(17);
        let table = f.table("t");
        let trigger = f.trigger(table, "tg");
        trigger.enabled = b'D';
        let id = trigger.id;
        let (extension, _) = f.extension("x");
        f.depends(id, extension, b'x');
        assert_eq!(
            f.text("TRIGGER", "t tg"),
            "CREATE TRIGGER tg BEFORE INSERT ON s.t;\n\
             \nALTER TRIGGER tg ON s.t DEPENDS ON EXTENSION x;\
             \nALTER TABLE s.t DISABLE TRIGGER tg;\n"
        );
    }
}
