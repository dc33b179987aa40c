//! Cutting SQL text into tokens.

use bstr::{BString, ByteSlice};

/// What a [`Token`] is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TokenKind {
    /// Blanks or a comment.
    Blank,
    /// A keyword, or a name without quotes.
    Word,
    /// A name in double quotes.
    Name,
    /// A string, with its quotes and the letter before them.
    String,
    /// A number, or a byte of anything else.
    Other,
}

/// A piece of SQL text (src/backend/parser/scan.l has the rules).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Token<'a> {
    /// What it is.
    pub kind: TokenKind,
    /// Its text, quotes included.
    pub text: &'a [u8],
}

impl Token<'_> {
    /// Whether it is a keyword.
    pub fn is_word(&self, word: &str) -> bool {
        self.kind == TokenKind::Word && self.text.eq_ignore_ascii_case(word.as_bytes())
    }

    /// The name that it may stand for: without its quotes, or in small letters.
    pub fn name(&self) -> Option<BString> {
        match self.kind {
            TokenKind::Word => Some(self.text.to_ascii_lowercase().into()),
            TokenKind::Name => {
                let inside = &self.text[1..];
                let inside = inside.strip_suffix(b"\"").unwrap_or(inside);
                Some(inside.replace(b"\"\"", b"\"").into())
            }
            _ => None,
        }
    }
}

/// The tokens of a text, which together are the text again. What is opened and not closed reaches to the end.
///
/// Backslashes escape in strings marked with an E, and in plain ones where `std_strings` (`standard_conforming_strings`) is off.
pub fn tokens(text: &[u8], std_strings: bool) -> impl Iterator<Item = Token<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (kind, length) = first(rest, std_strings);
        let (text, after) = rest.split_at(length.clamp(1, rest.len()));
        rest = after;
        Some(Token { kind, text })
    })
}

/// What a text begins with, and how long it is.
fn first(text: &[u8], std_strings: bool) -> (TokenKind, usize) {
    match text[0] {
        byte if byte.is_ascii_whitespace() => {
            let blanks = text.iter().take_while(|byte| byte.is_ascii_whitespace());
            (TokenKind::Blank, blanks.count())
        }
        b'-' if text.starts_with(b"--") => {
            let end = text.find_byte(b'\n').unwrap_or(text.len());
            (TokenKind::Blank, end)
        }
        b'/' if text.starts_with(b"/*") => (TokenKind::Blank, comment(text)),
        b'"' => (TokenKind::Name, quoted(text, 0, false)),
        b'\'' => (TokenKind::String, quoted(text, 0, !std_strings)),
        b'$' => match dollar_quoted(text) {
            Some(length) => (TokenKind::String, length),
            None => (TokenKind::Other, 1),
        },
        byte if is_word_start(byte) => {
            let length = text.iter().take_while(|byte| is_word(**byte)).count();
            let marks_string = length == 1 && text.get(1) == Some(&b'\'');
            match byte {
                b'E' | b'e' if marks_string => (TokenKind::String, quoted(text, 1, true)),
                b'B' | b'b' | b'X' | b'x' | b'N' | b'n' if marks_string => {
                    (TokenKind::String, quoted(text, 1, !std_strings))
                }
                _ => (TokenKind::Word, length),
            }
        }
        byte if byte.is_ascii_digit() => {
            let digits = text.iter().take_while(|byte| is_word(**byte));
            (TokenKind::Other, digits.count())
        }
        _ => (TokenKind::Other, 1),
    }
}

/// How far a comment reaches, those within it included.
fn comment(text: &[u8]) -> usize {
    let (mut at, mut depth) = (0, 0_usize);
    while at < text.len() {
        if text[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if text[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    at
}

/// How far what opens with the quote at a place reaches. A doubled quote does not close it.
fn quoted(text: &[u8], open: usize, escapes: bool) -> usize {
    let quote = text[open];
    let mut at = open + 1;
    while at < text.len() {
        let is_doubled = text.get(at + 1) == Some(&quote);
        match text[at] {
            b'\\' if escapes => at += 2,
            byte if byte == quote && is_doubled => at += 2,
            byte if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    text.len()
}

/// How long a string between dollar quotes is, where one begins.
fn dollar_quoted(text: &[u8]) -> Option<usize> {
    let tag = text[1..]
        .iter()
        .take_while(|byte| is_word(**byte) && **byte != b'$')
        .count();
    let mark = text.get(..tag + 2)?;
    if mark.last() != Some(&b'$') || mark[1].is_ascii_digit() {
        return None;
    }
    let inside = text[mark.len()..].find(mark);
    Some(inside.map_or(text.len(), |inside| inside + 2 * mark.len()))
}

pub(crate) fn is_word_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

pub(crate) fn is_word(byte: u8) -> bool {
    is_word_start(byte) || byte.is_ascii_digit() || byte == b'$'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, std_strings: bool) -> Vec<(TokenKind, String)> {
        tokens(text.as_bytes(), std_strings)
            .filter(|token| token.kind != TokenKind::Blank)
            .map(|token| (token.kind, token.text.as_bstr().to_string()))
            .collect()
    }

    #[test]
    fn text_falls_into_words_names_and_strings() {
        use TokenKind::{Name, Other, String, Word};
        let text = "GRANT a1$ /* x /* y */ */ \"o \"\"q\" 'it''s' E'\\'' -- c\n$$b;$$ $t$ $$ $t$ $1 2.5e3 n'x'";
        let expected = [
            (Word, "GRANT"),
            (Word, "a1$"),
            (Name, "\"o \"\"q\""),
            (String, "'it''s'"),
            (String, "E'\\''"),
            (String, "$$b;$$"),
            (String, "$t$ $$ $t$"),
            (Other, "$"),
            (Other, "1"),
            (Other, "2"),
            (Other, "."),
            (Other, "5e3"),
            (String, "n'x'"),
        ];
        let expected = expected.map(|(kind, text)| (kind, text.to_owned()));
        assert_eq!(shown(text, true), expected);
        assert_eq!(shown("'\\' y'", true).len(), 3);
        assert_eq!(shown("'\\' y'", false).len(), 1);
    }

    #[test]
    fn tokens_are_the_text_again_and_what_is_open_reaches_to_the_end() {
        for text in [
            "'a",
            "\"a",
            "$x$ a",
            "/* a /* */",
            "E'\\",
            "",
            "a\\b",
            "\u{e4}x y",
        ] {
            let all: Vec<u8> = tokens(text.as_bytes(), true)
                .flat_map(|token| token.text.to_vec())
                .collect();
            assert_eq!(all.as_bstr(), text);
        }
    }

    #[test]
    fn names_are_what_they_stand_for() {
        for (text, name) in [
            ("Ann", Some("ann")),
            ("\"A \"\"b\"", Some("A \"b")),
            ("'x'", None),
            ("\"open", Some("open")),
        ] {
            let token = tokens(text.as_bytes(), true).next().unwrap();
            assert_eq!(token.name(), name.map(Into::into), "{text}");
        }
    }
}
