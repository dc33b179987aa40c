//! Text search.

use pgark_catalog::{
    CatalogId, Oid, TextSearchConfiguration, TextSearchDictionary, TextSearchMapping,
    TextSearchParser, TextSearchTemplate,
};

use super::{Fixture, OWNER};

/// `pg_ts_dict`
const DICTIONARY: Oid = Oid(3_600);
/// `pg_ts_parser`
const PARSER: Oid = Oid(3_601);
/// `pg_ts_config`
const CONFIGURATION: Oid = Oid(3_602);
/// `pg_ts_template`
const TEMPLATE: Oid = Oid(3_764);

impl Fixture {
    /// Makes functions known by name, the first by the OID 9001.
    pub(crate) fn function_names(&mut self, names: &[&str]) {
        let names = (9_001..)
            .map(Oid)
            .zip(names.iter().map(|name| (*name).into()));
        self.definitions.function_names = names.collect();
    }

    /// A parser of the functions 9001 to 9004, without a headline.
    pub(crate) fn text_search_parser(&mut self, name: &str) -> &mut TextSearchParser {
        let id = self.row(PARSER);
        self.catalog.text_search_parsers.push(TextSearchParser {
            id,
            name: name.into(),
            schema: self.schema,
            start: Oid(9_001),
            next_token: Oid(9_002),
            end: Oid(9_003),
            headline: Oid::INVALID,
            token_types: Oid(9_004),
        });
        self.catalog.text_search_parsers.last_mut().unwrap()
    }

    /// A template of the function 9001.
    pub(crate) fn text_search_template(&mut self, name: &str) -> &mut TextSearchTemplate {
        let id = self.row(TEMPLATE);
        self.catalog.text_search_templates.push(TextSearchTemplate {
            id,
            name: name.into(),
            schema: self.schema,
            init: Oid::INVALID,
            lexize: Oid(9_001),
        });
        self.catalog.text_search_templates.last_mut().unwrap()
    }

    pub(crate) fn text_search_dictionary(
        &mut self,
        name: &str,
        template: CatalogId,
    ) -> &mut TextSearchDictionary {
        let id = self.row(DICTIONARY);
        self.catalog
            .text_search_dictionaries
            .push(TextSearchDictionary {
                id,
                name: name.into(),
                schema: self.schema,
                owner: OWNER,
                template: template.oid,
                options: None,
            });
        self.catalog.text_search_dictionaries.last_mut().unwrap()
    }

    pub(crate) fn text_search_configuration(&mut self, name: &str, parser: CatalogId) -> CatalogId {
        let id = self.row(CONFIGURATION);
        self.catalog
            .text_search_configurations
            .push(TextSearchConfiguration {
                id,
                name: name.into(),
                schema: self.schema,
                owner: OWNER,
                parser: parser.oid,
            });
        id
    }

    /// The next dictionary for a type of token.
    pub(crate) fn text_search_mapping(
        &mut self,
        configuration: CatalogId,
        token: Option<&str>,
        dictionary: &str,
    ) {
        let mappings = self
            .definitions
            .text_search_mappings
            .entry(configuration.oid);
        mappings.or_default().push(TextSearchMapping {
            token: token.map(Into::into),
            dictionary: dictionary.into(),
        });
    }
}
