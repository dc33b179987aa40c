use std::io::Cursor;

use super::*;

fn sizes(int: u8) -> Sizes {
    Sizes { int, offset: 8 }
}

fn input(bytes: &[u8], sizes: Sizes) -> Input<Cursor<Vec<u8>>> {
    let mut input = Input::new(Cursor::new(bytes.to_vec()));
    input.sizes = sizes;
    input
}

#[test]
fn ints_are_sign_and_magnitude() {
    for (value, size, bytes) in [
        (0, 4, &[0, 0, 0, 0, 0][..]),
        (-1, 4, &[1, 1, 0, 0, 0]),
        (258, 4, &[0, 2, 1, 0, 0]),
        (i32::MAX, 4, &[0, 255, 255, 255, 127]),
        (i32::MIN, 4, &[1, 0, 0, 0, 128]),
        (-258, 8, &[1, 2, 1, 0, 0, 0, 0, 0, 0]),
    ] {
        let mut fields = Fields::new(sizes(size));
        fields.int(value);
        assert_eq!(fields.bytes, bytes, "{value}");
        assert_eq!(input(bytes, sizes(size)).int("it").unwrap(), value);
    }
}

#[test]
fn ints_of_other_machines_are_read() {
    assert_eq!(input(&[1, 7, 1], sizes(2)).int("it").unwrap(), -263);
    assert_eq!(input(&[0, 200], sizes(1)).int("it").unwrap(), 200);
    let mut long = vec![0; 33];
    long[1] = 9;
    assert_eq!(input(&long, sizes(32)).int("it").unwrap(), 9);
}

#[test]
fn oids_go_through_a_signed_int() {
    for (oid, bytes) in [
        (77, [0, 77, 0, 0, 0]),
        (0x7fff_ffff, [0, 255, 255, 255, 127]),
        (0x8000_0000, [1, 0, 0, 0, 128]),
        // 2³² - 4100000001 = 194967295
        (4_100_000_001, [1, 0xff, 0xf6, 0x9e, 0x0b]),
        (u32::MAX, [1, 1, 0, 0, 0]),
    ] {
        let mut fields = Fields::new(sizes(4));
        fields.oid(Oid(oid));
        assert_eq!(fields.bytes, bytes, "{oid}");
        assert_eq!(input(&bytes, sizes(4)).oid("it").unwrap(), Oid(oid));
    }
    assert_eq!(
        input(&[0, 0xff, 0xff, 0xff, 0xff], sizes(4))
            .oid("it")
            .unwrap(),
        Oid(u32::MAX)
    );
}

#[test]
fn no_string_differs_from_an_empty_one() {
    let long = vec![b'x'; 300];
    for (value, head) in [
        (None, &[1, 1, 0, 0, 0][..]),
        (Some(&b""[..]), &[0, 0, 0, 0, 0]),
        (Some(b"ab\xff"), &[0, 3, 0, 0, 0, b'a', b'b', 0xff]),
        (Some(&long), &[0, 44, 1, 0, 0, b'x']),
    ] {
        let mut fields = Fields::new(sizes(4));
        fields.string(value).unwrap();
        assert!(fields.bytes.starts_with(head), "{value:?}");
        let read = input(&fields.bytes, sizes(4)).string("it").unwrap();
        assert_eq!(read.as_ref().map(|read| read.as_slice()), value);
    }
}

#[test]
fn offsets_carry_a_flag() {
    for (offset, bytes) in [
        (Offset::NotSet, [1, 0, 0, 0, 0, 0, 0, 0, 0]),
        (
            Offset::At(0x0102_0304_0506_0708),
            [2, 8, 7, 6, 5, 4, 3, 2, 1],
        ),
        (Offset::NoData, [3, 0, 0, 0, 0, 0, 0, 0, 0]),
    ] {
        let mut fields = Fields::new(sizes(4));
        fields.offset(offset);
        assert_eq!(fields.bytes, bytes);
        assert_eq!(input(&bytes, sizes(4)).offset("it").unwrap(), offset);
    }
}

#[test]
fn what_cannot_be_is_corrupt() {
    type Parse = fn(&mut Input<Cursor<Vec<u8>>>) -> Result<(), Error>;
    let cases: [(&str, &[u8], u8, Parse); 11] = [
        ("sign 2", &[2, 1, 0, 0, 0], 4, |input| {
            input.int("it").map(drop)
        }),
        ("out of range: 2147483648", &[0, 0, 0, 0, 128], 4, |input| {
            input.int("it").map(drop)
        }),
        (
            "more than 32 bits",
            &[0, 0, 0, 0, 0, 1, 0, 0, 0],
            8,
            |input| input.int("it").map(drop),
        ),
        ("ends in it", &[0, 1, 0], 4, |input| {
            input.int("it").map(drop)
        }),
        ("out of range: -1", &[1, 1, 0, 0, 0], 4, |input| {
            input.length("it").map(drop)
        }),
        (
            "out of range: -2147483649",
            &[1, 1, 0, 0, 128],
            4,
            |input| input.oid("it").map(drop),
        ),
        ("length -2", &[1, 2, 0, 0, 0], 4, |input| {
            input.string("it").map(drop)
        }),
        ("zero byte", &[0, 2, 0, 0, 0, b'a', 0], 4, |input| {
            input.string("it").map(drop)
        }),
        // Two gigabytes announced, one byte sent: nothing near the announced length may be allocated.
        ("ends in it", &[0, 255, 255, 255, 127, b'a'], 4, |input| {
            input.string("it").map(drop)
        }),
        ("missing", &[1, 1, 0, 0, 0], 4, |input| {
            input.some_string("it").map(drop)
        }),
        ("flag 4", &[4, 0, 0, 0, 0, 0, 0, 0, 0], 4, |input| {
            input.offset("it").map(drop)
        }),
    ];
    for (reason, bytes, size, parse) in cases {
        let error = parse(&mut input(bytes, sizes(size))).unwrap_err();
        assert!(
            matches!(error, Error::Corrupt { .. }) && error.to_string().contains(reason),
            "{reason}: {error}"
        );
    }
}

#[test]
fn texts_that_c_cannot_hold_are_not_written() {
    let error = Fields::new(sizes(4)).string(Some(b"a\0b")).unwrap_err();
    assert!(error.to_string().contains("zero byte"), "{error}");
}
