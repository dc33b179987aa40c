//! Cutting a script into statements, as psql does.

use bstr::{BString, ByteSlice};

use crate::token::{is_word, is_word_start};

/// A piece of a script.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Piece {
    /// A statement with what precedes it, up to and with its semicolon.
    Statement(BString),
    /// A line that begins with a backslash where a statement could begin: a command to psql.
    Command(BString),
}

/// Cuts a script into statements while it arrives in pieces of any size (psql's rules are in src/fe_utils/psqlscan.l).
///
/// Semicolons within quotes, dollar quotes, comments, parentheses and the bodies of `BEGIN ATOMIC` end nothing. The text is looked
/// at byte by byte, which is right for every encoding that a server can have.
#[derive(Debug)]
pub struct Splitter {
    std_strings: bool,
    text: Vec<u8>,
    /// How far `text` has been looked at.
    at: usize,
    state: State,
    parentheses: usize,
    /// How many `BEGIN` and `CASE` are open in a function's body.
    blocks: usize,
    /// The words so far, as far as they tell a function with a body.
    words: Vec<Vec<u8>>,
    /// Whether anything but blanks and comments stands in the statement.
    has_content: bool,
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum State {
    Plain,
    /// In single quotes, perhaps with backslashes that escape.
    String {
        escapes: bool,
    },
    /// In double quotes.
    Name,
    Dollar(Vec<u8>),
    LineComment,
    /// So many comments deep.
    Comment(usize),
}

impl Splitter {
    /// A splitter for scripts where backslashes in plain strings mean nothing (`standard_conforming_strings`), or else escape.
    pub fn new(std_strings: bool) -> Self {
        Self {
            std_strings,
            text: Vec::new(),
            at: 0,
            state: State::Plain,
            parentheses: 0,
            blocks: 0,
            words: Vec::new(),
            has_content: false,
        }
    }

    /// Adds more of the script.
    pub fn push(&mut self, text: &[u8]) {
        self.text.extend_from_slice(text);
    }

    /// The next piece that is complete.
    pub fn next_piece(&mut self) -> Option<Piece> {
        self.scan(false)
    }

    /// What is left when the script is over: a statement without its semicolon, or a command without the end of its line. `None`
    /// where nothing but blanks and comments is left. An open quote counts as closed.
    pub fn finish(&mut self) -> Option<Piece> {
        if let Some(piece) = self.scan(true) {
            return Some(piece);
        }
        let has_content = self.has_content;
        let text = self.cut(self.text.len());
        (has_content && !text.trim_ascii().is_empty()).then_some(Piece::Statement(text))
    }

    /// The bytes held back: those of a piece that is not complete yet.
    pub fn pending(&self) -> usize {
        self.text.len()
    }

    fn scan(&mut self, is_end: bool) -> Option<Piece> {
        while self.at < self.text.len() {
            let rest = &self.text[self.at..];
            // Whatever needs to look ahead waits until there is something ahead.
            if rest.len() < LOOK_AHEAD && !is_end && !rest.contains(&b'\n') && !rest.contains(&b';')
            {
                return None;
            }
            let step = match self.state.clone() {
                State::Plain => match self.plain() {
                    Step::Over(length) => length,
                    Step::Ends(length) => {
                        return Some(Piece::Statement(self.cut(self.at + length)));
                    }
                    Step::Command => {
                        let rest = &self.text[self.at..];
                        let end = match rest.find_byte(b'\n') {
                            Some(end) => end + 1,
                            None if is_end => rest.len(),
                            None => return None,
                        };
                        return Some(Piece::Command(self.cut(self.at + end)));
                    }
                    Step::Wait if is_end => 1,
                    Step::Wait => return None,
                },
                State::String { escapes } => self.within_string(escapes),
                State::Name => {
                    let end = rest[0] == b'"';
                    if end {
                        self.state = State::Plain;
                    }
                    1
                }
                State::Dollar(tag) => {
                    if rest.starts_with(&tag) {
                        self.state = State::Plain;
                        tag.len()
                    } else if tag.starts_with(rest) && !is_end {
                        return None;
                    } else {
                        1
                    }
                }
                State::LineComment => {
                    if rest[0] == b'\n' {
                        self.state = State::Plain;
                    }
                    1
                }
                State::Comment(depth) => self.within_comment(depth),
            };
            self.at += step.min(self.text.len() - self.at);
        }
        None
    }

    fn plain(&mut self) -> Step {
        let rest = &self.text[self.at..];
        let byte = rest[0];
        let starts = |text: &[u8]| rest.starts_with(text);
        if byte.is_ascii_whitespace() {
            return Step::Over(1);
        }
        if starts(b"--") {
            self.state = State::LineComment;
            return Step::Over(2);
        }
        if starts(b"/*") {
            self.state = State::Comment(1);
            return Step::Over(2);
        }
        if byte == b'\\' && !self.has_content {
            return Step::Command;
        }
        let was_begun = std::mem::replace(&mut self.has_content, true);
        match byte {
            b'\'' => {
                self.state = State::String {
                    escapes: !self.std_strings,
                };
            }
            b'"' => self.state = State::Name,
            b'(' => self.parentheses += 1,
            b')' => self.parentheses = self.parentheses.saturating_sub(1),
            b';' if self.parentheses == 0 && self.blocks == 0 => {
                self.has_content = was_begun;
                return Step::Ends(1);
            }
            b'$' => return self.dollar(),
            _ if is_word_start(byte) => return self.word(),
            _ if byte.is_ascii_digit() => {
                let digits = rest.iter().take_while(|byte| is_word(**byte)).count();
                return Step::Over(digits);
            }
            _ => {}
        }
        Step::Over(1)
    }

    /// A dollar quote, where it is one.
    fn dollar(&mut self) -> Step {
        let rest = &self.text[self.at..];
        let tag = rest[1..]
            .iter()
            .take_while(|byte| is_word(**byte) && **byte != b'$');
        let length = 1 + tag.count();
        match rest.get(length) {
            Some(b'$') if !rest[1].is_ascii_digit() => {
                self.state = State::Dollar(rest[..=length].to_vec());
                Step::Over(length + 1)
            }
            Some(_) => Step::Over(1),
            None => Step::Wait,
        }
    }

    /// A word: the mark before a string, or what opens and closes a function's body (`IDENT_` counting in psqlscan.l).
    fn word(&mut self) -> Step {
        let rest = &self.text[self.at..];
        let length = rest.iter().take_while(|byte| is_word(**byte)).count();
        if length == rest.len() {
            return Step::Wait;
        }
        let word = rest[..length].to_ascii_lowercase();
        if rest[length] == b'\'' && matches!(&word[..], b"e" | b"n" | b"b" | b"x") {
            self.state = State::String {
                escapes: word == b"e" || word == b"n" && !self.std_strings,
            };
            return Step::Over(length + 1);
        }
        if self.parentheses == 0 {
            if self.words.len() < 4 {
                self.words.push(word.clone());
            }
            if self.makes_function() {
                match &word[..] {
                    b"begin" => self.blocks += 1,
                    b"case" if self.blocks > 0 => self.blocks += 1,
                    b"end" => self.blocks = self.blocks.saturating_sub(1),
                    _ => {}
                }
            }
        }
        Step::Over(length)
    }

    /// Whether the statement's first words are CREATE [OR REPLACE] FUNCTION or PROCEDURE.
    fn makes_function(&self) -> bool {
        let is_body = |word: &[u8]| word == b"function" || word == b"procedure";
        let words: Vec<&[u8]> = self.words.iter().map(|word| &word[..]).collect();
        match words[..] {
            [b"create", b"or", b"replace", what, ..] | [b"create", what, ..] => is_body(what),
            _ => false,
        }
    }

    fn within_string(&mut self, escapes: bool) -> usize {
        match self.text[self.at] {
            b'\\' if escapes => 2,
            b'\'' => {
                // A doubled quote closes a string and opens another.
                self.state = State::Plain;
                if self.text.get(self.at + 1) == Some(&b'\'') {
                    self.state = State::String { escapes };
                    return 2;
                }
                1
            }
            _ => 1,
        }
    }

    fn within_comment(&mut self, depth: usize) -> usize {
        let rest = &self.text[self.at..];
        if rest.starts_with(b"/*") {
            self.state = State::Comment(depth + 1);
            2
        } else if rest.starts_with(b"*/") {
            self.state = match depth {
                1 => State::Plain,
                deep => State::Comment(deep - 1),
            };
            2
        } else {
            1
        }
    }

    /// Takes the text up to a place off, and begins anew behind it.
    fn cut(&mut self, end: usize) -> BString {
        let rest = self.text.split_off(end);
        let piece = std::mem::replace(&mut self.text, rest);
        *self = Self {
            text: std::mem::take(&mut self.text),
            ..Self::new(self.std_strings)
        };
        piece.into()
    }
}

/// What decides about a byte may be as long as a mark of two bytes and one more.
const LOOK_AHEAD: usize = 3;

enum Step {
    /// Nothing ends within so many bytes.
    Over(usize),
    /// The statement ends with so many bytes.
    Ends(usize),
    /// A command to psql stands here.
    Command,
    /// What this is will be told by what follows.
    Wait,
}

#[cfg(test)]
mod tests;
