use pgark_catalog::{CatalogId, Oid, RelationKind, catalog_oid};
use proptest::prelude::*;

use super::super::{Components, Kind, NodeId, Plan};
use crate::testing::{Fixture, OWNER, described};

/// A fixture with at least one object of every kind.
fn one_of_each(major: u32) -> Fixture {
    let mut f = Fixture::new(major);
    let parser = f.text_search_parser("tp").id;
    let template = f.text_search_template("tt").id;
    f.text_search_dictionary("td", template);
    f.text_search_configuration("tc", parser);
    f.event_trigger("evt");
    f.publication("pub");
    f.publication_schema("pub", f.schema);
    f.subscription("sub");
    f.foreign_data_wrapper("w");
    f.foreign_server("srv");
    f.language("l");
    f.extension("x");
    f.data_type("base", b'b');
    f.function("f", &[]);
    f.one_of_each_operator_and_conversion("o");
    f.default_acl(OWNER, f.schema, b'r');

    let table = f.table_of("t", &["a"]);
    f.publication_table("pub", table);
    f.row_type(table);
    f.default(table, 1, "1");
    f.check(table, "c");
    f.details.checks[0].is_validated = false;
    f.rule(table, "r", b'2');
    f.trigger(table, "tg");
    f.policy(table, "p");
    f.statistics(table, "st");
    let key = f.key(table, "k", b'p');
    f.foreign_key("fk", table, table, key);
    f.sequence("q");
    f.view(RelationKind::MaterializedView, "m", "SELECT 1;");

    let whole = f.partitioned("whole", "LIST (a)");
    let part = f.table_of("part", &["a"]);
    f.partition(part, whole, "DEFAULT");
    let whole_index = f.index(whole, "wi");
    let part_index = f.index(part, "pi");
    f.index_mut(part_index).parent = whole_index.oid;
    f
}

#[test]
fn kinds_come_in_the_order_of_pg_dump() {
    let mut f = one_of_each(18);
    let plan = with_boundaries(&mut f);
    let mut kinds: Vec<Kind> = plan
        .sort_by_name()
        .iter()
        .map(|id| plan.node(*id).object.kind(plan.catalog))
        .collect();
    kinds.dedup();
    // Types with shell types, and operator classes with families, are sorted together.
    assert_eq!(
        kinds,
        [
            Kind::Schema,
            Kind::Language,
            Kind::Collation,
            Kind::Transform,
            Kind::Extension,
            Kind::Type,
            Kind::ShellType,
            Kind::Cast,
            Kind::Function,
            Kind::Aggregate,
            Kind::AccessMethod,
            Kind::Operator,
            Kind::OperatorClass,
            Kind::OperatorFamily,
            Kind::Conversion,
            Kind::TextSearchParser,
            Kind::TextSearchTemplate,
            Kind::TextSearchDictionary,
            Kind::TextSearchConfiguration,
            Kind::ForeignDataWrapper,
            Kind::ForeignServer,
            Kind::Table,
            Kind::TableAttach,
            Kind::DummyType,
            Kind::Default,
            Kind::PreDataBoundary,
            Kind::TableData,
            Kind::SequenceSet,
            Kind::PostDataBoundary,
            Kind::Constraint,
            Kind::Index,
            Kind::IndexAttach,
            Kind::Statistics,
            Kind::Rule,
            Kind::Trigger,
            Kind::ForeignKey,
            Kind::Policy,
            Kind::Publication,
            Kind::PublicationTable,
            Kind::PublicationSchema,
            Kind::Subscription,
            Kind::DefaultAcl,
            Kind::EventTrigger,
            Kind::RefreshMaterializedView,
        ]
    );
}

fn with_boundaries(f: &mut Fixture) -> Plan<'_> {
    let mut plan = f.plan();
    plan.add_boundaries();
    plan
}

/// Makes objects that are alike but for what the case is about, and gives their rows back in the order in which they must come. Where it
/// can they are made in the opposite order, so that their OIDs would sort them wrongly.
type Case = fn(&mut Fixture) -> Vec<CatalogId>;

/// `first` must come before `second`, but is made after it.
fn reversed(
    f: &mut Fixture,
    first: &str,
    second: &str,
    mut make: impl FnMut(&mut Fixture, &str) -> CatalogId,
) -> Vec<CatalogId> {
    let second = make(f, second);
    vec![make(f, first), second]
}

const CASES: [(&str, Case); 23] = [
    ("a schema's name comes before the object's", |f| {
        let (a, b) = (f.schema("a"), f.schema("b"));
        f.schema = b;
        let first_name = f.table("aa");
        f.schema = a;
        vec![f.table("zz"), first_name]
    }),
    ("names are compared by bytes", |f| {
        ["é", "a", "Z"]
            .map(|name| f.table(name))
            .into_iter()
            .rev()
            .collect()
    }),
    ("what has no schema comes after what has one", |f| {
        let role = OWNER;
        let without = f.default_acl(role, Oid::INVALID, b'f').id;
        let z = f.schema("z");
        vec![f.default_acl(role, z, b'f').id, without]
    }),
    ("default privileges by kind of object", |f| {
        let schema = f.schema;
        let tables = f.default_acl(OWNER, schema, b'r').id;
        vec![f.default_acl(OWNER, schema, b'S').id, tables]
    }),
    ("default privileges by role", |f| {
        reversed(f, "anna", "bob", |f, role| {
            let role = f.role(role);
            f.default_acl(role, f.schema, b'r').id
        })
    }),
    ("functions by number of arguments", |f| {
        let (a, z) = (f.data_type("a", b'e'), f.data_type("z", b'e'));
        let two = f.function("f", &[a, a]);
        let one = f.function("f", &[z]);
        vec![f.function("f", &[]), one, two]
    }),
    ("functions by the names of their argument types", |f| {
        let (z, a) = (f.data_type("z", b'e'), f.data_type("a", b'e'));
        let later = f.function("f", &[a, z]);
        vec![f.function("f", &[a, a]), later]
    }),
    ("argument types by schema first", |f| {
        let (here, far) = (f.schema("a_schema"), f.schema("z_schema"));
        f.schema = far;
        let far = f.data_type("a", b'e');
        f.schema = here;
        let here = f.data_type("z", b'e');
        let later = f.function("f", &[far]);
        vec![f.function("f", &[here]), later]
    }),
    ("prefix operators before infix ones", |f| {
        let (infix, prefix) = (f.operator("+"), f.operator("+"));
        f.operator_mut(prefix).kind = b'l';
        vec![prefix, infix]
    }),
    ("operators by left, then right type", |f| {
        let (z, a) = (f.data_type("z", b'e').oid, f.data_type("a", b'e').oid);
        let mut ids = [[z, a], [a, z], [a, a]].map(|types| {
            let operator = f.operator("+");
            f.operator_mut(operator).types = types;
            operator
        });
        ids.reverse();
        ids.into()
    }),
    ("operator classes by access method", |f| {
        reversed(f, "btree", "hash", |f, method| {
            f.operator_class("c", method)
        })
    }),
    ("operator families by access method", |f| {
        reversed(f, "btree", "hash", |f, method| {
            f.operator_family("c", method)
        })
    }),
    ("an operator class before the family of its name", |f| {
        let family = f.operator_family("c", "btree");
        vec![f.operator_class("c", "hash"), family]
    }),
    ("collations by encoding", |f| {
        let (other, any) = (f.collation("c"), f.collation("c"));
        f.catalog.collations[0].encoding = 6;
        vec![any, other]
    }),
    ("published tables by publication", |f| {
        let table = f.table("t");
        reversed(f, "p1", "p2", |f, publication| {
            f.publication_table(publication, table)
        })
    }),
    ("published schemas by publication", |f| {
        reversed(f, "p1", "p2", |f, publication| {
            f.publication_schema(publication, f.schema)
        })
    }),
    ("defaults by column number", |f| {
        let names: Vec<String> = (1..=10).map(|i| format!("c{i}")).collect();
        let table = f.table_of("t", &names.iter().map(String::as_str).collect::<Vec<_>>());
        let tenth = f.default(table, 10, "1");
        vec![f.default(table, 9, "1"), tenth]
    }),
    ("policies by table", |f| {
        reversed(f, "a", "b", |f, table| {
            let table = f.table(table);
            f.policy(table, "p").id
        })
    }),
    ("rules by table", |f| {
        reversed(f, "a", "b", |f, table| {
            let table = f.table(table);
            f.rule(table, "r", b'2')
        })
    }),
    ("triggers by table", |f| {
        reversed(f, "a", "b", |f, table| {
            let table = f.table(table);
            f.trigger(table, "t").id
        })
    }),
    ("foreign keys by table", |f| {
        reversed(f, "a", "b", |f, table| {
            let table = f.table_of(table, &["a"]);
            f.foreign_key("fk", table, table, table)
        })
    }),
    (
        "a domain's constraint before a table's, domains by name",
        |f| {
            let table = f.table_of("a", &["a"]);
            let of_table = f.check(table, "c");
            let mut of_domain = |name| {
                let domain = f.data_type(name, b'd');
                f.domain_constraint(domain, "c", b'c').id
            };
            let (of_z, of_b) = (of_domain("z"), of_domain("b"));
            vec![of_b, of_z, of_table]
        },
    ),
    ("what nothing else tells apart by OID", |f| {
        ["text json"; 3].map(|name| f.cast(name)).into()
    }),
];

#[test]
fn objects_of_a_kind_sort_by_natural_keys() {
    for (what, make) in CASES {
        let mut f = Fixture::new(18);
        let expected = make(&mut f);
        assert_eq!(sorted(&mut f, &expected), expected, "{what}");
    }
}

/// What releases before August 2025 leave in the order of the OIDs.
const BY_OID_ONCE: [&str; 11] = [
    "default privileges by role",
    "operators by left, then right type",
    "operator classes by access method",
    "operator families by access method",
    "an operator class before the family of its name",
    "collations by encoding",
    "published tables by publication",
    "published schemas by publication",
    "rules by table",
    "foreign keys by table",
    "a domain's constraint before a table's, domains by name",
];

#[test]
fn older_releases_sort_by_less() {
    let mut left_to_the_oid = 0;
    for (what, make) in CASES {
        let mut f = Fixture::new(13);
        f.catalog.server.version_num = 130_016;
        let mut expected = make(&mut f);
        if BY_OID_ONCE.contains(&what) {
            expected.sort_by_key(|id| id.oid);
            left_to_the_oid += 1;
        }
        assert_eq!(sorted(&mut f, &expected), expected, "{what}");
    }
    assert_eq!(left_to_the_oid, BY_OID_ONCE.len());
}

#[test]
fn older_releases_sort_some_kinds_together() {
    for (version_num, is_apart) in [(130_021, false), (130_022, true)] {
        let mut f = Fixture::new(13);
        f.catalog.server.version_num = version_num;
        let (method, operator) = (f.access_method("a").id, f.operator("+"));
        let mut expected = [method, operator];
        if !is_apart {
            expected.reverse();
        }
        assert_eq!(sorted(&mut f, &expected), expected, "{version_num}");
    }
}

#[test]
fn a_missing_argument_type_leaves_the_order_to_the_oid() {
    let mut f = Fixture::new(18);
    let (gone, here) = (f.row(catalog_oid::TYPE), f.data_type("a", b'e'));
    let expected = [gone, here, gone].map(|argument| f.function("f", &[argument]));
    assert_eq!(sorted(&mut f, &expected), expected);
}

/// These objects in the order by name.
fn sorted(f: &mut Fixture, objects: &[CatalogId]) -> Vec<CatalogId> {
    let plan = f.plan();
    plan.sort_by_name()
        .into_iter()
        .map(|id| plan.node(id).id)
        .filter(|id| objects.contains(id))
        .collect()
}

/// A database of so many schemas, to be put in order.
fn schemas(count: usize) -> Fixture {
    let mut f = Fixture::empty(17);
    for i in 0..count {
        f.schema(&format!("s{i:02}"));
    }
    f
}

fn link(plan: &mut Plan<'_>, dependencies: &[(usize, usize)]) {
    for (object, on) in dependencies {
        plan.node_mut(NodeId(*object))
            .dependencies
            .push(NodeId(*on));
    }
}

fn ids(places: &[usize]) -> Vec<NodeId> {
    places.iter().copied().map(NodeId).collect()
}

#[test]
fn what_is_needed_early_is_pulled_just_before_its_first_user() {
    // (dependencies, order) of five objects that would stand as 0 1 2 3 4.
    type Case<'a> = (&'a [(usize, usize)], [usize; 5]);
    let cases: [Case<'_>; 5] = [
        (&[], [0, 1, 2, 3, 4]),
        (&[(4, 0), (3, 1)], [0, 1, 2, 3, 4]),
        (&[(1, 4)], [0, 4, 1, 2, 3]),
        (&[(1, 3), (2, 4)], [0, 3, 1, 4, 2]),
        (&[(0, 4), (4, 2), (0, 4)], [2, 4, 0, 1, 3]),
    ];
    for (dependencies, expected) in cases {
        let mut f = schemas(5);
        let mut plan = f.plan();
        link(&mut plan, dependencies);
        let order = plan.sort_by_dependency(&ids(&[0, 1, 2, 3, 4]));
        assert_eq!(order, ids(&expected), "{dependencies:?}");
    }
}

#[test]
fn what_could_not_be_sorted_is_told_by_id() {
    let mut f = schemas(6);
    let mut plan = f.plan();
    // 5 and 1 form a loop that needs 3; 0 needs the loop and is sorted.
    link(&mut plan, &[(5, 1), (1, 5), (5, 3), (0, 1)]);
    let unsorted = plan.try_sort(&ids(&[4, 5, 3, 0, 1, 2])).unwrap_err();
    assert_eq!(
        described(&plan, &unsorted),
        ["schema \"s01\"", "schema \"s03\"", "schema \"s05\""]
    );
}

/// The order by the definition: from the end, always the last object of the initial order that no unplaced object depends on.
fn by_definition(plan: &Plan<'_>, initial: &[NodeId]) -> Vec<NodeId> {
    let mut unplaced = initial.to_vec();
    let mut order = Vec::new();
    while !unplaced.is_empty() {
        let is_free = |id: &NodeId| {
            unplaced
                .iter()
                .all(|other| !plan.node(*other).dependencies.contains(id))
        };
        let last = unplaced.iter().rposition(is_free).unwrap();
        order.insert(0, unplaced.remove(last));
    }
    order
}

prop_compose! {
    /// A number of objects, an initial order, and dependencies without loops.
    fn acyclic()(count in 1_usize..24)(
        count in Just(count),
        initial in Just((0..count).collect::<Vec<_>>()).prop_shuffle(),
        ranks in Just((0..count).collect::<Vec<_>>()).prop_shuffle(),
        pairs in prop::collection::vec((0..count, 0..count), 0..60),
    ) -> (usize, Vec<usize>, Vec<(usize, usize)>) {
        let dependencies = pairs
            .into_iter()
            .filter(|(a, b)| a != b)
            .map(|(a, b)| if ranks[a] > ranks[b] { (a, b) } else { (b, a) })
            .collect();
        (count, initial, dependencies)
    }
}

proptest! {
    #[test]
    fn the_order_is_the_one_by_definition((count, initial, dependencies) in acyclic()) {
        let mut f = schemas(count);
        let mut plan = f.plan();
        link(&mut plan, &dependencies);
        let initial = ids(&initial);
        let order = plan.sort_by_dependency(&initial);
        prop_assert_eq!(&order, &by_definition(&plan, &initial));
        let place = |id: usize| order.iter().position(|other| other.0 == id);
        for (object, on) in &dependencies {
            prop_assert!(place(*on) < place(*object));
        }
        // An order that already holds is left alone.
        prop_assert_eq!(&plan.sort_by_dependency(&order), &order);
        prop_assert!(plan.warnings.is_empty());
    }
}

#[test]
fn the_plan_is_ordered_by_dependency_after_name() {
    let mut f = Fixture::new(18);
    let (b, a) = (f.table("b"), f.table("a"));
    f.depends(a, b, b'n');
    let plan = f.ordered();
    let tables: Vec<String> = described(&plan, &plan.order)
        .into_iter()
        .filter(|name| name.starts_with("table"))
        .collect();
    assert_eq!(tables, ["table \"s.b\"", "table \"s.a\""]);
    assert_eq!(plan.order.len(), plan.nodes.len());
    assert!(
        plan.nodes
            .iter()
            .any(|node| node.wanted == Components::all())
    );
}
