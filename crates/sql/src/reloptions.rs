use bstr::{BString, ByteSlice};

use crate::{Quoter, Result, array::parse_text_array, put};

/// The storage parameters of a reloptions array as they stand in `WITH (…)`, or nothing for an empty array.
///
/// `prefix` goes before each name, unquoted: empty, or `toast.`. A value that is a bare identifier stays bare,
/// any other becomes a literal (appendReloptionsArray in src/fe_utils/string_utils.c).
///
/// # Errors
/// [`Error::Array`](crate::Error::Array) if the array cannot be read.
pub fn reloptions(quoter: &Quoter, array: &[u8], prefix: &str) -> Result<BString> {
    let mut out = BString::default();
    for option in parse_text_array(array)? {
        if !out.is_empty() {
            put!(out, ", ");
        }
        let (name, value) = option.split_once_str("=").unwrap_or((&option, b""));
        put!(out, prefix, quoter.ident(name), "=");
        if quoter.is_bare(value) {
            put!(out, value);
        } else {
            put!(out, quoter.literal(value));
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Encoding;

    #[test]
    fn only_plain_identifiers_stay_bare() {
        let quoter = Quoter::new(15, Encoding::UTF8);
        let cases = [
            ("{}", "", ""),
            ("{fillfactor=80}", "", "fillfactor='80'"),
            (
                "{autovacuum_enabled=off,fillfactor=80}",
                "",
                "autovacuum_enabled=off, fillfactor='80'",
            ),
            ("{security_barrier=true}", "", "security_barrier='true'"),
            (
                "{autovacuum_enabled=false}",
                "toast.",
                "toast.autovacuum_enabled='false'",
            ),
            ("{check_option=local}", "", "check_option=local"),
            ("{Odd=a=b}", "", "\"Odd\"='a=b'"),
            ("{flag}", "", "flag=''"),
            (r#"{"x=it's \\ A"}"#, "", r"x='it''s \ A'"),
        ];
        for (array, prefix, expected) in cases {
            assert_eq!(
                reloptions(&quoter, array.as_bytes(), prefix).unwrap(),
                expected,
                "{array}"
            );
        }
        let all = Quoter {
            quote_all: true,
            ..quoter
        };
        assert_eq!(
            reloptions(&all, b"{buffering=auto}", "").unwrap(),
            "\"buffering\"='auto'"
        );
        assert!(reloptions(&quoter, b"fillfactor=80", "").is_err());
    }
}
