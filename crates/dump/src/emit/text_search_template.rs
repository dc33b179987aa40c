//! Text search templates.

use pgark_sql::{put, text};

use super::Emitter;
use super::named::Named;
use crate::error::Result;
use crate::plan::NodeId;

impl Emitter<'_> {
    pub(super) fn emit_text_search_template(&mut self, id: NodeId, place: usize) -> Result<()> {
        let template = &self.catalog().text_search_templates[place];
        let name = self.qualified(template.schema, &template.name)?;
        let schema = self.schema_name(template.schema)?;
        let mut create = text!("CREATE TEXT SEARCH TEMPLATE ", name, " (\n");
        if template.init.is_valid() {
            put!(
                create,
                "    INIT = ",
                self.function_name(id, template.init)?,
                ",\n"
            );
        }
        put!(
            create,
            "    LEXIZE = ",
            self.function_name(id, template.lexize)?,
            " );\n"
        );
        let named = Named {
            kind: "TEXT SEARCH TEMPLATE",
            tag: template.name.clone(),
            identity: self.quoter.ident(&template.name),
            schema: Some(schema),
            owner: None,
        };
        self.emit_named(id, &named, create);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use pgark_catalog::Oid;

    use crate::testing::Fixture;

    #[test]
    fn a_template_names_its_functions() {
        for (init, expected) in [(Oid::INVALID, ""), (Oid(9_002), "    INIT = s.\"Init\",\n")] {
            let mut f = Fixture::new(18);
            f.function_names(&["lexize", "s.\"Init\""]);
            let template = f.text_search_template("T");
            template.init = init;
            let id = template.id;
            f.comment(id, 0, "why");
            let entry = f.entry("TEXT SEARCH TEMPLATE", "T");
            assert_eq!(
                entry.defn.unwrap(),
                format!(
                    "CREATE TEXT SEARCH TEMPLATE s.\"T\" (\n{expected}    LEXIZE = lexize );\n"
                )
            );
            assert_eq!(
                entry.drop_stmt.unwrap(),
                "DROP TEXT SEARCH TEMPLATE s.\"T\";\n"
            );
            assert_eq!((entry.namespace, entry.owner), (Some("s".into()), None));
            assert_eq!(
                f.text("COMMENT", "TEXT SEARCH TEMPLATE \"T\""),
                "COMMENT ON TEXT SEARCH TEMPLATE s.\"T\" IS 'why';\n"
            );
        }
    }
}
