//! Statements as they may be shown.

use bstr::ByteSlice;
use pgark_sql::{TokenKind, tokens};

/// In the name of an option of a foreign server, a user mapping and the like these tell that its value is a secret.
const SECRETS: [&str; 5] = ["passw", "passphrase", "secret", "token", "credential"];

/// A statement with stars in the place of passwords: those of roles, options of foreign data that are called like one, and connection
/// strings of subscriptions that hold one.
pub(crate) fn without_secrets(statement: &[u8]) -> Vec<u8> {
    let mut shown = Vec::new();
    let (mut is_secret, mut is_connection) = (false, false);
    for token in tokens(statement, true) {
        let is_hidden = token.kind == TokenKind::String
            && (is_secret || is_connection && has_secret_name(token.text));
        shown.extend_from_slice(if is_hidden { b"'***'" } else { token.text });
        if token.kind != TokenKind::Blank {
            is_secret = token.name().is_some_and(|name| has_secret_name(&name));
            is_connection = token.is_word("CONNECTION");
        }
    }
    shown
}

fn has_secret_name(text: &[u8]) -> bool {
    let text = text.to_ascii_lowercase();
    SECRETS.iter().any(|secret| text.contains_str(secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_shown() {
        for (statement, shown) in [
            (
                "ALTER ROLE x WITH LOGIN PASSWORD 'a''b' VALID UNTIL 'c';",
                "ALTER ROLE x WITH LOGIN PASSWORD '***' VALID UNTIL 'c';",
            ),
            ("ALTER ROLE x PASSWORD 'ab", "ALTER ROLE x PASSWORD '***'"),
            ("CREATE ROLE x;", "CREATE ROLE x;"),
            (
                "CREATE USER MAPPING FOR a SERVER s OPTIONS (password 'p', \"user\" 'u');",
                "CREATE USER MAPPING FOR a SERVER s OPTIONS (password '***', \"user\" 'u');",
            ),
            (
                "CREATE SERVER s FOREIGN DATA WRAPPER w OPTIONS (\"Api_Secret\" 'p', host 'h');",
                "CREATE SERVER s FOREIGN DATA WRAPPER w OPTIONS (\"Api_Secret\" '***', host 'h');",
            ),
            (
                "CREATE SUBSCRIPTION s CONNECTION 'host=h password=p' PUBLICATION p;",
                "CREATE SUBSCRIPTION s CONNECTION '***' PUBLICATION p;",
            ),
            (
                "CREATE SUBSCRIPTION s CONNECTION 'host=h' PUBLICATION p;",
                "CREATE SUBSCRIPTION s CONNECTION 'host=h' PUBLICATION p;",
            ),
            (
                "CREATE TABLE t (password text DEFAULT 'x'::text);",
                "CREATE TABLE t (password text DEFAULT 'x'::text);",
            ),
        ] {
            assert_eq!(without_secrets(statement.as_bytes()).as_bstr(), shown);
        }
    }
}
