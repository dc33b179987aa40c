//! The options of everything that has to do with foreign data.

/// An expression for the options in a column of type `text[]`, each as its quoted name and value, a line each. The empty text stands for
/// none.
pub(crate) fn options_as_text(column: &str) -> String {
    format!(
        "pg_catalog.array_to_string(array( \
           select pg_catalog.quote_ident(option_name) || ' ' || pg_catalog.quote_literal(option_value) \
           from pg_catalog.pg_options_to_table({column}) order by option_name), e',\\n    ')"
    )
}
