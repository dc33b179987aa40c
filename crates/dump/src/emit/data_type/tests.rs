use pgark_archive::Section;
use pgark_catalog::{Attribute, CatalogId, DomainDefinition, Oid, RangeDefinition};

use crate::error::Error;
use crate::testing::Fixture;

/// A domain `s.d` over integer.
fn domain(major: u32) -> (Fixture, CatalogId) {
    let mut f = Fixture::new(major);
    let id = f.data_type("d", b'd');
    let definition = DomainDefinition {
        is_not_null: false,
        base_type: "integer".into(),
        default: None,
        default_literal: None,
        collation: Oid::INVALID,
    };
    f.definitions.domains.insert(id.oid, definition);
    (f, id)
}

/// A range type `s.r` over integer.
fn range() -> (Fixture, CatalogId) {
    let mut f = Fixture::new(18);
    let id = f.data_type("r", b'r');
    let definition = RangeDefinition {
        multirange: None,
        subtype: "integer".into(),
        operator_class: None,
        collation: Oid::INVALID,
        canonical: "-".into(),
        subtype_diff: "-".into(),
    };
    f.definitions.ranges.insert(id.oid, definition);
    (f, id)
}

#[test]
fn an_enum_lists_its_labels() {
    let cases: [(&[&str], &str); 3] = [
        (&[], "(\n);\n"),
        (&["a"], "(\n    'a'\n);\n"),
        (&["it's", "B"], "(\n    'it''s',\n    'B'\n);\n"),
    ];
    for (labels, expected) in cases {
        let mut f = Fixture::new(18);
        let id = f.data_type("E", b'e');
        let labels = labels.iter().map(|label| (*label).into()).collect();
        f.definitions.enums.insert(id.oid, labels);
        assert_eq!(
            f.text("TYPE", "E"),
            format!("CREATE TYPE s.\"E\" AS ENUM {expected}")
        );
    }
}

#[test]
fn a_composite_type_lists_its_attributes() {
    let mut f = Fixture::new(18);
    let (id, relation) = f.composite("c");
    f.depends(relation, id, b'i');
    assert_eq!(f.text("TYPE", "c"), "CREATE TYPE s.c AS (\n);\n");
    let attribute = |number, name: &str, type_name: &str, collation| Attribute {
        number,
        name: name.into(),
        type_name: type_name.into(),
        collation,
    };
    let german = f.collation("de").oid;
    let attributes = vec![
        attribute(1, "a", "integer", Oid::INVALID),
        attribute(3, "B b", "text", german),
    ];
    f.definitions.composites.insert(id.oid, attributes);
    assert_eq!(
        f.text("TYPE", "c"),
        "CREATE TYPE s.c AS (\n\ta integer,\n\t\"B b\" text COLLATE s.de\n);\n"
    );
    // Comments on attributes stand with the relation in the catalogues and with the type in the archive.
    f.comment(relation, 3, "of B");
    f.comment(relation, 2, "of one that was dropped");
    assert_eq!(
        f.text("COMMENT", "COLUMN c.\"B b\""),
        "COMMENT ON COLUMN s.c.\"B b\" IS 'of B';\n"
    );
    assert_eq!(f.dependencies("COMMENT", "COLUMN c.\"B b\""), ["TYPE c"]);
}

#[test]
fn a_domain_says_what_it_adds_to_its_base_type() {
    type Change = fn(&mut Fixture, CatalogId);
    fn definition(f: &mut Fixture, d: CatalogId) -> &mut DomainDefinition {
        f.definitions.domains.get_mut(&d.oid).unwrap()
    }
    let cases: [(u32, Change, &str); 11] = [
        (15, |_, _| {}, ""),
        (
            15,
            |f, d| {
                let german = f.collation("de").oid;
                definition(f, d).collation = german;
            },
            " COLLATE s.de",
        ),
        (15, |f, d| definition(f, d).is_not_null = true, " NOT NULL"),
        // Since 17 it is a constraint with a name.
        (
            17,
            |f, d| {
                definition(f, d).is_not_null = true;
                f.domain_constraint(d, "d_not_null", b'n');
            },
            " NOT NULL",
        ),
        (
            17,
            |f, d| {
                definition(f, d).is_not_null = true;
                f.domain_constraint(d, "Never", b'n');
            },
            " CONSTRAINT \"Never\" NOT NULL",
        ),
        (
            18,
            |f, d| {
                definition(f, d).is_not_null = true;
                f.domain_constraint(d, "later", b'n').is_validated = false;
            },
            "",
        ),
        (
            15,
            |f, d| {
                definition(f, d).default = Some("now()".into());
                definition(f, d).default_literal = Some("ignored".into());
            },
            " DEFAULT now()",
        ),
        (
            15,
            |f, d| definition(f, d).default_literal = Some("it's".into()),
            " DEFAULT 'it''s'",
        ),
        (
            15,
            |f, d| {
                f.domain_constraint(d, "z", b'c');
                f.domain_constraint(d, "A", b'c');
            },
            "\n\tCONSTRAINT \"A\" CHECK ((VALUE > 0))\n\tCONSTRAINT z CHECK ((VALUE > 0))",
        ),
        (
            15,
            |f, d| f.domain_constraint(d, "later", b'c').is_validated = false,
            "",
        ),
        (
            18,
            |f, d| {
                definition(f, d).is_not_null = true;
                definition(f, d).default = Some("1".into());
                f.domain_constraint(d, "d_not_null", b'n');
                f.domain_constraint(d, "c", b'c');
            },
            " NOT NULL DEFAULT 1\n\tCONSTRAINT c CHECK ((VALUE > 0))",
        ),
    ];
    for (i, (major, change, expected)) in cases.into_iter().enumerate() {
        let (mut f, id) = domain(major);
        change(&mut f, id);
        assert_eq!(
            f.text("DOMAIN", "d"),
            format!("CREATE DOMAIN s.d AS integer{expected};\n"),
            "case {i}"
        );
    }
}

#[test]
fn comments_on_a_domain_s_constraints_follow_it_not_null_last() {
    let (mut f, id) = domain(18);
    let not_null = f.domain_constraint(id, "a_nn", b'n').id;
    let check = f.domain_constraint(id, "z", b'c').id;
    let late = f.domain_constraint(id, "late", b'c');
    late.is_validated = false;
    let late = late.id;
    for constraint in [not_null, check, late] {
        f.comment(constraint, 0, "why");
    }
    f.comment(id, 0, "what");
    assert_eq!(
        f.list(),
        [
            "DOMAIN d",
            "COMMENT DOMAIN d",
            "COMMENT CONSTRAINT z ON DOMAIN d",
            "COMMENT CONSTRAINT a_nn ON DOMAIN d",
            "CHECK CONSTRAINT d late",
            "COMMENT CONSTRAINT late ON DOMAIN d",
        ]
    );
    assert_eq!(
        f.text("COMMENT", "CONSTRAINT z ON DOMAIN d"),
        "COMMENT ON CONSTRAINT z ON DOMAIN s.d IS 'why';\n"
    );
    assert_eq!(
        f.dependencies("COMMENT", "CONSTRAINT z ON DOMAIN d"),
        ["DOMAIN d"]
    );
    assert_eq!(
        f.dependencies("COMMENT", "CONSTRAINT late ON DOMAIN d"),
        ["CHECK CONSTRAINT d late"]
    );
}

#[test]
fn a_range_type_says_what_is_not_usual() {
    type Change = fn(&mut Fixture, &mut RangeDefinition);
    let cases: [(Change, &str); 7] = [
        (|_, _| {}, ""),
        (
            |_, r| r.multirange = Some("s.\"Rs\"".into()),
            ",\n    multirange_type_name = s.\"Rs\"",
        ),
        (
            |_, r| r.operator_class = Some(("S".into(), "ops".into())),
            ",\n    subtype_opclass = \"S\".ops",
        ),
        (
            |f, r| r.collation = f.collation("de").oid,
            ",\n    collation = s.de",
        ),
        (
            |_, r| r.canonical = "s.canon".into(),
            ",\n    canonical = s.canon",
        ),
        (
            |_, r| r.subtype_diff = "s.diff".into(),
            ",\n    subtype_diff = s.diff",
        ),
        (
            |f, r| {
                r.multirange = Some("s.m".into());
                r.operator_class = Some(("s".into(), "ops".into()));
                r.collation = f.collation("de").oid;
                r.canonical = "s.canon".into();
                r.subtype_diff = "s.diff".into();
            },
            ",\n    multirange_type_name = s.m,\n    subtype_opclass = s.ops,\n    collation = s.de,\n    \
             canonical = s.canon,\n    subtype_diff = s.diff",
        ),
    ];
    for (change, expected) in cases {
        let (mut f, id) = range();
        let mut definition = f.definitions.ranges[&id.oid].clone();
        change(&mut f, &mut definition);
        f.definitions.ranges.insert(id.oid, definition);
        assert_eq!(
            f.text("TYPE", "r"),
            format!("CREATE TYPE s.r AS RANGE (\n    subtype = integer{expected}\n);\n")
        );
    }
}

#[test]
fn a_shell_is_written_where_a_function_needs_it() {
    let (mut f, id) = range();
    assert_eq!(f.list(), ["TYPE r"]);
    let canonical = f.function("canon", &[id]);
    f.depends(id, canonical, b'n');
    f.depends(canonical, id, b'n');
    assert_eq!(f.list(), ["SHELL TYPE r", "FUNCTION canon()", "TYPE r"]);
    let shell = f.entry("SHELL TYPE", "r");
    assert_eq!(shell.defn.unwrap(), "CREATE TYPE s.r;\n");
    assert_eq!(shell.drop_stmt, None);
    assert_eq!((shell.table_oid, shell.oid), (0, 0));
    assert_eq!(
        f.dependencies("FUNCTION", "canon()"),
        ["SHELL TYPE r"],
        "not the type"
    );
}

#[test]
fn types_are_dropped_by_their_kind_and_have_privileges() {
    let (mut f, id) = domain(15);
    let other = f.data_type("e", b'e');
    for (id, desc, tag) in [(id, "DOMAIN", "d"), (other, "TYPE", "e")] {
        let entry = f.entry(desc, tag);
        assert_eq!(entry.drop_stmt.unwrap(), format!("DROP {desc} s.{tag};\n"));
        assert_eq!((entry.table_oid, entry.oid), (1247, id.oid.0));
        assert_eq!(entry.section, Section::PreData);
        assert_eq!(
            (entry.namespace, entry.owner),
            (Some("s".into()), Some("alice".into()))
        );
        f.type_mut(id).acl.current = Some("{=U/alice,alice=U/alice,bob=U/alice}".into());
        assert_eq!(
            f.text("ACL", &format!("TYPE {tag}")),
            format!("GRANT ALL ON TYPE s.{tag} TO bob;\n")
        );
    }
}

#[test]
fn types_that_come_with_others_are_not_written() {
    let mut f = Fixture::new(18);
    let table = f.table("t");
    f.row_type(table);
    let array = f.data_type("_e", b'b');
    f.type_mut(array).is_array = true;
    f.data_type("multi", b'm');
    assert_eq!(f.list(), ["TABLE t", "TABLE DATA t"]);
}

#[test]
fn a_type_of_which_only_the_name_is_known_is_made_by_it() {
    let mut f = Fixture::new(18);
    let id = f.data_type("X", b'p');
    f.comment(id, 0, "to be");
    let entry = f.entry("TYPE", "X");
    assert_eq!(entry.defn.unwrap(), "CREATE TYPE s.\"X\";\n");
    assert_eq!(entry.drop_stmt.unwrap(), "DROP TYPE s.\"X\";\n");
    assert_eq!(
        f.text("COMMENT", "TYPE \"X\""),
        "COMMENT ON TYPE s.\"X\" IS 'to be';\n"
    );
}

#[test]
fn privileges_of_a_system_s_type_need_no_text() {
    let mut f = Fixture::new(18);
    f.schema = crate::testing::PG_CATALOG;
    let id = f.data_type("x", b'b');
    f.type_mut(id).acl.current = Some("{alice=U/alice}".into());
    assert_eq!(
        f.text("ACL", "TYPE x"),
        "REVOKE ALL ON TYPE pg_catalog.x FROM PUBLIC;\n"
    );
}

#[test]
fn a_definition_that_is_gone_is_an_error() {
    for kind in [b'd', b'r'] {
        let mut f = Fixture::new(18);
        f.data_type("x", kind);
        assert!(matches!(f.try_emit(), Err(Error::Dropped(_))));
    }
}
