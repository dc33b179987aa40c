use pgark_catalog::CastDefinition;

use crate::testing::{Fixture, signature};

type Change = fn(&mut CastDefinition);

fn cast(change: Change) -> Fixture {
    let mut f = Fixture::new(18);
    let id = f.cast("T int4");
    change(f.definitions.casts.get_mut(&id.oid).unwrap());
    f.comment(id, 0, "why");
    f
}

#[test]
fn a_cast_says_how_and_where_it_is_applied() {
    let cases: [(Change, &str); 5] = [
        (|_| {}, "WITHOUT FUNCTION"),
        (
            |c| (c.method, c.context) = (b'i', b'a'),
            "WITH INOUT AS ASSIGNMENT",
        ),
        (
            |c| (c.method, c.context) = (b'i', b'i'),
            "WITH INOUT AS IMPLICIT",
        ),
        (
            |c| (c.method, c.function) = (b'f', Some(signature("F"))),
            "WITH FUNCTION s.\"F\"(internal, integer)",
        ),
        // A function that is not asked.
        (|c| c.function = Some(signature("F")), "WITHOUT FUNCTION"),
    ];
    for (change, expected) in cases {
        let mut f = cast(change);
        let types = "(s.\"T\" AS integer)";
        let entry = f.entry("CAST", &format!("CAST {types}"));
        assert_eq!(
            entry.defn.unwrap(),
            format!("CREATE CAST {types} {expected};\n")
        );
        assert_eq!(entry.drop_stmt.unwrap(), format!("DROP CAST {types};\n"));
        assert_eq!((entry.namespace, entry.owner), (None, None));
        let comment = f.entry("COMMENT", &format!("CAST {types}"));
        assert_eq!(
            comment.defn.unwrap(),
            format!("COMMENT ON CAST {types} IS 'why';\n")
        );
        assert_eq!((comment.namespace, comment.owner), (None, Some("".into())));
    }
}

#[test]
fn a_cast_that_cannot_be_made_again_is_an_error() {
    for (change, expected) in [
        ((|c| c.method = b'x') as Change, "x"),
        (|c| c.method = b'f', "f"),
    ] {
        assert_eq!(
            cast(change).try_emit().unwrap_err().to_string(),
            format!("cast \"T int4\" has an unknown method, \"{expected}\"")
        );
    }
}
