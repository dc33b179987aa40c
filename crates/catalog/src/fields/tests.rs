use bstr::BString;
use pgark_wire::{Authentication, Rows, Session, Startup};
use tokio::io::AsyncWriteExt;

use super::{Fields, oid_array};
use crate::error::{Error, Result};
use crate::oid::{CatalogId, Oid};
use crate::privilege::Acl;

/// A row of these values, as a session takes it from a server.
fn row_of(values: &[Option<&[u8]>]) -> Rows {
    fn message(tag: u8, body: &[u8]) -> Vec<u8> {
        let length = i32::try_from(body.len() + 4).unwrap();
        [&[tag][..], &length.to_be_bytes(), body].concat()
    }
    let count = u16::try_from(values.len()).unwrap().to_be_bytes();
    let mut description = count.to_vec();
    let mut row = count.to_vec();
    for value in values {
        description.extend([&b"x\0"[..], &[0; 18]].concat());
        let length = value.map_or(-1, |value| i32::try_from(value.len()).unwrap());
        row.extend(length.to_be_bytes());
        row.extend(value.unwrap_or_default());
    }
    let answers = [
        message(b'R', &[0; 4]),
        message(b'K', &[0; 8]),
        message(b'Z', b"I"),
        message(b'T', &description),
        message(b'D', &row),
        message(b'C', b"SELECT 1\0"),
        message(b'Z', b"I"),
    ];
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        let (near, mut far) = tokio::io::duplex(1 << 16);
        far.write_all(&answers.concat()).await.unwrap();
        let startup = Startup::new("u", "db");
        let mut session = Session::start(near, &startup, &Authentication::default())
            .await
            .unwrap();
        session.rows("select").await.unwrap()
    })
}

/// What a decoder makes of one value, with the error as `(column, found, expected)`.
fn decode<T>(
    value: Option<&[u8]>,
    decoder: impl FnOnce(&mut Fields<'_>) -> Result<T>,
) -> Result<T, (usize, Option<BString>, &'static str)> {
    // The value stands in the second column.
    let rows = row_of(&[Some(b"before"), value]);
    let mut fields = Fields::new(rows.row(0).unwrap(), "things");
    assert_eq!(fields.optional().unwrap(), "before");
    decoder(&mut fields).map_err(|error| match error {
        Error::Value {
            what,
            column,
            found,
            expected,
        } => {
            assert_eq!(what, "things");
            (column, found, expected)
        }
        other => panic!("{other}"),
    })
}

/// What [`decode`] gives for a value that is refused.
fn refused<T>(
    value: &[u8],
    expected: &'static str,
) -> Result<T, (usize, Option<BString>, &'static str)> {
    Err((2, Some(value.into()), expected))
}

#[test]
fn values_are_taken_from_left_to_right() {
    let rows = row_of(&[Some(b"a"), None, Some(b""), Some(b"\xff\xfe"), Some(b"7")]);
    let mut f = Fields::new(rows.row(0).unwrap(), "things");
    assert_eq!(f.text().unwrap(), "a");
    assert_eq!(f.optional_text(), None);
    assert_eq!(f.optional_text(), Some("".into()));
    assert_eq!(f.text().unwrap(), BString::from(&b"\xff\xfe"[..]));
    assert_eq!(f.number::<i16>("a number").unwrap(), 7);
    // Behind the last one.
    assert_eq!(f.optional(), None);
    let error = f.text().unwrap_err();
    assert_eq!(
        error.to_string(),
        "unexpected value None in column 7 of things, expected a value"
    );
}

#[test]
fn a_text_may_not_be_null_unless_told_so() {
    assert_eq!(decode(Some(b"x"), |f| f.text()), Ok("x".into()));
    assert_eq!(decode(None, |f| f.text()), Err((2, None, "a value")));
    for (value, expected) in [(Some(&b"x"[..]), "x"), (None, ""), (Some(&b""[..]), "")] {
        assert_eq!(
            decode(value, |f| Ok(f.text_or_empty())),
            Ok(expected.into())
        );
    }
}

#[test]
fn a_definition_that_is_null_tells_which_object_is_gone() {
    let definition = |value| {
        let rows = row_of(&[value]);
        Fields::new(rows.row(0).unwrap(), "indexes").definition("index", "i".into())
    };
    assert_eq!(definition(Some(b"x")).unwrap(), "x");
    assert_eq!(
        definition(None).unwrap_err().to_string(),
        "index \"i\" was dropped by another session meanwhile"
    );
}

#[test]
fn a_boolean_is_t_or_f_and_null_is_false() {
    for (value, expected) in [(Some(&b"t"[..]), true), (Some(b"f"), false), (None, false)] {
        assert_eq!(decode(value, |f| f.boolean()), Ok(expected));
    }
    for value in [&b""[..], b"true", b"T", b"1", b"t "] {
        assert_eq!(
            decode(Some(value), |f| f.boolean()),
            refused(value, "a boolean")
        );
    }
}

#[test]
fn a_char_is_its_first_byte_and_zero_where_there_is_none() {
    for (value, expected) in [
        (Some(&b"r"[..]), b'r'),
        (Some(b"\xe9"), 0xe9),
        (Some(b""), 0),
        (None, 0),
    ] {
        assert_eq!(decode(value, |f| Ok(f.char())), Ok(expected));
    }
}

#[test]
fn an_oid_is_a_number_of_32_bits_without_sign() {
    for (value, expected) in [("0", 0), ("16384", 16_384), ("4294967295", u32::MAX)] {
        let value = Some(value.as_bytes());
        assert_eq!(decode(value, |f| f.oid()), Ok(Oid(expected)));
        assert_eq!(decode(value, |f| f.oid_or_invalid()), Ok(Oid(expected)));
    }
    assert_eq!(decode(None, |f| f.oid()), Err((2, None, "an OID")));
    assert_eq!(decode(None, |f| f.oid_or_invalid()), Ok(Oid::INVALID));
    for value in [&b""[..], b"-1", b"4294967296", b"1x", b" 1", b"\xff"] {
        assert_eq!(decode(Some(value), |f| f.oid()), refused(value, "an OID"));
        assert_eq!(
            decode(Some(value), |f| f.oid_or_invalid()),
            refused(value, "an OID")
        );
    }
}

#[test]
fn a_row_of_a_catalogue_is_two_numbers() {
    let rows = row_of(&[Some(b"1259"), Some(b"20000"), Some(b"1"), Some(b"x")]);
    let mut f = Fields::new(rows.row(0).unwrap(), "things");
    let id = CatalogId {
        table: Oid(1259),
        oid: Oid(20_000),
    };
    assert_eq!(f.catalog_id().unwrap(), id);
    let error = f.catalog_id().unwrap_err();
    assert!(matches!(error, Error::Value { column: 4, .. }), "{error}");
}

#[test]
fn a_number_keeps_within_its_type() {
    let number = |value: &[u8]| decode(Some(value), |f| f.number::<i16>("a column number"));
    for (value, expected) in [("-32768", i16::MIN), ("32767", i16::MAX), ("0", 0)] {
        assert_eq!(number(value.as_bytes()), Ok(expected));
    }
    for value in [&b"32768"[..], b"", b"1.0", b"x"] {
        assert_eq!(number(value), refused(value, "a column number"));
    }
    let optional = |value| decode(value, |f| f.optional_number::<i64>("a number"));
    assert_eq!(optional(None), Ok(None));
    assert_eq!(optional(Some(b"-1")), Ok(Some(-1)));
    assert_eq!(optional(Some(b"-")), refused(b"-", "a number"));
}

#[test]
fn lists_of_numbers_are_read_in_both_forms() {
    for (value, expected) in [
        (None, vec![]),
        (Some("".as_bytes()), vec![]),
        (Some(b"{}"), vec![]),
        (Some(b"1"), vec![1]),
        (Some(b"1 2 -3"), vec![1, 2, -3]),
        (Some(b"{1,2,-3}"), vec![1, 2, -3]),
        (Some(b"0 0"), vec![0, 0]),
    ] {
        assert_eq!(decode(value, |f| f.numbers::<i16>()), Ok(expected));
    }
    for value in [
        &b"x"[..],
        b"1 x",
        b"{1,NULL}",
        b"{40000}",
        b"{{1},{2}}",
        b"\xff",
    ] {
        assert_eq!(
            decode(Some(value), |f| f.numbers::<i16>()),
            refused(value, "a list of numbers")
        );
    }
}

#[test]
fn lists_of_texts_are_arrays() {
    let texts = |items: &[&str]| Ok(items.iter().copied().map(BString::from).collect());
    for (value, expected) in [
        (None, texts(&[])),
        (Some("{}".as_bytes()), texts(&[])),
        (Some(b"{a,\"b,\\\"c\"}"), texts(&["a", "b,\"c"])),
        (Some(b"{a,NULL,\"\"}"), texts(&["a", ""])),
    ] {
        assert_eq!(decode(value, |f| f.texts()), expected);
    }
    for value in [&b""[..], b"a", b"{a", b"{\"a}"] {
        assert_eq!(
            decode(Some(value), |f| f.texts()),
            refused(value, "an array")
        );
    }
}

#[test]
fn privileges_are_the_list_in_force_and_the_usual_one() {
    let rows = row_of(&[None, Some(b"{a=r/a}"), Some(b"{}"), None]);
    let mut f = Fields::new(rows.row(0).unwrap(), "things");
    let [unchanged, changed] = [Acl::take(&mut f), Acl::take(&mut f)];
    assert_eq!(
        (unchanged.current, unchanged.default),
        (None, "{a=r/a}".into())
    );
    assert_eq!(
        (changed.current, changed.default),
        (Some("{}".into()), "".into())
    );
}

#[test]
fn oids_are_written_as_an_array() {
    for (oids, expected) in [
        (&[][..], "'{}'::pg_catalog.oid[]"),
        (&[7], "'{7}'::pg_catalog.oid[]"),
        (&[1, u32::MAX, 1], "'{1,4294967295,1}'::pg_catalog.oid[]"),
    ] {
        assert_eq!(oid_array(oids.iter().copied().map(Oid)), expected);
    }
}
