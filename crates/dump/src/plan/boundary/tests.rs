use pgark_catalog::RelationKind;

use super::super::{NodeId, Object};
use crate::testing::{Fixture, OWNER, PUBLIC, node};

#[test]
fn every_object_stands_on_its_side_of_the_borders() {
    let mut f = Fixture::new(18);
    let table = f.table_of("t", &["a"]);
    f.default(table, 1, "1");
    f.check(table, "within");
    f.check(table, "apart");
    f.trigger(table, "tg");
    f.statistics(table, "st");
    f.policy(table, "p");
    f.view(RelationKind::MaterializedView, "m", "SELECT 1;");
    f.rule(table, "r", b'2');
    f.index(table, "i");
    f.foreign_key("fk", table, table, table);
    f.default_acl(OWNER, PUBLIC, b'r');
    f.details.checks[1].is_validated = false;
    let mut plan = f.plan();
    plan.add_boundaries();
    let (pre, post) = (
        plan.find(Object::PreDataBoundary).unwrap(),
        plan.find(Object::PostDataBoundary).unwrap(),
    );
    let on = |object, border: NodeId| node(&plan, object).dependencies.contains(&border);
    let of = |border, object| {
        node(&plan, border)
            .dependencies
            .contains(&plan.find(object).unwrap())
    };
    // Places in the sorted lists: "apart" comes before "within", the view's rule before the table's.
    for before in [
        Object::Schema(0),
        Object::Relation(0),
        Object::Default(0),
        Object::Relation(1),
    ] {
        assert!(of(Object::PreDataBoundary, before), "{before:?}");
    }
    let data = Object::Data(0);
    assert!(on(data, pre) && of(Object::PostDataBoundary, data));
    for after in [
        Object::Check(0),
        Object::Rule(1),
        Object::Index(0),
        Object::Statistics(0),
        Object::Trigger(0),
        Object::ForeignKey(0),
        Object::Policy(0),
        Object::DefaultAcl(0),
        Object::Data(1),
    ] {
        assert!(on(after, post), "{after:?}");
    }
    // What is part of a table or view has no place of its own.
    for part in [Object::Check(1), Object::Rule(0)] {
        assert!(!on(part, post) && !of(Object::PreDataBoundary, part));
    }
    assert!(on(Object::PostDataBoundary, pre));
    assert!(!on(Object::PreDataBoundary, post));
}
