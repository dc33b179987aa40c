use pgark_catalog::{AggregateDefinition, AggregateState, CatalogId};

use crate::testing::{Fixture, PG_CATALOG};

type Change = fn(&mut AggregateDefinition);

fn aggregate(change: Change) -> (Fixture, CatalogId) {
    let mut f = Fixture::new(18);
    let id = f.aggregate("Agg");
    change(f.definitions.aggregates.get_mut(&id.oid).unwrap());
    (f, id)
}

/// A state with every clause.
fn full(letter: &str) -> AggregateState {
    AggregateState {
        transition: format!("s.{letter}sf").into(),
        data_type: format!("{letter}type").into(),
        space: 64,
        initial: Some("it's".into()),
        finish: format!("s.{letter}ff").into(),
        finish_takes_arguments: true,
        finish_modifies: b's',
    }
}

#[test]
fn clauses_stand_in_pg_dump_s_order() {
    let cases: [(Change, &str); 6] = [
        (|_| {}, ""),
        (
            |a| {
                a.state = full("");
                (a.combine, a.serialize, a.deserialize) =
                    ("s.c".into(), "s.ser".into(), "s.des".into());
                (a.moving, a.moving_inverse) = (full("m"), "s.inv".into());
                a.parallel = b's';
                (a.state.transition, a.state.data_type) = ("s.sf".into(), "bigint".into());
            },
            ",\n    SSPACE = 64,\n    INITCOND = 'it''s',\n    FINALFUNC = s.ff,\n    FINALFUNC_EXTRA,\n    \
             FINALFUNC_MODIFY = SHAREABLE,\n    COMBINEFUNC = s.c,\n    SERIALFUNC = s.ser,\n    DESERIALFUNC = s.des,\n    \
             MSFUNC = s.msf,\n    MINVFUNC = s.inv,\n    MSTYPE = mtype,\n    MSSPACE = 64,\n    MINITCOND = 'it''s',\n    \
             MFINALFUNC = s.mff,\n    MFINALFUNC_EXTRA,\n    MFINALFUNC_MODIFY = SHAREABLE,\n    PARALLEL = safe",
        ),
        // What a final function does to the state is said where it is not what is usual for the kind.
        (
            |a| (a.state.finish, a.state.finish_modifies) = ("s.ff".into(), b'w'),
            ",\n    FINALFUNC = s.ff,\n    FINALFUNC_MODIFY = READ_WRITE",
        ),
        (
            |a| (a.kind, a.state.finish) = (b'o', "s.ff".into()),
            ",\n    FINALFUNC = s.ff,\n    FINALFUNC_MODIFY = READ_ONLY",
        ),
        (
            |a| {
                (a.kind, a.state.finish, a.state.finish_modifies) = (b'h', "s.ff".into(), b'w');
            },
            ",\n    FINALFUNC = s.ff,\n    HYPOTHETICAL",
        ),
        (|a| a.parallel = b'r', ",\n    PARALLEL = restricted"),
    ];
    for (change, expected) in cases {
        let (mut f, _) = aggregate(change);
        let entry = f.entry("AGGREGATE", "Agg(integer)");
        assert_eq!(
            entry.defn.unwrap(),
            format!(
                "CREATE AGGREGATE s.\"Agg\"(integer) (\n    SFUNC = s.sf,\n    STYPE = bigint{expected}\n);\n"
            )
        );
        assert_eq!(
            entry.drop_stmt.unwrap(),
            "DROP AGGREGATE s.\"Agg\"(integer);\n"
        );
        assert_eq!(entry.owner, Some("alice".into()));
    }
}

#[test]
fn a_sort_operator_is_named_with_its_schema() {
    let (mut f, id) = aggregate(|_| {});
    f.schema = PG_CATALOG;
    let less = f.operator("<").oid;
    f.definitions
        .aggregates
        .get_mut(&id.oid)
        .unwrap()
        .sort_operator = less;
    assert_eq!(
        f.text("AGGREGATE", "Agg(integer)"),
        "CREATE AGGREGATE s.\"Agg\"(integer) (\n    SFUNC = s.sf,\n    STYPE = bigint,\n    SORTOP = OPERATOR(pg_catalog.<)\n);\n"
    );
}

#[test]
fn arguments_are_written_by_purpose() {
    // What CREATE, the entry, DROP with COMMENT, and GRANT say.
    let cases: [(Change, [&str; 4]); 2] = [
        (
            |a| {
                (a.arguments, a.identity_arguments) = ("".into(), "".into());
                a.argument_types.clear();
            },
            ["*", "*", "*", ""],
        ),
        (
            |a| {
                a.arguments = "p double precision ORDER BY VARIADIC \"any\"".into();
                a.identity_arguments = "double precision ORDER BY \"any\"".into();
                a.argument_types = vec!["double precision".into(), "\"any\"".into()];
            },
            [
                "p double precision ORDER BY VARIADIC \"any\"",
                "double precision, \"any\"",
                "double precision ORDER BY \"any\"",
                "double precision, \"any\"",
            ],
        ),
    ];
    for (change, [create, tag, drop, grant]) in cases {
        let (mut f, id) = aggregate(change);
        f.catalog.aggregates[0].acl.current = Some("{alice=X/alice}".into());
        f.comment(id, 0, "why");
        let entry = f.entry("AGGREGATE", &format!("Agg({tag})"));
        let defn = entry.defn.unwrap().to_string();
        assert!(
            defn.starts_with(&format!("CREATE AGGREGATE s.\"Agg\"({create}) (\n")),
            "{defn}"
        );
        assert_eq!(
            entry.drop_stmt.unwrap(),
            format!("DROP AGGREGATE s.\"Agg\"({drop});\n")
        );
        assert_eq!(
            f.text("COMMENT", &format!("AGGREGATE \"Agg\"({drop})")),
            format!("COMMENT ON AGGREGATE s.\"Agg\"({drop}) IS 'why';\n")
        );
        assert_eq!(
            f.text("ACL", &format!("FUNCTION \"Agg\"({grant})")),
            format!("REVOKE ALL ON FUNCTION s.\"Agg\"({grant}) FROM PUBLIC;\n")
        );
    }
}
