use bstr::BString;

use crate::{Error, Result};

/// A client encoding, known by how it makes characters of bytes.
///
/// Only that matters for quoting: a byte within a character must not be taken for a quote or a backslash, and
/// bytes that are no character must not swallow the quote behind them. Encodings of the same structure are
/// equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Encoding(Structure);

/// Which bytes make one character (the mblen and verifychar functions of src/common/wchar.c).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Structure {
    SingleByte,
    Utf8,
    EucJp,
    EucKr,
    EucTw,
    Johab,
    Mule,
    Sjis,
    Big5,
    Gb18030,
}

/// The encodings of more than one byte by name (pg_enc2name_tbl in src/common/encnames.c).
const MULTI_BYTE: &[(&str, Structure)] = &[
    ("UTF8", Structure::Utf8),
    ("EUC_JP", Structure::EucJp),
    ("EUC_JIS_2004", Structure::EucJp),
    ("EUC_CN", Structure::EucKr),
    ("EUC_KR", Structure::EucKr),
    ("EUC_TW", Structure::EucTw),
    ("JOHAB", Structure::Johab),
    ("MULE_INTERNAL", Structure::Mule),
    ("SJIS", Structure::Sjis),
    ("SHIFT_JIS_2004", Structure::Sjis),
    ("BIG5", Structure::Big5),
    ("GBK", Structure::Big5),
    ("UHC", Structure::Big5),
    ("GB18030", Structure::Gb18030),
];

/// The encodings in which every byte is a character.
#[rustfmt::skip]
const SINGLE_BYTE: &[&str] = &[
    "SQL_ASCII", "LATIN1", "LATIN2", "LATIN3", "LATIN4", "LATIN5", "LATIN6", "LATIN7", "LATIN8",
    "LATIN9", "LATIN10", "WIN866", "WIN874", "WIN1250", "WIN1251", "WIN1252", "WIN1253", "WIN1254",
    "WIN1255", "WIN1256", "WIN1257", "WIN1258", "ISO_8859_5", "ISO_8859_6", "ISO_8859_7",
    "ISO_8859_8", "KOI8R", "KOI8U",
];

/// Shifts to the second and third code set of the EUC encodings.
const SS2: u8 = 0x8e;
const SS3: u8 = 0x8f;

impl Encoding {
    /// Characters of one to four bytes.
    pub const UTF8: Self = Self(Structure::Utf8);
    /// No characters at all: every byte stands for itself.
    pub const SQL_ASCII: Self = Self(Structure::SingleByte);

    /// The encoding of a name as the server reports it in `client_encoding`.
    ///
    /// # Errors
    /// [`Error::Encoding`] if PostgreSQL 13 to 18 has no encoding of this name.
    pub fn from_name(name: impl AsRef<[u8]>) -> Result<Self> {
        let name = name.as_ref();
        if SINGLE_BYTE.iter().any(|known| known.as_bytes() == name) {
            return Ok(Self::SQL_ASCII);
        }
        MULTI_BYTE
            .iter()
            .find(|(known, _)| known.as_bytes() == name)
            .map(|(_, structure)| Self(*structure))
            .ok_or_else(|| Error::Encoding {
                name: BString::from(name),
            })
    }

    /// The length in bytes of the character at the start of `text`, which begins with a byte of 0x80 or more;
    /// `None` if it begins with no character of this encoding.
    pub(crate) fn char_len(self, text: &[u8]) -> Option<usize> {
        match self.0 {
            Structure::SingleByte => Some(1),
            Structure::Utf8 => bstr::decode_utf8(text).0.map(char::len_utf8),
            Structure::EucJp => match text {
                [SS2, 0xa1..=0xdf, ..] | [0xa1..=0xfe, 0xa1..=0xfe, ..] => Some(2),
                [SS3, 0xa1..=0xfe, 0xa1..=0xfe, ..] => Some(3),
                _ => None,
            },
            Structure::EucKr => match text {
                [0xa1..=0xfe, 0xa1..=0xfe, ..] => Some(2),
                _ => None,
            },
            Structure::EucTw => match text {
                [SS2, 0xa1..=0xa7, 0xa1..=0xfe, 0xa1..=0xfe, ..] => Some(4),
                [SS2 | SS3, ..] => None,
                [0x80..=0xff, 0xa1..=0xfe, ..] => Some(2),
                _ => None,
            },
            Structure::Johab => match text {
                [SS3, 0xa1..=0xfe, 0xa1..=0xfe, ..] => Some(3),
                [SS3, ..] => None,
                [0x80..=0xff, 0xa1..=0xfe, ..] => Some(2),
                _ => None,
            },
            Structure::Mule => match text {
                [0x81..=0x8d, 0x80..=0xff, ..] => Some(2),
                [0x90..=0x9b, 0x80..=0xff, 0x80..=0xff, ..] => Some(3),
                [0x9c | 0x9d, 0x80..=0xff, 0x80..=0xff, 0x80..=0xff, ..] => Some(4),
                [0x81..=0x8d | 0x90..=0x9d, ..] => None,
                _ => Some(1),
            },
            Structure::Sjis => match text {
                [0xa1..=0xdf, ..] => Some(1),
                [0x81..=0x9f | 0xe0..=0xfc, 0x40..=0x7e | 0x80..=0xfc, ..] => Some(2),
                _ => None,
            },
            Structure::Big5 => match text {
                // The pair that PostgreSQL keeps for "invalid", see invalid().
                [0x8d, b' ', ..] => None,
                [0x80..=0xff, 0x01..=0xff, ..] => Some(2),
                _ => None,
            },
            Structure::Gb18030 => match text {
                [0x81..=0xfe, b'0'..=b'9', 0x81..=0xfe, b'0'..=b'9', ..] => Some(4),
                [0x81..=0xfe, 0x40..=0x7e | 0x80..=0xfe, ..] => Some(2),
                _ => None,
            },
        }
    }

    /// What is written in place of a byte that begins no character: two bytes that no server accepts in this
    /// encoding, so that a damaged name is refused there and not read as another one
    /// (pg_encoding_set_invalid in src/common/wchar.c).
    pub(crate) fn invalid(self) -> [u8; 2] {
        match self.0 {
            Structure::Utf8 => [0xc0, b' '],
            _ => [0x8d, b' '],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_names_are_found_and_others_refused() {
        assert_eq!(Encoding::from_name("UTF8"), Ok(Encoding::UTF8));
        assert_eq!(Encoding::from_name("SQL_ASCII"), Ok(Encoding::SQL_ASCII));
        assert_eq!(Encoding::from_name("LATIN1"), Ok(Encoding::SQL_ASCII));
        assert_ne!(Encoding::from_name("SJIS"), Encoding::from_name("BIG5"));
        for unknown in ["", "utf8", "UTF-8", "EBCDIC"] {
            let message = Encoding::from_name(unknown).unwrap_err().to_string();
            assert_eq!(message, format!("unknown encoding \"{unknown}\""));
        }
    }

    #[test]
    fn characters_are_as_long_as_in_postgresql() {
        let cases: &[(&str, &[u8], Option<usize>)] = &[
            ("LATIN1", b"\xff\x27", Some(1)),
            ("SQL_ASCII", b"\x80", Some(1)),
            ("UTF8", "é'".as_bytes(), Some(2)),
            ("UTF8", "€".as_bytes(), Some(3)),
            ("UTF8", "😀".as_bytes(), Some(4)),
            ("UTF8", b"\xc3'", None),
            ("UTF8", b"\xe2\x82", None),
            ("UTF8", b"\xc0\x80", None),
            ("UTF8", b"\xed\xa0\x80", None),
            ("UTF8", b"\xf4\x90\x80\x80", None),
            ("UTF8", b"\x80", None),
            ("EUC_JP", b"\x8e\xb1", Some(2)),
            ("EUC_JP", b"\x8e\xe0", None),
            ("EUC_JP", b"\x8f\xa1\xa1", Some(3)),
            ("EUC_JP", b"\x8f\xa1", None),
            ("EUC_JIS_2004", b"\xa4\xa2", Some(2)),
            ("EUC_JP", b"\xa4'", None),
            ("EUC_KR", b"\xb0\xa1", Some(2)),
            ("EUC_KR", b"\x8e\xa1", None),
            ("EUC_CN", b"\xb0\x40", None),
            ("EUC_TW", b"\x8e\xa1\xa1\xa1", Some(4)),
            ("EUC_TW", b"\x8e\xa8\xa1\xa1", None),
            ("EUC_TW", b"\x8f\xa1\xa1", None),
            ("EUC_TW", b"\xc4\xe3", Some(2)),
            ("JOHAB", b"\x8f\xa1\xa1", Some(3)),
            ("JOHAB", b"\x8f\xa1'", None),
            ("JOHAB", b"\x88\xa1", Some(2)),
            ("JOHAB", b"\x88\x61", None),
            ("MULE_INTERNAL", b"\x81\xa1", Some(2)),
            ("MULE_INTERNAL", b"\x92\xa1\xa1", Some(3)),
            ("MULE_INTERNAL", b"\x9a\xa0\xa1", Some(3)),
            ("MULE_INTERNAL", b"\x9d\xf5\xa1\xa1", Some(4)),
            ("MULE_INTERNAL", b"\x92\xa1'", None),
            ("MULE_INTERNAL", b"\xa0", Some(1)),
            ("SJIS", b"\xb1", Some(1)),
            ("SJIS", b"\x95\x5c", Some(2)),
            ("SHIFT_JIS_2004", b"\xfc\xfc", Some(2)),
            ("SJIS", b"\x95'", None),
            ("SJIS", b"\xa0\x40", None),
            ("BIG5", b"\xa5\x5c", Some(2)),
            ("GBK", b"\xb0'", Some(2)),
            ("UHC", b"\xb0\x00", None),
            ("UHC", b"\xb0", None),
            ("BIG5", b"\x8d ", None),
            ("GB18030", b"\x81\x30\x81\x30", Some(4)),
            ("GB18030", b"\x81\x30\x81", None),
            ("GB18030", b"\x81\x40", Some(2)),
            ("GB18030", b"\x81\x7f", None),
            ("GB18030", b"\x80\x40", None),
        ];
        for (name, text, expected) in cases {
            let encoding = Encoding::from_name(name).unwrap();
            assert_eq!(
                encoding.char_len(text),
                *expected,
                "{name} {}",
                text.escape_ascii()
            );
        }
    }

    #[test]
    fn replacement_is_no_character_of_its_own_encoding() {
        for (name, _) in MULTI_BYTE {
            let encoding = Encoding::from_name(name).unwrap();
            assert_eq!(encoding.char_len(&encoding.invalid()), None, "{name}");
        }
    }
}
