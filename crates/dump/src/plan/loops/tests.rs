use pgark_catalog::{CatalogId, RelationKind};
use proptest::prelude::*;

use super::super::{Components, Node, NodeId, Object, Plan};
use super::Search;
use crate::options::Content;
use crate::testing::{Fixture, PG_CATALOG, described};

fn node<'a>(plan: &'a Plan<'_>, id: CatalogId) -> &'a Node {
    plan.node(plan.find_row(id).unwrap())
}

/// Asserts that a repaired plan stands in this order, each of its dependencies being obeyed.
fn assert_order(plan: &Plan<'_>, expected: &[Object]) {
    assert_obeyed(plan);
    let place = |object: &Object| {
        let id = plan.find(*object);
        plan.order.iter().position(|other| Some(*other) == id)
    };
    let places: Vec<_> = expected.iter().map(place).collect();
    assert!(
        places.is_sorted() && places.iter().all(Option::is_some),
        "{:?}",
        described(plan, &plan.order)
    );
}

fn assert_obeyed(plan: &Plan<'_>) {
    let mut place = vec![usize::MAX; plan.nodes.len()];
    for (i, id) in plan.order.iter().enumerate() {
        place[id.0] = i;
    }
    for (i, node) in plan.nodes.iter().enumerate() {
        for on in &node.dependencies {
            assert!(place[on.0] < place[i], "{i} before {}", on.0);
        }
    }
}

#[test]
fn a_type_s_function_makes_do_with_the_shell() {
    // The shell is wanted as far as the function is, and then whole.
    let cases = [
        ("s", Components::all()),
        ("pg_catalog", Components::ACL | Components::DEFINITION),
        ("information_schema", Components::empty()),
    ];
    for (schema, shell) in cases {
        let mut f = Fixture::new(18);
        let base = f.data_type("base", b'b');
        f.schema = match schema {
            "s" => f.schema,
            "pg_catalog" => PG_CATALOG,
            other => f.schema(other),
        };
        let input = f.function("base_in", &[]);
        f.depends(base, input, b'n');
        f.depends(input, base, b'n');
        let plan = f.ordered();
        assert_order(
            &plan,
            &[Object::ShellType(0), Object::Function(0), Object::Type(0)],
        );
        let wanted = plan.node(plan.find(Object::ShellType(0)).unwrap()).wanted;
        assert_eq!(wanted, shell, "function in {schema}");
        assert!(plan.warnings.is_empty());
    }
}

#[test]
fn a_view_and_its_rule_are_one() {
    for kind in [RelationKind::View, RelationKind::MaterializedView] {
        let mut f = Fixture::new(18);
        let view = f.view(kind, "v", "SELECT 1;");
        let plan = f.ordered();
        assert_order(&plan, &[Object::Rule(0), Object::Relation(0)]);
        let (view, rule) = (node(&plan, view), node(&plan, plan.catalog.rules[0].id));
        assert!(!view.is_dummy && !view.is_postponed && !rule.is_separate);
        assert!(plan.warnings.is_empty());
    }
}

#[test]
fn a_view_that_needs_itself_starts_as_a_dummy() {
    let mut f = Fixture::new(18);
    let view = f.view(RelationKind::View, "v", "SELECT s.f(NULL::s.v);");
    let row = f.row_type(view);
    let function = f.function("f", &[row]);
    let rule = f.catalog.rules[0].id;
    f.depends(rule, function, b'n');
    f.depends(function, row, b'n');
    f.depends(row, view, b'i');
    let plan = f.ordered();
    assert_order(
        &plan,
        &[
            Object::Relation(0),
            Object::Type(0),
            Object::Function(0),
            Object::PostDataBoundary,
            Object::Rule(0),
        ],
    );
    assert!(node(&plan, view).is_dummy && node(&plan, rule).is_separate);
    assert!(plan.warnings.is_empty());
}

/// A view, materialized view or function that relies on a primary key, as GROUP BY by the key does.
fn with_key(f: &mut Fixture) -> CatalogId {
    let table = f.table_of("t", &["a"]);
    let key = f.key(table, "t_pkey", b'p');
    let constraint = f.index_mut(key).constraint.as_ref().unwrap().id;
    f.depends(constraint, table, b'a');
    f.depends(key, constraint, b'i');
    constraint
}

#[test]
fn a_materialized_view_that_needs_a_key_is_postponed() {
    let mut f = Fixture::new(18);
    let key = with_key(&mut f);
    let view = f.view(RelationKind::MaterializedView, "m", "SELECT 1;");
    let row = f.row_type(view);
    f.depends(row, view, b'i');
    let rule = f.catalog.rules[0].id;
    f.depends(rule, key, b'n');
    let plan = f.ordered();
    assert_order(
        &plan,
        &[
            Object::PostDataBoundary,
            Object::IndexConstraint(0),
            Object::Rule(0),
            Object::Relation(1),
            Object::Data(1),
        ],
    );
    let view = node(&plan, view);
    assert!(view.is_postponed && !view.is_dummy && !node(&plan, rule).is_separate);
    assert!(plan.warnings.is_empty());
}

#[test]
fn a_function_that_needs_a_key_is_postponed() {
    let mut f = Fixture::new(18);
    let key = with_key(&mut f);
    let function = f.function("f", &[]);
    f.depends(function, key, b'n');
    let plan = f.ordered();
    assert_order(
        &plan,
        &[
            Object::PostDataBoundary,
            Object::IndexConstraint(0),
            Object::Function(0),
        ],
    );
    assert!(node(&plan, function).is_postponed);
    assert!(plan.warnings.is_empty());
}

#[test]
fn a_function_of_a_postponed_view_moves_along_unmarked() {
    // As pg_dump has it: what leads to a materialized view is not marked itself.
    let mut f = Fixture::new(18);
    let key = with_key(&mut f);
    let view = f.view(RelationKind::MaterializedView, "m", "SELECT 1;");
    let function = f.function("f", &[]);
    let rule = f.catalog.rules[0].id;
    f.depends(rule, key, b'n');
    f.depends(function, view, b'n');
    let plan = f.ordered();
    assert_order(
        &plan,
        &[
            Object::PostDataBoundary,
            Object::Relation(1),
            Object::Function(0),
        ],
    );
    assert!(node(&plan, view).is_postponed && !node(&plan, function).is_postponed);
}

/// What is part of what, as `(make the part, whether it follows the data once it is separate)`.
type Part = fn(&mut Fixture) -> (CatalogId, CatalogId);

const PARTS: [(&str, Part, bool); 4] = [
    (
        "check",
        |f| {
            let table = f.table_of("t", &["a"]);
            (table, f.check(table, "c"))
        },
        true,
    ),
    (
        "default",
        |f| {
            let table = f.table_of("t", &["a"]);
            (table, f.default(table, 1, "s.f()"))
        },
        false,
    ),
    (
        "domain check",
        |f| {
            let domain = f.data_type("d", b'd');
            (domain, f.domain_constraint(domain, "c", b'c').id)
        },
        true,
    ),
    (
        "domain not null",
        |f| {
            let domain = f.data_type("d", b'd');
            (domain, f.domain_constraint(domain, "n", b'n').id)
        },
        true,
    ),
];

#[test]
fn a_part_stays_within_its_whole_where_nothing_stands_between() {
    for (what, make, _) in PARTS {
        let mut f = Fixture::new(18);
        let (whole, part) = make(&mut f);
        let plan = f.ordered();
        assert_obeyed(&plan);
        assert!(!node(&plan, part).is_separate, "{what}");
        let on = |of: CatalogId, on| {
            node(&plan, of)
                .dependencies
                .contains(&plan.find_row(on).unwrap())
        };
        assert!(on(whole, part) && !on(part, whole), "{what}");
        assert!(plan.warnings.is_empty());
    }
}

#[test]
fn a_part_that_needs_its_whole_through_another_object_is_separate() {
    for (what, make, is_after_data) in PARTS {
        let mut f = Fixture::new(18);
        let (whole, part) = make(&mut f);
        let function = f.function("f", &[]);
        f.depends(part, function, b'n');
        f.depends(function, whole, b'n');
        let plan = f.ordered();
        let object = |id| node(&plan, id).object;
        assert_order(&plan, &[object(whole), object(function), object(part)]);
        let post_data = plan.find(Object::PostDataBoundary).unwrap();
        let part = node(&plan, part);
        assert!(part.is_separate, "{what}");
        assert_eq!(
            part.dependencies.contains(&post_data),
            is_after_data,
            "{what}"
        );
        assert!(plan.warnings.is_empty());
    }
}

#[test]
fn a_part_of_another_object_is_none_of_this_one() {
    // The CHECK of t and the table u need each other: nothing that a repair knows.
    let mut f = Fixture::new(18);
    let (t, u) = (f.table_of("t", &["a"]), f.table_of("u", &["a"]));
    let check = f.check(t, "c");
    f.depends(check, u, b'n');
    f.depends(u, check, b'n');
    let plan = f.ordered();
    assert_eq!(
        plan.warnings,
        ["could not resolve dependency loop among: table \"s.u\", constraint \"s.c\""]
    );
    assert!(!node(&plan, check).is_separate);
}

#[test]
fn a_domain_that_bears_the_table_s_number_is_not_the_table() {
    // Numbers are unique in one catalogue alone.
    let mut f = Fixture::new(18);
    let table = f.table_of("t", &["a"]);
    let check = f.check(table, "c");
    let domain = f.data_type("d", b'd');
    f.type_mut(domain).id.oid = table.oid;
    let domain = f.catalog.types[0].id;
    f.depends(check, domain, b'n');
    f.depends(domain, check, b'n');
    let plan = f.ordered();
    assert_eq!(
        plan.warnings,
        ["could not resolve dependency loop among: domain \"s.d\", constraint \"s.c\""]
    );
}

#[test]
fn an_index_lets_go_of_the_index_that_it_is_attached_to() {
    for child_first in [true, false] {
        let mut f = Fixture::new(18);
        let (whole, part) = (f.partitioned("w", "LIST (a)"), f.table_of("p", &["a"]));
        let (child, parent);
        if child_first {
            child = f.index(part, "a");
            parent = f.index(whole, "z");
        } else {
            parent = f.index(whole, "a");
            child = f.index(part, "z");
        }
        f.index_mut(child).parent = parent.oid;
        f.depends(child, parent, b'P');
        f.depends(parent, child, b'n');
        let plan = f.ordered();
        assert_obeyed(&plan);
        let (child, parent) = (
            plan.find_row(child).unwrap(),
            plan.find_row(parent).unwrap(),
        );
        assert!(!plan.node(child).dependencies.contains(&parent));
        assert!(plan.node(parent).dependencies.contains(&child));
        assert!(plan.warnings.is_empty());
    }
}

#[test]
fn a_table_does_not_wait_for_itself() {
    let mut f = Fixture::new(18);
    let table = f.table("t");
    f.depends(table, table, b'n');
    let plan = f.ordered();
    assert!(plan.warnings.is_empty() && node(&plan, table).dependencies.is_empty());
}

#[test]
fn foreign_keys_in_a_circle_are_warned_of_where_data_stands_alone() {
    let circle = "a restore of this data needs --disable-triggers or the constraints dropped";
    type Case<'a> = (&'a [(usize, usize)], &'a [&'a str]);
    let cases: [Case<'_>; 3] = [
        (&[(0, 1)], &[]),
        (&[(0, 0)], &["data of \"s.a\""]),
        (
            &[(0, 1), (1, 2), (2, 0)],
            &["data of \"s.a\", data of \"s.b\", data of \"s.c\""],
        ),
    ];
    for (keys, loops) in cases {
        for content in [Content::DataOnly, Content::All] {
            let mut f = Fixture::new(18);
            f.options.content = content;
            let tables = ["a", "b", "c"].map(|name| f.table_of(name, &["a"]));
            for (i, (from, to)) in keys.iter().enumerate() {
                let index = f.row(tables[0].table);
                f.foreign_key(&format!("fk{i}"), tables[*from], tables[*to], index);
            }
            let expected: Vec<String> = loops
                .iter()
                .filter(|_| content == Content::DataOnly)
                .map(|names| format!("there are circular foreign keys among: {names}; {circle}"))
                .collect();
            let plan = f.ordered();
            assert_obeyed(&plan);
            assert_eq!(plan.warnings, expected, "{keys:?} {content:?}");
        }
    }
}

#[test]
fn a_loop_that_nothing_can_resolve_is_warned_of_and_cut() {
    // Dependencies among functions, the warning, and what of them is left.
    type Case<'a> = (&'a [(usize, usize)], &'a str, &'a [(usize, usize)]);
    let cases: [Case<'_>; 3] = [
        (&[(0, 0)], "function \"s.f0\"", &[]),
        (
            &[(0, 1), (1, 0)],
            "function \"s.f0\", function \"s.f1\"",
            &[(1, 0)],
        ),
        // The step back to the start goes before any other, so that the loop is a short one.
        (
            &[(0, 2), (2, 1), (2, 0), (1, 0)],
            "function \"s.f0\", function \"s.f2\"",
            &[(2, 1), (2, 0), (1, 0)],
        ),
    ];
    for (dependencies, warning, left) in cases {
        let mut f = Fixture::new(18);
        let functions = ["f0", "f1", "f2"].map(|name| f.function(name, &[]));
        for (object, on) in dependencies {
            f.depends(functions[*object], functions[*on], b'n');
        }
        let plan = f.ordered();
        assert_obeyed(&plan);
        let expected = format!("could not resolve dependency loop among: {warning}");
        assert_eq!(plan.warnings, [expected]);
        let place = |id: &NodeId| {
            functions
                .iter()
                .position(|f| plan.find_row(*f) == Some(*id))
        };
        let found: Vec<(usize, usize)> = [0, 2, 1]
            .into_iter()
            .flat_map(|i| {
                let on = node(&plan, functions[i]).dependencies.iter();
                on.filter_map(place)
                    .map(move |on| (i, on))
                    .collect::<Vec<_>>()
            })
            .collect();
        assert_eq!(found, left);
    }
}

#[test]
fn loops_without_a_common_member_are_repaired_in_one_round() {
    let mut f = Fixture::empty(18);
    for i in 0..5 {
        f.schema(&format!("s{i}"));
    }
    let mut plan = f.plan();
    for (object, on) in [(0, 1), (1, 0), (2, 3), (3, 2), (3, 4), (4, 3)] {
        plan.node_mut(NodeId(object)).dependencies.push(NodeId(on));
    }
    let all: Vec<NodeId> = (0..5).map(NodeId).collect();
    plan.repair_loops(&all);
    // 3 and 4 wait for the next round, since 3 is in a loop that was repaired.
    assert_eq!(plan.warnings.len(), 2);
    assert_eq!(
        plan.sort_by_dependency(&all).len(),
        5,
        "{:?}",
        plan.warnings
    );
    assert_eq!(plan.warnings.len(), 3);
}

#[test]
fn a_long_chain_needs_no_deep_stack() {
    let count = 200_000;
    let mut f = Fixture::empty(18);
    for _ in 0..count {
        f.schema("s");
    }
    let mut plan = f.plan();
    for i in 0..count {
        let next = NodeId((i + 1) % count);
        plan.node_mut(NodeId(i)).dependencies.push(next);
    }
    let mut search = Search {
        is_done: vec![false; count],
        fails_for: vec![None; count],
        is_on_path: vec![false; count],
    };
    let members = plan.find_loop(NodeId(0), &mut search).unwrap();
    assert_eq!(members.len(), count);
}

/// One object of every kind that a repair knows, some twice.
fn tangle() -> Fixture {
    let mut f = Fixture::new(18);
    for i in 0..2 {
        let table = f.table_of(&format!("t{i}"), &["a"]);
        f.check(table, "c");
        f.default(table, 1, "1");
        f.key(table, &format!("k{i}"), b'p');
        f.view(RelationKind::View, &format!("v{i}"), "SELECT 1;");
        f.data_type(&format!("base{i}"), b'b');
        let domain = f.data_type(&format!("d{i}"), b'd');
        f.domain_constraint(domain, "c", b'c');
        f.function(&format!("f{i}"), &[]);
    }
    f.view(RelationKind::MaterializedView, "m", "SELECT 1;");
    let whole = f.partitioned("w", "LIST (a)");
    let part = f.table_of("p", &["a"]);
    f.partition(part, whole, "DEFAULT");
    let (parent, child) = (f.index(whole, "wi"), f.index(part, "pi"));
    f.index_mut(child).parent = parent.oid;
    f
}

proptest! {
    #[test]
    fn every_tangle_comes_to_an_order(
        pairs in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..80)
    ) {
        let mut f = tangle();
        let mut plan = f.plan();
        plan.add_boundaries();
        let count = plan.nodes.len();
        for (object, on) in &pairs {
            let (object, on) = (NodeId(object.index(count)), NodeId(on.index(count)));
            plan.node_mut(object).dependencies.push(on);
        }
        let initial = plan.sort_by_name();
        // A round repairs at least one loop, and a repair takes at least one dependency away for good or turns it round.
        let dependencies: usize = plan.nodes.iter().map(|node| node.dependencies.len()).sum();
        for _ in 0..2 * dependencies {
            match plan.try_sort(&initial) {
                Ok(order) => {
                    plan.order = order;
                    break;
                }
                Err(unsorted) => plan.repair_loops(&unsorted),
            }
        }
        let mut sorted = plan.order.clone();
        sorted.sort_unstable();
        prop_assert_eq!(sorted, (0..count).map(NodeId).collect::<Vec<_>>());
        assert_obeyed(&plan);
    }
}
