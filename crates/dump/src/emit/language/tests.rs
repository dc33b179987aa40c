use pgark_archive::Section;
use pgark_catalog::{Language, Oid};

use crate::testing::{Fixture, PG_CATALOG};

/// A language whose handler, inline handler and validator are functions of this schema.
fn language(schema: Option<Oid>, change: impl Fn(&mut Language)) -> Fixture {
    let mut f = Fixture::new(18);
    f.schema = schema.unwrap_or(f.schema);
    let [handler, inline, validator] = ["h", "In", "v"].map(|name| f.function(name, &[]).oid);
    let language = f.language("L");
    language.handler = handler;
    language.inline_handler = inline;
    language.validator = validator;
    change(language);
    f
}

#[test]
fn a_language_names_its_functions_where_they_are_written() {
    const BY_NAME: &str = "CREATE OR REPLACE PROCEDURAL LANGUAGE \"L\";\n";
    type Change = fn(&mut Language);
    let cases: [(Option<Oid>, Change, &str); 7] = [
        (
            None,
            |_| {},
            "CREATE TRUSTED PROCEDURAL LANGUAGE \"L\" HANDLER s.h INLINE s.\"In\" VALIDATOR s.v;\n",
        ),
        (
            None,
            |l| l.is_trusted = false,
            "CREATE PROCEDURAL LANGUAGE \"L\" HANDLER s.h INLINE s.\"In\" VALIDATOR s.v;\n",
        ),
        (
            None,
            |l| (l.inline_handler, l.validator) = (Oid::INVALID, Oid::INVALID),
            "CREATE TRUSTED PROCEDURAL LANGUAGE \"L\" HANDLER s.h;\n",
        ),
        // One that is missing makes it a language that the server knows by name.
        (None, |l| l.validator = Oid(5), BY_NAME),
        (None, |l| l.handler = Oid(5), BY_NAME),
        (None, |l| l.handler = Oid::INVALID, BY_NAME),
        // Functions whose privileges alone are written count, as for pg_dump.
        (
            Some(PG_CATALOG),
            |_| {},
            "CREATE TRUSTED PROCEDURAL LANGUAGE \"L\" HANDLER pg_catalog.h INLINE pg_catalog.\"In\" VALIDATOR pg_catalog.v;\n",
        ),
    ];
    for (schema, change, expected) in cases {
        let mut f = language(schema, change);
        for function in &mut f.catalog.functions {
            function.acl.current = Some("{alice=X/alice}".into());
        }
        assert_eq!(f.text("PROCEDURAL LANGUAGE", "L"), expected);
    }
}

#[test]
fn a_function_that_is_not_wanted_is_not_named() {
    let mut f = Fixture::new(18);
    let schema = f.schema("information_schema");
    f.schema = schema;
    let handler = f.function("h", &[]);
    f.language("l").handler = handler.oid;
    assert_eq!(
        f.text("PROCEDURAL LANGUAGE", "l"),
        "CREATE OR REPLACE PROCEDURAL LANGUAGE l;\n"
    );
}

#[test]
fn an_extension_s_function_is_named_where_something_is_written_of_it() {
    for (acl, expected) in [
        (None, "CREATE OR REPLACE PROCEDURAL LANGUAGE \"L\";\n"),
        (
            Some("{alice=X/alice}".into()),
            "CREATE TRUSTED PROCEDURAL LANGUAGE \"L\" HANDLER s.h INLINE s.\"In\" VALIDATOR s.v;\n",
        ),
    ] {
        let mut f = language(None, |_| {});
        let (_, extension) = f.extension("x");
        let handler = f.catalog.functions[0].id;
        f.catalog.members.insert(handler, extension);
        f.catalog.functions[0].acl.current = acl;
        assert_eq!(f.text("PROCEDURAL LANGUAGE", "L"), expected);
    }
}

#[test]
fn the_entry_of_a_language_bears_no_schema() {
    let mut f = language(None, |l| l.acl.current = Some("{alice=U/alice}".into()));
    let id = f.catalog.languages[0].id;
    f.comment(id, 0, "why");
    let entry = f.entry("PROCEDURAL LANGUAGE", "L");
    assert_eq!(
        entry.drop_stmt.unwrap(),
        "DROP PROCEDURAL LANGUAGE \"L\";\n"
    );
    assert_eq!((entry.namespace, entry.owner), (None, Some("alice".into())));
    assert_eq!(entry.section, Section::PreData);
    assert_eq!(
        f.text("COMMENT", "LANGUAGE \"L\""),
        "COMMENT ON LANGUAGE \"L\" IS 'why';\n"
    );
    assert_eq!(
        f.text("ACL", "LANGUAGE \"L\""),
        "REVOKE ALL ON LANGUAGE \"L\" FROM PUBLIC;\n"
    );
    // Nobody may grant the use of a language that is not trusted.
    f.catalog.languages[0].is_trusted = false;
    assert!(f.find("ACL", "LANGUAGE \"L\"").is_none());
}

#[test]
fn of_a_language_that_initdb_made_only_privileges_are_written() {
    let mut f = language(None, |l| {
        l.id.oid = Oid(13_000);
        l.acl.current = Some("{alice=U/alice}".into());
    });
    f.catalog.functions.clear();
    assert_eq!(f.list(), ["ACL LANGUAGE \"L\""]);
}
