use pgark_catalog::{CatalogId, Oid, RelationKind};

use super::super::super::{Components, Object};
use crate::testing::{Fixture, PG_CATALOG, depends_on, node};

#[test]
fn a_constraint_that_not_all_rows_obey_is_written_by_itself() {
    for is_validated in [true, false] {
        let mut f = Fixture::new(18);
        let table = f.table_of("t", &["a"]);
        f.check(table, "c");
        f.details.checks[0].is_validated = is_validated;
        let domain = f.data_type("d", b'd');
        f.domain_constraint(domain, "dc", b'c').is_validated = is_validated;
        let plan = f.plan();
        for (part, whole) in [
            (Object::Check(0), Object::Relation(0)),
            (Object::DomainConstraint(0), Object::Type(0)),
        ] {
            assert_eq!(node(&plan, part).is_separate, !is_validated);
            let on_part = node(&plan, whole)
                .dependencies
                .contains(&plan.find(part).unwrap());
            assert_eq!(on_part, is_validated, "{part:?}");
        }
    }
    let mut f = Fixture::new(18);
    let table = f.table_of("t", &["a"]);
    let not_null = f.constraint(table, "n", b'n', "NOT NULL a NOT VALID");
    f.details.invalid_not_null.push(not_null);
    assert!(node(&f.plan(), Object::InvalidNotNull(0)).is_separate);
}

#[test]
fn a_default_is_written_with_its_column_or_by_itself() {
    // Kind of relation, whether the column was declared here, generated, whether the default stands by itself.
    let cases = [
        (RelationKind::Table, true, 0, false),
        (RelationKind::Table, false, 0, true),
        (RelationKind::Table, false, b's', false),
        (RelationKind::View, true, 0, true),
        (RelationKind::ForeignTable, true, 0, false),
    ];
    for (kind, is_local, generated, is_separate) in cases {
        let mut f = Fixture::new(18);
        let relation = f.relation(kind, "r");
        let column = f.column(relation, "a", "integer");
        column.is_local = is_local;
        column.generated = generated;
        f.default(relation, 1, "1");
        let plan = f.plan();
        assert_eq!(node(&plan, Object::Default(0)).is_separate, is_separate);
        let on_default = depends_on(&plan, Object::Relation(0));
        assert_eq!(on_default.is_empty(), is_separate, "{kind:?}");
    }
}

#[test]
fn a_default_without_its_column_is_passed_over() {
    let changes: [fn(&mut Fixture, CatalogId); 4] = [
        |f, _| f.details.columns[0].is_dropped = true,
        |f, _| f.details.defaults[0].column = 2,
        |f, _| f.details.defaults[0].column = i16::MIN + 1,
        |f, _| f.details.defaults[0].relation = Oid(1),
    ];
    for (i, change) in changes.into_iter().enumerate() {
        let mut f = Fixture::new(18);
        let table = f.table_of("t", &["a"]);
        f.default(table, 1, "1");
        change(&mut f, table);
        assert!(f.plan().find(Object::Default(0)).is_none(), "change {i}");
    }
}

/// A partitioned table, its partition, a partition of that, each with an index of the one above's.
fn three_levels(f: &mut Fixture) -> ([CatalogId; 3], [CatalogId; 3]) {
    let top = f.partitioned("top", "LIST (a)");
    let middle = f.partitioned("middle", "LIST (a)");
    let bottom = f.table_of("bottom", &["a"]);
    f.partition(middle, top, "DEFAULT");
    f.partition(bottom, middle, "DEFAULT");
    let tables = [top, middle, bottom];
    let indexes = tables.map(|table| f.index(table, "i"));
    for i in [1, 2] {
        f.index_mut(indexes[i]).parent = indexes[i - 1].oid;
    }
    (tables, indexes)
}

#[test]
fn a_partition_is_attached_once_it_and_its_parent_are_there() {
    let mut f = Fixture::new(18);
    three_levels(&mut f);
    let plan = f.plan();
    assert!(plan.find(Object::TableAttach(0)).is_none());
    assert_eq!(
        depends_on(&plan, Object::TableAttach(2)),
        ["table \"s.bottom\"", "table \"s.middle\""]
    );
    assert_eq!(
        depends_on(&plan, Object::IndexAttach(1)),
        [
            "index \"s.i\"",
            "index \"s.i\"",
            "table \"s.middle\"",
            "table \"s.top\""
        ]
    );
    // An inheritance child is none, nor a partition that is not written.
    let mut f = Fixture::new(18);
    let (parent, child) = (f.table("a"), f.table("b"));
    f.inherits(child, parent);
    assert!(f.plan().find(Object::TableAttach(1)).is_none());
    f.relation_mut(child).is_partition = true;
    f.relation_mut(child).schema = PG_CATALOG;
    assert!(f.plan().find(Object::TableAttach(1)).is_none());
}

#[test]
fn a_foreign_key_to_a_partitioned_table_waits_for_all_indexes() {
    let mut f = Fixture::new(18);
    let (tables, indexes) = three_levels(&mut f);
    let from = f.table_of("t", &["a"]);
    f.foreign_key("a_whole", from, tables[0], indexes[0]);
    f.foreign_key("b_part", from, tables[1], indexes[1]);
    f.foreign_key("c_plain", from, tables[2], indexes[2]);
    let plan = f.plan();
    let attach = |place| plan.find(Object::IndexAttach(place)).unwrap();
    let on = |key| &node(&plan, Object::ForeignKey(key)).dependencies;
    assert_eq!(*on(0), [attach(1), attach(2)]);
    assert_eq!(*on(1), [attach(2)]);
    assert!(on(2).is_empty());
}

#[test]
fn statistics_go_with_their_table_unless_an_extension_s() {
    // Schema of the table, whether an extension made the statistics, what is wanted.
    let cases = [
        (None, false, Components::all()),
        (Some(PG_CATALOG), false, Components::empty()),
        (Some(PG_CATALOG), true, Components::ACL),
    ];
    for (schema, is_member, wanted) in cases {
        let mut f = Fixture::new(18);
        let (_, extension) = f.extension("x");
        let table = f.table("t");
        if let Some(schema) = schema {
            f.relation_mut(table).schema = schema;
        }
        let statistics = f.statistics(table, "st");
        if is_member {
            f.catalog.members.insert(statistics, extension);
        }
        assert_eq!(node(&f.plan(), Object::Statistics(0)).wanted, wanted);
    }
}

#[test]
fn rules_come_after_their_table_but_a_view_s_text_before_the_view() {
    let mut f = Fixture::new(18);
    let view = f.view(RelationKind::View, "v", "SELECT 1;");
    f.rule(view, "on_update", b'2');
    let table = f.table("t");
    f.rule(table, "_RETURN", b'1');
    f.rule(view, "also", b'1');
    f.catalog.rules[3].is_instead = false;
    f.catalog.dependencies.clear();
    let plan = f.plan();
    assert_eq!(
        depends_on(&plan, Object::Relation(0)),
        ["rule \"s._RETURN\""]
    );
    let separate: Vec<bool> = (0..4)
        .map(|i| node(&plan, Object::Rule(i)).is_separate)
        .collect();
    assert_eq!(separate, [false, true, true, true]);
    assert!(depends_on(&plan, Object::Rule(0)).is_empty());
    assert_eq!(depends_on(&plan, Object::Rule(1)), ["view \"s.v\""]);
    assert_eq!(depends_on(&plan, Object::Rule(2)), ["table \"s.t\""]);
}

#[test]
fn row_security_is_enabled_on_tables_alone() {
    for (kind, is_enabled, expected) in [
        (RelationKind::Table, true, true),
        (RelationKind::PartitionedTable, true, true),
        (RelationKind::Table, false, false),
        (RelationKind::View, true, false),
    ] {
        let mut f = Fixture::new(18);
        let relation = f.relation(kind, "r");
        f.relation_mut(relation).row_security = is_enabled;
        assert_eq!(
            f.plan().find(Object::RowSecurity(0)).is_some(),
            expected,
            "{kind:?}"
        );
    }
}
