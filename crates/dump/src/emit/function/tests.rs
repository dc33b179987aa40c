use pgark_archive::Section;
use pgark_catalog::{CatalogId, FunctionDefinition};

use crate::error::Error;
use crate::testing::Fixture;

fn function(change: impl Fn(&mut FunctionDefinition)) -> (Fixture, CatalogId) {
    let mut f = Fixture::new(18);
    let id = f.function("f", &[]);
    change(f.function_mut(id));
    (f, id)
}

#[test]
fn properties_stand_after_the_language_in_pg_dump_s_order() {
    type Change = fn(&mut FunctionDefinition);
    let cases: [(Change, &str); 20] = [
        (|_| {}, " RETURNS integer\n    LANGUAGE sql"),
        (|f| f.result = None, "\n    LANGUAGE sql"),
        (
            |f| f.result = Some("TABLE(a integer)".into()),
            " RETURNS TABLE(a integer)\n    LANGUAGE sql",
        ),
        (
            |f| f.language = "PL/x".into(),
            " RETURNS integer\n    LANGUAGE \"PL/x\"",
        ),
        (
            |f| f.transforms = vec!["hstore".into(), "s.t".into()],
            " RETURNS integer\n    LANGUAGE sql TRANSFORM FOR TYPE hstore, FOR TYPE s.t",
        ),
        (
            |f| f.kind = b'w',
            " RETURNS integer\n    LANGUAGE sql WINDOW",
        ),
        (
            |f| f.volatility = b'i',
            " RETURNS integer\n    LANGUAGE sql IMMUTABLE",
        ),
        (
            |f| f.volatility = b's',
            " RETURNS integer\n    LANGUAGE sql STABLE",
        ),
        (
            |f| f.is_strict = true,
            " RETURNS integer\n    LANGUAGE sql STRICT",
        ),
        (
            |f| f.is_security_definer = true,
            " RETURNS integer\n    LANGUAGE sql SECURITY DEFINER",
        ),
        (
            |f| f.is_leakproof = true,
            " RETURNS integer\n    LANGUAGE sql LEAKPROOF",
        ),
        (
            |f| f.cost = "1".into(),
            " RETURNS integer\n    LANGUAGE sql COST 1",
        ),
        (
            |f| f.cost = "0".into(),
            " RETURNS integer\n    LANGUAGE sql",
        ),
        (
            |f| (f.language, f.cost) = ("c".into(), "1".into()),
            " RETURNS integer\n    LANGUAGE c",
        ),
        (
            |f| f.language = "internal".into(),
            " RETURNS integer\n    LANGUAGE internal COST 100",
        ),
        // How many rows is said only of a set, and only where it is not what is assumed.
        (
            |f| f.rows = "5".into(),
            " RETURNS integer\n    LANGUAGE sql",
        ),
        (
            |f| (f.returns_set, f.rows) = (true, "1000".into()),
            " RETURNS integer\n    LANGUAGE sql",
        ),
        (
            |f| (f.returns_set, f.rows) = (true, "5".into()),
            " RETURNS integer\n    LANGUAGE sql ROWS 5",
        ),
        (
            |f| f.parallel = b'r',
            " RETURNS integer\n    LANGUAGE sql PARALLEL RESTRICTED",
        ),
        (
            |f| {
                f.transforms = vec!["hstore".into()];
                f.kind = b'w';
                f.volatility = b'i';
                f.is_strict = true;
                f.is_security_definer = true;
                f.is_leakproof = true;
                f.cost = "5".into();
                f.returns_set = true;
                f.rows = "7".into();
                f.support = "s.sup".into();
                f.parallel = b's';
            },
            " RETURNS integer\n    LANGUAGE sql TRANSFORM FOR TYPE hstore WINDOW IMMUTABLE STRICT SECURITY DEFINER LEAKPROOF \
             COST 5 ROWS 7 SUPPORT s.sup PARALLEL SAFE",
        ),
    ];
    for (change, expected) in cases {
        let (mut f, _) = function(change);
        assert_eq!(
            f.text("FUNCTION", "f()"),
            format!("CREATE FUNCTION s.f(){expected}\n    AS $$select 1$$;\n")
        );
    }
}

#[test]
fn a_body_is_quoted_as_its_language_needs() {
    type Change = fn(&mut FunctionDefinition);
    let cases: [(Change, &str); 7] = [
        (|f| f.source = "$$".into(), "AS $_$$$$_$"),
        (|f| f.source = "it's \\".into(), "AS $$it's \\$$"),
        (
            |f| f.sql_body = Some("BEGIN ATOMIC\n SELECT 1;\nEND".into()),
            "BEGIN ATOMIC\n SELECT 1;\nEND",
        ),
        (
            |f| {
                f.binary = Some("$libdir/x".into());
                f.source = "sym".into();
            },
            "AS '$libdir/x', 'sym'",
        ),
        (
            |f| {
                f.binary = Some("it's".into());
                f.source = "".into();
            },
            "AS 'it''s'",
        ),
        (
            |f| {
                f.binary = Some("x".into());
                f.source = "a'b".into();
            },
            "AS 'x', $$a'b$$",
        ),
        (|f| f.binary = Some("".into()), "AS $$select 1$$"),
    ];
    for (change, expected) in cases {
        let (mut f, _) = function(change);
        assert_eq!(
            f.text("FUNCTION", "f()"),
            format!("CREATE FUNCTION s.f() RETURNS integer\n    LANGUAGE sql\n    {expected};\n")
        );
    }
}

#[test]
fn settings_stand_on_lines_of_their_own() {
    let (mut f, _) = function(|f| {
        f.settings = vec![
            "search_path=\"$user\", \"A\"".into(),
            "MyApp.x=it's".into(),
            "search_path=\"\"".into(),
        ];
    });
    assert_eq!(
        f.text("FUNCTION", "f()"),
        "CREATE FUNCTION s.f() RETURNS integer\n    LANGUAGE sql\n    SET search_path TO '$user', 'A'\n    \
         SET \"MyApp.x\" TO 'it''s'\n    SET search_path TO ''\n    AS $$select 1$$;\n"
    );
    let (mut f, _) = function(|f| f.settings = vec!["nonsense".into()]);
    assert!(matches!(
        f.try_emit(),
        Err(Error::Sql { object, .. }) if object == "function \"s.f\""
    ));
}

#[test]
fn names_of_a_function_differ_by_where_they_stand() {
    let (mut f, id) = function(|f| {
        f.arguments = "IN a integer DEFAULT 1, OUT b s.\"T\"".into();
        f.identity_arguments = "IN a integer, OUT b s.\"T\"".into();
        f.argument_types = vec!["integer".into(), "s.\"T\"".into()];
    });
    f.catalog.functions[0].name = "F".into();
    f.catalog.functions[0].acl.current = Some("{alice=X/alice}".into());
    f.comment(id, 0, "what");
    // The tag bears the name unquoted and types alone, what identifies the function stands in DROP, COMMENT and GRANT.
    let entry = f.entry("FUNCTION", "F(integer, s.\"T\")");
    assert!(
        entry
            .defn
            .unwrap()
            .starts_with(b"CREATE FUNCTION s.\"F\"(IN a integer DEFAULT 1, OUT b s.\"T\") RETURNS")
    );
    assert_eq!(
        entry.drop_stmt.unwrap(),
        "DROP FUNCTION s.\"F\"(IN a integer, OUT b s.\"T\");\n"
    );
    let name = "\"F\"(IN a integer, OUT b s.\"T\")";
    assert_eq!(
        f.text("COMMENT", &format!("FUNCTION {name}")),
        format!("COMMENT ON FUNCTION s.{name} IS 'what';\n")
    );
    assert_eq!(
        f.text("ACL", &format!("FUNCTION {name}")),
        format!("REVOKE ALL ON FUNCTION s.{name} FROM PUBLIC;\n")
    );
}

#[test]
fn a_procedure_is_called_one_and_returns_nothing() {
    let (mut f, id) = function(|f| f.kind = b'p');
    f.catalog.functions[0].acl.current = Some("{alice=X/alice}".into());
    f.comment(id, 0, "what");
    let entry = f.entry("PROCEDURE", "f()");
    assert_eq!(
        entry.defn.unwrap(),
        "CREATE PROCEDURE s.f()\n    LANGUAGE sql\n    AS $$select 1$$;\n"
    );
    assert_eq!(entry.drop_stmt.unwrap(), "DROP PROCEDURE s.f();\n");
    assert_eq!(
        f.list(),
        [
            "PROCEDURE f()",
            "COMMENT PROCEDURE f()",
            "ACL PROCEDURE f()"
        ]
    );
}

#[test]
fn a_function_that_goes_with_an_extension_says_so_as_each_major_does() {
    for (major, expected) in [
        (
            15,
            ";\nALTER FUNCTION s.f() DEPENDS ON EXTENSION x;\nALTER FUNCTION s.f() DEPENDS ON EXTENSION \"Y\";\n",
        ),
        (
            16,
            ";\nALTER FUNCTION s.f() DEPENDS ON EXTENSION x;\nALTER FUNCTION s.f() DEPENDS ON EXTENSION \"Y\";\n",
        ),
        (
            17,
            ";\n\nALTER FUNCTION s.f() DEPENDS ON EXTENSION x;\nALTER FUNCTION s.f() DEPENDS ON EXTENSION \"Y\";",
        ),
        (
            18,
            ";\n\nALTER FUNCTION s.f() DEPENDS ON EXTENSION x;\nALTER FUNCTION s.f() DEPENDS ON EXTENSION \"Y\";",
        ),
    ] {
        let mut f = Fixture::new(major);
        let id = f.function("f", &[]);
        f.function("other", &[]);
        for name in ["x", "Y"] {
            let (extension, _) = f.extension(name);
            f.depends(id, extension, b'x');
            f.depends(id, extension, b'n');
        }
        let text = f.text("FUNCTION", "f()");
        assert_eq!(
            text.split_once("$$select 1$$").unwrap().1,
            expected,
            "{major}"
        );
        assert!(f.text("FUNCTION", "other()").ends_with("$$select 1$$;\n"));
    }
}

#[test]
fn a_postponed_function_comes_after_data() {
    let mut f = Fixture::new(18);
    let table = f.table_of("t", &["a"]);
    let index = f.key(table, "k", b'p');
    let key = f.index_mut(index).constraint.as_ref().unwrap().id;
    let id = f.function("f", &[]);
    assert_eq!(f.entry("FUNCTION", "f()").section, Section::PreData);
    f.depends(id, key, b'n');
    assert_eq!(f.entry("FUNCTION", "f()").section, Section::PostData);
}

#[test]
fn a_function_that_is_gone_is_named() {
    let mut f = Fixture::new(18);
    f.function("f", &[]);
    f.definitions.functions.clear();
    assert_eq!(
        f.try_emit().unwrap_err().to_string(),
        "function \"s.f\" was dropped while the dump was running"
    );
}
