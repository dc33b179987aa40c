//! Showing texts that others have written.

use std::fmt::{self, Write as _};

/// Shows what it holds without what would move a terminal's cursor, change its colours or pass for another line: control
/// characters are written out. Servers, and whoever makes their certificates, write much of what people are told.
#[derive(Debug, Clone, Copy)]
pub struct OneLine<T>(pub T);

impl<T: fmt::Display> fmt::Display for OneLine<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Escaping(f), "{}", self.0)
    }
}

struct Escaping<'a, 'b>(&'a mut fmt::Formatter<'b>);

impl fmt::Write for Escaping<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for part in text.split_inclusive(char::is_control) {
            let end = part.chars().next_back().filter(|c| c.is_control());
            self.0
                .write_str(end.map_or(part, |end| &part[..part.len() - end.len_utf8()]))?;
            if let Some(end) = end {
                write!(self.0, "{}", end.escape_default())?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_move_the_cursor_is_written_out() {
        for (told, shown) in [
            ("no table \"\u{e4}\"", "no table \"\u{e4}\""),
            ("a\nb\tc\r", "a\\nb\\tc\\r"),
            ("\u{1b}[2Jx\u{9b}1m\u{7f}", "\\u{1b}[2Jx\\u{9b}1m\\u{7f}"),
        ] {
            assert_eq!(OneLine(told).to_string(), shown);
        }
    }
}
