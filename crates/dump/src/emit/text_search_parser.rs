//! Text search parsers.

use pgark_sql::{put, text};

use super::Emitter;
use super::named::Named;
use crate::error::Result;
use crate::plan::NodeId;

impl Emitter<'_> {
    pub(super) fn emit_text_search_parser(&mut self, id: NodeId, place: usize) -> Result<()> {
        let parser = &self.catalog().text_search_parsers[place];
        let name = self.qualified(parser.schema, &parser.name)?;
        let schema = self.schema_name(parser.schema)?;
        let mut create = text!("CREATE TEXT SEARCH PARSER ", name, " (\n");
        let functions = [
            ("START", parser.start, ",\n"),
            ("GETTOKEN", parser.next_token, ",\n"),
            ("END", parser.end, ",\n"),
            ("HEADLINE", parser.headline, ",\n"),
            ("LEXTYPES", parser.token_types, " );\n"),
        ];
        for (word, function, end) in functions {
            if function.is_valid() {
                put!(
                    create,
                    "    ",
                    word,
                    " = ",
                    self.function_name(id, function)?,
                    end
                );
            }
        }
        let named = Named {
            kind: "TEXT SEARCH PARSER",
            tag: parser.name.clone(),
            identity: self.quoter.ident(&parser.name),
            schema: Some(schema),
            owner: None,
        };
        self.emit_named(id, &named, create);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use pgark_archive::Section;
    use pgark_catalog::Oid;

    use crate::error::Error;
    use crate::testing::Fixture;

    #[test]
    fn a_parser_names_its_functions() {
        for (headline, expected) in [(Oid::INVALID, ""), (Oid(9_005), "    HEADLINE = s.head,\n")] {
            let mut f = Fixture::new(18);
            f.function_names(&["begin", "next", "s.\"End\"", "types", "s.head"]);
            let parser = f.text_search_parser("P");
            parser.headline = headline;
            let id = parser.id;
            f.comment(id, 0, "why");
            let entry = f.entry("TEXT SEARCH PARSER", "P");
            assert_eq!(
                entry.defn.unwrap(),
                format!(
                    "CREATE TEXT SEARCH PARSER s.\"P\" (\n    START = begin,\n    GETTOKEN = next,\n    END = s.\"End\",\n{expected}    \
                     LEXTYPES = types );\n"
                )
            );
            assert_eq!(
                entry.drop_stmt.unwrap(),
                "DROP TEXT SEARCH PARSER s.\"P\";\n"
            );
            assert_eq!((entry.namespace, entry.owner), (Some("s".into()), None));
            assert_eq!(entry.section, Section::PreData);
            let comment = f.entry("COMMENT", "TEXT SEARCH PARSER \"P\"");
            assert_eq!(
                comment.defn.unwrap(),
                "COMMENT ON TEXT SEARCH PARSER s.\"P\" IS 'why';\n"
            );
            assert_eq!(comment.owner.unwrap(), "");
        }
    }

    #[test]
    fn a_function_that_is_gone_is_an_error() {
        let mut f = Fixture::new(18);
        f.function_names(&["begin", "next", "end"]);
        f.text_search_parser("P");
        let error = f.try_emit().unwrap_err();
        assert!(
            matches!(&error, Error::Dropped(what) if what == "text search parser \"s.P\""),
            "{error}"
        );
    }
}
