use pgark_catalog::{Oid, RelationKind};

use crate::options::{Content, Omit, Sections};
use crate::testing::{Fixture, PG_CATALOG};

#[test]
fn an_entry_depends_on_what_is_in_the_archive() {
    let mut f = Fixture::new(18);
    let (whole, parent) = (f.table("whole"), f.table("parent"));
    f.inherits(whole, parent);
    let schema = Fixture::schema_row(f.schema);
    f.depends(whole, schema, b'n');
    f.depends(whole, parent, b'n');
    // A row type stands for its table.
    let row = f.row_type(parent);
    f.depends(row, parent, b'i');
    f.depends(whole, row, b'n');
    // What is built in stands for nothing.
    f.schema = PG_CATALOG;
    let builtin = f.data_type("int4", b'b');
    f.depends(whole, builtin, b'n');
    assert_eq!(
        f.dependencies("TABLE", "whole"),
        ["SCHEMA s", "TABLE parent", "TABLE parent"]
    );
    assert!(f.dependencies("TABLE", "parent").is_empty());
}

#[test]
fn data_alone_has_nothing_that_belongs_to_the_schema() {
    let mut f = Fixture::new(18);
    f.options.content = Content::DataOnly;
    f.publication("p");
    f.function("f", &[]);
    f.table_of("t", &["a"]);
    assert_eq!(f.list(), ["TABLE DATA t"]);
}

#[test]
fn what_is_not_wanted_leaves_no_entry() {
    let mut f = Fixture::new(18);
    f.schema = f.schema("information_schema");
    f.table_of("t", &["a"]);
    f.function("f", &[]);
    f.view(RelationKind::View, "v", " SELECT 1;");
    f.data_type("e", b'e');
    f.sequence("q");
    assert!(f.list().is_empty());
}

#[test]
fn a_transform_names_all_that_it_depends_on() {
    let mut f = Fixture::new(18);
    let (transform, cast) = (f.transform("t"), f.cast("c"));
    let schema = f.schema;
    f.schema = PG_CATALOG;
    let builtin = f.data_type("int4", b'b');
    for id in [transform, cast] {
        f.depends(id, builtin, b'n');
        f.depends(id, Fixture::schema_row(schema), b'n');
    }
    assert_eq!(
        f.dependencies("TRANSFORM", "TRANSFORM FOR s.\"T\" LANGUAGE \"PL/x\""),
        ["-", "SCHEMA s"]
    );
    assert_eq!(
        f.dependencies("CAST", "CAST (s.\"T\" AS integer)"),
        ["SCHEMA s"]
    );
}

#[test]
fn an_entry_s_number_is_that_of_its_object() {
    let mut f = Fixture::new(18);
    let table = f.table("t");
    let id = {
        let plan = f.plan();
        plan.find_row(table).unwrap().dump_id()
    };
    assert_eq!(f.entry("TABLE", "t").dump_id, id);
    let mut ids: Vec<i32> = f.emit().iter().map(|entry| entry.dump_id.0).collect();
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count);
}

#[test]
fn a_collation_that_is_no_row_of_the_catalogue_is_not_said() {
    let mut f = Fixture::new(18);
    f.table_of("t", &["a"]);
    f.details.columns[0].collation = Oid(1);
    assert_eq!(
        f.text("TABLE", "t"),
        "CREATE TABLE s.t (\n    a integer\n);\n"
    );
    // Nor is an operator of that number one.
    f.details.columns[0].collation = f.operator("x").oid;
    assert_eq!(
        f.text("TABLE", "t"),
        "CREATE TABLE s.t (\n    a integer\n);\n"
    );
}

#[test]
fn a_schema_that_is_gone_is_an_error() {
    let mut f = Fixture::new(18);
    f.schema = Oid(1);
    f.table("t");
    assert_eq!(
        f.try_emit().unwrap_err().to_string(),
        "an object refers to schema with OID 1, which does not exist"
    );
}

#[test]
fn what_has_no_section_goes_with_the_entry_before_it() {
    let (pre, data, post) = (Sections::PRE_DATA, Sections::DATA, Sections::POST_DATA);
    let all = [
        "TABLE t",
        "COMMENT TABLE t",
        "TABLE DATA t",
        "INDEX i",
        "COMMENT INDEX i",
    ];
    let cases = [
        (Sections::all(), &all[..]),
        (pre, &all[..2]),
        (data, &all[2..3]),
        (post, &all[3..]),
        (pre | data, &all[..3]),
        (Sections::empty(), &[]),
    ];
    for (sections, expected) in cases {
        let mut f = Fixture::new(18);
        let table = f.table_of("t", &["a"]);
        let index = f.index(table, "i");
        f.comment(table, 0, "of the table");
        f.comment(index, 0, "of the index");
        f.options.sections = sections;
        assert_eq!(f.list(), expected, "{sections:?}");
    }
}

#[test]
fn what_is_left_out_is_not_told() {
    let mut f = Fixture::new(18);
    let table = f.table_of("t", &["a"]);
    f.comment(table, 0, "why");
    f.relation_mut(table).acl.current = Some("{alice=r/alice}".into());
    f.relation_mut(table).row_security = true;
    f.label(table, 0, "provider", "secret");
    let all = [
        "TABLE t",
        "COMMENT TABLE t",
        "SECURITY LABEL TABLE t",
        "ACL TABLE t",
        "TABLE DATA t",
        "ROW SECURITY t",
    ];
    for (omit, missing) in [
        (Omit::COMMENTS, all[1]),
        (Omit::SECURITY_LABELS, all[2]),
        (Omit::PRIVILEGES, all[3]),
        (Omit::POLICIES, all[5]),
        // What these are about stays in an archive.
        (Omit::TABLESPACES, ""),
    ] {
        f.options.omit = omit;
        let expected = all.into_iter().filter(|entry| *entry != missing);
        assert_eq!(f.list(), expected.collect::<Vec<_>>(), "{omit:?}");
    }
}
