use pgark_catalog::{FamilyFunction, FamilyMembers};

use crate::testing::{Fixture, family_operator};

#[test]
fn a_family_takes_its_own_members_in_by_a_second_statement() {
    let mut f = Fixture::new(18);
    let id = f.operator_family("Fam", "My am");
    f.comment(id, 0, "why");
    let create = "CREATE OPERATOR FAMILY s.\"Fam\" USING \"My am\";\n";
    let entry = f.entry("OPERATOR FAMILY", "Fam");
    assert_eq!(entry.defn.unwrap(), create);
    assert_eq!(
        entry.drop_stmt.unwrap(),
        "DROP OPERATOR FAMILY s.\"Fam\" USING \"My am\";\n"
    );
    assert_eq!(
        f.text("COMMENT", "OPERATOR FAMILY \"Fam\" USING \"My am\""),
        "COMMENT ON OPERATOR FAMILY s.\"Fam\" USING \"My am\" IS 'why';\n"
    );

    let mut ordering = family_operator(2, "<->(point,point)");
    ordering.sort_family = Some(("pg_catalog".into(), "Float ops".into()));
    let members = FamilyMembers {
        operators: vec![family_operator(1, "<(integer,bigint)"), ordering],
        functions: vec![FamilyFunction {
            number: 1,
            function: "btint48cmp(integer,bigint)".into(),
            types: ["integer".into(), "bigint".into()],
        }],
    };
    f.definitions.operator_families.insert(id.oid, members);
    assert_eq!(
        f.text("OPERATOR FAMILY", "Fam"),
        format!(
            "{create}ALTER OPERATOR FAMILY s.\"Fam\" USING \"My am\" ADD\n    OPERATOR 1 <(integer,bigint) ,\n    \
             OPERATOR 2 <->(point,point) FOR ORDER BY pg_catalog.\"Float ops\" ,\n    \
             FUNCTION 1 (integer, bigint) btint48cmp(integer,bigint);\n"
        )
    );
}
