//! Connection strings: `keyword = 'value' …`.
//!
//! Manual: "Connection Strings", section "Keyword/Value Connection Strings".

use bstr::ByteSlice;

use crate::keyword::{self, Keyword};
use crate::{Config, Error, Result};

/// Sets the options of a connection string, the last of each winning.
pub(crate) fn parse(text: &[u8], config: &mut Config) -> Result<()> {
    let mut rest = trim_start(text);
    let mut last = None;
    while !rest.is_empty() {
        let end = rest
            .iter()
            .position(|byte| *byte == b'=' || is_space(*byte));
        let (name, after) = rest.split_at(end.unwrap_or(rest.len()));
        let Some(after) = trim_start(after).strip_prefix(b"=") else {
            return Err(no_equals_sign(name, last));
        };
        let (value, after) = value(trim_start(after)).ok_or_else(|| {
            Error::Syntax(format!(
                "the quoted value of \"{}\" has no end",
                name.as_bstr()
            ))
        })?;
        config.store(name, &value)?;
        last = keyword::find(name);
        rest = trim_start(after);
    }
    Ok(())
}

/// The error about a word that should be a name. One that is none is not shown: it may be the rest of a password.
fn no_equals_sign(word: &[u8], last: Option<&Keyword>) -> Error {
    Error::Syntax(match (keyword::find(word), last) {
        (Some(known), _) => format!("there is no \"=\" after \"{}\"", known.name),
        (None, Some(last)) => format!(
            "there is no \"=\" after a word that follows the value of \"{}\" (one with spaces must be quoted)",
            last.name
        ),
        (None, None) => "there is no \"=\" after its first word".into(),
    })
}

/// A value and what follows it; `None` if its closing quote is missing. A backslash takes the next byte as it
/// is, inside quotes and outside.
fn value(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let quoted = text.strip_prefix(b"'");
    let mut value = Vec::new();
    let mut bytes = quoted.unwrap_or(text);
    while let Some((&byte, rest)) = bytes.split_first() {
        bytes = rest;
        match byte {
            b'\\' => {
                if let Some((&escaped, rest)) = bytes.split_first() {
                    value.push(escaped);
                    bytes = rest;
                }
            }
            b'\'' if quoted.is_some() => return Some((value, bytes)),
            byte if quoted.is_none() && is_space(byte) => return Some((value, bytes)),
            byte => value.push(byte),
        }
    }
    quoted.is_none().then_some((value, bytes))
}

/// The blanks of C's isspace, which has the vertical tab as well.
fn is_space(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == b'\x0b'
}

fn trim_start(text: &[u8]) -> &[u8] {
    let blanks = text.iter().take_while(|byte| is_space(**byte)).count();
    &text[blanks..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_libpq_reads_them() {
        type Settings = &'static [(&'static str, &'static [u8])];
        let cases: &[(&[u8], Settings)] = &[
            (b"host=a port=1", &[("host", b"a"), ("port", b"1")]),
            (b"  host =\t a\nport= 1 ", &[("host", b"a"), ("port", b"1")]),
            (
                b"dbname='my db' user=u",
                &[("dbname", b"my db"), ("user", b"u")],
            ),
            (br"dbname='it\'s \\ x'", &[("dbname", br"it's \ x")]),
            (br"dbname=it\'s\ x\\", &[("dbname", br"it's x\")]),
            (b"dbname=a'b", &[("dbname", b"a'b")]),
            (b"dbname='a'user=b", &[("dbname", b"a"), ("user", b"b")]),
            (b"dbname=a=b", &[("dbname", b"a=b")]),
            (b"dbname=a dbname=b", &[("dbname", b"b")]),
            (b"dbname=\xff\xe4", &[("dbname", b"\xff\xe4")]),
            (b"dbname= user=b", &[("dbname", b"user=b")]),
            (b"dbname='' user=b", &[("dbname", b""), ("user", b"b")]),
            (b"requiressl=1", &[("sslmode", b"require")]),
            (b"requiressl=0", &[("sslmode", b"prefer")]),
            (b"dbname=a\\", &[("dbname", b"a")]),
        ];
        for (text, expected) in cases {
            let mut config = Config::new();
            parse(text, &mut config).unwrap();
            let found: Vec<(&str, &[u8])> = config
                .settings()
                .map(|(name, value)| (name, value.as_bytes()))
                .collect();
            let mut expected = expected.to_vec();
            expected.sort_unstable();
            assert_eq!(found, expected, "{}", text.as_bstr());
        }
    }

    #[test]
    fn mistakes_are_named() {
        for (text, message) in [
            (
                "host",
                "malformed connection string: there is no \"=\" after \"host\"",
            ),
            (
                "host a=b",
                "malformed connection string: there is no \"=\" after \"host\"",
            ),
            (
                "password=hunter 2 dbname=x",
                "malformed connection string: there is no \"=\" after a word that follows the value of \"password\" (one with spaces must be quoted)",
            ),
            (
                "hunter2 dbname=x",
                "malformed connection string: there is no \"=\" after its first word",
            ),
            (
                "dbname='a",
                "malformed connection string: the quoted value of \"dbname\" has no end",
            ),
            (
                "hots=a",
                "no connection option is named \"hots\" (the nearest is \"host\")",
            ),
            ("=a", "no connection option is named \"\""),
        ] {
            let error = parse(text.as_bytes(), &mut Config::new()).unwrap_err();
            assert_eq!(error.to_string(), message);
            assert!(error.is_bad_option());
        }
    }
}
