//! What is wanted where the user has named something.

use std::collections::HashSet;

use pgark_catalog::Oid;

use super::{ALL, NONE, with_config_tables};
use crate::names::Names;
use crate::options::{Omit, Options};
use crate::plan::Components;
use crate::testing::{Fixture, PG_CATALOG, PUBLIC};

fn set<const N: usize>(oids: [Oid; N]) -> HashSet<Oid> {
    oids.into()
}

#[test]
fn named_schemas_are_wanted_with_what_they_contain() {
    let (one, two) = (Oid(16_500), Oid(16_501));
    // Named and excluded schemas; what is wanted of the schemas pg_catalog, public, one and two.
    type Case = (Option<[Oid; 2]>, Option<Oid>, [Components; 4]);
    let cases: [Case; 4] = [
        (
            None,
            Some(one),
            [Components::ACL, ALL - Components::DEFINITION, NONE, ALL],
        ),
        // The schema public is made as any other.
        (Some([one, PUBLIC]), None, [NONE, ALL, ALL, NONE]),
        (Some([one, two]), Some(one), [NONE, NONE, NONE, ALL]),
        (
            Some([PG_CATALOG, PG_CATALOG]),
            None,
            [ALL, NONE, NONE, NONE],
        ),
    ];
    for (named, excluded, expected) in cases {
        let mut f = Fixture::new(18);
        f.catalog.schemas.truncate(2);
        for (oid, name) in [(one, "one"), (two, "two")] {
            let made = f.schema(name);
            f.schema_mut(made).id.oid = oid;
        }
        f.names = Names {
            is_partial: named.is_some(),
            schemas: named.map(set),
            excluded_schemas: excluded.into_iter().collect(),
            ..Names::default()
        };
        for schema in [PG_CATALOG, PUBLIC, one, two] {
            f.schema = schema;
            f.table("t");
        }
        let selection = f.selection();
        assert_eq!(selection.schemas, expected, "{named:?} {excluded:?}");
        let contents = expected.map(|wanted| {
            // The definition of the schema public says nothing of its content.
            if wanted.contains(Components::DATA) {
                ALL
            } else {
                wanted
            }
        });
        assert_eq!(selection.relations, contents, "{named:?} {excluded:?}");
    }
}

#[test]
fn named_tables_are_wanted_alone() {
    let mut f = Fixture::new(18);
    let (a, b) = (f.table("a"), f.table("b"));
    f.schema = PG_CATALOG;
    let system = f.table("system");
    let function = f.function("f", &[]);
    f.names.is_partial = true;
    f.names.tables = Some(set([a.oid, system.oid, b.oid]));
    f.names.excluded_tables = set([b.oid]);
    let selection = f.selection();
    assert_eq!(selection.relations, [ALL, NONE, ALL]);
    assert_eq!(selection.schemas, [NONE; 3]);
    let of = |id, schema| selection.of_object(&f.catalog, id, schema);
    assert_eq!(of(function, PG_CATALOG), NONE);
    assert_eq!(of(function, Oid::INVALID), NONE, "what has no schema");
}

#[test]
fn excluded_tables_are_not_wanted_wherever_they_are() {
    let mut f = Fixture::new(18);
    let (a, b) = (f.table("a"), f.table("b"));
    f.names.excluded_tables = set([a.oid]);
    assert_eq!(f.selection().relations, [NONE, ALL]);
    // What an extension says of its members goes before.
    let (_, extension) = f.extension("x");
    f.catalog.members.insert(a, extension);
    assert_eq!(f.selection().relations, [Components::ACL, ALL]);
    f.names.excluded_tables = set([b.oid]);
    assert_eq!(f.selection().relations, [Components::ACL, NONE]);
}

#[test]
fn extensions_are_wanted_by_name_or_with_everything() {
    // Whether only part is wanted, which are named and excluded, what is wanted of the extensions x and y.
    let cases = [
        (false, None, None, [ALL, ALL]),
        (true, None, None, [NONE, NONE]),
        (true, Some(0), None, [ALL, NONE]),
        (false, Some(1), None, [NONE, ALL]),
        (false, None, Some(0), [NONE, ALL]),
        (true, Some(0), Some(0), [NONE, NONE]),
    ];
    for (is_partial, named, excluded, expected) in cases {
        let mut f = Fixture::new(18);
        let extensions = ["x", "y"].map(|name| f.extension(name).0.oid);
        f.names = Names {
            is_partial,
            extensions: named.map(|i: usize| set([extensions[i]])),
            excluded_extensions: excluded.map(|i: usize| extensions[i]).into_iter().collect(),
            ..Names::default()
        };
        assert_eq!(f.selection().extensions, expected, "{named:?} {excluded:?}");
    }
}

#[test]
fn rows_of_configuration_tables_can_be_wanted_without_their_extension() {
    let found = |names: &dyn Fn(&Fixture, Oid) -> Names| {
        let mut f = with_config_tables(&[None]);
        f.names = names(&f, f.catalog.relations[0].id.oid);
        let selection = f.selection();
        selection.config_tables(&f.catalog).len()
    };
    let partial = || Names {
        is_partial: true,
        ..Names::default()
    };
    let extension = |f: &Fixture| set([f.catalog.extensions[0].id.oid]);
    // Nothing but the schema or the table is named.
    assert_eq!(found(&|_, _| partial()), 1, "the schema is wanted");
    let other = |_: &Fixture, _| Names {
        schemas: Some(set([PUBLIC])),
        ..partial()
    };
    assert_eq!(found(&other), 0);
    let table = |_: &Fixture, table| Names {
        tables: Some(set([table])),
        ..partial()
    };
    assert_eq!(found(&table), 1);
    let excluded = |_: &Fixture, table| Names {
        excluded_tables: set([table]),
        ..Names::default()
    };
    assert_eq!(found(&excluded), 0);
    let excluded = |f: &Fixture, _| Names {
        excluded_schemas: set([f.schema]),
        ..Names::default()
    };
    assert_eq!(found(&excluded), 0);
    let excluded = |f: &Fixture, table| Names {
        tables: Some(set([table])),
        excluded_extensions: extension(f),
        ..partial()
    };
    assert_eq!(found(&excluded), 0);
    let other = |_: &Fixture, _| Names {
        extensions: Some(set([Oid(1)])),
        ..Names::default()
    };
    assert_eq!(found(&other), 0);
}

#[test]
fn policies_are_not_read_where_they_are_left_out() {
    let mut f = Fixture::new(18);
    let table = f.table("t");
    let selection = f.selection();
    for (omit, expected) in [(Omit::empty(), vec![table.oid]), (Omit::POLICIES, vec![])] {
        let options = Options {
            omit,
            ..Options::default()
        };
        assert_eq!(
            selection.details_of(&f.catalog, &options).policies,
            expected
        );
    }
}
