use bstr::BString;
use pgark_archive::Section;

use crate::options::Content;
use crate::testing::{Fixture, acl, tag_of};

type Change = fn(&mut Fixture);

fn create_database(major: u32, change: Change) -> String {
    let mut f = Fixture::new(major);
    change(&mut f);
    let name = f.catalog.database.name.to_string();
    f.text("DATABASE", &name)
}

#[test]
fn before_15_a_locale_has_no_provider() {
    for (major, provider) in [(13, ""), (14, ""), (15, " LOCALE_PROVIDER = libc")] {
        let mut f = Fixture::new(major);
        assert_eq!(
            f.text("DATABASE", "db"),
            format!(
                "CREATE DATABASE db WITH TEMPLATE = template0 ENCODING = 'UTF8'{provider} LOCALE = 'C';\n"
            )
        );
    }
}

#[test]
fn the_definition_tells_the_locale_as_its_provider_does() {
    const START: &str = "CREATE DATABASE db WITH TEMPLATE = template0 ENCODING = 'UTF8'";
    let cases: [(Change, &str); 10] = [
        (|_| {}, "LOCALE_PROVIDER = libc LOCALE = 'C'"),
        (
            |f| f.catalog.database.ctype = "de_DE.UTF-8".into(),
            "LOCALE_PROVIDER = libc LC_COLLATE = 'C' LC_CTYPE = 'de_DE.UTF-8'",
        ),
        (
            |f| f.catalog.database.collate = "".into(),
            "LOCALE_PROVIDER = libc LC_CTYPE = 'C'",
        ),
        (
            |f| {
                f.catalog.database.collate = "".into();
                f.catalog.database.ctype = "".into();
            },
            "LOCALE_PROVIDER = libc",
        ),
        (
            |f| {
                f.catalog.database.locale_provider = b'i';
                f.catalog.database.locale = Some("de-u-co-phonebk".into());
            },
            "LOCALE_PROVIDER = icu LOCALE = 'C' ICU_LOCALE = 'de-u-co-phonebk'",
        ),
        (
            |f| {
                f.catalog.database.locale_provider = b'i';
                f.catalog.database.locale = Some("und".into());
                f.catalog.database.icu_rules = Some("&a < 'b'".into());
            },
            "LOCALE_PROVIDER = icu LOCALE = 'C' ICU_LOCALE = 'und' ICU_RULES = '&a < ''b'''",
        ),
        (
            |f| {
                f.catalog.database.locale_provider = b'b';
                f.catalog.database.locale = Some("C.UTF-8".into());
            },
            "LOCALE_PROVIDER = builtin LOCALE = 'C' BUILTIN_LOCALE = 'C.UTF-8'",
        ),
        (
            |f| f.catalog.database.tablespace = "Fast disk".into(),
            "LOCALE_PROVIDER = libc LOCALE = 'C' TABLESPACE = \"Fast disk\"",
        ),
        (
            |f| f.catalog.database.tablespace = "".into(),
            "LOCALE_PROVIDER = libc LOCALE = 'C'",
        ),
        (
            |f| f.catalog.database.connection_limit = 3,
            "LOCALE_PROVIDER = libc LOCALE = 'C'",
        ),
    ];
    for (change, expected) in cases {
        assert_eq!(
            create_database(18, change),
            format!("{START} {expected};\n")
        );
    }
    assert_eq!(
        create_database(15, |f| {
            f.catalog.database.name = "My \"db\"".into();
            f.catalog.database.encoding = "".into();
        }),
        "CREATE DATABASE \"My \"\"db\"\"\" WITH TEMPLATE = template0 LOCALE_PROVIDER = libc LOCALE = 'C';\n"
    );
}

#[test]
fn every_archive_begins_with_how_to_read_it() {
    for content in [Content::All, Content::SchemaOnly, Content::DataOnly] {
        let mut f = Fixture::new(15);
        f.options.content = content;
        let entries = f.emit();
        let heads: Vec<String> = entries[..4]
            .iter()
            .map(|entry| {
                assert_eq!(entry.section, Section::PreData);
                assert!(entry.dependencies.is_empty());
                format!("{} {}", entry.desc, tag_of(entry))
            })
            .collect();
        assert_eq!(
            heads,
            [
                "ENCODING ENCODING",
                "STDSTRINGS STDSTRINGS",
                "SEARCHPATH SEARCHPATH",
                "DATABASE db"
            ]
        );
        let texts: Vec<&BString> = entries[..3]
            .iter()
            .filter_map(|entry| entry.defn.as_ref())
            .collect();
        assert_eq!(
            texts,
            [
                "SET client_encoding = 'UTF8';\n",
                "SET standard_conforming_strings = 'on';\n",
                "SELECT pg_catalog.set_config('search_path', '', false);\n",
            ]
        );
        assert_eq!(
            entries[3].drop_stmt.as_ref().unwrap(),
            "DROP DATABASE db;\n"
        );
        assert_eq!(entries[3].owner.as_ref().unwrap(), "alice");
    }
}

#[test]
fn numbers_go_on_after_those_of_the_plan() {
    let mut f = Fixture::new(15);
    let nodes = f.ordered().nodes.len();
    let ids: Vec<i32> = f.emit().iter().map(|entry| entry.dump_id.0).collect();
    let first = i32::try_from(nodes).unwrap() + 1;
    assert_eq!(ids[..4], [first, first + 1, first + 2, first + 3]);
}

#[test]
fn without_standard_strings_backslashes_are_doubled() {
    let mut f = Fixture::new(15);
    f.catalog.server.std_strings = false;
    f.catalog.database.comment = Some(r"a\b".into());
    assert_eq!(
        f.text("STDSTRINGS", "STDSTRINGS"),
        "SET standard_conforming_strings = 'off';\n"
    );
    assert_eq!(
        f.text("COMMENT", "DATABASE db"),
        "COMMENT ON DATABASE db IS 'a\\\\b';\n"
    );
}

#[test]
fn what_is_said_of_the_database_follows_it() {
    let mut f = Fixture::new(18);
    f.catalog.database.comment = Some("it's mine".into());
    f.catalog.database.labels = vec![("selinux".into(), r"x\y".into()), ("P".into(), "z".into())];
    f.catalog.database.acl = pgark_catalog::Acl {
        current: Some("{=Tc/alice,alice=CTc/alice,bob=C/alice}".into()),
        ..acl("{=Tc/alice,alice=CTc/alice}")
    };
    let entries = [
        ("COMMENT", "COMMENT ON DATABASE db IS 'it''s mine';\n"),
        (
            "SECURITY LABEL",
            "SECURITY LABEL FOR selinux ON DATABASE db IS E'x\\\\y';\n\
             SECURITY LABEL FOR \"P\" ON DATABASE db IS 'z';\n",
        ),
        ("ACL", "GRANT CREATE ON DATABASE db TO bob;\n"),
    ];
    for (desc, text) in entries {
        let entry = f.entry(desc, "DATABASE db");
        assert_eq!(entry.defn.unwrap(), text);
        assert_eq!(entry.section, Section::None);
        assert_eq!(entry.namespace, None);
        assert_eq!(f.dependencies(desc, "DATABASE db"), ["DATABASE db"]);
    }
    // Only with the schema, and only where there is something to say.
    f.options.content = Content::DataOnly;
    assert!(f.list().is_empty());
    f.options.content = Content::All;
    f.catalog.database.comment = Some("".into());
    f.catalog.database.labels.clear();
    f.catalog.database.acl.current = None;
    assert!(f.list().is_empty());
}

#[test]
fn properties_are_set_once_the_database_is_there() {
    let cases: [(Change, &str, &str); 5] = [
        (
            |f| f.catalog.database.connection_limit = 0,
            "ALTER DATABASE db CONNECTION LIMIT = 0;\n",
            "",
        ),
        (
            |f| f.catalog.database.is_template = true,
            "ALTER DATABASE db IS_TEMPLATE = true;\n",
            "UPDATE pg_catalog.pg_database SET datistemplate = false WHERE datname = 'db';\n",
        ),
        (
            |f| {
                f.catalog.database.settings = vec![
                    "work_mem=64MB".into(),
                    r#"search_path="$user", public"#.into(),
                ];
            },
            "ALTER DATABASE db SET work_mem TO '64MB';\nALTER DATABASE db SET search_path TO '$user', 'public';\n",
            "",
        ),
        (
            |f| {
                f.catalog.database.role_settings = vec![("Bob".into(), "work_mem=1MB".into())];
            },
            "ALTER ROLE \"Bob\" IN DATABASE db SET work_mem TO '1MB';\n",
            "",
        ),
        (
            |f| {
                f.catalog.database.connection_limit = 5;
                f.catalog.database.is_template = true;
                f.catalog.database.settings = vec!["jit=off".into()];
                f.catalog.database.role_settings = vec![("bob".into(), "jit=on".into())];
            },
            "ALTER DATABASE db CONNECTION LIMIT = 5;\nALTER DATABASE db IS_TEMPLATE = true;\n\
             ALTER DATABASE db SET jit TO 'off';\nALTER ROLE bob IN DATABASE db SET jit TO 'on';\n",
            "UPDATE pg_catalog.pg_database SET datistemplate = false WHERE datname = 'db';\n",
        ),
    ];
    for (change, text, drop) in cases {
        for content in [Content::All, Content::DataOnly] {
            let mut f = Fixture::new(18);
            f.options.content = content;
            change(&mut f);
            let entry = f.entry("DATABASE PROPERTIES", "db");
            assert_eq!(entry.defn.unwrap(), text);
            assert_eq!(entry.drop_stmt.unwrap(), drop);
            assert_eq!(entry.section, Section::PreData);
            // As pg_dump's, though it means otherwise.
            assert!(entry.dependencies.is_empty());
        }
    }
    assert!(Fixture::new(18).find("DATABASE PROPERTIES", "db").is_none());
}

#[test]
fn a_setting_that_cannot_be_read_fails_with_the_database_s_name() {
    let mut f = Fixture::new(18);
    f.catalog.database.settings = vec!["work_mem".into()];
    let error = f.try_emit().unwrap_err().to_string();
    assert!(
        error.starts_with("could not write a setting of database db as SQL: "),
        "{error}"
    );
}
