use pgark_catalog::TransformDefinition;

use crate::testing::{Fixture, signature};

#[test]
fn a_transform_has_a_function_for_each_way() {
    type Change = fn(&mut TransformDefinition);
    let cases: [(Change, &str); 3] = [
        (|_| {}, "FROM SQL WITH FUNCTION s.\"F\"(internal, integer)"),
        (
            |t| t.to_sql = Some(signature("g")),
            "FROM SQL WITH FUNCTION s.\"F\"(internal, integer), TO SQL WITH FUNCTION s.g(internal, integer)",
        ),
        (
            |t| (t.from_sql, t.to_sql) = (None, Some(signature("g"))),
            "TO SQL WITH FUNCTION s.g(internal, integer)",
        ),
    ];
    for (change, expected) in cases {
        let mut f = Fixture::new(18);
        let id = f.transform("T PL/x");
        change(f.definitions.transforms.get_mut(&id.oid).unwrap());
        f.comment(id, 0, "why");
        let identity = "TRANSFORM FOR s.\"T\" LANGUAGE \"PL/x\"";
        let entry = f.entry("TRANSFORM", identity);
        assert_eq!(
            entry.defn.unwrap(),
            format!("CREATE {identity} ({expected});\n")
        );
        assert_eq!(entry.drop_stmt.unwrap(), format!("DROP {identity};\n"));
        assert_eq!((entry.namespace, entry.owner), (None, None));
        assert_eq!(
            f.text("COMMENT", identity),
            format!("COMMENT ON {identity} IS 'why';\n")
        );
    }
}
