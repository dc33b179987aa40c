use super::*;

#[test]
fn an_entry_is_chosen_when_a_plain_restore_would_do_something() {
    // desc, tag, has data, has a definition, listed
    for (desc, tag, had_dumper, defn, listed) in [
        ("TABLE", "t", false, true, true),
        ("TABLE", "t", false, false, false),
        ("TABLE DATA", "t", true, false, true),
        ("SEQUENCE SET", "s", false, false, true),
        ("BLOB METADATA", "1..2", false, false, true),
        ("BLOB", "1", false, false, true),
        ("STATISTICS DATA", "t", false, false, true),
        ("COMMENT", "LARGE OBJECT 1", false, false, true),
        ("COMMENT", "TABLE t", false, true, true),
        ("COMMENT", "DATABASE d", false, true, false),
        ("ACL", "DATABASE d", false, true, false),
        ("SECURITY LABEL", "DATABASE d", false, true, false),
        ("DATABASE", "d", false, true, false),
        ("DATABASE PROPERTIES", "d", false, true, false),
        ("ENCODING", "ENCODING", false, true, false),
        ("STDSTRINGS", "STDSTRINGS", false, true, false),
        ("SEARCHPATH", "SEARCHPATH", false, true, false),
    ] {
        let entry = TocEntry {
            desc: desc.into(),
            tag: Some(tag.into()),
            had_dumper,
            defn: defn.then(|| "SQL".into()),
            ..TocEntry::new(DumpId(1))
        };
        let selection = Selection::all(&[entry]);
        assert_eq!(selection.iter().count() == 1, listed, "{desc} {tag}");
    }
}

fn entry(id: i32, desc: &str, tag: &str) -> TocEntry {
    TocEntry {
        desc: desc.into(),
        tag: Some(tag.into()),
        defn: Some("SQL".into()),
        namespace: Some("s".into()),
        section: Section::PreData,
        ..TocEntry::new(DumpId(id))
    }
}

/// Two schemas with a table, its data, an index, and what is said of them.
fn toc() -> Vec<TocEntry> {
    let in_schema = |entry: TocEntry, schema: &str| TocEntry {
        namespace: Some(schema.into()),
        ..entry
    };
    let about = |entry: TocEntry, id: i32| TocEntry {
        section: Section::None,
        dependencies: vec![DumpId(id)],
        ..entry
    };
    let data = TocEntry {
        had_dumper: true,
        defn: None,
        section: Section::Data,
        ..entry(5, "TABLE DATA", "t")
    };
    vec![
        entry(1, "TABLE", "t"),
        about(entry(2, "COMMENT", "TABLE t"), 1),
        in_schema(entry(3, "TABLE", "t"), "other"),
        entry(4, "FUNCTION", "f(integer)"),
        data,
        TocEntry {
            section: Section::PostData,
            ..entry(6, "INDEX", "i")
        },
        about(entry(7, "COMMENT", "INDEX i"), 6),
        about(entry(8, "ACL", "TABLE t"), 1),
        TocEntry {
            section: Section::PostData,
            ..entry(9, "TRIGGER", "t g")
        },
    ]
}

fn chosen(filter: &Filter) -> Vec<i32> {
    let toc = toc();
    let selection = Selection::choose(&toc, filter, None).unwrap();
    selection
        .iter()
        .map(|(place, _)| toc[place].dump_id.0)
        .collect()
}

#[test]
fn options_choose_as_pg_restore_does() {
    let all = Filter::default;
    let names = |name: &str| vec![name.into()];
    for (filter, expected) in [
        (all(), &[1, 2, 3, 4, 5, 6, 7, 8, 9][..]),
        (
            Filter {
                schemas: names("s"),
                ..all()
            },
            &[1, 2, 4, 5, 6, 7, 8, 9],
        ),
        (
            Filter {
                exclude_schemas: names("s"),
                ..all()
            },
            &[3],
        ),
        (
            Filter {
                tables: names("t"),
                ..all()
            },
            &[1, 2, 3, 5, 8],
        ),
        (
            Filter {
                tables: names("t"),
                schemas: names("s"),
                ..all()
            },
            &[1, 2, 5, 8],
        ),
        (
            Filter {
                indexes: names("i"),
                ..all()
            },
            &[6, 7],
        ),
        (
            Filter {
                functions: names("f(integer)"),
                ..all()
            },
            &[4],
        ),
        (
            Filter {
                functions: names("f"),
                ..all()
            },
            &[],
        ),
        (
            Filter {
                triggers: names("t g"),
                ..all()
            },
            &[9],
        ),
        (
            Filter {
                schema: false,
                ..all()
            },
            &[5],
        ),
        (
            Filter {
                data: false,
                ..all()
            },
            &[1, 2, 3, 4, 6, 7, 8, 9],
        ),
        (
            Filter {
                no_acl: true,
                ..all()
            },
            &[1, 2, 3, 4, 5, 6, 7, 9],
        ),
        (
            Filter {
                no_comments: true,
                ..all()
            },
            &[1, 3, 4, 5, 6, 8, 9],
        ),
        // What has no section of its own goes with what stands before it.
        (
            Filter {
                sections: vec![Section::PreData],
                ..all()
            },
            &[1, 2, 3, 4],
        ),
        (
            Filter {
                sections: vec![Section::PostData],
                ..all()
            },
            &[6, 7, 8, 9],
        ),
    ] {
        assert_eq!(chosen(&filter), expected, "{filter:?}");
    }
}

#[test]
fn kinds_are_left_out_with_what_is_said_of_them() {
    let out = |desc: &str, tag: &str, filter: &Filter| {
        let toc = [entry(1, desc, tag)];
        Selection::choose(&toc, filter, None)
            .unwrap()
            .iter()
            .count()
            == 0
    };
    let all = Filter::default;
    let (policies, publications, subscriptions, labels) = (
        Filter {
            no_policies: true,
            ..all()
        },
        Filter {
            no_publications: true,
            ..all()
        },
        Filter {
            no_subscriptions: true,
            ..all()
        },
        Filter {
            no_security_labels: true,
            ..all()
        },
    );
    for (desc, tag, filter) in [
        ("POLICY", "t p", &policies),
        ("ROW SECURITY", "t", &policies),
        ("COMMENT", "POLICY p ON t", &policies),
        ("PUBLICATION", "p", &publications),
        ("PUBLICATION TABLE", "p t", &publications),
        ("PUBLICATION TABLES IN SCHEMA", "p s", &publications),
        ("COMMENT", "PUBLICATION p", &publications),
        ("SECURITY LABEL", "PUBLICATION p", &publications),
        ("SUBSCRIPTION", "p", &subscriptions),
        ("SUBSCRIPTION TABLE", "p t", &subscriptions),
        ("COMMENT", "SUBSCRIPTION p", &subscriptions),
        ("SECURITY LABEL", "SUBSCRIPTION p", &subscriptions),
        ("SECURITY LABEL", "TABLE t", &labels),
    ] {
        assert!(out(desc, tag, filter), "{desc} {tag}");
        assert!(!out(desc, tag, &all()), "{desc} {tag}");
    }
    assert!(out("<Init>", "Max OID", &all()));
}

#[test]
fn a_strict_name_must_be_found() {
    let filter = |is_strict| Filter {
        tables: vec!["t".into(), "absent".into()],
        strict_names: is_strict,
        ..Filter::default()
    };
    let error = Selection::choose(&toc(), &filter(true), None).unwrap_err();
    assert_eq!(error.to_string(), "table \"absent\" is not in the archive");
    assert!(Selection::choose(&toc(), &filter(false), None).is_ok());
}

#[test]
fn a_list_chooses_and_orders() {
    let toc = toc();
    let text = "; a comment\n\n 9; 1 2 TRIGGER s t g\n1 anything ; else\n\t+5\r\n9\n;4\n-3\n0\nx\n99999999999\n";
    let list = UseList::parse(text);
    assert_eq!(list.ignored(), ["9", "-3", "0", "x", "99999999999"]);
    let selection = Selection::choose(&toc, &Filter::default(), Some(&list)).unwrap();
    let ids: Vec<i32> = selection
        .iter()
        .map(|(place, _)| toc[place].dump_id.0)
        .collect();
    assert_eq!(ids, [9, 1, 5]);
    let error = Selection::choose(&toc, &Filter::default(), Some(&UseList::parse("77")));
    assert_eq!(
        error.unwrap_err().to_string(),
        "entry 77 is not in the archive"
    );
}

#[test]
fn passes_come_one_after_the_other() {
    let toc = [
        entry(1, "EVENT TRIGGER", "e"),
        entry(2, "COMMENT", "EVENT TRIGGER e"),
        entry(3, "ACL", "TABLE t"),
        entry(4, "MATERIALIZED VIEW DATA", "m"),
        entry(5, "DEFAULT ACL", "TABLES"),
        entry(6, "STATISTICS DATA", "i"),
        TocEntry {
            section: Section::PostData,
            ..entry(7, "STATISTICS DATA", "i")
        },
        entry(8, "COMMENT", "TABLE t"),
    ];
    let work = Selection::all(&toc).in_passes(&toc);
    let ids: Vec<i32> = work
        .iter()
        .map(|(place, _)| toc[*place].dump_id.0)
        .collect();
    assert_eq!(ids, [6, 8, 3, 5, 1, 2, 4, 7]);
}
