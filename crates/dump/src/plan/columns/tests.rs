use pgark_catalog::{CatalogId, NotNull, RelationKind};

use super::super::{Components, Object, Plan};
use crate::testing::Fixture;

/// A column of a family of tables.
#[derive(Clone, Copy, Default)]
struct Member {
    default: Option<&'static str>,
    generated: u8,
    not_null: bool,
    is_invalid: bool,
}

impl Member {
    const PLAIN: Self = Self {
        default: None,
        generated: 0,
        not_null: false,
        is_invalid: false,
    };
    const NOT_NULL: Self = Self {
        not_null: true,
        ..Self::PLAIN
    };
    const INVALID: Self = Self {
        is_invalid: true,
        ..Self::NOT_NULL
    };

    const fn default(expression: &'static str) -> Self {
        Self {
            default: Some(expression),
            ..Self::PLAIN
        }
    }

    const fn generated(expression: &'static str) -> Self {
        Self {
            default: Some(expression),
            generated: b's',
            ..Self::PLAIN
        }
    }

    fn add(self, f: &mut Fixture, name: &str) -> CatalogId {
        let table = f.table(name);
        let constraint = f.row(pgark_catalog::catalog_oid::CONSTRAINT);
        let column = f.column(table, "a", "integer");
        column.has_default = self.default.is_some();
        column.generated = self.generated;
        column.not_null = self.not_null.then(|| NotNull {
            name: format!("{name}_a_not_null").into(),
            is_local: true,
            invalid: self.is_invalid.then_some(constraint.oid),
            ..NotNull::default()
        });
        if let Some(expression) = self.default {
            f.default(table, 1, expression);
        }
        table
    }
}

/// Tables with one column each, the last of them the child of the others, which does not declare the column itself.
fn family(major: u32, parents: &[Member], child: Member) -> (Fixture, CatalogId) {
    let mut f = Fixture::new(major);
    let parents: Vec<CatalogId> = parents
        .iter()
        .enumerate()
        .map(|(i, parent)| parent.add(&mut f, &format!("parent{i}")))
        .collect();
    let child = child.add(&mut f, "child");
    let column = f.details.columns.last_mut().unwrap();
    column.is_local = false;
    if let Some(not_null) = &mut column.not_null {
        not_null.is_local = major < 18;
    }
    for parent in parents {
        f.inherits(child, parent);
    }
    (f, child)
}

fn child_s<'a>(plan: &'a Plan<'_>) -> &'a super::ColumnPlan {
    plan.columns.last().unwrap()
}

#[test]
fn not_null_is_said_where_no_parent_says_it() {
    const NOT_NULL: Member = Member::NOT_NULL;
    const INVALID: Member = Member::INVALID;
    const PLAIN: Member = Member::PLAIN;
    // Parents, the child, whether the child must say it up to 17 and from 18 on; `None` where it is not NOT NULL.
    type Case<'a> = (&'a [Member], Member, Option<bool>, Option<bool>);
    let cases: [Case<'_>; 6] = [
        (&[NOT_NULL], NOT_NULL, Some(false), Some(false)),
        (&[PLAIN], NOT_NULL, Some(true), Some(true)),
        (&[PLAIN, NOT_NULL], NOT_NULL, Some(false), Some(false)),
        (&[NOT_NULL], PLAIN, None, None),
        // A parent whose constraint is not valid does not make the child's so.
        (&[INVALID], NOT_NULL, Some(true), Some(true)),
        (&[INVALID, NOT_NULL], NOT_NULL, Some(false), Some(false)),
    ];
    for (i, (parents, child, before_18, since_18)) in cases.into_iter().enumerate() {
        for (major, expected) in [(15, before_18), (17, before_18), (18, since_18)] {
            let (mut f, _) = family(major, parents, child);
            let plan = f.plan();
            let found = child_s(&plan).not_null.as_ref();
            assert_eq!(
                found.map(|not_null| not_null.is_local),
                expected,
                "case {i} on {major}"
            );
        }
    }
}

#[test]
fn a_constraint_that_is_not_valid_is_none_of_the_column_s() {
    let (mut f, _) = family(18, &[], Member::INVALID);
    assert!(child_s(&f.plan()).not_null.is_none());
}

#[test]
fn a_name_is_written_where_the_server_would_choose_another() {
    // Table, column, name and comment of the constraint, whether the name is written.
    let cases = [
        ("t", "a", "t_a_not_null", None, false),
        ("t", "a", "other", None, true),
        ("t", "a", "t_a_not_null", Some("why"), true),
        ("t", "a", "", None, false),
        ("t", "a", "", Some("why"), false),
        ("T x", "é", "T x_é_not_null", None, false),
        ("t", "a", "T_a_not_null", None, true),
    ];
    for (table, column, name, comment, is_written) in cases {
        let mut f = Fixture::new(18);
        let table = f.table(table);
        f.column(table, column, "integer").not_null = Some(NotNull {
            name: name.into(),
            comment: comment.map(Into::into),
            is_local: true,
            no_inherit: true,
            invalid: None,
        });
        let plan = f.plan();
        let not_null = plan.columns[0].not_null.as_ref().unwrap();
        let expected = is_written.then(|| name.into());
        assert_eq!(not_null.name, expected, "{name} {comment:?}");
        assert!(not_null.no_inherit);
        assert_eq!(not_null.comment, comment.map(Into::into));
    }
}

#[test]
fn a_parent_s_default_is_taken_back() {
    const NULL: Member = Member::default("NULL");
    const ONE: Member = Member::default("1");
    const GENERATED: Member = Member::generated("b");
    const PLAIN: Member = Member::PLAIN;
    // Parents, child, whether the child gets DEFAULT NULL on 15 and from 16 on.
    let cases: [(&[Member], Member, bool, bool); 6] = [
        (&[ONE], PLAIN, true, true),
        (&[PLAIN], PLAIN, false, false),
        (&[ONE], Member::default("2"), false, false),
        (&[PLAIN, ONE], PLAIN, true, true),
        (&[NULL], PLAIN, true, false),
        (&[GENERATED], PLAIN, false, false),
    ];
    for (i, (parents, child, on_15, since_16)) in cases.into_iter().enumerate() {
        for (major, expected) in [(15, on_15), (16, since_16), (18, since_16)] {
            let (mut f, _) = family(major, parents, child);
            let plan = f.plan();
            let taken_back = Object::NullDefault(plan.columns.len() - 1);
            assert_eq!(
                plan.find(taken_back).is_some(),
                expected,
                "case {i} on {major}"
            );
        }
    }
}

#[test]
fn a_default_that_is_taken_back_stands_with_its_column() {
    for (is_local, is_partition) in [(true, false), (false, false), (false, true)] {
        let (mut f, child) = family(18, &[Member::default("1")], Member::PLAIN);
        f.details.columns.last_mut().unwrap().is_local = is_local;
        f.relation_mut(child).is_partition = is_partition;
        let plan = f.plan();
        let id = plan.find(Object::NullDefault(1)).unwrap();
        assert_eq!(child_s(&plan).default, Some(id));
        assert_eq!(plan.default_expression(id), "NULL");
        let (node, table) = (plan.node(id), plan.find_row(child).unwrap());
        let is_separate = !is_local && !is_partition;
        assert_eq!(node.is_separate, is_separate);
        assert_eq!(node.dependencies.contains(&table), is_separate);
        assert_eq!(node.wanted, plan.node(table).wanted);
        assert!(!plan.node(table).dependencies.contains(&id));
    }
}

#[test]
fn a_grandchild_takes_back_what_its_parent_has() {
    // The child's DEFAULT NULL is no default that the grandchild would have to take back, since 16.
    for (major, expected) in [(15, true), (16, false)] {
        let (mut f, child) = family(major, &[Member::default("1")], Member::PLAIN);
        let grandchild = Member::PLAIN.add(&mut f, "grandchild");
        f.inherits(grandchild, child);
        let plan = f.plan();
        assert!(plan.find(Object::NullDefault(1)).is_some());
        assert_eq!(
            plan.find(Object::NullDefault(2)).is_some(),
            expected,
            "{major}"
        );
    }
}

#[test]
fn a_generation_expression_is_not_repeated() {
    const B: Member = Member::generated("b");
    const C: Member = Member::generated("c");
    // Parents, child, whether the child's expression is written on 15 and from 16 on.
    let cases: [(&[Member], Member, bool, bool); 6] = [
        (&[B], B, false, false),
        (&[C], B, false, true),
        (&[B, C], B, false, true),
        (&[B, B], B, false, false),
        (&[Member::PLAIN], B, true, true),
        (&[B, Member::default("1")], B, false, false),
    ];
    for (i, (parents, child, on_15, since_16)) in cases.into_iter().enumerate() {
        for (major, expected) in [(15, on_15), (16, since_16), (18, since_16)] {
            let (mut f, _) = family(major, parents, child);
            let plan = f.plan();
            let default = plan.node(child_s(&plan).default.unwrap());
            let wanted = if expected {
                Components::all()
            } else {
                Components::empty()
            };
            assert_eq!(default.wanted, wanted, "case {i} on {major}");
            assert!(!default.is_separate);
        }
    }
}

#[test]
fn a_partition_repeats_its_generation_expression() {
    let (mut f, child) = family(18, &[Member::generated("b")], Member::generated("b"));
    f.relation_mut(child).is_partition = true;
    let plan = f.plan();
    let default = plan.node(child_s(&plan).default.unwrap());
    assert_eq!(default.wanted, Components::all());
}

#[test]
fn only_tables_that_are_written_are_compared() {
    let changes: [fn(&mut Fixture, CatalogId); 4] = [
        |f, child| f.relation_mut(child).kind = RelationKind::View,
        |f, child| f.relation_mut(child).kind = RelationKind::Sequence,
        |f, child| {
            let schema = f.schema("information_schema");
            f.relation_mut(child).schema = schema;
        },
        |f, _| f.details.columns.last_mut().unwrap().is_dropped = true,
    ];
    for (i, change) in changes.into_iter().enumerate() {
        let (mut f, child) = family(18, &[Member::default("1")], Member::PLAIN);
        change(&mut f, child);
        assert!(
            f.plan().find(Object::NullDefault(1)).is_none(),
            "change {i}"
        );
    }
}

#[test]
fn columns_are_compared_by_name() {
    let mut f = Fixture::new(18);
    let parent = f.table_of("parent", &["x", "a"]);
    f.default(parent, 1, "1");
    let child = f.table_of("child", &["a", "x"]);
    f.inherits(child, parent);
    let plan = f.plan();
    assert!(plan.find(Object::NullDefault(2)).is_none());
    assert!(plan.find(Object::NullDefault(3)).is_some());
}

#[test]
fn a_column_is_printed_where_it_was_declared() {
    // Declared here, dropped, of a partition, printed.
    let cases = [
        (true, false, false, true),
        (false, false, false, false),
        (false, false, true, true),
        (true, true, true, false),
    ];
    for (is_local, is_dropped, is_partition, expected) in cases {
        let mut f = Fixture::new(18);
        let table = f.table("t");
        f.relation_mut(table).is_partition = is_partition;
        let column = f.column(table, "a", "integer");
        column.is_local = is_local;
        column.is_dropped = is_dropped;
        let plan = f.plan();
        assert_eq!(
            plan.is_column_printed(0, &plan.details.columns[0]),
            expected
        );
    }
}

#[test]
fn a_relation_s_columns_begin_after_those_before_it() {
    let mut f = Fixture::new(18);
    f.table_of("a", &["x", "y"]);
    f.table("empty");
    f.table_of("b", &["z"]);
    let plan = f.plan();
    let first: Vec<usize> = (0..3).map(|place| plan.first_column(place)).collect();
    assert_eq!(first, [0, 2, 2]);
}
