//! JSON with the look that Go's `json.MarshalIndent` gives it.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::{Formatter, PrettyFormatter};

/// Two blanks of indent, no newline at the end, and in strings the escapes that Go adds so that a browser takes the text for
/// no markup.
pub(super) fn encode(value: &impl Serialize) -> Vec<u8> {
    let mut text = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut text, Go(PrettyFormatter::new()));
    let written = value.serialize(&mut serializer);
    written.expect("structs of texts and numbers are JSON");
    text
}

/// [`PrettyFormatter`] with more escapes.
struct Go(PrettyFormatter<'static>);

impl Formatter for Go {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        out: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(place) = rest.find(['<', '>', '&', '\u{2028}', '\u{2029}']) {
            let (before, special) = rest.split_at(place);
            out.write_all(before.as_bytes())?;
            let mut after = special.chars();
            if let Some(special) = after.next() {
                write!(out, "\\u{:04x}", u32::from(special))?;
            }
            rest = after.as_str();
        }
        out.write_all(rest.as_bytes())
    }

    fn begin_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_array(out)
    }

    fn end_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array(out)
    }

    fn begin_array_value<W: ?Sized + Write>(
        &mut self,
        out: &mut W,
        is_first: bool,
    ) -> io::Result<()> {
        self.0.begin_array_value(out, is_first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array_value(out)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object(out)
    }

    fn end_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object(out)
    }

    fn begin_object_key<W: ?Sized + Write>(
        &mut self,
        out: &mut W,
        is_first: bool,
    ) -> io::Result<()> {
        self.0.begin_object_key(out, is_first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object_value(out)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object_value(out)
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
            text: "a<b>&\"\\\n\u{1}\u{2028}é",
            list: vec![1, 2],
            none: None,
        };
        let expected = "{\n  \"text\": \"a\\u003cb\\u003e\\u0026\\\"\\\\\\n\\u0001\\u2028é\",\n  \"list\": [\n    1,\n    2\n  ],\n  \"none\": null\n}";
        assert_eq!(String::from_utf8(encode(&sample)).unwrap(), expected);
    }
}
