use pgark_catalog::CollationDefinition;

use crate::testing::Fixture;

type Change = fn(&mut CollationDefinition);

fn collation(change: Change) -> Fixture {
    let mut f = Fixture::new(18);
    let id = f.collation("De");
    change(f.definitions.collations.get_mut(&id.oid).unwrap());
    f.comment(id, 0, "why");
    f
}

fn of(provider: u8, locale: &str, definition: &mut CollationDefinition) {
    *definition = CollationDefinition {
        provider,
        is_deterministic: true,
        collate: None,
        ctype: None,
        locale: Some(locale.into()),
        rules: None,
    };
}

#[test]
fn a_collation_has_its_provider_s_locale() {
    let cases: [(Change, &str); 6] = [
        (|_| {}, "provider = libc, locale = 'C'"),
        (
            |c| c.ctype = Some("it's".into()),
            "provider = libc, lc_collate = 'C', lc_ctype = 'it''s'",
        ),
        (
            |c| of(b'b', "C.UTF-8", c),
            "provider = builtin, locale = 'C.UTF-8'",
        ),
        (|c| of(b'i', "und", c), "provider = icu, locale = 'und'"),
        (
            |c| {
                of(b'i', "de", c);
                c.is_deterministic = false;
            },
            "provider = icu, deterministic = false, locale = 'de'",
        ),
        (
            |c| {
                of(b'i', "de", c);
                c.rules = Some("&a < 'g'".into());
            },
            "provider = icu, locale = 'de', rules = '&a < ''g'''",
        ),
    ];
    for (change, expected) in cases {
        let mut f = collation(change);
        let entry = f.entry("COLLATION", "De");
        assert_eq!(
            entry.defn.unwrap(),
            format!("CREATE COLLATION s.\"De\" ({expected});\n")
        );
        assert_eq!(entry.drop_stmt.unwrap(), "DROP COLLATION s.\"De\";\n");
        assert_eq!(
            f.text("COMMENT", "COLLATION \"De\""),
            "COMMENT ON COLLATION s.\"De\" IS 'why';\n"
        );
    }
}

#[test]
fn a_collation_that_cannot_be_made_again_is_an_error() {
    let cases: [(Change, &str); 3] = [
        (
            |c| c.provider = b'x',
            "collation \"s.De\" has an unknown provider, \"x\"",
        ),
        (
            |c| c.provider = b'd',
            "collation \"s.De\" has an unknown provider, \"d\"",
        ),
        (
            |c| c.ctype = None,
            "collation \"s.De\" has an unknown locale, \"c\"",
        ),
    ];
    for (change, expected) in cases {
        assert_eq!(
            collation(change).try_emit().unwrap_err().to_string(),
            expected
        );
    }
}
