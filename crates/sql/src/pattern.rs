use bstr::BString;

use crate::{Encoding, Error, Result, text};

/// A pattern of names as psql and pg_dump take it, in the regular expressions that the server matches names against
/// (patternToSQLRegex in src/fe_utils/string_utils.c).
///
/// Unquoted, letters are folded to lower case, `*` and `?` stand for any characters and any one, and a dot parts the schema from the
/// name; what else a regular expression gives a meaning to has it here too. Between double quotes everything stands for itself. `$`
/// always does, since a name may contain it.
///
/// ```
/// use pgark_sql::{Encoding, Pattern};
///
/// let pattern = Pattern::of_relation("Shop.\"Order\"*", Encoding::UTF8)?;
/// assert_eq!(pattern.schema.unwrap(), "^(shop)$");
/// assert_eq!(pattern.name, "^(Order.*)$");
/// # Ok::<(), pgark_sql::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// As it was given.
    pub text: BString,
    /// The name of a database, where one is named. It is a name, not a pattern.
    pub database: Option<BString>,
    /// What schemas must match; any schema of the search path where it is not given.
    pub schema: Option<BString>,
    /// What names must match.
    pub name: BString,
}

impl Pattern {
    /// A pattern of relations: `name`, `schema.name` or `database.schema.name`.
    ///
    /// # Errors
    /// [`Error::Pattern`] if there are more dots.
    pub fn of_relation(text: impl AsRef<[u8]>, encoding: Encoding) -> Result<Self> {
        let text = text.as_ref();
        let mut parts = Part::split(text, encoding);
        if parts.len() > 3 {
            return Err(too_many_dots("relation", text));
        }
        let mut next = || parts.pop();
        Ok(Self {
            name: next().unwrap_or_default().regex(),
            schema: next().map(|part| part.regex()),
            database: next().map(|part| part.literal),
            text: text.into(),
        })
    }

    /// A pattern of what has no schema: `name` or, where `may_name_database`, `database.name`.
    ///
    /// # Errors
    /// [`Error::Pattern`] if there are more dots.
    pub fn of_name(
        text: impl AsRef<[u8]>,
        may_name_database: bool,
        encoding: Encoding,
    ) -> Result<Self> {
        let text = text.as_ref();
        let mut parts = Part::split(text, encoding);
        if parts.len() > 1 + usize::from(may_name_database) {
            return Err(too_many_dots("qualified", text));
        }
        Ok(Self {
            name: parts.pop().unwrap_or_default().regex(),
            schema: None,
            database: parts.pop().map(|part| part.literal),
            text: text.into(),
        })
    }
}

fn too_many_dots(what: &'static str, text: &[u8]) -> Error {
    Error::Pattern {
        what,
        pattern: text.into(),
    }
}

/// What stands between two dots.
#[derive(Default)]
struct Part {
    expression: BString,
    /// The same without a special meaning of any character.
    literal: BString,
}

impl Part {
    /// Everything that has a meaning in a regular expression.
    const SPECIAL: &[u8] = b"|*+?()[]{}.^$\\";

    fn split(text: &[u8], encoding: Encoding) -> Vec<Self> {
        let mut parts = Vec::new();
        let mut part = Self::default();
        let mut is_quoted = false;
        let mut rest = text;
        while let [byte, tail @ ..] = rest {
            rest = tail;
            match *byte {
                b'"' if is_quoted && tail.starts_with(b"\"") => {
                    part.push(b'"', b"\"");
                    rest = &tail[1..];
                }
                b'"' => is_quoted = !is_quoted,
                b'.' if !is_quoted => parts.push(std::mem::take(&mut part)),
                b'*' if !is_quoted => part.push(b'*', b".*"),
                b'?' if !is_quoted => part.push(b'?', b"."),
                b'$' => part.push(b'$', b"\\$"),
                byte if is_quoted && Self::SPECIAL.contains(&byte) => {
                    part.push(byte, &[b'\\', byte]);
                }
                // More likely meant for an array type than for an empty set of characters.
                b'[' if tail.starts_with(b"]") => part.push(b'[', b"\\["),
                byte if byte.is_ascii() => {
                    let byte = if is_quoted {
                        byte
                    } else {
                        byte.to_ascii_lowercase()
                    };
                    part.push(byte, &[byte]);
                }
                byte => {
                    part.push(byte, &[byte]);
                    // The other bytes of a character mean nothing by themselves, even where they are ASCII.
                    let others = encoding.char_len(&text[text.len() - tail.len() - 1..]);
                    for _ in 1..others.unwrap_or(1) {
                        if let [byte, tail @ ..] = rest {
                            part.push(*byte, &[*byte]);
                            rest = tail;
                        }
                    }
                }
            }
        }
        parts.push(part);
        parts
    }

    fn push(&mut self, literal: u8, expression: &[u8]) {
        self.literal.push(literal);
        self.expression.extend_from_slice(expression);
    }

    /// The whole name must match.
    fn regex(self) -> BString {
        text!("^(", self.expression, ")$")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn relation(text: &str) -> (Option<String>, Option<String>, String) {
        let pattern = Pattern::of_relation(text, Encoding::UTF8).unwrap();
        assert_eq!(pattern.text, text);
        let show = |part: BString| part.to_string();
        (
            pattern.database.map(show),
            pattern.schema.map(show),
            show(pattern.name),
        )
    }

    #[test]
    fn names_become_regular_expressions() {
        for (pattern, expected) in [
            ("t", "^(t)$"),
            ("T1_a", "^(t1_a)$"),
            ("\"T\"x", "^(Tx)$"),
            ("a*b?", "^(a.*b.)$"),
            ("\"a*b?\"", "^(a\\*b\\?)$"),
            ("[a-f]+|(x)", "^([a-f]+|(x))$"),
            (
                "\"[a-f]+|(x){}^\\\"",
                "^(\\[a-f\\]\\+\\|\\(x\\)\\{\\}\\^\\\\)$",
            ),
            ("int[]", "^(int\\[])$"),
            ("a$\"b$\"", "^(a\\$b\\$)$"),
            ("\"say \"\"hi\"\"\"", "^(say \"hi\")$"),
            ("\"\"", "^()$"),
            ("", "^()$"),
            ("*", "^(.*)$"),
            // The quotes need not be closed.
            ("\"A.b", "^(A\\.b)$"),
            ("gar\u{e7}on\u{20ac}", "^(gar\u{e7}on\u{20ac})$"),
            ("\"\u{20ac}.\"", "^(\u{20ac}\\.)$"),
        ] {
            assert_eq!(
                relation(pattern),
                (None, None, expected.to_owned()),
                "{pattern}"
            );
        }
    }

    #[test]
    fn dots_part_database_schema_and_name() {
        let parts = |database: Option<&str>, schema: &str, name: &str| {
            (
                database.map(ToOwned::to_owned),
                Some(schema.to_owned()),
                name.to_owned(),
            )
        };
        for (pattern, expected) in [
            ("s.t", parts(None, "^(s)$", "^(t)$")),
            ("\"S.x\".T*", parts(None, "^(S\\.x)$", "^(t.*)$")),
            ("s.", parts(None, "^(s)$", "^()$")),
            (".t", parts(None, "^()$", "^(t)$")),
            ("*.*", parts(None, "^(.*)$", "^(.*)$")),
            ("Db.s.t", parts(Some("db"), "^(s)$", "^(t)$")),
            // The database is a name.
            ("\"D.b\"$*?.s.t", parts(Some("D.b$*?"), "^(s)$", "^(t)$")),
        ] {
            assert_eq!(relation(pattern), expected, "{pattern}");
        }
        let error = Pattern::of_relation("a.b.c.d", Encoding::UTF8).unwrap_err();
        assert_eq!(
            error.to_string(),
            "improper relation name (too many dotted names): a.b.c.d"
        );
    }

    #[test]
    fn what_has_no_schema_may_be_of_a_database_at_most() {
        let pattern = Pattern::of_name("Db.S*", true, Encoding::UTF8).unwrap();
        assert_eq!(pattern.database.unwrap(), "db");
        assert_eq!((pattern.schema, pattern.name), (None, "^(s.*)$".into()));
        for (text, may_name_database) in [("a.b", false), ("a.b.c", true)] {
            let error = Pattern::of_name(text, may_name_database, Encoding::UTF8).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("improper qualified name (too many dotted names): {text}")
            );
        }
    }

    #[test]
    fn bytes_of_a_character_have_no_meaning_of_their_own() {
        // In SJIS the second byte of a character can be that of a backslash or of "|".
        let sjis = Encoding::from_name("SJIS").unwrap();
        let pattern = Pattern::of_name(b"\"\x83\x5c\x81\x7c\"", false, sjis).unwrap();
        assert_eq!(pattern.name, &b"^(\x83\x5c\x81\x7c)$"[..]);
        // Bytes that are no character stand for themselves.
        let pattern = Pattern::of_name(b"\xff.\xe2", true, Encoding::UTF8).unwrap();
        assert_eq!(pattern.name, &b"^(\xe2)$"[..]);
        assert_eq!(pattern.database.unwrap(), &b"\xff"[..]);
    }
}
