use pgark_catalog::{BaseTypeDefinition, CatalogId};

use crate::testing::Fixture;

type Change = fn(&mut BaseTypeDefinition);

fn base_type(change: Change) -> (Fixture, CatalogId) {
    let mut f = Fixture::new(18);
    let id = f.data_type("B", b'b');
    change(f.definitions.base_types.get_mut(&id.oid).unwrap());
    (f, id)
}

#[test]
fn clauses_stand_in_pg_dump_s_order() {
    let cases: [(Change, &str); 4] = [
        (
            |_| {},
            "INTERNALLENGTH = 4,\n    INPUT = s.i,\n    OUTPUT = s.o,\n    ALIGNMENT = int4,\n    STORAGE = plain",
        ),
        (
            |b| {
                (b.length, b.alignment, b.storage) = (-1, b'd', b'x');
                (b.receive, b.send) = ("s.r".into(), "s.s".into());
                (b.modifier_input, b.modifier_output) = ("s.mi".into(), "s.mo".into());
                (b.analyze, b.subscript) = ("s.a".into(), "s.sub".into());
                b.element = "integer".into();
                b.default = Some("1 + 1".into());
                b.default_literal = Some("2".into());
                (b.category, b.delimiter) = ("'".into(), "\\".into());
                (b.is_collatable, b.is_preferred, b.is_by_value) = (true, true, true);
            },
            "INTERNALLENGTH = variable,\n    INPUT = s.i,\n    OUTPUT = s.o,\n    RECEIVE = s.r,\n    SEND = s.s,\n    \
             TYPMOD_IN = s.mi,\n    TYPMOD_OUT = s.mo,\n    ANALYZE = s.a,\n    COLLATABLE = true,\n    DEFAULT = 1 + 1,\n    \
             SUBSCRIPT = s.sub,\n    ELEMENT = integer,\n    CATEGORY = '''',\n    PREFERRED = true,\n    \
             DELIMITER = '\\',\n    ALIGNMENT = double,\n    STORAGE = extended,\n    PASSEDBYVALUE",
        ),
        (
            |b| {
                (b.length, b.alignment, b.storage) = (-2, b'c', b'e');
                b.default_literal = Some("it's".into());
            },
            "INTERNALLENGTH = -2,\n    INPUT = s.i,\n    OUTPUT = s.o,\n    DEFAULT = 'it''s',\n    ALIGNMENT = char,\n    \
             STORAGE = external",
        ),
        (
            |b| (b.length, b.alignment, b.storage) = (2, b's', b'm'),
            "INTERNALLENGTH = 2,\n    INPUT = s.i,\n    OUTPUT = s.o,\n    ALIGNMENT = int2,\n    STORAGE = main",
        ),
    ];
    for (change, expected) in cases {
        let (mut f, _) = base_type(change);
        let entry = f.entry("TYPE", "B");
        assert_eq!(
            entry.defn.unwrap(),
            format!("CREATE TYPE s.\"B\" (\n    {expected}\n);\n")
        );
        assert_eq!(entry.drop_stmt.unwrap(), "DROP TYPE s.\"B\" CASCADE;\n");
    }
}

#[test]
fn a_type_follows_its_functions_which_follow_its_shell() {
    let (mut f, id) = base_type(|_| {});
    for name in ["i", "o"] {
        let function = f.function(name, &[]);
        f.depends(function, id, b'n');
        f.depends(id, function, b'n');
    }
    assert_eq!(
        f.list(),
        ["SHELL TYPE B", "FUNCTION i()", "FUNCTION o()", "TYPE B"]
    );
    assert_eq!(
        f.dependencies("TYPE", "B"),
        ["FUNCTION i()", "FUNCTION o()"]
    );
    assert_eq!(f.dependencies("FUNCTION", "i()"), ["SHELL TYPE B"]);
}

#[test]
fn a_type_that_cannot_be_made_again_is_an_error() {
    for (change, what) in [
        ((|b| b.alignment = b'?') as Change, "alignment"),
        (|b| b.storage = b'?', "storage"),
    ] {
        let (mut f, _) = base_type(change);
        assert_eq!(
            f.try_emit().unwrap_err().to_string(),
            format!("base type \"s.B\" has an unknown {what}, \"?\"")
        );
    }
}
