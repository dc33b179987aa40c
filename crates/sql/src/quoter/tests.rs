use proptest::prelude::*;

use super::*;

const UTF8: Quoter = Quoter::new(15, Encoding::UTF8);
const OLD_STRINGS: Quoter = Quoter {
    std_strings: false,
    ..UTF8
};

#[test]
fn identifiers_are_quoted_where_needed() {
    let cases: &[(&[u8], &[u8])] = &[
        (b"a", b"a"),
        (b"_a9", b"_a9"),
        (b"", b"\"\""),
        (b"9a", b"\"9a\""),
        (b"a$", b"\"a$\""),
        (b"Shop", b"\"Shop\""),
        (b"a b", b"\"a b\""),
        (b"a\"b", b"\"a\"\"b\""),
        (b"a'b\\", b"\"a'b\\\""),
        (b"order", b"\"order\""),
        (b"name", b"name"),
        (b"json", b"json"),
        ("zoë".as_bytes(), "\"zoë\"".as_bytes()),
        (b"zo\xeb", b"\"zo\xc0 \""),
    ];
    for (name, expected) in cases {
        assert_eq!(UTF8.ident(name), BString::from(*expected));
    }
    assert_eq!(Quoter::new(17, Encoding::UTF8).ident("json"), "\"json\"");
    assert_eq!(
        Quoter {
            quote_all: true,
            ..UTF8
        }
        .ident("a"),
        "\"a\""
    );
    assert_eq!(
        Quoter::new(15, Encoding::SQL_ASCII).ident(b"zo\xeb"),
        BString::from(b"\"zo\xeb\"")
    );
}

#[test]
fn schema_qualifies_unless_it_is_empty() {
    assert_eq!(UTF8.qualified(Some(b"S"), "user"), "\"S\".\"user\"");
    assert_eq!(UTF8.qualified(Some(b""), "t"), "t");
    assert_eq!(UTF8.qualified(None, "t"), "t");
}

#[test]
fn literals_follow_the_strings_setting() {
    // value, standard strings, old strings, portable
    let cases = [
        ("", "''", "''", "''"),
        ("a", "'a'", "'a'", "'a'"),
        ("it's", "'it''s'", "'it''s'", "'it''s'"),
        (r"a\b", r"'a\b'", r"'a\\b'", r"E'a\\b'"),
        (r"\'", r"'\'''", r"'\\'''", r"E'\\'''"),
    ];
    for (value, standard, old, portable) in cases {
        assert_eq!(UTF8.literal(value), standard);
        assert_eq!(OLD_STRINGS.literal(value), old);
        assert_eq!(UTF8.portable_literal(value), portable);
        assert_eq!(OLD_STRINGS.portable_literal(value), portable);
    }
}

#[test]
fn quotes_and_backslashes_within_characters_are_not_doubled() {
    let sjis = Quoter {
        std_strings: false,
        ..Quoter::new(15, Encoding::from_name("SJIS").unwrap())
    };
    assert_eq!(
        sjis.literal(b"\x95\x5c\\"),
        BString::from(b"'\x95\x5c\\\\'")
    );
    // The backslash is looked for byte by byte, as in appendStringLiteralConn.
    assert_eq!(
        sjis.portable_literal(b"\x95\x5c"),
        BString::from(b"E'\x95\x5c'")
    );
}

#[test]
fn bytes_that_are_no_character_do_not_swallow_what_follows() {
    assert_eq!(UTF8.literal(b"\xe2'x"), BString::from(b"'\xc0 ''x'"));
    let euc = Quoter::new(15, Encoding::from_name("EUC_JP").unwrap());
    assert_eq!(euc.literal(b"\xa4'"), BString::from(b"'\x8d '''"));
}

#[test]
fn dollar_tag_grows_until_it_is_not_in_the_text() {
    let cases = [
        ("x", None, "$$x$$"),
        ("", None, "$$$$"),
        ("a$b", None, "$_$a$b$_$"),
        ("$$", None, "$_$$$$_$"),
        ("$_$", None, "$_X$$_$$_X$"),
        ("$_XXXXXXX", None, "$_XXXXXXX_$$_XXXXXXX$_XXXXXXX_$"),
        ("$x", Some("x"), "$x_$$x$x_$"),
        ("$y", Some("x"), "$x$$y$x$"),
    ];
    for (value, prefix, expected) in cases {
        assert_eq!(
            UTF8.dollar_literal(value, prefix.map(str::as_bytes)),
            expected
        );
    }
}

/// What a server reads between the quotes of a standard string or quoted identifier.
fn unquote(text: &[u8], quote: u8) -> Option<Vec<u8>> {
    let inner = text.strip_prefix(&[quote])?.strip_suffix(&[quote])?;
    let pair = [quote, quote];
    let without_pairs = inner.replace(pair, b"");
    (!without_pairs.contains(&quote)).then(|| inner.replace(pair, [quote]))
}

proptest! {
    #[test]
    fn literal_reads_back(value: Vec<u8>) {
        let quoter = Quoter::new(15, Encoding::SQL_ASCII);
        prop_assert_eq!(unquote(&quoter.literal(&value), b'\''), Some(value));
    }

    #[test]
    fn quoted_identifier_reads_back(name: String) {
        let quoter = Quoter { quote_all: true, ..UTF8 };
        prop_assert_eq!(unquote(&quoter.ident(&name), b'"'), Some(name.into_bytes()));
    }

    #[test]
    fn literal_never_ends_early(value: Vec<u8>) {
        prop_assert!(unquote(&UTF8.literal(&value), b'\'').is_some());
    }
}
