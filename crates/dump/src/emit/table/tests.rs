use bstr::BString;
use pgark_archive::Section;
use pgark_catalog::{CatalogId, NotNull, Oid, RelationKind};

use crate::error::Error;
use crate::testing::{Fixture, OWNER};

type Change = fn(&mut Fixture, CatalogId);

/// The statement of the table `s.t` with a column `a integer`, after a change.
fn table(major: u32, change: Change) -> String {
    let mut f = Fixture::new(major);
    let table = f.table_of("t", &["a"]);
    change(&mut f, table);
    f.text("TABLE", "t")
}

/// `NOT NULL` with the name that the server chooses.
fn not_null(table: &str, is_local: bool) -> NotNull {
    NotNull {
        name: format!("{table}_a_not_null").into(),
        is_local,
        ..NotNull::default()
    }
}

#[test]
fn columns_say_what_they_are() {
    let cases: [(Change, &str); 16] = [
        (|_, _| {}, "a integer"),
        (
            |f, _| f.details.columns[0].name = "A b".into(),
            "\"A b\" integer",
        ),
        (
            |f, t| {
                f.default(t, 1, "nextval('s.q'::regclass)");
            },
            "a integer DEFAULT nextval('s.q'::regclass)",
        ),
        (
            |f, t| {
                f.default(t, 1, "(b * 2)");
                f.details.columns[0].generated = b's';
            },
            "a integer GENERATED ALWAYS AS ((b * 2)) STORED",
        ),
        (
            |f, t| {
                f.default(t, 1, "(b * 2)");
                f.details.columns[0].generated = b'v';
            },
            "a integer GENERATED ALWAYS AS ((b * 2))",
        ),
        (
            |f, _| f.details.columns[0].not_null = Some(not_null("t", true)),
            "a integer NOT NULL",
        ),
        (
            |f, _| f.details.columns[0].not_null = Some(not_null("t", false)),
            "a integer",
        ),
        (
            |f, _| f.details.columns[0].not_null = Some(not_null("Other", true)),
            "a integer CONSTRAINT \"Other_a_not_null\" NOT NULL",
        ),
        (
            |f, _| {
                f.details.columns[0].not_null = Some(NotNull {
                    no_inherit: true,
                    ..not_null("t", true)
                });
            },
            "a integer NOT NULL NO INHERIT",
        ),
        (
            |f, t| {
                f.default(t, 1, "1");
                f.details.columns[0].not_null = Some(not_null("t", true));
                let collation = f.collation("De");
                f.details.columns[0].collation = collation.oid;
            },
            "a integer DEFAULT 1 NOT NULL COLLATE s.\"De\"",
        ),
        (
            |f, t| {
                f.check(t, "z");
                f.check(t, "c x");
            },
            "a integer,\n    CONSTRAINT \"c x\" CHECK ((a > 0)),\n    CONSTRAINT z CHECK ((a > 0))",
        ),
        // Checked later, or declared by a parent.
        (
            |f, t| {
                f.check(t, "later");
                f.details.checks[0].is_validated = false;
            },
            "a integer",
        ),
        (
            |f, t| {
                f.check(t, "inherited");
                f.details.checks[0].is_local = false;
            },
            "a integer",
        ),
        (
            |f, t| {
                f.column(t, "........pg.dropped.2........", "-").is_dropped = true;
                f.column(t, "c", "text");
            },
            "a integer,\n    c text",
        ),
        (
            |f, t| f.column(t, "inherited", "text").is_local = false,
            "a integer",
        ),
        (
            |f, t| {
                f.column(t, "inherited", "text").is_local = false;
                f.default(t, 2, "1");
            },
            "a integer",
        ),
    ];
    for (change, expected) in cases {
        assert_eq!(
            table(18, change),
            format!("CREATE TABLE s.t (\n    {expected}\n);\n")
        );
    }
}

#[test]
fn a_table_says_what_it_is() {
    let cases: [(Change, &str); 9] = [
        (|f, _| f.details.columns.clear(), "CREATE TABLE s.t (\n);\n"),
        (
            |f, t| f.relation_mut(t).persistence = b'u',
            "CREATE UNLOGGED TABLE s.t (\n    a integer\n);\n",
        ),
        (
            |f, t| {
                f.relation_mut(t).options = Some("{fillfactor=70}".into());
                f.relation_mut(t).toast_options = Some("{autovacuum_enabled=false}".into());
            },
            "CREATE TABLE s.t (\n    a integer\n)\n\
             WITH (fillfactor='70', toast.autovacuum_enabled='false');\n",
        ),
        (
            |f, t| {
                let (q, p) = (f.table("q"), f.table("p"));
                f.inherits(t, q);
                f.inherits(t, p);
            },
            "CREATE TABLE s.t (\n    a integer\n)\nINHERITS (s.q, s.p);\n",
        ),
        (
            |f, t| {
                f.relation_mut(t).kind = RelationKind::PartitionedTable;
                f.definitions
                    .partition_keys
                    .insert(t.oid, "LIST (a)".into());
            },
            "CREATE TABLE s.t (\n    a integer\n)\nPARTITION BY LIST (a);\n",
        ),
        // What a typed table does not change of its type is not said.
        (typed, "CREATE TABLE s.t OF s.c;\n"),
        (
            |f, t| {
                typed(f, t);
                f.default(t, 1, "1");
                f.details.columns[0].not_null = Some(not_null("t", true));
            },
            "CREATE TABLE s.t OF s.c (\n    a DEFAULT 1 NOT NULL\n);\n",
        ),
        (
            |f, t| {
                typed(f, t);
                f.check(t, "k");
            },
            "CREATE TABLE s.t OF s.c (\n    CONSTRAINT k CHECK ((a > 0))\n);\n",
        ),
        (
            |f, t| f.relation_mut(t).name = "T \"x\"\nDROP".into(),
            "CREATE TABLE s.\"T \"\"x\"\"\nDROP\" (\n    a integer\n);\n",
        ),
    ];
    for (change, expected) in cases {
        let mut f = Fixture::new(18);
        let table = f.table_of("t", &["a"]);
        change(&mut f, table);
        let name = f.relation_mut(table).name.to_string();
        assert_eq!(f.text("TABLE", &name), expected);
    }
}

fn typed(f: &mut Fixture, table: CatalogId) {
    let (of_type, _) = f.composite("c");
    f.relation_mut(table).of_type = of_type.oid;
    f.definitions.type_names.insert(of_type.oid, "s.c".into());
}

#[test]
fn a_partition_repeats_all_that_it_has() {
    let text = table(18, |f, t| {
        let whole = f.partitioned("whole", "LIST (a)");
        f.partition(t, whole, "FOR VALUES IN (1)");
        f.details.columns[0].is_local = false;
        f.details.columns[0].not_null = Some(not_null("t", false));
        f.check(t, "inherited");
        f.details.checks[0].is_local = false;
    });
    // Neither INHERITS nor PARTITION OF: it is attached later.
    assert_eq!(
        text,
        "CREATE TABLE s.t (\n    a integer NOT NULL,\n    CONSTRAINT inherited CHECK ((a > 0))\n);\n"
    );
}

#[test]
fn a_partition_is_attached() {
    let mut f = Fixture::new(18);
    let whole = f.partitioned("whole", "LIST (a)");
    let other = f.schema("o");
    f.schema = other;
    let part = f.table_of("Part", &["a"]);
    f.partition(part, whole, "FOR VALUES IN (1)");
    let attach = f.entry("TABLE ATTACH", "Part");
    assert_eq!(
        attach.defn.unwrap(),
        "ALTER TABLE ONLY s.whole ATTACH PARTITION o.\"Part\" FOR VALUES IN (1);\n"
    );
    assert_eq!(
        (attach.namespace, attach.owner, attach.drop_stmt),
        (Some("o".into()), Some("alice".into()), None)
    );
    assert_eq!((attach.table_oid, attach.oid), (0, 0));
    assert_eq!(attach.section, Section::PreData);
    assert_eq!(
        f.dependencies("TABLE ATTACH", "Part"),
        ["TABLE Part", "TABLE whole"]
    );
}

#[test]
fn before_14_a_partition_is_attached_by_its_own_entry() {
    let mut f = Fixture::new(13);
    let whole = f.partitioned("whole", "LIST (a)");
    let part = f.table_of("part", &["a"]);
    f.partition(part, whole, "FOR VALUES IN (1)");
    f.details.columns.last_mut().unwrap().statistics_target = Some(5);
    assert!(f.find("TABLE ATTACH", "part").is_none());
    assert_eq!(
        f.text("TABLE", "part"),
        "CREATE TABLE s.part (\n    a integer\n);\n\
         ALTER TABLE ONLY s.whole ATTACH PARTITION s.part FOR VALUES IN (1);\n\
         ALTER TABLE ONLY s.part ALTER COLUMN a SET STATISTICS 5;\n"
    );
}

#[test]
fn not_null_of_an_inherited_column_is_said_here_where_it_was_declared_here() {
    let inherited: Change = |f, t| {
        let parent = f.table_of("parent", &["b"]);
        f.inherits(t, parent);
        let column = f.column(t, "b", "text");
        column.is_local = false;
        column.not_null = Some(NotNull {
            name: "Own".into(),
            is_local: true,
            no_inherit: true,
            ..NotNull::default()
        });
    };
    // The name is quoted, which pg_dump 18 forgets.
    assert_eq!(
        table(18, inherited),
        "CREATE TABLE s.t (\n    a integer,\n    CONSTRAINT \"Own\" NOT NULL b NO INHERIT\n)\nINHERITS (s.parent);\n"
    );
    // Up to 17 there is no such clause.
    let before_18: Change = |f, t| {
        let parent = f.table_of("parent", &["b"]);
        f.inherits(t, parent);
        let column = f.column(t, "b", "text");
        column.is_local = false;
        column.not_null = Some(NotNull {
            is_local: true,
            ..NotNull::default()
        });
    };
    for major in [15, 17] {
        assert_eq!(
            table(major, before_18),
            "CREATE TABLE s.t (\n    a integer\n)\nINHERITS (s.parent);\n\
             ALTER TABLE ONLY s.t ALTER COLUMN b SET NOT NULL;\n"
        );
    }
}

#[test]
fn what_create_table_has_no_words_for_follows_it() {
    let cases: [(Change, &str); 13] = [
        (
            |f, _| f.details.columns[0].statistics_target = Some(0),
            "ALTER TABLE ONLY s.t ALTER COLUMN a SET STATISTICS 0;\n",
        ),
        (
            |f, _| f.details.columns[0].storage = b'e',
            "ALTER TABLE ONLY s.t ALTER COLUMN a SET STORAGE EXTERNAL;\n",
        ),
        (
            |f, _| f.details.columns[0].storage = b'x',
            "ALTER TABLE ONLY s.t ALTER COLUMN a SET STORAGE EXTENDED;\n",
        ),
        (
            |f, _| f.details.columns[0].storage = b'm',
            "ALTER TABLE ONLY s.t ALTER COLUMN a SET STORAGE MAIN;\n",
        ),
        (
            |f, _| f.details.columns[0].type_storage = b'x',
            "ALTER TABLE ONLY s.t ALTER COLUMN a SET STORAGE PLAIN;\n",
        ),
        (
            |f, _| f.details.columns[0].compression = b'l',
            "ALTER TABLE ONLY s.t ALTER COLUMN a SET COMPRESSION lz4;\n",
        ),
        (
            |f, _| f.details.columns[0].compression = b'p',
            "ALTER TABLE ONLY s.t ALTER COLUMN a SET COMPRESSION pglz;\n",
        ),
        (
            |f, _| f.details.columns[0].options = "n_distinct=5".into(),
            "ALTER TABLE ONLY s.t ALTER COLUMN a SET (n_distinct=5);\n",
        ),
        (
            |f, t| f.relation_mut(t).replica_identity = b'n',
            "\nALTER TABLE ONLY s.t REPLICA IDENTITY NOTHING;\n",
        ),
        (
            |f, t| f.relation_mut(t).replica_identity = b'f',
            "\nALTER TABLE ONLY s.t REPLICA IDENTITY FULL;\n",
        ),
        (|f, t| f.relation_mut(t).replica_identity = b'i', ""),
        (
            |f, t| f.relation_mut(t).force_row_security = true,
            "\nALTER TABLE ONLY s.t FORCE ROW LEVEL SECURITY;\n",
        ),
        (
            |f, _| {
                let column = &mut f.details.columns[0];
                column.is_dropped = true;
                column.statistics_target = Some(9);
                f.details.columns[0].name = "dropped".into();
            },
            "",
        ),
    ];
    for (i, (change, expected)) in cases.into_iter().enumerate() {
        let text = table(18, change);
        let (_, after) = text.split_once(");\n").unwrap();
        assert_eq!(after, expected, "case {i}");
    }
    // All of them at once, also for a column that was not declared here.
    let all: Change = |f, t| {
        let column = &mut f.details.columns[0];
        column.is_local = false;
        column.statistics_target = Some(7);
        column.storage = b'e';
        column.compression = b'l';
        column.options = "n_distinct=5".into();
        f.relation_mut(t).replica_identity = b'f';
        f.relation_mut(t).force_row_security = true;
    };
    assert_eq!(
        table(18, all),
        "CREATE TABLE s.t (\n);\n\
         ALTER TABLE ONLY s.t ALTER COLUMN a SET STATISTICS 7;\n\
         ALTER TABLE ONLY s.t ALTER COLUMN a SET STORAGE EXTERNAL;\n\
         ALTER TABLE ONLY s.t ALTER COLUMN a SET COMPRESSION lz4;\n\
         ALTER TABLE ONLY s.t ALTER COLUMN a SET (n_distinct=5);\n\
         \nALTER TABLE ONLY s.t REPLICA IDENTITY FULL;\n\
         \nALTER TABLE ONLY s.t FORCE ROW LEVEL SECURITY;\n"
    );
}

#[test]
fn entries_tell_what_kind_of_relation_they_make() {
    use RelationKind::{MaterializedView, PartitionedTable, Table, View};
    // Kind, major, what it is called, access method and tablespace of the entry.
    let cases = [
        (Table, 15, "TABLE", Some("heap"), Some("fast")),
        (
            MaterializedView,
            18,
            "MATERIALIZED VIEW",
            Some("heap"),
            Some("fast"),
        ),
        (View, 18, "VIEW", None, None),
        (PartitionedTable, 16, "TABLE", None, Some("fast")),
        (PartitionedTable, 17, "TABLE", Some("heap"), Some("fast")),
    ];
    for (kind, major, desc, table_am, tablespace) in cases {
        let mut f = Fixture::new(major);
        let relation = if kind.is_view() {
            f.view(kind, "r", " SELECT 1;")
        } else {
            f.relation(kind, "r")
        };
        f.definitions
            .partition_keys
            .insert(relation.oid, "LIST (a)".into());
        f.relation_mut(relation).access_method = Some("heap".into());
        f.relation_mut(relation).tablespace = "fast".into();
        let entry = f.entry(desc, "r");
        assert_eq!(entry.table_am, table_am.map(BString::from), "{kind:?}");
        assert_eq!(entry.tablespace, tablespace.map(BString::from), "{kind:?}");
        assert_eq!(entry.relkind, Some(kind.letter()));
        assert_eq!(entry.drop_stmt.unwrap(), format!("DROP {desc} s.r;\n"));
        assert_eq!(entry.namespace.unwrap(), "s");
        assert_eq!(entry.owner.unwrap(), "alice");
        assert_eq!((entry.table_oid, entry.oid), (1259, relation.oid.0));
        assert_eq!(entry.section, Section::PreData);
    }
}

#[test]
fn an_unlogged_partitioned_table_says_so_up_to_17() {
    for (major, expected) in [
        (
            15,
            "CREATE UNLOGGED TABLE s.p (\n)\nPARTITION BY LIST (a);\n",
        ),
        (
            17,
            "CREATE UNLOGGED TABLE s.p (\n)\nPARTITION BY LIST (a);\n",
        ),
        (18, "CREATE TABLE s.p (\n)\nPARTITION BY LIST (a);\n"),
    ] {
        let mut f = Fixture::new(major);
        let table = f.partitioned("p", "LIST (a)");
        f.relation_mut(table).persistence = b'u';
        assert_eq!(f.text("TABLE", "p"), expected);
    }
}

#[test]
fn a_materialized_view_is_made_without_data() {
    let cases: [(Change, &str); 3] = [
        (
            |_, _| {},
            "CREATE MATERIALIZED VIEW s.m AS\n SELECT 1\n  WITH NO DATA;\n",
        ),
        (
            |f, m| {
                f.relation_mut(m).persistence = b'u';
                f.relation_mut(m).options = Some("{fillfactor=70}".into());
            },
            "CREATE UNLOGGED MATERIALIZED VIEW s.m\nWITH (fillfactor='70') AS\n SELECT 1\n  WITH NO DATA;\n",
        ),
        (
            |f, m| {
                let (extension, _) = f.extension("X");
                f.depends(m, extension, b'x');
                f.column(m, "a", "text").statistics_target = Some(3);
            },
            "CREATE MATERIALIZED VIEW s.m AS\n SELECT 1\n  WITH NO DATA;\n\
             \nALTER MATERIALIZED VIEW s.m DEPENDS ON EXTENSION \"X\";\
             ALTER TABLE ONLY s.m ALTER COLUMN a SET STATISTICS 3;\n",
        ),
    ];
    for (change, expected) in cases {
        let mut f = Fixture::new(18);
        let view = f.view(RelationKind::MaterializedView, "m", " SELECT 1;");
        change(&mut f, view);
        assert_eq!(f.text("MATERIALIZED VIEW", "m"), expected);
    }
}

#[test]
fn a_postponed_materialized_view_comes_after_data() {
    let mut f = Fixture::new(18);
    let table = f.table_of("t", &["a"]);
    let index = f.key(table, "k", b'p');
    let key = f.index_mut(index).constraint.as_ref().unwrap().id;
    f.view(RelationKind::MaterializedView, "m", " SELECT 1;");
    let rule = f.catalog.rules[0].id;
    f.depends(rule, key, b'n');
    assert_eq!(f.entry("MATERIALIZED VIEW", "m").section, Section::PostData);
}

#[test]
fn comments_stand_after_their_table() {
    let mut f = Fixture::new(18);
    let table = f.table_of("T", &["a", "B b"]);
    f.details.columns[0].not_null = Some(NotNull {
        name: "nn".into(),
        comment: Some("never".into()),
        is_local: true,
        ..NotNull::default()
    });
    let (check, inherited) = (f.check(table, "chk"), f.check(table, "above"));
    f.details.checks[1].is_local = false;
    f.comment(check, 0, "positive");
    f.comment(inherited, 0, "not said again");
    f.comment(table, 2, "it's b");
    f.comment(table, 0, "all");
    f.comment(table, 9, "of a column that is gone");
    assert_eq!(
        f.list(),
        [
            "TABLE T",
            "COMMENT TABLE \"T\"",
            "COMMENT COLUMN \"T\".\"B b\"",
            "COMMENT CONSTRAINT nn ON \"T\"",
            "COMMENT CONSTRAINT chk ON \"T\"",
            "TABLE DATA T",
        ]
    );
    for (tag, text) in [
        ("TABLE \"T\"", "COMMENT ON TABLE s.\"T\" IS 'all';\n"),
        (
            "COLUMN \"T\".\"B b\"",
            "COMMENT ON COLUMN s.\"T\".\"B b\" IS 'it''s b';\n",
        ),
        (
            "CONSTRAINT chk ON \"T\"",
            "COMMENT ON CONSTRAINT chk ON s.\"T\" IS 'positive';\n",
        ),
    ] {
        assert_eq!(f.text("COMMENT", tag), text);
        assert_eq!(f.dependencies("COMMENT", tag), ["TABLE T"]);
        assert_eq!(f.entry("COMMENT", tag).section, Section::None);
    }
}

#[test]
fn a_foreign_table_tells_its_server_and_options() {
    for (major, only, tablespace) in [
        (13, "", Some("")),
        (15, "", None),
        (16, "", None),
        (17, "ONLY ", None),
        (18, "ONLY ", None),
    ] {
        let mut f = Fixture::new(major);
        let table = f.foreign_table("Ft", "S 1");
        let definition = f.definitions.foreign_tables.get_mut(&table.oid).unwrap();
        definition.options = "a 'x'".into();
        f.column(table, "A", "integer").foreign_options = "b 'y'".into();
        f.column(table, "c", "text").statistics_target = Some(5);
        f.relation_mut(table).replica_identity = b'n';
        f.comment(table, 0, "why");
        f.relation_mut(table).acl.current = Some("{alice=arwdDxt/alice,bob=r/alice}".into());
        let entry = f.entry("FOREIGN TABLE", "Ft");
        assert_eq!(
            entry.defn.unwrap(),
            format!(
                "CREATE FOREIGN TABLE s.\"Ft\" (\n    \"A\" integer,\n    c text\n)\nSERVER \"S 1\"\nOPTIONS (\n    a 'x'\n);\n\
                 ALTER FOREIGN TABLE {only}s.\"Ft\" ALTER COLUMN \"A\" OPTIONS (\n    b 'y'\n);\n\
                 ALTER FOREIGN TABLE ONLY s.\"Ft\" ALTER COLUMN c SET STATISTICS 5;\n"
            )
        );
        assert_eq!(entry.drop_stmt.unwrap(), "DROP FOREIGN TABLE s.\"Ft\";\n");
        assert_eq!(
            (entry.tablespace, entry.table_am),
            (tablespace.map(Into::into), None)
        );
        assert_eq!(entry.relkind, Some(b'f'));
        // Its rows are not in this database.
        assert_eq!(
            f.list(),
            [
                "FOREIGN TABLE Ft",
                "COMMENT FOREIGN TABLE \"Ft\"",
                "ACL TABLE \"Ft\""
            ]
        );
    }
}

#[test]
fn a_foreign_table_s_parts_name_its_kind() {
    let mut f = Fixture::new(17);
    let table = f.foreign_table("ft", "srv");
    f.column(table, "a", "integer").is_local = false;
    f.default(table, 1, "1");
    f.check(table, "chk");
    f.details.checks[0].is_validated = false;
    f.trigger(table, "tg").enabled = b'D';
    for (desc, tag, statement) in [
        (
            "DEFAULT",
            "ft a",
            "ALTER FOREIGN TABLE ONLY s.ft ALTER COLUMN a SET DEFAULT 1;\n",
        ),
        (
            "CHECK CONSTRAINT",
            "ft chk",
            "ALTER FOREIGN TABLE s.ft\n    ADD CONSTRAINT chk CHECK ((a > 0));\n",
        ),
        (
            "TRIGGER",
            "ft tg",
            "CREATE TRIGGER tg BEFORE INSERT ON s.t;\n\nALTER FOREIGN TABLE s.ft DISABLE TRIGGER tg;\n",
        ),
    ] {
        assert_eq!(f.text(desc, tag), statement);
    }
}

#[test]
fn what_is_gone_is_named() {
    let mut f = Fixture::new(18);
    f.relation(RelationKind::ForeignTable, "ft");
    let error = f.try_emit().unwrap_err();
    assert!(matches!(&error, Error::Dropped(what) if what == "foreign table \"s.ft\""));

    let mut f = Fixture::new(18);
    f.relation(RelationKind::PartitionedTable, "p");
    let error = f.try_emit().unwrap_err();
    assert!(matches!(&error, Error::Dropped(what) if what == "table \"s.p\""));

    let mut f = Fixture::new(18);
    let table = f.table("t");
    f.relation_mut(table).options = Some("{".into());
    let error = f.try_emit().unwrap_err();
    assert!(matches!(&error, Error::Sql { object, .. } if object == "table \"s.t\""));

    let mut f = Fixture::new(18);
    let table = f.table("t");
    f.relation_mut(table).owner = Oid(1);
    let error = f.try_emit().unwrap_err();
    assert_eq!(
        error.to_string(),
        "an owner refers to role with OID 1, which does not exist"
    );
    f.relation_mut(table).owner = OWNER;
    assert!(f.try_emit().is_ok());
}
