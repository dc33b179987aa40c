//! JSON with the look that Go's `json.MarshalIndent` gives it.

use std::io::{self, Write};

use bstr::ByteSlice;
use serde::Serialize;

/// Two blanks of indent, no newline at the end, and in strings the escapes that Go adds so that a browser takes the text for
/// no markup.
pub(super) fn encode(value: &impl Serialize) -> Vec<u8> {
    let mut text = Escaping(Vec::new());
    let written = serde_json::to_writer_pretty(&mut text, value);
    written.expect("structs of texts and numbers are JSON");
    text.0
}

/// Escapes what Go escapes besides: characters that stand in strings only, and are never cut.
struct Escaping(Vec<u8>);

impl Write for Escaping {
    fn write(&mut self, part: &[u8]) -> io::Result<usize> {
        let mut rest = part;
        while let Some(place) = rest.find_byteset(b"<>&\xE2") {
            let (before, special) = rest.split_at(place);
            self.0.extend_from_slice(before);
            let (escape, length): (&[u8], _) = match special {
                [b'<', ..] => (b"\\u003c", 1),
                [b'>', ..] => (b"\\u003e", 1),
                [b'&', ..] => (b"\\u0026", 1),
                [0xE2, 0x80, 0xA8, ..] => (b"\\u2028", 3),
                [0xE2, 0x80, 0xA9, ..] => (b"\\u2029", 3),
                _ => (&special[..1], 1),
            };
            self.0.extend_from_slice(escape);
            rest = &special[length..];
        }
        self.0.extend_from_slice(rest);
        Ok(part.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_look_is_that_of_go() {
        #[derive(Serialize)]
        struct Sample {
            text: &'static str,
            list: Vec<u8>,
            none: Option<u8>,
        }
        let sample = Sample {
            text: "a<b>&\"\\\n\u{1}\u{2028}é€",
            list: vec![1, 2],
            none: None,
        };
        let expected = "{\n  \"text\": \"a\\u003cb\\u003e\\u0026\\\"\\\\\\n\\u0001\\u2028é€\",\n  \"list\": [\n    1,\n    2\n  ],\n  \"none\": null\n}";
        assert_eq!(String::from_utf8(encode(&sample)).unwrap(), expected);
    }
}
