use bstr::BString;
use pgark_archive::Section;
use pgark_catalog::{CatalogId, Index, IndexConstraint};

use crate::testing::Fixture;

/// A table `s.t` with an index `i`.
fn with_index(major: u32) -> (Fixture, CatalogId) {
    let mut f = Fixture::new(major);
    let table = f.table_of("t", &["a", "B", "c"]);
    let index = f.index(table, "i");
    (f, index)
}

/// A table `s.t` with a constraint `k` of some kind.
fn with_key(major: u32, kind: u8, change: impl Fn(&mut Index, &mut IndexConstraint)) -> Fixture {
    let mut f = Fixture::new(major);
    let table = f.table_of("t", &["a", "B", "c"]);
    let id = f.key(table, "k", kind);
    let index = f.index_mut(id);
    let mut constraint = index.constraint.take().unwrap();
    change(index, &mut constraint);
    index.constraint = Some(constraint);
    f
}

#[test]
fn an_index_says_what_create_index_has_no_words_for() {
    type Change = fn(&mut Index);
    let cases: [(Change, &str); 5] = [
        (|_| {}, ""),
        (
            |i| i.is_clustered = true,
            "\nALTER TABLE s.t CLUSTER ON i;\n",
        ),
        (
            |i| i.is_replica_identity = true,
            "\nALTER TABLE ONLY s.t REPLICA IDENTITY USING INDEX i;\n",
        ),
        (
            |i| {
                i.statistics_columns = vec![1, 3];
                i.statistics_targets = vec![100, 0];
            },
            "ALTER INDEX s.i ALTER COLUMN 1 SET STATISTICS 100;\nALTER INDEX s.i ALTER COLUMN 3 SET STATISTICS 0;\n",
        ),
        (
            |i| {
                i.is_clustered = true;
                i.is_replica_identity = true;
                i.statistics_columns = vec![1];
                i.statistics_targets = vec![7];
            },
            "\nALTER TABLE s.t CLUSTER ON i;\nALTER INDEX s.i ALTER COLUMN 1 SET STATISTICS 7;\n\
             \nALTER TABLE ONLY s.t REPLICA IDENTITY USING INDEX i;\n",
        ),
    ];
    for (change, expected) in cases {
        let (mut f, id) = with_index(18);
        change(f.index_mut(id));
        assert_eq!(
            f.text("INDEX", "i"),
            format!("CREATE INDEX i ON s.t USING btree (a);\n{expected}")
        );
    }
}

#[test]
fn an_index_that_goes_with_an_extension_says_so_before_its_replica_identity() {
    let (mut f, id) = with_index(17);
    let (extension, _) = f.extension("x");
    f.depends(id, extension, b'x');
    f.index_mut(id).is_replica_identity = true;
    assert_eq!(
        f.text("INDEX", "i"),
        "CREATE INDEX i ON s.t USING btree (a);\n\
         \nALTER INDEX s.i DEPENDS ON EXTENSION x;\
         \nALTER TABLE ONLY s.t REPLICA IDENTITY USING INDEX i;\n"
    );
}

#[test]
fn the_entry_of_an_index_bears_its_name_and_tablespace() {
    let (mut f, id) = with_index(18);
    f.index_mut(id).tablespace = "fast".into();
    let entry = f.entry("INDEX", "i");
    assert_eq!(entry.drop_stmt.unwrap(), "DROP INDEX s.i;\n");
    assert_eq!(entry.tablespace.unwrap(), "fast");
    assert_eq!(entry.section, Section::PostData);
    assert_eq!((entry.table_oid, entry.oid), (1259, id.oid.0));
    assert_eq!(
        (entry.namespace, entry.owner),
        (Some("s".into()), Some("alice".into()))
    );
    f.comment(id, 0, "why");
    assert_eq!(
        f.text("COMMENT", "INDEX i"),
        "COMMENT ON INDEX s.i IS 'why';\n"
    );
    assert_eq!(f.dependencies("COMMENT", "INDEX i"), ["INDEX i"]);
}

#[test]
fn an_index_becomes_part_of_another() {
    let mut f = Fixture::new(18);
    let whole = f.partitioned("whole", "LIST (a)");
    let bob = f.role("bob");
    f.relation_mut(whole).owner = bob;
    let other = f.schema("o");
    f.schema = other;
    let part = f.table_of("part", &["a"]);
    f.partition(part, whole, "DEFAULT");
    let (parent, child) = (f.index(whole, "wi"), f.index(part, "Pi"));
    f.index_mut(child).parent = parent.oid;
    let entry = f.entry("INDEX ATTACH", "Pi");
    assert_eq!(
        entry.defn.unwrap(),
        "ALTER INDEX s.wi ATTACH PARTITION o.\"Pi\";\n"
    );
    // The schema is the partition's, the owner that of the whole.
    assert_eq!(entry.namespace.unwrap(), "o");
    assert_eq!(entry.owner.unwrap(), "bob");
    assert_eq!(entry.drop_stmt, None);
    assert_eq!(
        f.dependencies("INDEX ATTACH", "Pi"),
        ["INDEX Pi", "INDEX wi", "TABLE part", "TABLE whole"]
    );
    // A partition of an index is not dropped by itself, since 14.
    assert_eq!(f.entry("INDEX", "Pi").drop_stmt.unwrap(), "");
    f.catalog.server.version_num = 130_022;
    assert_eq!(
        f.entry("INDEX", "Pi").drop_stmt.unwrap(),
        "DROP INDEX o.\"Pi\";\n"
    );
    assert_eq!(
        f.entry("INDEX", "wi").drop_stmt.unwrap(),
        "DROP INDEX s.wi;\n"
    );
}

#[test]
fn a_key_is_put_together_from_its_index() {
    type Change = fn(&mut Index, &mut IndexConstraint);
    let cases: [(u32, u8, Change, &str); 13] = [
        (15, b'p', |_, _| {}, "PRIMARY KEY (a)"),
        (15, b'u', |_, _| {}, "UNIQUE (a)"),
        (
            15,
            b'u',
            |i, _| (i.columns, i.key_columns) = (vec![3, 2], 2),
            "UNIQUE (c, \"B\")",
        ),
        (
            15,
            b'u',
            |i, _| (i.columns, i.key_columns) = (vec![3, 2, 1], 1),
            "UNIQUE (c) INCLUDE (\"B\", a)",
        ),
        (
            15,
            b'u',
            |i, _| i.nulls_not_distinct = true,
            "UNIQUE NULLS NOT DISTINCT (a)",
        ),
        (
            15,
            b'p',
            |i, _| i.nulls_not_distinct = true,
            "PRIMARY KEY NULLS NOT DISTINCT (a)",
        ),
        (
            16,
            b'p',
            |i, _| i.nulls_not_distinct = true,
            "PRIMARY KEY (a)",
        ),
        (
            18,
            b'p',
            |_, c| c.without_overlaps = true,
            "PRIMARY KEY (a WITHOUT OVERLAPS)",
        ),
        (
            15,
            b'p',
            |i, _| i.options = Some("{fillfactor=70}".into()),
            "PRIMARY KEY (a) WITH (fillfactor='70')",
        ),
        (
            15,
            b'u',
            |_, c| c.is_deferrable = true,
            "UNIQUE (a) DEFERRABLE",
        ),
        (
            15,
            b'u',
            |_, c| (c.is_deferrable, c.is_deferred) = (true, true),
            "UNIQUE (a) DEFERRABLE INITIALLY DEFERRED",
        ),
        (15, b'u', |_, c| c.is_deferred = true, "UNIQUE (a)"),
        (15, b'x', |_, _| {}, "EXCLUDE USING gist (a WITH =)"),
    ];
    for (major, kind, change, expected) in cases {
        let mut f = with_key(major, kind, change);
        assert_eq!(
            f.text("CONSTRAINT", "t k"),
            format!("ALTER TABLE ONLY s.t\n    ADD CONSTRAINT k {expected};\n")
        );
    }
}

#[test]
fn a_system_column_in_a_key_is_known_by_its_number() {
    let mut f = with_key(15, b'u', |i, _| {
        (i.columns, i.key_columns) = (vec![-6, 1], 2);
    });
    assert_eq!(
        f.text("CONSTRAINT", "t k"),
        "ALTER TABLE ONLY s.t\n    ADD CONSTRAINT k UNIQUE (tableoid, a);\n"
    );
}

#[test]
fn numbers_that_name_no_column_end_the_list_without_a_panic() {
    for columns in [vec![0, 1], vec![99], vec![-99], vec![i16::MIN], vec![]] {
        let mut f = with_key(15, b'u', |i, _| {
            i.columns.clone_from(&columns);
            i.key_columns = 5;
        });
        assert!(f.text("CONSTRAINT", "t k").ends_with("UNIQUE ();\n"));
    }
}

#[test]
fn the_entry_of_a_key_takes_the_place_of_the_index_s() {
    let mut f = with_key(18, b'p', |i, c| {
        i.tablespace = "fast".into();
        i.is_clustered = true;
        i.is_replica_identity = true;
        c.name = "K".into();
    });
    let index = &f.details.indexes[0];
    let (index, constraint) = (index.id, index.constraint.as_ref().unwrap().id);
    let (extension, _) = f.extension("x");
    f.depends(index, extension, b'x');
    f.comment(index, 0, "of the index");
    f.comment(constraint, 0, "of the key");
    let entry = f.entry("CONSTRAINT", "t K");
    assert_eq!(
        entry.defn.unwrap(),
        "ALTER TABLE ONLY s.t\n    ADD CONSTRAINT \"K\" PRIMARY KEY (a);\n\
         \nALTER TABLE s.t CLUSTER ON k;\n\
         \nALTER TABLE ONLY s.t REPLICA IDENTITY USING INDEX k;\n\
         \nALTER INDEX s.k DEPENDS ON EXTENSION x;"
    );
    assert_eq!(
        entry.drop_stmt.unwrap(),
        "ALTER TABLE ONLY s.t DROP CONSTRAINT \"K\";\n"
    );
    assert_eq!(entry.tablespace, Some(BString::from("fast")));
    assert_eq!((entry.table_oid, entry.oid), (2606, constraint.oid.0));
    assert!(f.find("INDEX", "k").is_none());
    // The comment on the index hangs on the constraint, which makes it.
    assert_eq!(f.dependencies("COMMENT", "INDEX k"), ["CONSTRAINT t K"]);
    assert_eq!(
        f.text("COMMENT", "CONSTRAINT \"K\" ON t"),
        "COMMENT ON CONSTRAINT \"K\" ON s.t IS 'of the key';\n"
    );
}
