use bstr::BString;
use pgark_archive::Section;
use pgark_catalog::{CatalogId, RelationKind, SequencePosition};

use super::copy_columns;
use crate::error::Error;
use crate::options::Content;
use crate::testing::Fixture;

#[test]
fn copy_names_all_columns_that_hold_data() {
    // Name, dropped, generated.
    type Columns = &'static [(&'static str, bool, u8)];
    let cases: [(Columns, &str); 6] = [
        (&[("a", false, 0), ("B c", false, 0)], "(a, \"B c\")"),
        (&[("a", false, 0), ("........", true, 0)], "(a)"),
        (&[("a", false, b's'), ("b", false, 0)], "(b)"),
        (&[("a", false, b'v'), ("b", false, 0)], "(b)"),
        (&[("a", false, b's'), ("b", true, 0)], ""),
        (&[], ""),
    ];
    for (columns, expected) in cases {
        let mut f = Fixture::new(18);
        let table = f.table("t");
        for (name, is_dropped, generated) in columns {
            let column = f.column(table, name, "integer");
            column.is_dropped = *is_dropped;
            column.generated = *generated;
            column.is_local = false;
        }
        assert_eq!(copy_columns(f.quoter(), &f.details.columns), expected);
        let entry = f.entry("TABLE DATA", "t");
        assert_eq!(
            entry.copy_stmt.unwrap(),
            format!("COPY s.t {expected} FROM stdin;\n")
        );
        assert_eq!((entry.defn, entry.drop_stmt), (None, None));
        assert!(entry.had_dumper);
    }
}

#[test]
fn the_entry_of_rows_bears_the_names_of_the_table() {
    let mut f = Fixture::new(18);
    let table = f.table_of("T", &["a"]);
    let entry = f.entry("TABLE DATA", "T");
    assert_eq!((entry.table_oid, entry.oid), (0, table.oid.0));
    assert_eq!(entry.section, Section::Data);
    assert_eq!(
        (entry.namespace, entry.owner),
        (Some("s".into()), Some("alice".into()))
    );
    assert_eq!(f.dependencies("TABLE DATA", "T"), ["TABLE T"]);
    // The table's number stands there even where the table does not.
    f.options.content = Content::DataOnly;
    assert_eq!(f.dependencies("TABLE DATA", "T"), ["-"]);
}

#[test]
fn content_is_written_as_the_options_say() {
    let cases: [(Content, &[&str]); 3] = [
        (
            Content::All,
            &[
                "MATERIALIZED VIEW m",
                "SEQUENCE q",
                "TABLE t",
                "TABLE DATA t",
                "SEQUENCE SET q",
                "MATERIALIZED VIEW DATA m",
            ],
        ),
        (
            Content::SchemaOnly,
            &["MATERIALIZED VIEW m", "SEQUENCE q", "TABLE t"],
        ),
        // A refresh is work for the schema.
        (Content::DataOnly, &["TABLE DATA t", "SEQUENCE SET q"]),
    ];
    for (content, expected) in cases {
        let mut f = Fixture::new(18);
        f.options.content = content;
        f.table("t");
        f.sequence("q");
        f.view(RelationKind::MaterializedView, "m", " SELECT 1;");
        assert_eq!(f.list(), expected, "{content:?}");
    }
}

/// Partitioned tables below each other and a partition of the last.
fn levels(unsafe_level: Option<usize>) -> (Fixture, Vec<CatalogId>) {
    let mut f = Fixture::new(18);
    let mut tables = vec![f.partitioned("Top", "HASH (e)")];
    tables.push(f.partitioned("middle", "HASH (e)"));
    tables.push(f.table_of("bottom", &["a"]));
    for i in [1, 2] {
        f.partition(tables[i], tables[i - 1], "DEFAULT");
    }
    f.catalog.unsafe_partitioned = unsafe_level
        .map(|level| tables[level].oid)
        .into_iter()
        .collect();
    (f, tables)
}

#[test]
fn rows_that_may_move_between_partitions_are_restored_through_the_root() {
    for (unsafe_level, through_root) in [
        (None, false),
        (Some(0), true),
        (Some(1), true),
        (Some(2), false),
    ] {
        let (mut f, _) = levels(unsafe_level);
        let entry = f.entry("TABLE DATA", "bottom");
        let (defn, target) = if through_root {
            (
                Some("-- load via partition root s.\"Top\"".into()),
                "s.\"Top\"",
            )
        } else {
            (None, "s.bottom")
        };
        assert_eq!(entry.defn, defn, "{unsafe_level:?}");
        assert_eq!(
            entry.copy_stmt.unwrap(),
            format!("COPY {target} (a) FROM stdin;\n")
        );
        assert_eq!(f.dependencies("TABLE DATA", "bottom"), ["TABLE bottom"]);
    }
}

#[test]
fn every_partition_is_restored_through_the_root_where_that_is_asked_for() {
    let (mut f, _) = levels(None);
    f.options.load_via_partition_root = true;
    let copies = ["bottom", "loose"].map(|name| {
        if name == "loose" {
            f.table_of(name, &["a"]);
        }
        f.entry("TABLE DATA", name).copy_stmt.unwrap()
    });
    assert_eq!(
        copies,
        [
            "COPY s.\"Top\" (a) FROM stdin;\n",
            "COPY s.loose (a) FROM stdin;\n"
        ]
    );
}

#[test]
fn rows_as_statements_need_no_copy() {
    let mut f = Fixture::new(18);
    f.table_of("t", &["a"]);
    f.options.inserts = Some(crate::options::Inserts {
        rows_per_statement: std::num::NonZeroU32::MIN,
        column_names: false,
        on_conflict_do_nothing: false,
    });
    let entry = f.entry("TABLE DATA", "t");
    assert!(entry.had_dumper && entry.copy_stmt.is_none());
}

#[test]
fn a_root_s_name_does_not_leave_its_comment() {
    let (mut f, tables) = levels(Some(0));
    f.relation_mut(tables[0]).name = "x\nDROP\r".into();
    let entry = f.entry("TABLE DATA", "bottom");
    assert_eq!(
        entry.defn.unwrap(),
        "-- load via partition root s.\"x DROP \""
    );
    assert_eq!(
        entry.copy_stmt.unwrap(),
        "COPY s.\"x\nDROP\r\" (a) FROM stdin;\n"
    );
}

#[test]
fn an_inheritance_parent_is_no_root() {
    let mut f = Fixture::new(18);
    let (parent, child) = (f.table("parent"), f.table_of("child", &["a"]));
    f.inherits(child, parent);
    f.catalog.unsafe_partitioned = vec![parent.oid];
    assert_eq!(f.entry("TABLE DATA", "child").defn, None);
}

#[test]
fn a_sequence_is_set_to_where_it_was() {
    for (last_value, is_called, arguments) in [(7, true, "7, true"), (-1, false, "-1, false")] {
        let mut f = Fixture::new(18);
        let sequence = f.sequence("It's");
        let position = SequencePosition {
            last_value,
            is_called,
        };
        f.definitions.positions.insert(sequence.oid, position);
        let entry = f.entry("SEQUENCE SET", "It's");
        assert_eq!(
            entry.defn.unwrap(),
            format!("SELECT pg_catalog.setval('s.\"It''s\"', {arguments});\n")
        );
        assert_eq!(entry.section, Section::Data);
        assert!(!entry.had_dumper);
        assert_eq!((entry.table_oid, entry.oid), (0, 0));
        assert_eq!(f.dependencies("SEQUENCE SET", "It's"), ["SEQUENCE It's"]);
        f.definitions.positions.clear();
        assert!(matches!(f.try_emit(), Err(Error::Dropped(_))));
    }
}

#[test]
fn a_materialized_view_that_holds_data_is_refreshed() {
    let mut f = Fixture::new(18);
    let [a, b] = ["a", "B"].map(|name| f.view(RelationKind::MaterializedView, name, " SELECT 1;"));
    f.catalog.refresh_order = vec![(a.oid, b.oid)];
    let entry = f.entry("MATERIALIZED VIEW DATA", "B");
    assert_eq!(entry.defn.unwrap(), "REFRESH MATERIALIZED VIEW s.\"B\";\n");
    assert_eq!(entry.section, Section::PostData);
    assert_eq!((entry.table_oid, entry.oid), (0, b.oid.0));
    assert_eq!(entry.drop_stmt, None::<BString>);
    // All of its own dependencies, the border among them, which no entry stands for.
    assert_eq!(
        f.dependencies("MATERIALIZED VIEW DATA", "a"),
        ["MATERIALIZED VIEW a", "MATERIALIZED VIEW DATA B", "-"]
    );
    f.relation_mut(b).is_populated = false;
    assert!(f.find("MATERIALIZED VIEW DATA", "a").is_none());
}
