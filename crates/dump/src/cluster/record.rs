//! What the parts of a cluster's dump are called, in a snapshot, a folder or an archive.

use bstr::BStr;

/// The manifest.
pub const MANIFEST: &str = "manifest.json";
/// The globals.
pub const GLOBALS: &str = "00000-globals.sql";

/// The name of the `number`th dump (from 1), that of `database`.
///
/// Ordinary names, spaces included, stand as they are. What a path or a terminal would read
/// otherwise is written `%XX`: the percent sign itself, `/`, control characters, and bytes that are
/// not UTF-8. So no two databases share a name, and each can be read back.
pub fn dump(number: usize, database: &BStr) -> String {
    let mut name = format!("{number:05}-");
    for chunk in database.utf8_chunks() {
        for c in chunk.valid().chars() {
            if c == '%' || c == '/' || c.is_control() {
                escape(c.encode_utf8(&mut [0; 4]).as_bytes(), &mut name);
            } else {
                name.push(c);
            }
        }
        escape(chunk.invalid(), &mut name);
    }
    name.push_str(".dump");
    name
}

fn escape(bytes: &[u8], name: &mut String) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for byte in bytes {
        name.push('%');
        name.push(char::from(DIGITS[usize::from(byte >> 4)]));
        name.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bstr::ByteSlice;
    use proptest::prelude::*;

    /// Reads back what [`dump`] wrote.
    fn database(name: &str) -> Vec<u8> {
        let text = name.strip_suffix(".dump").unwrap();
        let (_, text) = text.split_once('-').unwrap();
        let mut bytes = text.bytes();
        let mut out = Vec::new();
        while let Some(byte) = bytes.next() {
            if byte == b'%' {
                let digits = [bytes.next().unwrap(), bytes.next().unwrap()];
                let digits = std::str::from_utf8(&digits).unwrap();
                out.push(u8::from_str_radix(digits, 16).unwrap());
            } else {
                out.push(byte);
            }
        }
        out
    }

    #[test]
    fn ordinary_names_stand_as_they_are() {
        for (number, database, name) in [
            (1, "appdb", "00001-appdb.dump"),
            (2, "odd-name DB", "00002-odd-name DB.dump"),
            (3, "..", "00003-...dump"),
            (4, "größe=1", "00004-größe=1.dump"),
            (123_456, "-x", "123456--x.dump"),
        ] {
            assert_eq!(dump(number, database.into()), name);
        }
    }

    #[test]
    fn what_a_path_would_misread_is_escaped() {
        for (database, name) in [
            (&b"a/b"[..], "00001-a%2Fb.dump"),
            (b"50%", "00001-50%25.dump"),
            (b"a\nb\x7f", "00001-a%0Ab%7F.dump"),
            (b"gr\xf6\xdfe", "00001-gr%F6%DFe.dump"),
            ("\u{85}".as_bytes(), "00001-%C2%85.dump"),
        ] {
            assert_eq!(dump(1, database.into()), name);
        }
    }

    proptest! {
        #[test]
        fn any_name_can_be_read_back(bytes in prop::collection::vec(1u8.., 1..63)) {
            let name = dump(7, bytes.as_bstr());
            prop_assert!(!name.contains('/'));
            prop_assert_eq!(database(&name), bytes);
        }
    }
}
