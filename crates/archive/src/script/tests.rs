use super::*;
use crate::{Compression, Filter, Offset, Section, Version};

/// A table of contents with the three entries that every archive begins with.
fn toc(entries: impl IntoIterator<Item = TocEntry>) -> Vec<TocEntry> {
    let settings = [
        ("ENCODING", "SET client_encoding = 'UTF8';\n"),
        ("STDSTRINGS", "SET standard_conforming_strings = 'on';\n"),
        ("SEARCHPATH", "SELECT path;\n"),
    ];
    let settings = settings.map(|(desc, defn)| entry(desc, desc, defn));
    let mut toc: Vec<TocEntry> = settings.into_iter().chain(entries).collect();
    for (entry, id) in toc.iter_mut().zip(1..) {
        entry.dump_id = DumpId(id);
    }
    toc
}

fn entry(desc: &str, tag: &str, defn: &str) -> TocEntry {
    TocEntry {
        desc: desc.into(),
        tag: Some(tag.into()),
        defn: (!defn.is_empty()).then(|| defn.into()),
        section: Section::PreData,
        ..TocEntry::new(DumpId(1))
    }
}

fn owned(desc: &str, tag: &str, drop: &str) -> TocEntry {
    TocEntry {
        drop_stmt: Some(drop.into()),
        owner: Some("al".into()),
        namespace: Some("s".into()),
        ..entry(desc, tag, "CREATE;\n")
    }
}

fn rows(tag: &str) -> TocEntry {
    TocEntry {
        had_dumper: true,
        offset: Offset::NotSet,
        section: Section::Data,
        copy_stmt: Some("COPY t FROM stdin;\n".into()),
        namespace: Some("s".into()),
        ..entry("TABLE DATA", tag, "")
    }
}

fn header(major: u32) -> Header {
    let created = CreationTime {
        sec: 0,
        min: 0,
        hour: 0,
        mday: 1,
        mon: 0,
        year: 100,
        isdst: 0,
    };
    Header {
        server_version: Some(format!("{major}.4").into()),
        ..Header::new(Version::of_server_major(major), Compression::None, created)
    }
}

fn options() -> ScriptOptions {
    ScriptOptions::new("x".parse().unwrap())
}

fn begin(
    major: u32,
    entries: Vec<TocEntry>,
    options: ScriptOptions,
) -> Result<Script<Vec<u8>>, Error> {
    let filter = Filter {
        create_database: options.create,
        ..Filter::default()
    };
    let selection = Selection::choose(&entries, &filter, None)?;
    Script::begin(
        Vec::new(),
        &header(major),
        entries.into(),
        &selection,
        options,
    )
}

/// The whole script of entries without data.
fn script(
    major: u32,
    entries: impl IntoIterator<Item = TocEntry>,
    options: ScriptOptions,
) -> Result<String, Error> {
    let script = begin(major, toc(entries), options)?.finish()?;
    Ok(String::from_utf8(script).unwrap())
}

/// The lines that are neither comments nor blank nor settings that every script begins with.
fn statements(script: &str) -> Vec<&str> {
    let (_, body) = script.split_once("SET row_security = off;\n").unwrap();
    let is_statement = |line: &&str| {
        !line.is_empty() && !line.starts_with("--") && !line.starts_with("\\unrestrict")
    };
    body.lines().filter(is_statement).collect()
}

#[test]
fn data_goes_where_its_entry_stands() {
    let mut script = begin(18, toc([rows("a"), rows("b")]), options()).unwrap();
    assert_eq!(script.next_data().unwrap(), Some(DumpId(4)));
    assert_eq!(script.next_data().unwrap(), Some(DumpId(4)));
    for (id, data) in [(4, "1\n"), (5, "2\n")] {
        script.start_data(DumpId(id)).unwrap();
        script.write(data.as_bytes()).unwrap();
        script.write(b"\\.\n\n\n").unwrap();
        script.end_data().unwrap();
    }
    assert_eq!(script.next_data().unwrap(), None);
    let script = String::from_utf8(script.finish().unwrap()).unwrap();
    let data = "COPY t FROM stdin;\n1\n\\.\n\n\n--\n-- Data for Name: b; Type: TABLE DATA; Schema: s; Owner: -\n--\n\nCOPY";
    assert!(script.contains(data), "{script}");
}

#[test]
fn calls_out_of_turn_are_refused() {
    type Call = fn(&mut Script<Vec<u8>>) -> Result<(), Error>;
    let calls: [Call; 6] = [
        |script| script.write(b"x"),
        Script::end_data,
        |script| script.start_data(DumpId(5)),
        |script| script.start_large_object(Oid(1)),
        Script::end_large_object,
        Script::end_large_objects,
    ];
    for (i, call) in calls.into_iter().enumerate() {
        let mut script = begin(18, toc([rows("a"), rows("b")]), options()).unwrap();
        let error = call(&mut script).unwrap_err();
        assert!(matches!(error, Error::Misuse { .. }), "{i}: {error}");
    }
    let script = begin(18, toc([rows("a")]), options()).unwrap();
    let error = script.finish().unwrap_err().to_string();
    assert!(error.contains("data of entry 4 was not written"), "{error}");
}

#[test]
fn owners_are_given_by_the_statement_of_their_kind() {
    for (major, desc, tag, drop, expected) in [
        (18, "TABLE", "T", "DROP TABLE x;\n", Some("TABLE s.\"T\"")),
        (18, "VIEW", "v", "DROP VIEW x;\n", Some("VIEW s.v")),
        (15, "VIEW", "v", "DROP VIEW x;\n", Some("TABLE s.v")),
        (15, "SEQUENCE", "q", "DROP SEQUENCE x;\n", Some("TABLE s.q")),
        (
            18,
            "FUNCTION",
            "f(integer)",
            "DROP FUNCTION s.f(a integer);\n",
            Some("FUNCTION s.f(a integer)"),
        ),
        (16, "BLOB", "7", "SELECT;\n", Some("LARGE OBJECT 7")),
        (18, "INDEX", "i", "DROP INDEX x;\n", None),
        // An identity, which cannot be dropped, and what has no statement to drop it.
        (18, "SEQUENCE", "q", "", None),
    ] {
        let script = script(major, [owned(desc, tag, drop)], options()).unwrap();
        let owner = expected.map(|object| format!("ALTER {object} OWNER TO al;"));
        let expected: Vec<_> = [Some("CREATE;".to_owned()), owner]
            .into_iter()
            .flatten()
            .collect();
        assert_eq!(statements(&script), expected, "{major} {desc}");
    }
}

#[test]
fn what_makes_no_sense_names_its_entry() {
    let acl = |desc: &str, defn: &str| {
        let objects = TocEntry {
            section: Section::Data,
            ..entry(desc, "1..2", "1\n2\n")
        };
        let acl = TocEntry {
            dependencies: vec![DumpId(4)],
            ..entry("ACL", "LARGE OBJECTS 1..2", defn)
        };
        vec![objects, acl]
    };
    let create = ScriptOptions {
        create: true,
        ..options()
    };
    for (entries, options, told) in [
        (
            vec![owned("EXTENSION", "e", "DROP EXTENSION e;\n")],
            options(),
            "entry 4 (EXTENSION \"e\"): it has an owner",
        ),
        (
            vec![owned("FUNCTION", "f()", "x")],
            options(),
            "entry 4 (FUNCTION \"f()\"): its drop statement drops nothing",
        ),
        (
            vec![entry("DATABASE", "a\nb", "CREATE")],
            create,
            "entry 4 (DATABASE \"a\nb\"): no script can connect",
        ),
        (
            vec![entry("ENCODING", "ENCODING", "SET client_encoding = 'x")],
            options(),
            "sets no encoding",
        ),
        (
            vec![entry("ENCODING", "ENCODING", "SET client_encoding = 'x'")],
            options(),
            "\"x\"",
        ),
        (
            vec![entry("STDSTRINGS", "STDSTRINGS", "'maybe'")],
            options(),
            "neither on nor off",
        ),
        (
            acl("TABLE", "GRANT ALL ON LARGE OBJECT 1 TO b;\n"),
            options(),
            "entry 5 (ACL \"LARGE OBJECTS 1..2\"): the large objects that it is about are missing",
        ),
        (
            acl("BLOB METADATA", "GRANT;\n"),
            options(),
            "about no large object",
        ),
        (
            vec![entry("BLOB METADATA", "1", "1\nx; DROP\n")],
            options(),
            "it names a large object by no number",
        ),
    ] {
        let error = script(18, entries, options).unwrap_err().to_string();
        assert!(error.contains(told), "{error}");
    }
}

#[test]
fn privileges_of_large_objects_are_repeated_for_each() {
    let objects = TocEntry {
        section: Section::Data,
        ..entry("BLOB METADATA", "1..2", "1\n2\n")
    };
    let acl = TocEntry {
        dependencies: vec![DumpId(4)],
        ..entry(
            "ACL",
            "LARGE OBJECTS 1..2",
            "GRANT ALL ON LARGE OBJECT 1 TO \"a; LARGE OBJECT 9\";\nREVOKE ALL ON LARGE OBJECT 1 FROM b;\n",
        )
    };
    let script = script(18, [objects, acl], options()).unwrap();
    assert_eq!(
        statements(&script),
        [
            "SELECT pg_catalog.lo_create('1');",
            "SELECT pg_catalog.lo_create('2');",
            "GRANT ALL ON LARGE OBJECT 1 TO \"a; LARGE OBJECT 9\";",
            "GRANT ALL ON LARGE OBJECT 2 TO \"a; LARGE OBJECT 9\";",
            "REVOKE ALL ON LARGE OBJECT 1 FROM b;",
            "REVOKE ALL ON LARGE OBJECT 2 FROM b;",
        ]
    );
}

#[test]
fn if_exists_goes_where_the_statement_takes_it() {
    for (desc, drop, expected) in [
        ("TABLE", "DROP TABLE t;\n", "DROP TABLE IF EXISTS t;"),
        (
            "FK CONSTRAINT",
            "ALTER TABLE ONLY t DROP CONSTRAINT c;\n",
            "ALTER TABLE IF EXISTS ONLY t DROP CONSTRAINT IF EXISTS c;",
        ),
        (
            "DEFAULT",
            "ALTER TABLE t ALTER COLUMN a DROP DEFAULT;\n",
            "ALTER TABLE IF EXISTS t ALTER COLUMN a DROP DEFAULT;",
        ),
        (
            "RULE",
            "CREATE OR REPLACE VIEW v AS SELECT 1;\n",
            "CREATE OR REPLACE VIEW v AS SELECT 1;",
        ),
        (
            "BLOB",
            "SELECT pg_catalog.lo_unlink('0');\n",
            "SELECT pg_catalog.lo_unlink(oid) FROM pg_catalog.pg_largeobject_metadata WHERE oid = '0';",
        ),
        ("INDEX", "DROP STATISTICS t;\n", "DROP STATISTICS t;"),
    ] {
        let entry = TocEntry {
            drop_stmt: Some(drop.into()),
            ..entry(desc, "x", "CREATE;\n")
        };
        let options = ScriptOptions {
            clean: true,
            if_exists: true,
            ..options()
        };
        let script = begin(18, toc([entry]), options).unwrap();
        let warnings = script.warnings().len();
        assert_eq!(warnings, usize::from(desc == "INDEX"), "{desc}");
        let script = String::from_utf8(script.finish().unwrap()).unwrap();
        assert_eq!(statements(&script), [expected, "CREATE;"], "{desc}");
    }
}

#[test]
fn psql_is_told_the_database_in_words_it_does_not_mistake() {
    for (name, expected) in [
        ("shop", "\\connect shop\n"),
        ("Shop.1", "\\connect \"Shop.1\"\n"),
        (
            "a'b\\c\"d",
            "\\encoding SQL_ASCII\n\\connect -reuse-previous=on \"dbname='a\\'b\\\\c\"\"d'\"\n",
        ),
        (
            "ä",
            "\\encoding SQL_ASCII\n\\connect -reuse-previous=on \"dbname='ä'\"\n",
        ),
    ] {
        let options = ScriptOptions {
            create: true,
            ..options()
        };
        let script = script(18, [entry("DATABASE", name, "CREATE;\n")], options).unwrap();
        let expected = format!("\\unrestrict x\n{expected}\\restrict x\n\nSET statement_timeout");
        assert!(script.contains(&expected), "{script}");
    }
}

#[test]
fn names_cannot_leave_their_comments() {
    let entry = TocEntry {
        namespace: Some("s\rs".into()),
        owner: Some("o\no".into()),
        tablespace: Some("t\nt".into()),
        ..entry("TA\nBLE", "a\n\\! b", "CREATE;\n")
    };
    let script = script(18, [entry], options()).unwrap();
    let line = "\n-- Name: a \\! b; Type: TA BLE; Schema: s s; Owner: o o; Tablespace: t t\n";
    assert!(script.contains(line), "{script}");
}

#[test]
fn large_objects_are_written_in_pieces() {
    let blobs = TocEntry {
        had_dumper: true,
        offset: Offset::NotSet,
        section: Section::Data,
        ..entry("BLOBS", "BLOBS", "")
    };
    let mut script = begin(16, toc([blobs]), options()).unwrap();
    let id = script.next_data().unwrap().unwrap();
    script.start_large_objects(id).unwrap();
    for (oid, length) in [(1, 0), (u32::MAX, 20_000)] {
        script.start_large_object(Oid(oid)).unwrap();
        script.write(&vec![0xab; length]).unwrap();
        script.end_large_object().unwrap();
    }
    script.end_large_objects().unwrap();
    let script = String::from_utf8(script.finish().unwrap()).unwrap();
    let piece = |length| {
        let digits = "ab".repeat(length);
        format!("SELECT pg_catalog.lowrite(0, '\\x{digits}');")
    };
    let (whole, rest) = (piece(16_384), piece(20_000 - 16_384));
    assert_eq!(
        statements(&script),
        [
            "BEGIN;",
            "SELECT pg_catalog.lo_open('1', 131072);",
            "SELECT pg_catalog.lo_close(0);",
            "SELECT pg_catalog.lo_open('4294967295', 131072);",
            &whole,
            &rest,
            "SELECT pg_catalog.lo_close(0);",
            "COMMIT;",
        ]
    );
}
