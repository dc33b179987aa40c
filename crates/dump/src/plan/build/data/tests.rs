use pgark_catalog::{CatalogId, LargeObjects, Oid, RelationKind, catalog_oid};

use super::super::super::{Components, NodeId, Object};
use crate::options::{Content, Omit};
use crate::testing::{Fixture, OWNER, acl, config_table, depends_on, described};

#[test]
fn data_is_made_of_what_holds_any() {
    use RelationKind::{
        CompositeType, ForeignTable, MaterializedView, PartitionedTable, Sequence, Table, View,
    };
    // Kind, persistence, whether it has data, also where that of unlogged tables is not wanted.
    let cases = [
        (Table, b'p', true, true),
        (Table, b'u', true, false),
        (Sequence, b'p', true, true),
        (Sequence, b'u', true, false),
        (MaterializedView, b'p', true, true),
        (View, b'p', false, false),
        (PartitionedTable, b'p', false, false),
        (ForeignTable, b'p', false, false),
        (CompositeType, b'p', false, false),
    ];
    for (kind, persistence, usually, without_unlogged) in cases {
        for (unlogged, expected) in [(true, usually), (false, without_unlogged)] {
            let mut f = Fixture::new(18);
            f.options.omit.set(Omit::UNLOGGED_TABLE_DATA, !unlogged);
            let relation = f.relation(kind, "r");
            f.relation_mut(relation).persistence = persistence;
            let plan = f.plan();
            let data = plan.find(Object::Data(0));
            assert_eq!(data.is_some(), expected, "{kind:?} {unlogged}");
            if let Some(data) = data {
                assert_eq!(plan.node(data).id.oid, relation.oid);
                assert!(!plan.node(data).id.table.is_valid());
                assert_eq!(plan.node(data).dependencies, [NodeId(3)]);
                assert!(plan.node(data).components().contains(Components::DATA));
            }
        }
    }
}

#[test]
fn data_is_wanted_as_the_options_say() {
    for (content, expected) in [
        (Content::All, [true, true]),
        (Content::DataOnly, [true, true]),
        // That of configuration tables takes part in the order all the same.
        (Content::SchemaOnly, [false, true]),
    ] {
        let mut f = Fixture::new(18);
        f.options.content = content;
        f.table("t");
        let config = f.table("config");
        let (_, extension) = f.extension("x");
        f.catalog.members.insert(config, extension);
        f.catalog.extensions[extension].config_tables = [config, config].map(config_table).into();
        let plan = f.plan();
        let found = [0, 1].map(|place| plan.find(Object::Data(place)).is_some());
        assert_eq!(found, expected, "{content:?}");
        let data = plan
            .nodes
            .iter()
            .filter(|node| matches!(node.object, Object::Data(_)));
        assert_eq!(data.count(), expected.iter().filter(|is| **is).count());
    }
}

#[test]
fn a_refresh_follows_those_that_it_reads_and_fails_with_them() {
    let mut f = Fixture::new(18);
    let [a, b, c] = ["a", "b", "c"].map(|name| f.view(RelationKind::MaterializedView, name, "x;"));
    f.catalog.refresh_order = vec![(b.oid, a.oid), (c.oid, b.oid), (c.oid, Oid(1))];
    f.relation_mut(a).is_populated = false;
    let plan = f.plan();
    assert_eq!(plan.is_populated, [false, false, false]);
    assert_eq!(
        depends_on(&plan, Object::Data(2)),
        ["materialized view \"s.c\"", "data of \"s.b\""]
    );
}

#[test]
fn rows_that_are_referenced_come_first_where_the_keys_are_there_already() {
    for (content, expected) in [
        (
            Content::DataOnly,
            vec!["table \"s.from\"", "data of \"s.to\""],
        ),
        (Content::All, vec!["table \"s.from\""]),
    ] {
        let mut f = Fixture::new(18);
        f.options.content = content;
        let (from, to) = (f.table_of("from", &["a"]), f.table_of("to", &["a"]));
        let view = f.relation(RelationKind::View, "v");
        f.foreign_key("fk", from, to, to);
        f.foreign_key("odd", from, view, to);
        assert_eq!(depends_on(&f.plan(), Object::Data(0)), expected);
    }
}

#[test]
fn large_objects_are_grouped_since_17() {
    for (major, expected) in [
        (
            15,
            vec![
                "large object \"5..6\"",
                "large object \"9\"",
                "data of large object \"BLOBS\"",
            ],
        ),
        (
            17,
            vec![
                "large object \"5..6\"",
                "data of large object \"5..6\"",
                "large object \"9\"",
                "data of large object \"9\"",
            ],
        ),
    ] {
        let mut f = Fixture::empty(major);
        let group = |oids: &[u32], name: &str| LargeObjects {
            id: CatalogId {
                table: catalog_oid::LARGE_OBJECT,
                oid: Oid(oids[0]),
            },
            name: name.into(),
            owner: OWNER,
            acl: acl("{}"),
            objects: oids.iter().copied().map(Oid).collect(),
        };
        f.catalog.large_objects = vec![group(&[5, 6], "5..6"), group(&[9], "9")];
        let plan = f.plan();
        let all: Vec<NodeId> = (0..plan.nodes.len()).map(NodeId).collect();
        assert_eq!(described(&plan, &all), expected, "{major}");
        // Whatever is said of one of them is said of the group.
        let second = CatalogId {
            table: catalog_oid::LARGE_OBJECT,
            oid: Oid(6),
        };
        assert_eq!(plan.find_row(second), Some(NodeId(0)));
        let data = plan.node(plan.find(Object::LargeObjectData(0)).unwrap());
        assert_eq!(data.dependencies.is_empty(), major < 17);
        f.options.content = Content::SchemaOnly;
        assert!(f.plan().nodes.is_empty());
    }
}

#[test]
fn rows_of_configuration_tables_follow_those_that_they_refer_to() {
    for content in [Content::All, Content::DataOnly, Content::SchemaOnly] {
        let mut f = Fixture::new(18);
        f.options.content = content;
        let [from, to, user, other] = ["from", "to", "user", "other"].map(|name| f.table(name));
        let (_, extension) = f.extension("x");
        for table in [from, to, other] {
            f.catalog.members.insert(table, extension);
        }
        f.catalog.extensions[extension].config_tables = [from, to].map(config_table).into();
        f.catalog.extension_foreign_keys = vec![
            (from.oid, to.oid),
            (user.oid, to.oid),
            (from.oid, other.oid),
            (from.oid, Oid(1)),
        ];
        let plan = f.plan();
        assert_eq!(
            depends_on(&plan, Object::Data(0)),
            ["table \"s.from\"", "data of \"s.to\""],
            "{content:?}"
        );
        assert_eq!(depends_on(&plan, Object::Data(1)), ["table \"s.to\""]);
        // A user's table gets its foreign keys when its rows are there.
        if content != Content::SchemaOnly {
            assert_eq!(depends_on(&plan, Object::Data(2)), ["table \"s.user\""]);
        }
        assert!(plan.find(Object::Data(3)).is_none());
    }
}

#[test]
fn positions_of_sequences_can_be_wanted_alone() {
    for (content, sequence_data, expected) in [
        (Content::All, false, [true, true]),
        (Content::SchemaOnly, false, [false, false]),
        (Content::SchemaOnly, true, [false, true]),
        (Content::Neither, true, [false, true]),
    ] {
        let mut f = Fixture::new(18);
        f.table("t");
        f.sequence("q");
        f.options.content = content;
        f.options.sequence_data = sequence_data;
        let plan = f.plan();
        let found = [0, 1].map(|place| plan.find(Object::Data(place)).is_some());
        assert_eq!(found, expected, "{content:?} {sequence_data}");
    }
}

#[test]
fn data_is_not_wanted_of_what_is_excluded_and_of_foreign_tables_that_are_not_named() {
    let mut f = Fixture::new(18);
    let [_, excluded, _, named] = [
        (RelationKind::Table, "a"),
        (RelationKind::Table, "b"),
        (RelationKind::ForeignTable, "c"),
        (RelationKind::ForeignTable, "d"),
    ]
    .map(|(kind, name)| f.relation(kind, name).oid);
    f.names.excluded_data.insert(excluded);
    f.names.foreign_tables.insert(named);
    let plan = f.plan();
    let found = [0, 1, 2, 3].map(|place| plan.find(Object::Data(place)).is_some());
    assert_eq!(found, [true, false, false, true]);
}
