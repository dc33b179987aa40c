use pgark_catalog::{
    CatalogId, InitialPrivileges, LargeObjects, Oid, RelationKind, UnwrittenKind, catalog_oid,
};

use super::super::{Components, Node, NodeId, Object, Plan};
use crate::options::Content;
use crate::testing::{Fixture, OWNER, PG_CATALOG, PUBLIC, acl, described};

const ALL: Components = Components::all();

fn node<'a>(plan: &'a Plan<'_>, object: Object) -> &'a Node {
    plan.node(plan.find(object).unwrap())
}

fn row<'a>(plan: &'a Plan<'_>, id: CatalogId) -> &'a Node {
    plan.node(plan.find_row(id).unwrap())
}

/// What an object depends on.
fn depends_on(plan: &Plan<'_>, object: Object) -> Vec<String> {
    described(plan, &node(plan, object).dependencies)
}

#[test]
fn nodes_are_made_in_the_order_in_which_pg_dump_collects() {
    let mut f = Fixture::new(18);
    let table = f.table_of("t", &["a"]);
    f.row_type(table);
    f.default(table, 1, "1");
    f.check(table, "c");
    let key = f.key(table, "k", b'p');
    f.foreign_key("fk", table, table, key);
    f.trigger(table, "tg");
    f.rule(table, "r", b'2');
    f.relation_mut(table).row_security = true;
    f.policy(table, "p");
    f.statistics(table, "st");
    let whole = f.partitioned("whole", "LIST (a)");
    let part = f.table_of("part", &["a"]);
    f.partition(part, whole, "DEFAULT");
    let (parent, child) = (f.index(whole, "wi"), f.index(part, "pi"));
    f.index_mut(child).parent = parent.oid;
    let domain = f.data_type("d", b'd');
    f.domain_constraint(domain, "dc", b'c');
    f.data_type("base", b'b');
    f.data_type("range", b'r');
    f.data_type("enum", b'e');
    f.function("f", &[]);
    f.catalog.aggregates = f.catalog.functions.clone();
    f.catalog.aggregates[0].id = f.row(catalog_oid::PROC);
    f.language("l");
    let (_, extension) = f.extension("x");
    let config = f.table("config");
    f.catalog.members.insert(config, extension);
    f.catalog.extensions[extension].config_tables = vec![config.oid];
    f.default_acl(OWNER, Oid::INVALID, b'r');
    for kind in UnwrittenKind::ALL {
        f.unwritten(kind, "u");
    }

    let mut plan = f.plan();
    plan.add_boundaries();
    let all: Vec<NodeId> = (0..plan.nodes.len()).map(NodeId).collect();
    let found = described(&plan, &all);
    let expected = [
        "extension \"x\"",
        "schema \"pg_catalog\"",
        "schema \"public\"",
        "schema \"s\"",
        "table \"s.t\"",
        "table \"s.whole\"",
        "table \"s.part\"",
        "table \"s.config\"",
        "function \"s.f\"",
        "type \"s.t\"",
        "domain \"s.d\"",
        "constraint \"s.dc\"",
        "base type \"s.base\"",
        "shell type \"s.base\"",
        "type \"s.range\"",
        "shell type \"s.range\"",
        "type \"s.enum\"",
        "procedural language \"l\"",
        "aggregate \"s.f\"",
        "operator \"s.u\"",
        "access method \"s.u\"",
        "operator class \"s.u\"",
        "operator family \"s.u\"",
        "text search parser \"s.u\"",
        "text search template \"s.u\"",
        "text search dictionary \"s.u\"",
        "text search configuration \"s.u\"",
        "foreign-data wrapper \"s.u\"",
        "foreign server \"s.u\"",
        "default privileges \"r\"",
        "collation \"s.u\"",
        "conversion \"s.u\"",
        "cast \"s.u\"",
        "transform \"s.u\"",
        "event trigger \"s.u\"",
        "data of \"s.config\"",
        "partition \"s.part\"",
        "default of table \"s.t\"",
        "constraint \"s.c\"",
        "index \"s.k\"",
        "constraint \"s.k\"",
        "index \"s.wi\"",
        "index \"s.pi\"",
        "partition of index \"s.pi\"",
        "extended statistics \"s.st\"",
        "foreign key \"s.fk\"",
        "trigger \"s.tg\"",
        "rule \"s.r\"",
        "row security of table \"s.t\"",
        "policy \"s.p\"",
        "publication \"s.u\"",
        "publication of table \"s.u\"",
        "publication of schema \"s.u\"",
        "subscription \"s.u\"",
        "data of \"s.t\"",
        "data of \"s.part\"",
        "boundary before \"PRE-DATA BOUNDARY\"",
        "boundary after \"POST-DATA BOUNDARY\"",
    ];
    assert_eq!(found, expected);
    // An archive's numbers begin at 1.
    assert_eq!(plan.find(Object::Extension(0)).unwrap().dump_id().0, 1);
    for id in all {
        assert_eq!(NodeId::of(id.dump_id()), Some(id));
    }
}

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
    for data in [Object::Data(0)] {
        assert!(on(data, pre) && of(Object::PostDataBoundary, data));
    }
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

#[test]
fn what_initdb_made_is_wanted_only_where_it_is_changed() {
    let mut f = Fixture::new(18);
    f.language("system").id.oid = Oid(13_000);
    f.language("user");
    f.schema = Oid::INVALID;
    for kind in [UnwrittenKind::AccessMethod, UnwrittenKind::Cast] {
        f.unwritten(kind, "system").id.oid = Oid(2);
        f.unwritten(kind, "user");
    }
    let plan = f.plan();
    let wanted = |object| node(&plan, object).wanted;
    assert_eq!(wanted(Object::Language(0)), Components::ACL);
    assert_eq!(wanted(Object::Language(1)), ALL);
    let unwritten: Vec<bool> = (0..4)
        .map(|i| !wanted(Object::Unwritten(i)).is_empty())
        .collect();
    assert_eq!(unwritten, [false, true, false, true]);
}

#[test]
fn a_member_depends_on_its_extension() {
    let mut f = Fixture::new(18);
    let (_, extension) = f.extension("x");
    let table = f.table("t");
    let row_type = f.row_type(table);
    let function = f.function("f", &[]);
    let operator = f.unwritten(UnwrittenKind::Operator, "+").id;
    for id in [table, row_type, function, operator] {
        f.catalog.members.insert(id, extension);
    }
    let plan = f.plan();
    for id in [table, function, operator] {
        assert_eq!(row(&plan, id).wanted, Components::ACL);
        assert_eq!(
            described(&plan, &row(&plan, id).dependencies),
            ["extension \"x\""]
        );
    }
    // A row type goes with its table.
    assert_eq!(row(&plan, row_type).wanted, Components::ACL);
    assert!(row(&plan, row_type).dependencies.is_empty());
}

#[test]
fn a_shell_is_made_of_types_that_functions_of_theirs_can_need() {
    for (kind, has_shell) in [
        (b'b', true),
        (b'r', true),
        (b'e', false),
        (b'd', false),
        (b'c', false),
        (b'm', false),
        (b'p', false),
    ] {
        let mut f = Fixture::new(18);
        f.data_type("x", kind);
        let plan = f.plan();
        let shell = plan.find(Object::ShellType(0));
        assert_eq!(shell.is_some(), has_shell, "{}", char::from(kind));
        if let Some(shell) = shell {
            assert!(plan.node(shell).wanted.is_empty());
        }
    }
    let mut f = Fixture::new(18);
    f.schema = PG_CATALOG;
    f.data_type("system", b'b');
    assert!(f.plan().find(Object::ShellType(0)).is_none());
}

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
        (None, false, ALL),
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
            f.options.unlogged_table_data = unlogged;
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
        f.catalog.extensions[extension].config_tables = vec![config.oid, config.oid];
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
fn dependencies_between_known_objects_are_taken_over() {
    let mut f = Fixture::new(18);
    let (a, b) = (f.table("a"), f.table("b"));
    let unknown = f.row(catalog_oid::CLASS);
    let (extension, _) = f.extension("x");
    f.depends(a, unknown, b'n');
    f.depends(unknown, a, b'n');
    f.depends(a, b, b'n');
    f.depends(a, b, b'a');
    f.depends(b, extension, b'x');
    let plan = f.plan();
    assert_eq!(
        depends_on(&plan, Object::Relation(0)),
        ["table \"s.b\"", "table \"s.b\""]
    );
    assert!(row(&plan, b).depends_on_extension && !row(&plan, a).depends_on_extension);
}

#[test]
fn a_composite_type_depends_on_its_relation_and_not_the_other_way() {
    let mut f = Fixture::new(18);
    let (composite, relation) = f.composite("c");
    let table = f.table("t");
    let row_type = f.row_type(table);
    f.depends(relation, composite, b'i');
    f.depends(row_type, table, b'i');
    // A typed table depends on its type, but not as a part of it.
    f.depends(table, composite, b'n');
    let plan = f.plan();
    let on = |id| described(&plan, &row(&plan, id).dependencies);
    assert_eq!(on(composite), ["composite type \"s.c\""]);
    assert!(on(relation).is_empty());
    assert_eq!(on(row_type), ["table \"s.t\""]);
    assert_eq!(on(table), ["type \"s.c\""]);
}

#[test]
fn privileges_are_there_where_they_were_changed() {
    type Change = fn(&mut Fixture, CatalogId);
    let cases: [(Change, bool); 5] = [
        (|_, _| {}, false),
        (
            |f, table| f.relation_mut(table).acl.current = Some("{}".into()),
            true,
        ),
        (|f, table| f.catalog.column_privileges.push(table.oid), true),
        (
            |f, table| {
                f.catalog.initial_privileges.push(InitialPrivileges {
                    id: table,
                    column: 1,
                    acl: "{}".into(),
                });
            },
            true,
        ),
        // Those of the table itself count only together with present ones.
        (
            |f, table| {
                f.catalog.initial_privileges.push(InitialPrivileges {
                    id: table,
                    column: 0,
                    acl: "{}".into(),
                });
            },
            false,
        ),
    ];
    for (i, (change, expected)) in cases.into_iter().enumerate() {
        let mut f = Fixture::new(18);
        let table = f.table("t");
        change(&mut f, table);
        let plan = f.plan();
        let present = row(&plan, table).present;
        assert_eq!(present.contains(Components::ACL), expected, "case {i}");
    }
}

#[test]
fn every_kind_with_privileges_shows_them() {
    let mut f = Fixture::new(18);
    let current = || Some("{}".into());
    let changed = || pgark_catalog::Acl {
        current: current(),
        ..acl("{}")
    };
    let schema = f.schema;
    f.schema_mut(schema).acl = changed();
    f.data_type("e", b'e');
    f.catalog.types[0].acl = changed();
    f.function("f", &[]);
    f.catalog.functions[0].acl = changed();
    f.catalog.aggregates = f.catalog.functions.clone();
    f.catalog.aggregates[0].id = f.row(catalog_oid::PROC);
    f.language("l").acl = changed();
    f.unwritten(UnwrittenKind::ForeignServer, "srv").acl = Some(changed());
    f.unwritten(UnwrittenKind::Operator, "+");
    f.default_acl(OWNER, PUBLIC, b'r');
    let plan = f.plan();
    let has = |object| node(&plan, object).present.contains(Components::ACL);
    for object in [
        Object::Schema(2),
        Object::Type(0),
        Object::Function(0),
        Object::Aggregate(0),
        Object::Language(0),
        Object::Unwritten(0),
        Object::DefaultAcl(0),
        // What a new database grants on it need not be what this one does.
        Object::Schema(1),
    ] {
        assert!(has(object), "{object:?}");
    }
    assert!(!has(Object::Schema(0)) && !has(Object::Unwritten(1)));
}

#[test]
fn comments_are_there_where_something_is_said() {
    let mut f = Fixture::new(18);
    let (composite, relation) = f.composite("c");
    let (said, silent) = (f.table_of("said", &["a"]), f.table("silent"));
    let check = f.check(said, "chk");
    f.comment(relation, 1, "of an attribute");
    f.comment(said, 1, "of a column");
    f.comment(check, 0, "of a constraint");
    let unknown = f.row(catalog_oid::CLASS);
    f.comment(unknown, 0, "of something gone");
    let plan = f.plan();
    let has = |id| row(&plan, id).present.contains(Components::COMMENT);
    assert!(has(composite) && has(said) && has(check));
    // An attribute's comment is written with the type.
    assert!(!has(relation) && !has(silent));
    // That of the schema public is there from the start, so that its absence counts.
    assert!(has(Fixture::schema_row(PUBLIC)) && !has(Fixture::schema_row(PG_CATALOG)));
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
fn subscriptions_that_the_role_may_not_see_are_warned_of() {
    let mut f = Fixture::new(18);
    assert!(f.plan().warnings.is_empty());
    f.catalog.hidden_subscriptions = 1;
    assert_eq!(
        f.plan().warnings,
        ["subscriptions are not dumped because the role is not a superuser"]
    );
}
