//! Text search configurations.

use bstr::BString;
use pgark_catalog::TextSearchConfiguration;
use pgark_sql::{put, text};

use super::Emitter;
use super::named::Named;
use crate::error::{Error, Result};
use crate::plan::NodeId;

impl Emitter<'_> {
    pub(super) fn emit_text_search_configuration(
        &mut self,
        id: NodeId,
        place: usize,
    ) -> Result<()> {
        let configuration = &self.catalog().text_search_configurations[place];
        let name = self.qualified(configuration.schema, &configuration.name)?;
        let schema = self.schema_name(configuration.schema)?;
        let owner = self.role_name(configuration.owner)?;
        let create = self.configuration_definition(id, configuration, &name)?;
        let named = Named {
            kind: "TEXT SEARCH CONFIGURATION",
            tag: configuration.name.clone(),
            identity: self.quoter.ident(&configuration.name),
            schema: Some(schema),
            owner: Some(owner),
        };
        self.emit_named(id, &named, create);
        Ok(())
    }

    /// The configuration, and a statement for each type of token with all its dictionaries.
    fn configuration_definition(
        &self,
        id: NodeId,
        configuration: &TextSearchConfiguration,
        name: &BString,
    ) -> Result<BString> {
        let dropped = || Error::Dropped(self.plan.describe(id));
        let mut parsers = self.catalog().text_search_parsers.iter();
        let parser = parsers
            .find(|parser| parser.id.oid == configuration.parser)
            .ok_or_else(dropped)?;
        let mut create = text!(
            "CREATE TEXT SEARCH CONFIGURATION ",
            name,
            " (\n    PARSER = ",
            self.qualified(parser.schema, &parser.name)?,
            " );\n"
        );
        let mappings = self
            .definitions
            .text_search_mappings
            .get(&configuration.id.oid)
            .map(Vec::as_slice)
            .unwrap_or_default();
        for of_token in mappings.chunk_by(|a, b| a.token == b.token) {
            // Mappings are not empty, and a type without a name was the parser's once.
            let token = of_token.first().and_then(|mapping| mapping.token.as_ref());
            let dictionaries = of_token.iter().map(|mapping| &mapping.dictionary);
            put!(
                create,
                "\nALTER TEXT SEARCH CONFIGURATION ",
                name,
                "\n    ADD MAPPING FOR ",
                self.quoter.ident(token.ok_or_else(dropped)?),
                " WITH ",
                bstr::join(", ", dictionaries),
                ";\n"
            );
        }
        Ok(create)
    }
}

#[cfg(test)]
mod tests {
    use crate::error::Error;
    use crate::testing::{Fixture, PG_CATALOG};

    /// A configuration `C` of the system's parser.
    fn fixture(mappings: &[(Option<&str>, &str)]) -> Fixture {
        let mut f = Fixture::new(18);
        let schema = std::mem::replace(&mut f.schema, PG_CATALOG);
        let parser = f.text_search_parser("default").id;
        f.schema = schema;
        let configuration = f.text_search_configuration("C", parser);
        f.comment(configuration, 0, "why");
        for (token, dictionary) in mappings {
            f.text_search_mapping(configuration, *token, dictionary);
        }
        f
    }

    #[test]
    fn a_configuration_says_where_it_looks_tokens_up() {
        const CREATE: &str =
            "CREATE TEXT SEARCH CONFIGURATION s.\"C\" (\n    PARSER = pg_catalog.\"default\" );\n";
        let alter = |mapping| {
            format!("\nALTER TEXT SEARCH CONFIGURATION s.\"C\"\n    ADD MAPPING FOR {mapping};\n")
        };
        for (mappings, expected) in [
            (&[][..], vec![]),
            (&[(Some("word"), "simple")], vec!["word WITH simple"]),
            (
                &[
                    (Some("word"), "s.\"D\""),
                    (Some("word"), "simple"),
                    (Some("int"), "simple"),
                ],
                vec!["word WITH s.\"D\", simple", "\"int\" WITH simple"],
            ),
        ] {
            let mut f = fixture(mappings);
            let expected: String = expected.into_iter().map(alter).collect();
            let entry = f.entry("TEXT SEARCH CONFIGURATION", "C");
            assert_eq!(entry.defn.unwrap(), format!("{CREATE}{expected}"));
            assert_eq!(
                entry.drop_stmt.unwrap(),
                "DROP TEXT SEARCH CONFIGURATION s.\"C\";\n"
            );
            assert_eq!(
                (entry.namespace, entry.owner),
                (Some("s".into()), Some("alice".into()))
            );
            assert_eq!(
                f.text("COMMENT", "TEXT SEARCH CONFIGURATION \"C\""),
                "COMMENT ON TEXT SEARCH CONFIGURATION s.\"C\" IS 'why';\n"
            );
        }
    }

    #[test]
    fn a_type_of_token_that_the_parser_knows_no_more_is_an_error() {
        let mut f = fixture(&[(Some("word"), "simple"), (None, "simple")]);
        assert!(matches!(f.try_emit(), Err(Error::Dropped(_))));
    }
}
