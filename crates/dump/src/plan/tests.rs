use pgark_archive::DumpId;

use super::{NodeId, Object, Plan};
use crate::testing::{Fixture, PG_CATALOG};

/// Schemas that depend on each other as told, and what an archive says of the first if it holds those that are `written`.
fn of_first(dependencies: &[(usize, usize)], written: &[usize]) -> Vec<usize> {
    let mut f = Fixture::empty(18);
    for i in 0..8 {
        f.schema(&format!("s{i}"));
    }
    let mut plan = f.plan();
    for (object, on) in dependencies {
        plan.node_mut(NodeId(*object))
            .dependencies
            .push(NodeId(*on));
    }
    named(&plan, NodeId(0), written)
}

fn named(plan: &Plan<'_>, of: NodeId, written: &[usize]) -> Vec<usize> {
    let is_written = |id: DumpId| NodeId::of(id).is_some_and(|id| written.contains(&id.0));
    let found = plan.archive_dependencies(of, is_written);
    found
        .into_iter()
        .map(|id| NodeId::of(id).unwrap().0)
        .collect()
}

#[test]
fn an_archive_names_what_it_holds() {
    // Dependencies, what is written, what is named of the first.
    type Case<'a> = (&'a [(usize, usize)], &'a [usize], &'a [usize]);
    let cases: [Case<'_>; 7] = [
        (&[], &[0, 1], &[]),
        (&[(0, 2), (0, 1)], &[0, 1, 2], &[2, 1]),
        // In place of what is not written stands what that depends on, where it stood.
        (
            &[(0, 1), (0, 2), (0, 3), (2, 5), (2, 4)],
            &[1, 3, 4, 5],
            &[1, 5, 4, 3],
        ),
        (&[(0, 1), (1, 2), (2, 3), (3, 4)], &[4], &[4]),
        (&[(0, 1), (1, 2)], &[], &[]),
        // What is written stands for itself alone.
        (&[(0, 1), (1, 2)], &[1, 2], &[1]),
        // Repetitions stay.
        (
            &[(0, 1), (0, 1), (0, 2), (0, 3), (2, 1), (3, 1)],
            &[1],
            &[1, 1, 1, 1],
        ),
    ];
    for (dependencies, written, expected) in cases {
        assert_eq!(
            of_first(dependencies, written),
            expected,
            "{dependencies:?}"
        );
    }
}

#[test]
fn an_archive_does_not_look_behind_a_border() {
    let mut f = Fixture::new(18);
    f.table("a");
    let mut plan = f.plan();
    plan.add_boundaries();
    let (schema, table) = (NodeId(0), plan.find(Object::Relation(0)).unwrap());
    let border = plan.find(Object::PreDataBoundary).unwrap();
    plan.node_mut(schema).dependencies = vec![border, table];
    plan.node_mut(border).dependencies = vec![table];
    assert_eq!(named(&plan, schema, &[table.0]), [table.0]);
    // It can be named itself.
    assert_eq!(
        named(&plan, schema, &[table.0, border.0]),
        [border.0, table.0]
    );
}

#[test]
fn objects_are_described_with_their_schema() {
    let mut f = Fixture::new(18);
    let table = f.table("T x");
    f.language("l");
    f.schema = PG_CATALOG;
    f.function("f", &[]);
    f.complete();
    f.relation_mut(table).schema = pgark_catalog::Oid(1);
    let plan = f.plan();
    let describe = |object| plan.describe(plan.find(object).unwrap());
    assert_eq!(describe(Object::Function(0)), "function \"pg_catalog.f\"");
    assert_eq!(describe(Object::Language(0)), "procedural language \"l\"");
    assert_eq!(describe(Object::Relation(0)), "table \"T x\"");
}

#[test]
fn indexes_are_found_by_oid() {
    let mut f = Fixture::new(18);
    let table = f.table_of("t", &["a"]);
    let (z, a) = (f.index(table, "z"), f.index(table, "a"));
    let plan = f.plan();
    assert_eq!(plan.index_by_oid(a.oid), Some(0));
    assert_eq!(plan.index_by_oid(z.oid), Some(1));
    assert_eq!(plan.index_by_oid(table.oid), None);
}
