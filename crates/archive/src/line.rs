//! Names where a line must stay one line.

use bstr::BString;

/// A name with its line breaks made blanks, so that it cannot pose as a line of its own (`sanitize_line` in
/// src/bin/pg_dump/dumputils.c).
pub fn one_line(name: impl AsRef<[u8]>) -> BString {
    let blank = |byte: &u8| match byte {
        b'\n' | b'\r' => b' ',
        byte => *byte,
    };
    name.as_ref().iter().map(blank).collect::<Vec<u8>>().into()
}

#[cfg(test)]
mod tests {
    use super::one_line;

    #[test]
    fn line_breaks_become_blanks() {
        for (name, line) in [("", ""), ("a b", "a b"), ("\r\n", "  "), ("é\n", "é ")] {
            assert_eq!(one_line(name), line);
        }
    }
}
