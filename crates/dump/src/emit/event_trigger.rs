//! Event triggers.

use pgark_archive::{Section, TocEntry};
use pgark_sql::{put, text};

use super::Emitter;
use super::comment::CommentOn;
use crate::error::Result;
use crate::plan::{Components, NodeId};

impl Emitter<'_> {
    pub(super) fn emit_event_trigger(&mut self, id: NodeId, place: usize) -> Result<()> {
        let trigger = &self.catalog().event_triggers[place];
        let name = self.quoter.ident(&trigger.name);
        let owner = self.role_name(trigger.owner)?;
        if self.is_wanted(id, Components::DEFINITION) {
            let mut create = text!(
                "CREATE EVENT TRIGGER ",
                name,
                " ON ",
                self.quoter.ident(&trigger.event)
            );
            if !trigger.tags.is_empty() {
                put!(create, "\n         WHEN TAG IN (", trigger.tags, ")");
            }
            put!(
                create,
                "\n   EXECUTE FUNCTION ",
                self.function_name(id, trigger.function)?,
                "();\n"
            );
            let state = match trigger.enabled {
                b'O' => None,
                b'D' => Some("DISABLE"),
                b'A' => Some("ENABLE ALWAYS"),
                b'R' => Some("ENABLE REPLICA"),
                _ => Some("ENABLE"),
            };
            if let Some(state) = state {
                put!(create, "\nALTER EVENT TRIGGER ", name, " ", state, ";\n");
            }
            self.push(TocEntry {
                tag: Some(trigger.name.clone()),
                owner: Some(owner.into()),
                defn: Some(create),
                drop_stmt: Some(text!("DROP EVENT TRIGGER ", name, ";\n")),
                ..self.entry(id, "EVENT TRIGGER", Section::PostData)
            });
        }
        let on = CommentOn {
            kind: "EVENT TRIGGER".into(),
            name,
            schema: None,
            owner,
            initial: None,
        };
        self.emit_comment(id, &on);
        self.emit_security_label(id, &on);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use pgark_archive::Section;

    use crate::testing::Fixture;

    #[test]
    fn an_event_trigger_says_for_what_and_in_which_state_it_is() {
        for (tags, enabled, when, state) in [
            ("", b'O', "", None),
            ("", b'D', "", Some("DISABLE")),
            ("", b'A', "", Some("ENABLE ALWAYS")),
            ("", b'R', "", Some("ENABLE REPLICA")),
            (
                "'DROP TABLE', 'DROP VIEW'",
                b'D',
                "\n         WHEN TAG IN ('DROP TABLE', 'DROP VIEW')",
                Some("DISABLE"),
            ),
        ] {
            let mut f = Fixture::new(18);
            f.function_names(&["s.\"Tell\""]);
            let trigger = f.event_trigger("E");
            trigger.tags = tags.into();
            trigger.enabled = enabled;
            let id = trigger.id;
            f.comment(id, 0, "why");
            f.label(id, 0, "p", "l");
            let state = state.map(|state| format!("\nALTER EVENT TRIGGER \"E\" {state};\n"));
            let entry = f.entry("EVENT TRIGGER", "E");
            assert_eq!(
                entry.defn.unwrap(),
                format!(
                    "CREATE EVENT TRIGGER \"E\" ON sql_drop{when}\n   EXECUTE FUNCTION s.\"Tell\"();\n{}",
                    state.unwrap_or_default()
                )
            );
            assert_eq!(entry.drop_stmt.unwrap(), "DROP EVENT TRIGGER \"E\";\n");
            assert_eq!(entry.section, Section::PostData);
            assert_eq!((entry.namespace, entry.owner), (None, Some("alice".into())));
            let tag = "EVENT TRIGGER \"E\"";
            assert_eq!(
                f.text("COMMENT", tag),
                format!("COMMENT ON {tag} IS 'why';\n")
            );
            assert_eq!(
                f.text("SECURITY LABEL", tag),
                format!("SECURITY LABEL FOR p ON {tag} IS 'l';\n")
            );
        }
    }
}
