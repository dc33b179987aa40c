use pgark_catalog::{CatalogId, ColumnPrivileges, InitialPrivileges, Oid, RelationKind};

use super::standard_public_acl;
use crate::testing::{Fixture, PUBLIC};

/// A table `s.t` of alice with these privileges, now and from the start.
fn with_privileges(current: Option<&str>, initial: Option<&str>) -> (Fixture, CatalogId) {
    let mut f = Fixture::new(15);
    let table = f.table_of("t", &["a", "B"]);
    f.relation_mut(table).acl.current = current.map(Into::into);
    if let Some(initial) = initial {
        f.catalog.initial_privileges.push(InitialPrivileges {
            id: table,
            column: 0,
            acl: initial.into(),
        });
    }
    (f, table)
}

#[test]
fn privileges_are_written_as_far_as_they_are_not_those_of_a_new_object() {
    const USUAL: &str = "{alice=arwdDxt/alice}";
    const READABLE: &str = "{alice=arwdDxt/alice,bob=r/alice}";
    // Privileges now, from the start, and the statements between them.
    let cases = [
        (Some(USUAL), None, None),
        (
            Some(READABLE),
            None,
            Some("GRANT SELECT ON TABLE s.t TO bob;\n"),
        ),
        (Some(READABLE), Some(READABLE), None),
        (
            Some(USUAL),
            Some(READABLE),
            Some("REVOKE SELECT ON TABLE s.t FROM bob;\n"),
        ),
        (
            Some("{}"),
            None,
            Some("REVOKE ALL ON TABLE s.t FROM alice;\n"),
        ),
        // An empty list from the start says nothing.
        (
            Some(READABLE),
            Some(""),
            Some("GRANT SELECT ON TABLE s.t TO bob;\n"),
        ),
    ];
    for (current, initial, expected) in cases {
        let (mut f, _) = with_privileges(current, initial);
        let found = f.find("ACL", "TABLE t").and_then(|entry| entry.defn);
        assert_eq!(
            found,
            expected.map(Into::into),
            "{initial:?} to {current:?}"
        );
    }
}

#[test]
fn privileges_that_were_brought_back_to_the_usual_ones_are_written() {
    let (mut f, table) = with_privileges(None, Some("{alice=arwdDxt/alice,bob=r/alice}"));
    // A column has privileges, so that those of the table are looked at, too.
    f.column_privileges(table.oid);
    assert_eq!(
        f.text("ACL", "TABLE t"),
        "REVOKE SELECT ON TABLE s.t FROM bob;\n"
    );
}

#[test]
fn columns_follow_their_table() {
    let (mut f, table) = with_privileges(Some("{alice=arwdDxt/alice,bob=a/alice}"), None);
    let of = |column: &str, acl: Option<&str>, initial: Option<&str>| ColumnPrivileges {
        relation: table.oid,
        column: column.into(),
        acl: acl.map(Into::into),
        initial: initial.map(Into::into),
    };
    let other = ColumnPrivileges {
        relation: Oid(1),
        ..of("x", Some("{bob=r/alice}"), None)
    };
    f.catalog.column_privileges = vec![
        other,
        of("a", Some("{bob=rw/alice}"), None),
        of("B", None, Some("{bob=r/alice}")),
        of("same", Some("{bob=r/alice}"), Some("{bob=r/alice}")),
    ];
    assert_eq!(
        f.list(),
        [
            "TABLE t",
            "ACL TABLE t",
            "ACL COLUMN t.a",
            "ACL COLUMN t.\"B\"",
            "TABLE DATA t"
        ]
    );
    assert_eq!(
        f.text("ACL", "COLUMN t.a"),
        "GRANT SELECT(a),UPDATE(a) ON TABLE s.t TO bob;\n"
    );
    assert_eq!(
        f.text("ACL", "COLUMN t.\"B\""),
        "REVOKE SELECT(\"B\") ON TABLE s.t FROM bob;\n"
    );
    assert_eq!(
        f.dependencies("ACL", "COLUMN t.a"),
        ["TABLE t", "ACL TABLE t"]
    );
    // Without privileges of the table there is but the table to depend on.
    f.relation_mut(table).acl.current = None;
    assert_eq!(f.dependencies("ACL", "COLUMN t.a"), ["TABLE t"]);
}

#[test]
fn entries_bear_the_names_of_their_object() {
    let (mut f, _) = with_privileges(Some("{alice=arwdDxt/alice,bob=a/alice}"), None);
    let entry = f.entry("ACL", "TABLE t");
    assert_eq!(entry.namespace.unwrap(), "s");
    assert_eq!(entry.owner.unwrap(), "alice");
    assert_eq!((entry.table_oid, entry.oid), (0, 0));
    assert_eq!(entry.drop_stmt, None);
    assert_eq!(f.dependencies("ACL", "TABLE t"), ["TABLE t"]);
}

#[test]
fn relations_of_all_kinds_are_tables_but_sequences() {
    for (kind, word) in [
        (RelationKind::View, "TABLE"),
        (RelationKind::Sequence, "SEQUENCE"),
    ] {
        let mut f = Fixture::new(15);
        let relation = match kind {
            RelationKind::Sequence => f.sequence("r"),
            _ => f.view(kind, "r", " SELECT 1;"),
        };
        f.relation_mut(relation).acl.default = "{}".into();
        f.relation_mut(relation).acl.current = Some("{bob=r/alice}".into());
        assert_eq!(
            f.text("ACL", &format!("{word} r")),
            format!("GRANT SELECT ON {word} s.r TO bob;\n")
        );
    }
}

#[test]
fn privileges_of_an_object_that_is_not_written_are_changed_all_the_same() {
    let (mut f, table) = with_privileges(
        Some("{alice=arwdDxt/alice,bob=r/alice}"),
        Some("{alice=arwdDxt/alice}"),
    );
    let (_, extension) = f.extension("x");
    f.catalog.members.insert(table, extension);
    assert_eq!(f.list(), ["EXTENSION x", "ACL TABLE t"]);
    assert_eq!(f.dependencies("ACL", "TABLE t"), ["-"]);
}

#[test]
fn a_list_that_cannot_be_read_fails_with_the_object_s_name() {
    let (mut f, _) = with_privileges(Some("{alice"), None);
    let error = f.try_emit().unwrap_err().to_string();
    assert!(
        error.starts_with("could not write table \"s.t\" as SQL: "),
        "{error}"
    );
}

#[test]
fn the_schema_public_starts_with_its_standard_privileges() {
    const REVOKED: &str = "REVOKE USAGE ON SCHEMA public FROM PUBLIC;\n";
    // Owner, privileges, the statements.
    let cases = [
        ("alice", Some("{alice=UC/alice,=U/alice}"), None),
        ("alice", Some("{alice=UC/alice}"), Some(REVOKED)),
        // No privileges of its own at all are those of any schema, which lack what a new database grants.
        ("alice", None, Some(REVOKED)),
        (
            "alice",
            Some("{alice=UC/alice,=UC/alice}"),
            Some(
                "REVOKE USAGE ON SCHEMA public FROM PUBLIC;\nGRANT ALL ON SCHEMA public TO PUBLIC;\n",
            ),
        ),
        ("a-b", Some(r#"{"\"a-b\"=UC/\"a-b\"","=U/\"a-b\""}"#), None),
        (
            "a\"b",
            Some(r#"{"\"a\"\"b\"=UC/\"a\"\"b\"","=U/\"a\"\"b\""}"#),
            None,
        ),
        (
            "a\\b",
            Some(r#"{"\"a\\b\"=UC/\"a\\b\"","=U/\"a\\b\""}"#),
            None,
        ),
        ("é", Some(r#"{"\"é\"=UC/\"é\"","=U/\"é\""}"#), None),
    ];
    for (owner, current, expected) in cases {
        let mut f = Fixture::new(18);
        let role = f.role(owner);
        f.schema_mut(PUBLIC).owner = role;
        f.schema_mut(PUBLIC).acl.current = current.map(Into::into);
        f.schema_mut(PUBLIC).acl.default = "{alice=UC/alice}".into();
        // What pg_init_privs says of it does not count.
        f.catalog.initial_privileges.push(InitialPrivileges {
            id: Fixture::schema_row(PUBLIC),
            column: 0,
            acl: "{bob=UC/bob}".into(),
        });
        let found = f.find("ACL", "SCHEMA public").and_then(|entry| entry.defn);
        assert_eq!(found, expected.map(Into::into), "{owner} {current:?}");
    }
}

#[test]
fn the_standard_privileges_are_an_array_as_the_server_writes_it() {
    for owner in ["alice", "A_9", "a-b", "a\"b", "a\\b", "\\", "{,}", "", "é"] {
        let array = standard_public_acl(owner.into());
        let items = pgark_sql::parse_array(&array).unwrap();
        let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let name = if owner.chars().all(is_plain) {
            owner.to_owned()
        } else {
            format!("\"{}\"", owner.replace('"', "\"\""))
        };
        assert_eq!(
            items,
            [
                Some(format!("{name}=UC/{name}").into()),
                Some(format!("=U/{name}").into())
            ],
            "{owner}"
        );
    }
}
