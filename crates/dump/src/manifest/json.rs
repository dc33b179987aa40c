//! JSON with the look that Go's `json.MarshalIndent` gives it.

use serde::Serialize;

/// Two blanks of indent, no newline at the end, and in strings the escapes that Go adds so that a browser takes the text for
/// no markup.
pub(super) fn encode(value: &impl Serialize) -> Vec<u8> {
    let text = serde_json::to_string_pretty(value).expect("structs of texts and numbers are JSON");
    // These characters stand in strings only.
    let text = [
        ('<', "\\u003c"),
        ('>', "\\u003e"),
        ('&', "\\u0026"),
        ('\u{2028}', "\\u2028"),
        ('\u{2029}', "\\u2029"),
    ]
    .iter()
    .fold(text, |text, (from, to)| {
        if text.contains(*from) {
            text.replace(*from, to)
        } else {
            text
        }
    });
    text.into_bytes()
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
