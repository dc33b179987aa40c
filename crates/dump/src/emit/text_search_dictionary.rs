//! Text search dictionaries.

use pgark_sql::{put, text};

use super::Emitter;
use super::named::Named;
use crate::error::{Error, Result};
use crate::plan::NodeId;

impl Emitter<'_> {
    pub(super) fn emit_text_search_dictionary(&mut self, id: NodeId, place: usize) -> Result<()> {
        let dictionary = &self.catalog().text_search_dictionaries[place];
        let name = self.qualified(dictionary.schema, &dictionary.name)?;
        let schema = self.schema_name(dictionary.schema)?;
        let owner = self.role_name(dictionary.owner)?;
        let mut templates = self.catalog().text_search_templates.iter();
        let template = templates
            .find(|template| template.id.oid == dictionary.template)
            .ok_or_else(|| Error::Dropped(self.plan.describe(id)))?;
        let mut create = text!(
            "CREATE TEXT SEARCH DICTIONARY ",
            name,
            " (\n    TEMPLATE = ",
            self.qualified(template.schema, &template.name)?
        );
        if let Some(options) = &dictionary.options {
            put!(create, ",\n    ", options);
        }
        put!(create, " );\n");
        let named = Named {
            kind: "TEXT SEARCH DICTIONARY",
            tag: dictionary.name.clone(),
            identity: self.quoter.ident(&dictionary.name),
            schema: Some(schema),
            owner: Some(owner),
        };
        self.emit_named(id, &named, create);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use pgark_catalog::{CatalogId, Oid};

    use crate::error::Error;
    use crate::testing::{Fixture, PG_CATALOG};

    #[test]
    fn a_dictionary_names_its_template() {
        for (options, expected) in [
            (None, ""),
            (
                Some("stopwords = 'english'"),
                ",\n    stopwords = 'english'",
            ),
        ] {
            let mut f = Fixture::new(18);
            let schema = std::mem::replace(&mut f.schema, PG_CATALOG);
            let template = f.text_search_template("simple").id;
            f.schema = schema;
            let dictionary = f.text_search_dictionary("D", template);
            dictionary.options = options.map(Into::into);
            let id = dictionary.id;
            f.comment(id, 0, "why");
            // The system's template is no part of the archive.
            assert_eq!(
                f.list(),
                [
                    "TEXT SEARCH DICTIONARY D",
                    "COMMENT TEXT SEARCH DICTIONARY \"D\""
                ]
            );
            let entry = f.entry("TEXT SEARCH DICTIONARY", "D");
            assert_eq!(
                entry.defn.unwrap(),
                format!(
                    "CREATE TEXT SEARCH DICTIONARY s.\"D\" (\n    TEMPLATE = pg_catalog.simple{expected} );\n"
                )
            );
            assert_eq!(
                entry.drop_stmt.unwrap(),
                "DROP TEXT SEARCH DICTIONARY s.\"D\";\n"
            );
            assert_eq!(entry.owner.unwrap(), "alice");
        }
    }

    #[test]
    fn a_template_that_is_gone_is_an_error() {
        let mut f = Fixture::new(18);
        let gone = CatalogId {
            table: Oid(1),
            oid: Oid(1),
        };
        f.text_search_dictionary("D", gone);
        assert!(matches!(f.try_emit(), Err(Error::Dropped(_))));
    }
}
