use pgark_catalog::{FamilyMembers, OperatorClassDefinition};

use crate::testing::Fixture;

#[test]
fn a_class_lists_what_came_with_it() {
    type Change = fn(&mut OperatorClassDefinition);
    let cases: [(Change, &str); 5] = [
        (
            |_| {},
            "FOR TYPE integer USING btree FAMILY s.fam AS\n    OPERATOR 1 <(integer,integer)",
        ),
        (
            |c| (c.is_default, c.family.1) = (true, "F".into()),
            "DEFAULT FOR TYPE integer USING btree FAMILY s.\"F\" AS\n    OPERATOR 1 <(integer,integer)",
        ),
        (
            |c| c.storage = "text".into(),
            "FOR TYPE integer USING btree FAMILY s.fam AS\n    STORAGE text ,\n    OPERATOR 1 <(integer,integer)",
        ),
        (
            |c| (c.storage, c.members) = ("text".into(), FamilyMembers::default()),
            "FOR TYPE integer USING btree FAMILY s.fam AS\n    STORAGE text",
        ),
        // Something must stand there.
        (
            |c| c.members = FamilyMembers::default(),
            "FOR TYPE integer USING btree FAMILY s.fam AS\n    STORAGE integer",
        ),
    ];
    for (change, expected) in cases {
        let mut f = Fixture::new(18);
        let id = f.operator_class("C", "btree");
        change(f.definitions.operator_classes.get_mut(&id.oid).unwrap());
        f.comment(id, 0, "why");
        let entry = f.entry("OPERATOR CLASS", "C");
        assert_eq!(
            entry.defn.unwrap(),
            format!("CREATE OPERATOR CLASS s.\"C\"\n    {expected};\n")
        );
        assert_eq!(
            entry.drop_stmt.unwrap(),
            "DROP OPERATOR CLASS s.\"C\" USING btree;\n"
        );
        assert_eq!(
            f.text("COMMENT", "OPERATOR CLASS \"C\" USING btree"),
            "COMMENT ON OPERATOR CLASS s.\"C\" USING btree IS 'why';\n"
        );
    }
}
