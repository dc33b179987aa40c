use bstr::BString;

use crate::{Error, Result};

/// The elements of a one-dimensional array in the text form of array_out: `{a,"b c",NULL}`.
///
/// An unquoted `NULL`, in any case of letters, is `None`.
///
/// # Errors
/// [`Error::Array`] for anything else, among it arrays of several dimensions or with explicit bounds.
pub fn parse_array(text: &[u8]) -> Result<Vec<Option<BString>>> {
    let malformed = |problem| Error::Array {
        text: BString::from(text),
        problem,
    };
    let inner = text
        .strip_prefix(b"{")
        .and_then(|text| text.strip_suffix(b"}"))
        .ok_or_else(|| malformed("it is not enclosed in braces"))?;
    if inner.is_empty() {
        return Ok(Vec::new());
    }
    let mut items = Vec::new();
    let mut item = Vec::new();
    let mut quoted = false;
    let mut bytes = inner.iter().copied();
    loop {
        match bytes.next() {
            end @ (None | Some(b',')) => {
                let value = std::mem::take(&mut item);
                if value.is_empty() && !quoted {
                    return Err(malformed("an element is missing"));
                }
                let null = !quoted && value.eq_ignore_ascii_case(b"null");
                items.push((!null).then(|| BString::from(value)));
                quoted = false;
                if end.is_none() {
                    return Ok(items);
                }
            }
            Some(b'"') => {
                quoted = true;
                loop {
                    match bytes
                        .next()
                        .ok_or_else(|| malformed("a quoted element has no end"))?
                    {
                        b'"' => break,
                        b'\\' => item.push(
                            bytes
                                .next()
                                .ok_or_else(|| malformed("a quoted element has no end"))?,
                        ),
                        byte => item.push(byte),
                    }
                }
            }
            Some(b'{' | b'}') => return Err(malformed("it has a brace outside of quotes")),
            Some(byte) => item.push(byte),
        }
    }
}

/// The elements of an array that never has nulls, such as reloptions, setconfig or an access control list.
pub(crate) fn parse_text_array(text: &[u8]) -> Result<Vec<BString>> {
    parse_array(text)?
        .into_iter()
        .collect::<Option<_>>()
        .ok_or_else(|| Error::Array {
            text: BString::from(text),
            problem: "an element is null",
        })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn elements_are_unquoted() {
        let cases: &[(&str, &[Option<&str>])] = &[
            ("{}", &[]),
            ("{a}", &[Some("a")]),
            ("{a,\"b c\",NULL}", &[Some("a"), Some("b c"), None]),
            ("{\"NULL\",null,\"\"}", &[Some("NULL"), None, Some("")]),
            (
                r#"{"a\"b","c\\d","{x,y}"}"#,
                &[Some("a\"b"), Some("c\\d"), Some("{x,y}")],
            ),
            (
                "{postgres=arwdDxt/postgres,=r/postgres}",
                &[Some("postgres=arwdDxt/postgres"), Some("=r/postgres")],
            ),
            ("{zoë=r/a}", &[Some("zoë=r/a")]),
        ];
        for (text, expected) in cases {
            let expected: Vec<_> = expected
                .iter()
                .map(|item| item.map(BString::from))
                .collect();
            assert_eq!(parse_array(text.as_bytes()), Ok(expected), "{text}");
        }
    }

    #[test]
    fn other_texts_are_refused() {
        let cases = [
            ("", "it is not enclosed in braces"),
            ("{", "it is not enclosed in braces"),
            ("}", "it is not enclosed in braces"),
            ("{a", "it is not enclosed in braces"),
            ("a}", "it is not enclosed in braces"),
            ("[0:1]={a,b}", "it is not enclosed in braces"),
            ("{{a}}", "it has a brace outside of quotes"),
            ("{a}{b}", "it has a brace outside of quotes"),
            ("{a,}", "an element is missing"),
            ("{,a}", "an element is missing"),
            ("{\"a}", "a quoted element has no end"),
            ("{\"a\\\"}", "a quoted element has no end"),
            ("{\"a\\}", "a quoted element has no end"),
        ];
        for (text, problem) in cases {
            let expected = Error::Array {
                text: BString::from(text),
                problem,
            };
            assert_eq!(parse_array(text.as_bytes()), Err(expected));
        }
    }

    #[test]
    fn null_is_refused_where_none_can_be() {
        assert!(parse_text_array(b"{a,NULL}").is_err());
        assert_eq!(
            parse_text_array(b"{a,b}"),
            Ok(vec![BString::from("a"), BString::from("b")])
        );
    }

    proptest! {
        #[test]
        fn quoted_elements_read_back(items: Vec<Vec<u8>>) {
            let mut text = b"{".to_vec();
            for (at, item) in items.iter().enumerate() {
                text.extend_from_slice(if at == 0 { b"\"" } else { b",\"" });
                for byte in item {
                    if matches!(byte, b'"' | b'\\') {
                        text.push(b'\\');
                    }
                    text.push(*byte);
                }
                text.push(b'"');
            }
            text.push(b'}');
            let items: Vec<_> = items.into_iter().map(|item| Some(BString::from(item))).collect();
            prop_assert_eq!(parse_array(&text), Ok(items));
        }

        #[test]
        fn array_of_any_bytes_is_read_or_refused(text: Vec<u8>) {
            let braced = [b"{".as_slice(), &text, b"}"].concat();
            let _ = parse_array(&braced);
        }
    }
}
