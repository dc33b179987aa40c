use pgark_catalog::{CatalogId, InitialPrivileges, Oid, catalog_oid};

use super::super::{Components, Node, NodeId, Object, Plan};
use crate::testing::{
    Fixture, OWNER, PG_CATALOG, PUBLIC, acl, config_table, depends_on, described, node,
};

const ALL: Components = Components::all();

fn row<'a>(plan: &'a Plan<'_>, id: CatalogId) -> &'a Node {
    plan.node(plan.find_row(id).unwrap())
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
    f.one_of_each_operator_and_conversion("o");
    f.language("l");
    let (_, extension) = f.extension("x");
    let config = [f.table("config"), f.table("settings")];
    for table in config {
        f.catalog.members.insert(table, extension);
    }
    f.catalog.extensions[extension].config_tables =
        vec![config_table(config[1]), config_table(config[0])];
    let parser = f.text_search_parser("tp").id;
    let template = f.text_search_template("tt").id;
    f.text_search_dictionary("td", template);
    f.text_search_configuration("tc", parser);
    f.foreign_data_wrapper("w");
    f.foreign_server("srv");
    f.event_trigger("evt");
    f.publication("pub");
    f.publication_table("pub", table);
    f.publication_schema("pub", f.schema);
    f.subscription("sub");
    f.default_acl(OWNER, Oid::INVALID, b'r');

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
        "table \"s.settings\"",
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
        "aggregate \"s.o\"",
        "operator \"s.o\"",
        "access method \"o\"",
        "operator class \"s.o\"",
        "operator family \"s.o\"",
        "text search parser \"s.tp\"",
        "text search template \"s.tt\"",
        "text search dictionary \"s.td\"",
        "text search configuration \"s.tc\"",
        "foreign-data wrapper \"w\"",
        "foreign server \"srv\"",
        "default privileges \"r\"",
        "collation \"s.o\"",
        "conversion \"s.o\"",
        "cast \"o\"",
        "transform \"o\"",
        "event trigger \"evt\"",
        "data of \"s.settings\"",
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
        "publication \"pub\"",
        "publication of table \"s.t\"",
        "publication of schema \"s\"",
        "subscription \"sub\"",
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
fn what_initdb_made_is_wanted_only_where_it_is_changed() {
    let mut f = Fixture::new(18);
    f.language("system").id.oid = Oid(13_000);
    f.language("user");
    f.access_method("system").id.oid = Oid(2);
    f.access_method("user");
    f.cast("system");
    f.catalog.casts[0].id.oid = Oid(2);
    f.cast("user");
    f.transform("user");
    let plan = f.plan();
    let wanted = |object| node(&plan, object).wanted;
    assert_eq!(wanted(Object::Language(0)), Components::ACL);
    assert_eq!(wanted(Object::Language(1)), ALL);
    for (object, expected) in [
        (Object::AccessMethod(0), Components::empty()),
        (Object::AccessMethod(1), ALL),
        (Object::Cast(0), Components::empty()),
        (Object::Cast(1), ALL),
        (Object::Transform(0), ALL),
    ] {
        assert_eq!(wanted(object), expected, "{object:?}");
    }
}

#[test]
fn a_member_depends_on_its_extension() {
    let mut f = Fixture::new(18);
    let (_, extension) = f.extension("x");
    let table = f.table("t");
    let row_type = f.row_type(table);
    let function = f.function("f", &[]);
    let operator = f.operator("+");
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
        (|f, table| f.column_privileges(table.oid), true),
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
    f.aggregate("a");
    f.catalog.aggregates[0].acl = changed();
    f.language("l").acl = changed();
    f.foreign_data_wrapper("w").acl = changed();
    f.foreign_server("srv").acl = changed();
    f.foreign_server("usual");
    f.operator("+");
    f.default_acl(OWNER, PUBLIC, b'r');
    let plan = f.plan();
    let has = |object| node(&plan, object).present.contains(Components::ACL);
    for object in [
        Object::Schema(2),
        Object::Type(0),
        Object::Function(0),
        Object::Aggregate(0),
        Object::Language(0),
        Object::ForeignDataWrapper(0),
        Object::ForeignServer(0),
        Object::DefaultAcl(0),
        // What a new database grants on it need not be what this one does.
        Object::Schema(1),
    ] {
        assert!(has(object), "{object:?}");
    }
    assert!(!has(Object::Schema(0)) && !has(Object::ForeignServer(1)) && !has(Object::Operator(0)));
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
fn subscriptions_that_the_role_may_not_see_are_warned_of() {
    let mut f = Fixture::new(18);
    assert!(f.plan().warnings.is_empty());
    f.catalog.hidden_subscriptions = 1;
    assert_eq!(
        f.plan().warnings,
        ["subscriptions are not dumped because the role is not a superuser"]
    );
}
