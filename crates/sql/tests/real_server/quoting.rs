use std::fmt::Write;

use bstr::{BString, ByteSlice};
use pgark_sql::{Quoter, parse_array, put, text};

use crate::server::on_every_major;

/// Values that a careless quoter would break.
const TRICKY: &[&str] = &[
    "",
    " ",
    "'",
    "''",
    "\\",
    "\\'",
    "'\\",
    "\\\\",
    "E'x'",
    "$$",
    "$_$",
    "$",
    "a$",
    "-- no comment",
    "/* no comment",
    "line\nbreak\r\n\ttab",
    "\"double\"",
    ":variable :'variable'",
    "\\n \\x41 \\101",
    "zoë €uro 😀",
    "null",
    "NULL",
    "{a,b}",
    "a,b",
    "Ünïcode",
];

#[test]
fn literals_are_read_back_unchanged() {
    on_every_major(|server| {
        let every_byte: Vec<u8> = (1..=255).collect();
        for (database, encoding) in [
            ("postgres", "UTF8"),
            ("latin1", "LATIN1"),
            ("sql_ascii", "SQL_ASCII"),
        ] {
            if database != "postgres" {
                let options = format!("encoding '{encoding}' locale 'C' template template0");
                server.query("postgres", format!("create database {database} {options}"));
            }
            let mut values: Vec<&[u8]> = TRICKY.iter().map(|value| value.as_bytes()).collect();
            if encoding != "UTF8" {
                values.push(&every_byte);
            }
            for std_strings in [true, false] {
                let quoter = Quoter {
                    std_strings,
                    ..server.quoter(encoding)
                };
                let mut sql = text!(
                    "set standard_conforming_strings = ",
                    if std_strings { "on" } else { "off" },
                    ";\n"
                );
                put!(sql, "set escape_string_warning = off;\n");
                for value in &values {
                    let forms = [
                        quoter.literal(value),
                        quoter.portable_literal(value),
                        quoter.dollar_literal(value, None),
                    ];
                    for form in forms {
                        put!(
                            sql,
                            "select encode(convert_to( ",
                            form,
                            ", '",
                            encoding,
                            "'), 'hex');\n"
                        );
                    }
                }
                let output = server.run(database, &sql, encoding).unwrap();
                let expected: String = values
                    .iter()
                    .map(|value| format!("{}\n", hex(value)).repeat(3))
                    .collect();
                assert_eq!(
                    output, expected,
                    "{encoding}, standard strings {std_strings}"
                );
            }
        }
    });
}

#[test]
fn characters_that_hold_a_backslash_survive() {
    on_every_major(|server| {
        // One character each whose second byte is a backslash, with its code in UTF-8.
        let cases: &[(&str, &[u8], &str)] = &[
            ("SJIS", b"\x95\x5c", "表"),
            ("SHIFT_JIS_2004", b"\x95\x5c", "表"),
            ("BIG5", b"\xa5\x5c", "功"),
            ("GBK", b"\x81\x5c", "乗"),
            ("GB18030", b"\x81\x5c", "乗"),
            ("GB18030", b"\x81\x30\x81\x30", "\u{80}"),
            ("UHC", b"\xb0\xa1", "가"),
            ("JOHAB", b"\xf4\xa1", "鏶"),
            ("EUC_JP", b"\xc9\xbd", "表"),
        ];
        for (encoding, character, expected) in cases {
            let quoter = Quoter {
                std_strings: false,
                ..server.quoter(encoding)
            };
            let value = text!(character, "'\\", character);
            let mut sql =
                text!("set standard_conforming_strings = off; set escape_string_warning = off;\n");
            for form in [quoter.literal(&value), quoter.portable_literal(&value)] {
                put!(
                    sql,
                    "select encode(convert_to( ",
                    form,
                    ", 'UTF8'), 'hex');\n"
                );
            }
            let name = quoter.ident(text!(character, "\""));
            put!(sql, "create temp table t (", name, " int);\n");
            put!(
                sql,
                "select encode(convert_to(attname::text, 'UTF8'), 'hex') from pg_attribute\n"
            );
            put!(sql, "where attrelid = 't'::regclass and attnum = 1;\n");
            let output = server.run("postgres", &sql, encoding).unwrap();
            let (value, name) = (
                hex(format!("{expected}'\\{expected}")),
                hex(format!("{expected}\"")),
            );
            assert_eq!(output, format!("{value}\n{value}\n{name}\n"), "{encoding}");
        }
    });
}

#[test]
fn bytes_that_are_no_character_are_refused_by_the_server() {
    on_every_major(|server| {
        for (encoding, value) in [
            ("UTF8", b"\xe2'; select 1; --".as_slice()),
            ("EUC_JP", b"\xa4'"),
            ("GB18030", b"\x81"),
        ] {
            let quoter = server.quoter(encoding);
            for sql in [
                text!("select ", quoter.literal(value)),
                text!("select 1 as ", quoter.ident(value)),
            ] {
                let error = server.run("postgres", &sql, encoding).unwrap_err();
                assert!(
                    error.to_string().contains("invalid byte sequence"),
                    "{encoding}: {error}"
                );
            }
        }
    });
}

#[test]
fn identifiers_are_quoted_as_quote_ident_does() {
    on_every_major(|server| {
        let quoter = server.quoter("UTF8");
        let keywords = server.query("postgres", "select word from pg_get_keywords() order by 1");
        let mut names: Vec<BString> = keywords.lines().map(BString::from).collect();
        assert!(names.len() > 400, "{} keywords", names.len());
        names.extend(TRICKY.iter().map(|name| BString::from(*name)));
        names.extend(
            [
                "a", "A", "_", "a1", "1a", "a-b", "a.b", "aé", "select ", "Select", "a\u{1}",
            ]
            .map(BString::from),
        );
        let mut sql = BString::default();
        for name in &names {
            put!(
                sql,
                "select encode(convert_to(quote_ident(",
                quoter.literal(name),
                "), 'UTF8'), 'hex');\n"
            );
        }
        let server_says = server.query("postgres", sql);
        let ours: Vec<String> = names.iter().map(|name| hex(quoter.ident(name))).collect();
        assert_eq!(server_says, ours.join("\n"));
    });
}

#[test]
fn arrays_are_read_as_the_server_writes_them() {
    on_every_major(|server| {
        let quoter = server.quoter("UTF8");
        let mut arrays: Vec<Vec<Option<&str>>> =
            vec![vec![], vec![None], vec![Some("")], vec![None, Some("null")]];
        arrays.extend(
            TRICKY
                .iter()
                .map(|item| vec![Some(*item), None, Some(*item)]),
        );
        arrays.push(TRICKY.iter().map(|item| Some(*item)).collect());
        for array in arrays {
            let items = array
                .iter()
                .map(|item| item.map_or_else(|| "null".into(), |item| quoter.literal(item)));
            let text = server.query(
                "postgres",
                text!("select array[", bstr::join(", ", items), "]::text[]"),
            );
            let expected: Vec<_> = array.iter().map(|item| item.map(BString::from)).collect();
            assert_eq!(parse_array(&text), Ok(expected));
        }
    });
}

fn hex(bytes: impl AsRef<[u8]>) -> String {
    let mut hex = String::new();
    for byte in bytes.as_ref() {
        write!(hex, "{byte:02x}").unwrap();
    }
    hex
}
