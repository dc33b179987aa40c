use bstr::{BString, ByteSlice};

use crate::{Encoding, keyword, text};

/// How pg_dump of one major, in one session, writes names and values (src/fe_utils/string_utils.c).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quoter {
    /// The major of the pg_dump that would write this: its keywords, privileges and blanks are used. It is the
    /// server's own major.
    pub major: u32,
    /// Quote every identifier (`--quote-all-identifiers`).
    pub quote_all: bool,
    /// The session's `standard_conforming_strings`: a backslash in a plain literal stands for itself.
    pub std_strings: bool,
    /// The session's `client_encoding`.
    pub encoding: Encoding,
}

impl Quoter {
    /// The usual quoter: identifiers quoted where needed, standard strings.
    pub const fn new(major: u32, encoding: Encoding) -> Self {
        Self {
            major,
            quote_all: false,
            std_strings: true,
            encoding,
        }
    }

    /// The identifier, quoted if it needs to be (fmtId).
    pub fn ident(self, name: impl AsRef<[u8]>) -> BString {
        let name = name.as_ref();
        if self.is_bare(name) {
            BString::from(name)
        } else {
            self.enclose(name, b'"', false)
        }
    }

    /// `schema.name`, or the name alone where there is no schema or an empty one (fmtQualifiedId).
    pub fn qualified(self, schema: Option<&[u8]>, name: impl AsRef<[u8]>) -> BString {
        match schema {
            Some(schema) if !schema.is_empty() => text!(self.ident(schema), ".", self.ident(name)),
            _ => self.ident(name),
        }
    }

    /// The value as a plain literal, as pg_dump writes it into an archive (appendStringLiteralAH): quotes are
    /// doubled, and backslashes as well unless the session has standard strings. Never `E'…'`.
    pub fn literal(self, value: impl AsRef<[u8]>) -> BString {
        self.enclose(value.as_ref(), b'\'', !self.std_strings)
    }

    /// The value as a literal that every session reads alike, as pg_dump writes settings and security labels of
    /// databases, and pg_dumpall everything (appendStringLiteralConn): `E'…'` with doubled backslashes where
    /// the value has a backslash, else [`literal`](Self::literal).
    ///
    /// Write it after a blank: elsewhere PostgreSQL's tools put one before the `E`.
    pub fn portable_literal(self, value: impl AsRef<[u8]>) -> BString {
        let value = value.as_ref();
        if value.contains(&b'\\') {
            text!("E", self.enclose(value, b'\'', true))
        } else {
            self.literal(value)
        }
    }

    /// The value between dollar quotes (appendStringLiteralDQ). The tag begins with `prefix` and grows by the
    /// characters of `_XXXXXXX`, over and over, until the value does not contain its beginning.
    pub fn dollar_literal(self, value: impl AsRef<[u8]>, prefix: Option<&[u8]>) -> BString {
        let value = value.as_ref();
        let mut tag = text!("$", prefix.unwrap_or_default());
        // The value is searched without the closing dollar sign: it may end in the tag's beginning.
        for character in b"_XXXXXXX".iter().cycle() {
            if !value.contains_str(&tag) {
                break;
            }
            tag.push(*character);
        }
        text!(tag, "$", value, tag, "$")
    }

    /// Whether the identifier stands without quotes.
    pub(crate) fn is_bare(self, name: &[u8]) -> bool {
        let starts_well = matches!(name, [b'a'..=b'z' | b'_', ..]);
        let plain = |byte: &u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_');
        !self.quote_all
            && starts_well
            && name.iter().all(plain)
            && !keyword::is_quoted(name, self.major)
    }

    /// The text between `quote`s, with those in it doubled, and backslashes if told so.
    fn enclose(self, text: &[u8], quote: u8, double_backslash: bool) -> BString {
        let mut out = Vec::with_capacity(text.len() + 2);
        out.push(quote);
        let mut rest = text;
        while let [byte, tail @ ..] = rest {
            if byte.is_ascii() {
                if *byte == quote || (*byte == b'\\' && double_backslash) {
                    out.push(*byte);
                }
                out.push(*byte);
                rest = tail;
            } else if let Some((character, tail)) = self
                .encoding
                .char_len(rest)
                .and_then(|len| rest.split_at_checked(len))
            {
                out.extend_from_slice(character);
                rest = tail;
            } else {
                out.extend_from_slice(&self.encoding.invalid());
                rest = tail;
            }
        }
        out.push(quote);
        BString::from(out)
    }
}

#[cfg(test)]
mod tests;
