mod names;

use bstr::BString;
use pgark_catalog::{CatalogId, ConfigTable, Oid, RelationKind};

use super::super::{Components, Selection};
use crate::options::{Content, Options};
use crate::testing::{Fixture, OWNER, PG_CATALOG, PG_DATABASE_OWNER, PUBLIC};

const ALL: Components = Components::all();
const NONE: Components = Components::empty();

fn place(f: &Fixture, relation: CatalogId) -> usize {
    f.catalog.relation_index(relation.oid).unwrap()
}

#[test]
fn schemas_and_what_they_contain_are_wanted_by_name() {
    let not_defined = ALL - Components::DEFINITION;
    let cases = [
        ("pg_catalog", OWNER, Components::ACL, Components::ACL),
        ("information_schema", OWNER, NONE, NONE),
        ("pg_toast", OWNER, NONE, NONE),
        ("pg_temp_3", OWNER, NONE, NONE),
        ("public", PG_DATABASE_OWNER, not_defined, ALL),
        ("public", OWNER, ALL, ALL),
        ("Public", PG_DATABASE_OWNER, ALL, ALL),
        ("pgstat", OWNER, ALL, ALL),
        ("information_schema2", OWNER, ALL, ALL),
    ];
    for (name, owner, of_schema, of_content) in cases {
        let mut f = Fixture::empty(18);
        f.schema = f.schema(name);
        let schema = f.schema;
        f.schema_mut(schema).owner = owner;
        f.table("t");
        let selection = f.selection();
        assert_eq!(selection.schemas, [of_schema], "{name}");
        assert_eq!(selection.relations, [of_content], "what {name} contains");
    }
}

#[test]
fn what_has_no_schema_is_wanted() {
    let mut f = Fixture::new(18);
    let selection = f.selection();
    assert_eq!(
        selection.of_object(&f.catalog, CatalogId::NONE, Oid::INVALID),
        ALL
    );
}

#[test]
fn of_what_belongs_to_an_extension_only_privileges_are_wanted() {
    let mut f = Fixture::new(18);
    let (_, extension) = f.extension("x");
    let schema = f.schema("x_schema");
    f.schema = schema;
    let (member, other) = (f.table("member"), f.table("other"));
    let function = f.function("f", &[]);
    let row = f.row_type(member);
    for id in [member, function, Fixture::schema_row(schema)] {
        f.catalog.members.insert(id, extension);
    }
    let selection = f.selection();
    let catalog = &f.catalog;
    assert_eq!(selection.extensions, [ALL]);
    assert_eq!(
        selection.of_member(catalog, function),
        Some(Components::ACL)
    );
    assert_eq!(selection.of_member(catalog, other), None);
    assert_eq!(
        selection.of_object(catalog, function, schema),
        Components::ACL
    );
    assert_eq!(
        selection.relations[place(&f, member)],
        Components::ACL,
        "member"
    );
    // That the schema is the extension's says nothing of what else is in it.
    let schemas = catalog.schema_index(schema).unwrap();
    assert_eq!(selection.schemas[schemas], Components::ACL);
    assert_eq!(selection.relations[place(&f, other)], ALL);
    let row = &catalog.types[catalog.type_index(row.oid).unwrap()];
    assert_eq!(selection.of_type(catalog, row), Components::ACL);
}

#[test]
fn of_an_extension_that_initdb_made_only_privileges_are_wanted() {
    let mut f = Fixture::new(18);
    f.extension("plpgsql");
    f.catalog.extensions[0].id.oid = Oid(13_000);
    let member = f.table("t");
    f.catalog.members.insert(member, 0);
    let selection = f.selection();
    assert_eq!(selection.extensions, [Components::ACL]);
    assert_eq!(selection.relations, [Components::ACL]);
}

#[test]
fn a_composite_type_s_relation_is_not_wanted_but_the_type_is() {
    let mut f = Fixture::new(18);
    let (data_type, relation) = f.composite("c");
    let table = f.table("t");
    let row = f.row_type(table);
    let selection = f.selection();
    assert_eq!(selection.relations[place(&f, relation)], NONE);
    let of = |id: CatalogId| {
        let place = f.catalog.type_index(id.oid).unwrap();
        selection.of_type(&f.catalog, &f.catalog.types[place])
    };
    assert_eq!((of(data_type), of(row)), (ALL, ALL));
}

#[test]
fn a_sequence_goes_with_the_table_that_owns_it() {
    const SYSTEM: &str = "pg_catalog";
    const STANDARD: &str = "information_schema";
    // Schemas of sequence and table, whether it is an identity, what is wanted of it, and which of table and sequence are interesting.
    let cases = [
        ("s", "s", false, ALL, [true, true]),
        ("s", SYSTEM, false, ALL, [true, true]),
        (SYSTEM, "s", false, ALL, [true, true]),
        (SYSTEM, SYSTEM, false, Components::ACL, [true, true]),
        ("s", STANDARD, false, ALL, [true, true]),
        ("s", SYSTEM, true, Components::ACL, [true, true]),
        (SYSTEM, "s", true, ALL, [true, true]),
        ("s", STANDARD, true, NONE, [false, true]),
        (STANDARD, STANDARD, false, NONE, [false, false]),
    ];
    for (of_sequence, of_table, is_identity, wanted, is_interesting) in cases {
        let case = (of_sequence, of_table, is_identity);
        let mut f = Fixture::empty(18);
        let schemas = ["s", SYSTEM, STANDARD].map(|name| (name, f.schema(name)));
        let schema = |name| schemas.iter().find(|(other, _)| *other == name).unwrap().1;
        f.schema = schema(of_table);
        let table = f.table_of("t", &["id"]);
        f.schema = schema(of_sequence);
        let sequence = f.sequence("q");
        f.own(sequence, table, 1, is_identity);
        let selection = f.selection();
        assert_eq!(selection.relations[1], wanted, "{case:?}");
        assert_eq!(selection.is_interesting, is_interesting, "{case:?}");
    }
}

#[test]
fn a_sequence_of_a_table_that_is_gone_stands_for_itself() {
    let mut f = Fixture::new(18);
    let sequence = f.sequence("q");
    let gone = f.row(sequence.table);
    f.own(sequence, gone, 1, true);
    assert_eq!(f.selection().relations, [ALL]);
}

#[test]
fn parents_are_interesting_in_the_order_in_which_a_child_names_them() {
    let mut f = Fixture::new(18);
    let (a, b) = (f.table("a"), f.table("b"));
    f.schema = PG_CATALOG;
    let parents = [f.table("z"), f.table("y")];
    f.schema = PUBLIC;
    let child = f.table("child");
    f.inherits(child, parents[1]);
    f.inherits(child, parents[0]);
    // What pg_inherits says of indexes is passed over.
    let index = f.index(a, "i");
    f.inherits(index, b);
    f.inherits(a, index);
    let selection = f.selection();
    assert_eq!(selection.parents[place(&f, child)], [3, 2]);
    assert!(selection.parents[place(&f, a)].is_empty());
    assert_eq!(selection.is_interesting, [true; 5]);
}

/// An extension with the tables `config0`, `config1`, … as configuration.
fn with_config_tables(conditions: &[Option<&str>]) -> Fixture {
    let mut f = Fixture::new(18);
    let (_, extension) = f.extension("x");
    let tables: Vec<CatalogId> = (0..conditions.len())
        .map(|i| f.table(&format!("config{i}")))
        .collect();
    for table in &tables {
        f.catalog.members.insert(*table, extension);
    }
    let config = tables.iter().zip(conditions);
    f.catalog.extensions[extension].config_tables = config
        .map(|(table, condition)| ConfigTable {
            table: table.oid,
            condition: condition.map(BString::from),
        })
        .collect();
    f
}

#[test]
fn rows_of_configuration_tables_are_told_with_their_conditions() {
    let mut f = with_config_tables(&[None, Some("WHERE a > 0")]);
    f.catalog.extensions[0].config_tables.reverse();
    f.catalog.extensions[0].config_tables.push(ConfigTable {
        table: Oid(1),
        condition: None,
    });
    let selection = f.selection();
    assert_eq!(
        selection.config_tables(&f.catalog),
        [(1, Some("WHERE a > 0".into())), (0, None)]
    );
    assert_eq!(selection.relations, [Components::ACL; 2]);
    assert_eq!(selection.is_interesting, [true; 2]);
}

#[test]
fn an_extension_that_is_not_written_has_no_configuration_tables() {
    let mut f = with_config_tables(&[None]);
    f.catalog.extensions[0].id.oid = Oid(13_000);
    f.catalog.relations[0].schema = PG_CATALOG;
    let selection = f.selection();
    assert!(selection.config_tables(&f.catalog).is_empty());
    assert_eq!(selection.is_interesting, [false]);
}

#[test]
fn tables_are_locked_and_nothing_else() {
    let mut f = Fixture::new(18);
    let kinds = [
        RelationKind::Table,
        RelationKind::PartitionedTable,
        RelationKind::View,
        RelationKind::MaterializedView,
        RelationKind::Sequence,
        RelationKind::ForeignTable,
        RelationKind::CompositeType,
    ];
    for kind in kinds {
        f.relation(kind, "r");
    }
    // Only privileges are wanted of these, which need no lock.
    f.schema = PG_CATALOG;
    f.table("t");
    let selection = f.selection();
    let locked: Vec<usize> = selection.tables_to_lock(&f.catalog).collect();
    assert_eq!(locked, [0, 1]);
}

#[test]
fn details_are_read_of_what_is_chosen() {
    let mut f = Fixture::new(18);
    let table = f.table("t");
    f.relation_mut(table).has_triggers = true;
    let other = f.relation(RelationKind::PartitionedTable, "p");
    let view = f.relation(RelationKind::View, "v");
    f.relation_mut(view).has_triggers = true;
    let sequence = f.sequence("q");
    let domain = f.data_type("d", b'd');
    f.data_type("e", b'e');
    f.schema = PG_CATALOG;
    f.data_type("system_domain", b'd');
    f.table("system");
    let selection = f.selection();

    let details = |selection: &Selection, content| {
        let options = Options {
            content,
            ..Options::default()
        };
        selection.details_of(&f.catalog, &options)
    };
    let of = details(&selection, Content::All);
    let oids = |ids: &[CatalogId]| ids.iter().map(|id| id.oid).collect::<Vec<_>>();
    assert_eq!(of.relations, oids(&[table, other, view]));
    assert_eq!(of.foreign_keys, oids(&[table, other, view, sequence]));
    assert_eq!(of.triggers, oids(&[table, view]));
    assert_eq!(of.policies, oids(&[table, other]));
    assert_eq!(of.domains, oids(&[domain]));
    for (content, definitions) in [
        (Content::All, true),
        (Content::SchemaOnly, true),
        (Content::DataOnly, false),
    ] {
        assert_eq!(details(&selection, content).definitions, definitions);
    }
}
