use super::*;

#[test]
fn what_is_about_roles_of_aws_is_left_out() {
    for (statement, role) in [
        ("CREATE ROLE rdsadmin;", "rdsadmin"),
        (
            "--\n-- Roles\n--\n\nCREATE ROLE rds_superuser;",
            "rds_superuser",
        ),
        ("ALTER ROLE rdsadmin WITH SUPERUSER;", "rdsadmin"),
        ("ALTER ROLE \"rds_x\" SET a TO 'b';", "rds_x"),
        ("COMMENT ON ROLE rdstopmgr IS 'x';", "rdstopmgr"),
        ("GRANT rds_superuser TO app;", "rds_superuser"),
        (
            "GRANT pg_monitor TO rds_superuser WITH ADMIN OPTION GRANTED BY rdsadmin;",
            "rds_superuser",
        ),
    ] {
        assert_eq!(
            fate(statement.into(), &"master".into(), 17),
            Fate::LeftOut(role.into()),
            "{statement}"
        );
    }
}

#[test]
fn what_rds_refuses_is_taken_out() {
    for (statement, run, warning) in [
        (
            "ALTER ROLE app WITH NOSUPERUSER INHERIT LOGIN NOREPLICATION NOBYPASSRLS PASSWORD 'SUPERUSER';",
            "ALTER ROLE app WITH  INHERIT LOGIN   PASSWORD 'SUPERUSER';",
            None,
        ),
        (
            "ALTER ROLE \"a b\" WITH SUPERUSER LOGIN REPLICATION;",
            "ALTER ROLE \"a b\" WITH  LOGIN ;",
            Some("role \"a b\" does not get SUPERUSER REPLICATION, which RDS gives to nobody"),
        ),
        (
            "GRANT a TO b WITH INHERIT TRUE GRANTED BY rdsadmin;",
            "GRANT a TO b WITH INHERIT TRUE ;",
            None,
        ),
        (
            "GRANT a TO b GRANTED BY c;",
            "GRANT a TO b GRANTED BY c;",
            None,
        ),
        ("CREATE ROLE rdsx;", "CREATE ROLE rdsx;", None),
        (
            "ALTER ROLE app SET a TO 'rds_x';",
            "ALTER ROLE app SET a TO 'rds_x';",
            None,
        ),
        (
            "CREATE TABLESPACE t OWNER app LOCATION '/x';",
            "CREATE TABLESPACE t OWNER app LOCATION '/x';",
            None,
        ),
    ] {
        assert_eq!(
            fate(statement.into(), &"master".into(), 17),
            Fate::Run(run.into(), warning.map(str::to_owned)),
            "{statement}"
        );
    }
}

#[test]
fn the_role_that_restores_is_let_alone() {
    for statement in [
        "ALTER ROLE master WITH NOSUPERUSER LOGIN;",
        "GRANT app TO master WITH ADMIN OPTION, INHERIT FALSE GRANTED BY rdsadmin;",
    ] {
        assert_eq!(
            fate(statement.into(), &"master".into(), 17),
            Fate::Own,
            "{statement}"
        );
    }
}

#[test]
fn before_16_nobody_but_a_superuser_grants_for_others() {
    for (grantor, kept) in [("other", ""), ("master", "GRANTED BY master")] {
        let statement = format!("GRANT app TO app2 GRANTED BY {grantor};");
        assert_eq!(
            fate(statement.into(), &"master".into(), 15),
            Fate::Run(format!("GRANT app TO app2 {kept};").into(), None)
        );
    }
}

#[test]
fn before_16_a_role_that_is_made_is_not_granted_to_its_maker() {
    let statement = "GRANT app TO master WITH ADMIN OPTION GRANTED BY rdsadmin;";
    assert_eq!(
        fate(statement.into(), &"master".into(), 15),
        Fate::Run("GRANT app TO master WITH ADMIN OPTION ;".into(), None)
    );
}

#[test]
fn words_are_found_whatever_stands_between() {
    let statement = b"CREATE FUNCTION f() RETURNS int\n    LANGUAGE /* x */ c STRICT AS 'x'";
    assert!(says(statement, &["LANGUAGE", "c"]));
    assert!(!says(statement, &["LANGUAGE", "internal"]));
    assert!(!says(b"SELECT 'LANGUAGE c'", &["LANGUAGE", "c"]));
    assert!(says(b"CREATE TYPE t (INPUT = f)", &["INPUT", "="]));
}

fn told(entry: &TocEntry) -> Vec<String> {
    let mut foreseen = Vec::new();
    foresee(&[entry], false, &mut foreseen);
    foreseen
}

#[test]
fn what_rds_refuses_of_an_archive_is_foreseen() {
    let entry = |desc: &str, defn: &str| TocEntry {
        tag: Some("x".into()),
        desc: desc.into(),
        defn: Some(defn.into()),
        owner: Some("app".into()),
        namespace: Some("public".into()),
        ..TocEntry::new(pgark_archive::DumpId(1))
    };
    for (entry, reason) in [
        (entry("TABLE", "CREATE TABLE x (a int)"), None),
        (
            TocEntry {
                owner: Some("rdsadmin".into()),
                ..entry("SCHEMA", "CREATE SCHEMA x")
            },
            Some("nothing can be given to its role \"rdsadmin\""),
        ),
        (
            entry("OPERATOR CLASS", ""),
            Some("a superuser alone may make one of the kind OPERATOR CLASS"),
        ),
        (entry("TYPE", "CREATE TYPE x AS (a int)"), None),
        (
            entry("TYPE", "CREATE TYPE x (INPUT = f)"),
            Some("a superuser alone may make one of the kind TYPE"),
        ),
        (
            entry(
                "FUNCTION",
                "CREATE FUNCTION x() RETURNS int LANGUAGE c AS 'x'",
            ),
            Some("a superuser alone may make a function of language c or internal"),
        ),
        (
            TocEntry {
                tag: Some("EXTENSION plpgsql".into()),
                ..entry("COMMENT", "COMMENT ON EXTENSION plpgsql IS 'x'")
            },
            Some("its extension plpgsql takes no comment"),
        ),
        (
            TocEntry {
                namespace: Some("pg_catalog".into()),
                ..entry("ACL", "GRANT ALL ON FUNCTION pg_catalog.x() TO y")
            },
            Some("privileges on what is in pg_catalog are not to be granted"),
        ),
    ] {
        let told = told(&entry);
        assert_eq!(told.len(), usize::from(reason.is_some()), "{told:?}");
        if let Some(reason) = reason {
            assert!(told[0].contains(reason), "{told:?}");
        }
    }
}
