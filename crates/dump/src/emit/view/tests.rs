use pgark_archive::Section;
use pgark_catalog::{CatalogId, RelationKind};

use crate::testing::Fixture;

#[test]
fn a_view_says_how_it_is_made() {
    type Change = fn(&mut Fixture, CatalogId);
    let cases: [(Change, &str); 5] = [
        (|_, _| {}, "CREATE VIEW s.v AS\n SELECT 1;\n"),
        (
            |f, v| f.relation_mut(v).options = Some("{security_barrier=true}".into()),
            "CREATE VIEW s.v WITH (security_barrier='true') AS\n SELECT 1;\n",
        ),
        (
            |f, v| f.relation_mut(v).options = Some("{}".into()),
            "CREATE VIEW s.v AS\n SELECT 1;\n",
        ),
        (
            |f, v| f.relation_mut(v).check_option = Some("CASCADED".into()),
            "CREATE VIEW s.v AS\n SELECT 1\n  WITH CASCADED CHECK OPTION;\n",
        ),
        // Only the last semicolon is the statement's.
        (
            |f, v| {
                f.definitions.views.insert(v.oid, " SELECT ';';".into());
            },
            "CREATE VIEW s.v AS\n SELECT ';';\n",
        ),
    ];
    for (change, expected) in cases {
        let mut f = Fixture::new(18);
        let view = f.view(RelationKind::View, "v", " SELECT 1;");
        change(&mut f, view);
        assert_eq!(f.text("VIEW", "v"), expected);
    }
}

#[test]
fn a_view_s_default_is_set_once_it_is_there() {
    let mut f = Fixture::new(18);
    let view = f.view(RelationKind::View, "v", " SELECT 1 AS \"A\";");
    f.column(view, "A", "integer");
    f.default(view, 1, "1");
    assert_eq!(f.list(), ["VIEW v", "DEFAULT v A"]);
    assert_eq!(
        f.text("DEFAULT", "v A"),
        "ALTER TABLE ONLY s.v ALTER COLUMN \"A\" SET DEFAULT 1;\n"
    );
}

#[test]
fn a_dummy_view_has_the_columns_but_not_the_query() {
    let mut f = Fixture::new(18);
    let view = f.view(RelationKind::View, "v", " SELECT s.f(NULL::s.v);");
    let german = f.collation("de").oid;
    f.column(view, "a", "integer");
    f.column(view, "B", "character varying(3)").collation = german;
    let row = f.row_type(view);
    let function = f.function("f", &[row]);
    let rule = f.catalog.rules[0].id;
    f.depends(rule, function, b'n');
    f.depends(function, row, b'n');
    f.depends(row, view, b'i');
    f.comment(rule, 0, "why");
    f.relation_mut(view).options = Some("{security_barrier=true}".into());
    assert_eq!(
        f.list(),
        [
            "COLLATION de",
            "VIEW v",
            "FUNCTION f()",
            "RULE v _RETURN",
            "COMMENT RULE \"_RETURN\" ON v"
        ]
    );
    let dummy =
        "SELECT\n    NULL::integer AS a,\n    NULL::character varying(3) COLLATE s.de AS \"B\";\n";
    assert_eq!(f.text("VIEW", "v"), format!("CREATE VIEW s.v AS\n{dummy}"));
    let rule = f.entry("RULE", "v _RETURN");
    assert_eq!(
        rule.defn.unwrap(),
        "CREATE OR REPLACE VIEW s.v WITH (security_barrier='true') AS\n SELECT s.f(NULL::s.v);\n"
    );
    // Taken back to the dummy, not dropped.
    assert_eq!(
        rule.drop_stmt.unwrap(),
        format!("CREATE OR REPLACE VIEW s.v AS\n{dummy}")
    );
    assert_eq!(rule.section, Section::PostData);
}

#[test]
fn a_view_without_columns_can_be_a_dummy() {
    let mut f = Fixture::new(18);
    let view = f.view(RelationKind::View, "v", " SELECT;");
    let function = f.function("f", &[]);
    let rule = f.catalog.rules[0].id;
    f.depends(rule, function, b'n');
    f.depends(function, view, b'n');
    assert_eq!(f.text("VIEW", "v"), "CREATE VIEW s.v AS\nSELECT;\n");
}
