use super::*;
use crate::Encoding;

fn commands(
    major: u32,
    kind: ObjectKind,
    column: Option<&[u8]>,
    acls: &str,
    base_acls: &str,
) -> String {
    let quoter = Quoter::new(major, Encoding::UTF8);
    let target = AclTarget {
        kind,
        name: b"obj",
        column,
        schema: Some(b"S"),
        owner: b"own",
    };
    build_acl_commands(&quoter, &target, acls.as_bytes(), base_acls.as_bytes())
        .unwrap()
        .to_string()
}

const OWNER: &str = "{own=arwdDxt/own}";

#[test]
fn difference_becomes_revokes_then_grants() {
    let cases = [
        ("as by default", "", ""),
        ("the same list", OWNER, ""),
        (
            "one privilege to a role that needs quotes",
            "{own=arwdDxt/own,\"a b\"=r/own}",
            "GRANT SELECT ON TABLE \"S\".obj TO \"a b\";\n",
        ),
        (
            "everything to PUBLIC",
            "{own=arwdDxt/own,=arwdDxt/own}",
            "GRANT ALL ON TABLE \"S\".obj TO PUBLIC;\n",
        ),
        (
            "with and without grant option",
            "{own=arwdDxt/own,a=ar*w/own}",
            "GRANT INSERT,UPDATE ON TABLE \"S\".obj TO a;\n\
             GRANT SELECT ON TABLE \"S\".obj TO a WITH GRANT OPTION;\n",
        ),
        (
            "everything with grant option",
            "{own=arwdDxt/own,a=a*r*w*d*D*x*t*/own}",
            "GRANT ALL ON TABLE \"S\".obj TO a WITH GRANT OPTION;\n",
        ),
        (
            "nothing left",
            "{}",
            "REVOKE ALL ON TABLE \"S\".obj FROM own;\n",
        ),
        (
            "the owner's own grants go first",
            "{a=r/own,own=r/own}",
            "REVOKE ALL ON TABLE \"S\".obj FROM own;\n\
             GRANT SELECT ON TABLE \"S\".obj TO own;\n\
             GRANT SELECT ON TABLE \"S\".obj TO a;\n",
        ),
        (
            "a chain by another grantor",
            "{own=arwdDxt/own,a=r*/own,\"B\"=r/a}",
            "GRANT SELECT ON TABLE \"S\".obj TO a WITH GRANT OPTION;\n\
             SET SESSION AUTHORIZATION a;\n\
             GRANT SELECT ON TABLE \"S\".obj TO \"B\";\n\
             RESET SESSION AUTHORIZATION;\n",
        ),
        ("an item of no privileges", "{own=arwdDxt/own,a=/own}", ""),
    ];
    for (what, acls, expected) in cases {
        assert_eq!(
            commands(15, ObjectKind::Table, None, acls, OWNER),
            expected,
            "{what}"
        );
    }
}

#[test]
fn columns_carry_their_name_in_every_privilege() {
    let column = Some(b"\"c\"".as_slice());
    let acls = "{a=r*w/own,b=arwx/own}";
    let expected = "GRANT UPDATE(\"c\") ON TABLE \"S\".obj TO a;\n\
                    GRANT SELECT(\"c\") ON TABLE \"S\".obj TO a WITH GRANT OPTION;\n\
                    GRANT ALL(\"c\") ON TABLE \"S\".obj TO b;\n";
    assert_eq!(
        commands(15, ObjectKind::Table, column, acls, "{}"),
        expected
    );
    assert_eq!(
        commands(17, ObjectKind::Table, column, acls, "{}"),
        expected
    );
}

#[test]
fn maintain_is_a_privilege_of_tables_since_17() {
    let (without, with) = ("{a=arwdDxt/own}", "{a=arwdDxtm/own}");
    let named =
        "GRANT SELECT,INSERT,REFERENCES,DELETE,TRIGGER,TRUNCATE,UPDATE ON TABLE \"S\".obj TO a;\n"
            .to_owned();
    let all = "GRANT ALL ON TABLE \"S\".obj TO a;\n";
    for (major, acls, expected) in [
        (15, without, all),
        (16, without, all),
        (17, without, &named),
        (18, with, all),
    ] {
        assert_eq!(
            commands(major, ObjectKind::Table, None, acls, "{}"),
            expected,
            "{major}"
        );
    }
    let maintain = "GRANT MAINTAIN ON TABLE \"S\".obj TO a;\n";
    assert_eq!(
        commands(17, ObjectKind::Table, None, "{a=m/own}", "{}"),
        maintain
    );
}

#[test]
fn each_kind_has_its_own_privileges() {
    let cases = [
        (
            ObjectKind::Sequence,
            "rwU",
            "rU",
            "SELECT,USAGE ON SEQUENCE",
        ),
        (ObjectKind::Function, "X", "", " ON FUNCTION"),
        (ObjectKind::Procedure, "X", "", " ON PROCEDURE"),
        (ObjectKind::Language, "U", "", " ON LANGUAGE"),
        (ObjectKind::Schema, "UC", "C", "CREATE ON SCHEMA"),
        (
            ObjectKind::Database,
            "CTc",
            "Tc",
            "CONNECT,TEMPORARY ON DATABASE",
        ),
        (ObjectKind::Tablespace, "C", "", " ON TABLESPACE"),
        (ObjectKind::Type, "U", "", " ON TYPE"),
        (
            ObjectKind::ForeignDataWrapper,
            "U",
            "",
            " ON FOREIGN DATA WRAPPER",
        ),
        (ObjectKind::ForeignServer, "U", "", " ON FOREIGN SERVER"),
        (
            ObjectKind::Parameter,
            "sA",
            "A",
            "ALTER SYSTEM ON PARAMETER",
        ),
        (ObjectKind::LargeObject, "rw", "w", "UPDATE ON LARGE OBJECT"),
    ];
    for (kind, all, some, expected) in cases {
        let everything = commands(15, kind, None, &format!("{{a={all}/own}}"), "{}");
        assert_eq!(
            everything,
            format!("GRANT ALL ON {} \"S\".obj TO a;\n", kind.as_str())
        );
        if !some.is_empty() {
            let part = commands(15, kind, None, &format!("{{a={some}/own}}"), "{}");
            assert_eq!(part, format!("GRANT {expected} \"S\".obj TO a;\n"));
        }
    }
}

#[test]
fn before_15_the_owner_s_own_grants_keep_their_place() {
    let target = AclTarget {
        kind: ObjectKind::Table,
        name: b"t",
        column: None,
        schema: None,
        owner: b"own",
    };
    let grants = [
        "GRANT SELECT ON TABLE t TO a;\n",
        "GRANT SELECT ON TABLE t TO own;\n",
    ];
    for (major, order) in [(13, [0, 1]), (14, [0, 1]), (15, [1, 0])] {
        let quoter = Quoter::new(major, Encoding::UTF8);
        let commands = build_acl_commands(
            &quoter,
            &target,
            b"{a=r/own,own=r/own}",
            b"{own=arwdDxt/own}",
        );
        assert_eq!(
            commands.unwrap(),
            format!(
                "REVOKE ALL ON TABLE t FROM own;\n{}{}",
                grants[order[0]], grants[order[1]]
            ),
            "{major}"
        );
    }
}

#[test]
fn unknown_owner_leaves_the_grantor_as_it_is() {
    let quoter = Quoter::new(15, Encoding::UTF8);
    let target = AclTarget {
        kind: ObjectKind::Language,
        name: b"l",
        column: None,
        schema: None,
        owner: b"",
    };
    let commands = build_acl_commands(&quoter, &target, b"{=U/g}", b"{}").unwrap();
    let expected = "SET SESSION AUTHORIZATION g;\nGRANT ALL ON LANGUAGE l TO PUBLIC;\nRESET SESSION AUTHORIZATION;\n";
    assert_eq!(commands, expected);
}

#[test]
fn default_privileges_name_role_and_schema() {
    let build = |major, kind, schema: Option<&[u8]>, acls: &[u8], default: &[u8]| {
        let quoter = Quoter::new(major, Encoding::UTF8);
        build_default_acl_commands(&quoter, kind, schema, b"Own", acls, default).unwrap()
    };
    let functions = build(
        18,
        DefaultKind::Functions,
        None,
        b"{Own=X/Own}",
        b"{=X/Own,Own=X/Own}",
    );
    assert_eq!(
        functions,
        "ALTER DEFAULT PRIVILEGES FOR ROLE \"Own\" REVOKE ALL ON FUNCTIONS FROM PUBLIC;\n"
    );
    let tables = |major| build(major, DefaultKind::Tables, Some(b"s"), b"{a=r*/Own}", b"{}");
    let expected = |blank| {
        format!(
            "ALTER DEFAULT PRIVILEGES FOR ROLE \"Own\" IN SCHEMA s GRANT SELECT ON TABLES{blank}TO a WITH GRANT OPTION;\n"
        )
    };
    assert_eq!(tables(15), expected("  "));
    assert_eq!(tables(16), expected(" "));
    let objects = build(
        18,
        DefaultKind::LargeObjects,
        None,
        b"{Own=rw/Own,a=rw/Own}",
        b"{Own=rw/Own}",
    );
    assert_eq!(
        objects,
        "ALTER DEFAULT PRIVILEGES FOR ROLE \"Own\" GRANT ALL ON LARGE OBJECTS TO a;\n"
    );
}

#[test]
fn lists_that_cannot_be_read_are_refused() {
    let quoter = Quoter::new(15, Encoding::UTF8);
    let target = AclTarget {
        kind: ObjectKind::Table,
        name: b"t",
        column: None,
        schema: None,
        owner: b"o",
    };
    for (acls, base_acls) in [
        ("a=r/o", "{}"),
        ("{a=r/o}", ""),
        ("{a}", "{}"),
        ("{}", "{a=r}"),
        ("{NULL}", "{}"),
    ] {
        assert!(
            build_acl_commands(&quoter, &target, acls.as_bytes(), base_acls.as_bytes()).is_err(),
            "{acls}"
        );
    }
}
