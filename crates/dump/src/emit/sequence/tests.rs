use pgark_archive::Section;
use pgark_catalog::{CatalogId, Sequence};

use crate::testing::{Fixture, PG_CATALOG};

fn sequence(change: impl Fn(&mut Sequence)) -> (Fixture, CatalogId) {
    let mut f = Fixture::new(18);
    let id = f.sequence("q");
    change(f.definitions.sequences.get_mut(&id.oid).unwrap());
    (f, id)
}

#[test]
fn bounds_are_named_where_they_are_not_those_of_the_type() {
    const SMALL: i64 = i16::MAX as i64;
    const LARGE: i64 = i32::MAX as i64;
    // Type, step, least, greatest, how they are written.
    let cases = [
        (
            "bigint",
            1,
            1,
            i64::MAX,
            "    NO MINVALUE\n    NO MAXVALUE\n",
        ),
        ("integer", 1, 1, LARGE, "    NO MINVALUE\n    NO MAXVALUE\n"),
        (
            "smallint",
            1,
            1,
            SMALL,
            "    NO MINVALUE\n    NO MAXVALUE\n",
        ),
        (
            "bigint",
            -1,
            i64::MIN,
            -1,
            "    NO MINVALUE\n    NO MAXVALUE\n",
        ),
        (
            "integer",
            -2,
            -LARGE - 1,
            -1,
            "    NO MINVALUE\n    NO MAXVALUE\n",
        ),
        (
            "smallint",
            -2,
            -SMALL - 1,
            -1,
            "    NO MINVALUE\n    NO MAXVALUE\n",
        ),
        (
            "bigint",
            1,
            0,
            LARGE,
            "    MINVALUE 0\n    MAXVALUE 2147483647\n",
        ),
        ("integer", -1, -10, 0, "    MINVALUE -10\n    MAXVALUE 0\n"),
        (
            "bigint",
            -1,
            1,
            i64::MAX,
            "    MINVALUE 1\n    MAXVALUE 9223372036854775807\n",
        ),
    ];
    for (type_name, increment, min, max, expected) in cases {
        let (mut f, _) = sequence(|sequence| {
            *sequence = Sequence {
                type_name: type_name.into(),
                increment,
                min,
                max,
                start: 3,
                cache: 4,
                cycles: false,
            };
        });
        let as_type = if type_name == "bigint" {
            String::new()
        } else {
            format!("    AS {type_name}\n")
        };
        assert_eq!(
            f.text("SEQUENCE", "q"),
            format!(
                "CREATE SEQUENCE s.q\n{as_type}    START WITH 3\n    INCREMENT BY {increment}\n{expected}    CACHE 4;\n"
            )
        );
    }
}

#[test]
fn a_sequence_says_what_is_not_usual() {
    let (mut f, id) = sequence(|sequence| sequence.cycles = true);
    f.relation_mut(id).persistence = b'u';
    f.comment(id, 0, "counts");
    let entry = f.entry("SEQUENCE", "q");
    assert_eq!(
        entry.defn.unwrap(),
        "CREATE UNLOGGED SEQUENCE s.q\n    START WITH 1\n    INCREMENT BY 1\n    NO MINVALUE\n    NO MAXVALUE\n    \
         CACHE 1\n    CYCLE;\n"
    );
    assert_eq!(entry.drop_stmt.unwrap(), "DROP SEQUENCE s.q;\n");
    assert_eq!(entry.section, Section::PreData);
    assert_eq!(entry.relkind, None);
    assert_eq!(
        f.text("COMMENT", "SEQUENCE q"),
        "COMMENT ON SEQUENCE s.q IS 'counts';\n"
    );
}

#[test]
fn a_column_s_own_sequence_is_given_to_it() {
    let (mut f, id) = sequence(|_| {});
    let table = f.table_of("T", &["a", "Id"]);
    f.own(id, table, 2, false);
    let entry = f.entry("SEQUENCE OWNED BY", "q");
    assert_eq!(
        entry.defn.unwrap(),
        "ALTER SEQUENCE s.q OWNED BY s.\"T\".\"Id\";\n"
    );
    assert_eq!(entry.section, Section::PreData);
    assert_eq!(
        (entry.namespace, entry.owner, entry.drop_stmt),
        (Some("s".into()), Some("alice".into()), None)
    );
    assert_eq!(f.dependencies("SEQUENCE OWNED BY", "q"), ["SEQUENCE q"]);
    assert_eq!(
        f.list(),
        [
            "TABLE T",
            "SEQUENCE q",
            "SEQUENCE OWNED BY q",
            "TABLE DATA T",
            "SEQUENCE SET q"
        ]
    );
    // Not where the table is not written.
    f.relation_mut(table).schema = PG_CATALOG;
    assert_eq!(f.list(), ["SEQUENCE q", "SEQUENCE SET q"]);
}

#[test]
fn before_15_an_identity_is_logged_as_its_table() {
    let (mut f, id) = sequence(|_| {});
    let table = f.table_of("t", &["id"]);
    f.own(id, table, 1, true);
    f.details.columns[0].identity = b'a';
    f.relation_mut(table).persistence = b'u';
    for (version_num, says_so) in [(130_022, false), (140_019, false), (150_014, true)] {
        f.catalog.server.version_num = version_num;
        let text = f.text("SEQUENCE", "q");
        assert_eq!(text.contains("LOGGED"), says_so, "{version_num}: {text}");
    }
}

#[test]
fn an_identity_is_added_to_its_column() {
    // `attidentity`, persistence of table and sequence, what is written of them.
    let cases = [
        (b'a', b'p', b'p', "ALWAYS", ""),
        (b'd', b'p', b'p', "BY DEFAULT", ""),
        (b'a', b'u', b'u', "ALWAYS", ""),
        (b'a', b'u', b'p', "ALWAYS", "    LOGGED\n"),
        (b'a', b'p', b'u', "ALWAYS", "    UNLOGGED\n"),
    ];
    for (identity, of_table, of_sequence, when, logged) in cases {
        let (mut f, id) = sequence(|sequence| sequence.type_name = "smallint".into());
        let table = f.table_of("t", &["Id"]);
        f.own(id, table, 1, true);
        f.details.columns[0].identity = identity;
        f.relation_mut(table).persistence = of_table;
        f.relation_mut(id).persistence = of_sequence;
        let entry = f.entry("SEQUENCE", "q");
        assert_eq!(
            entry.defn.unwrap(),
            format!(
                "ALTER TABLE s.t ALTER COLUMN \"Id\" ADD GENERATED {when} AS IDENTITY (\n    SEQUENCE NAME s.q\n{logged}    \
                 START WITH 1\n    INCREMENT BY 1\n    NO MINVALUE\n    MAXVALUE 9223372036854775807\n    CACHE 1\n);\n"
            )
        );
        // It goes with its column, and has no owner to set.
        assert_eq!(entry.drop_stmt.unwrap(), "");
        assert!(f.find("SEQUENCE OWNED BY", "q").is_none());
    }
}
