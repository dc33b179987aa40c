//! Minding the lengths of a server's messages for somebody who does not.

use std::io;

/// The longest message that is taken: what is read this way is modest.
const LIMIT: usize = 16 << 20;

/// A tag and a length before each body.
const HEADER_BYTES: usize = 5;

/// Reads along: tokio-postgres makes room for whatever a header promises (source: Message::parse of postgres-protocol).
#[derive(Debug, Default)]
pub(super) struct Lengths {
    /// What has been read of a header.
    header: Vec<u8>,
    /// How much of a body is still to come.
    rest: usize,
}

impl Lengths {
    /// Takes note of bytes that follow those before.
    ///
    /// # Errors
    /// If a message is longer than it may be, or shorter than one can be.
    pub(super) fn check(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        loop {
            let skipped = self.rest.min(bytes.len());
            self.rest -= skipped;
            bytes = &bytes[skipped..];
            if bytes.is_empty() {
                return Ok(());
            }
            let taken = bytes.len().min(HEADER_BYTES - self.header.len());
            self.header.extend_from_slice(&bytes[..taken]);
            bytes = &bytes[taken..];
            let Some(&[tag, a, b, c, d]) = self.header.first_chunk::<HEADER_BYTES>() else {
                return Ok(());
            };
            self.header.clear();
            // The length counts itself.
            let length = i32::from_be_bytes([a, b, c, d]);
            match usize::try_from(length).map(|length| length.checked_sub(4)) {
                Ok(Some(length)) if length <= LIMIT => self.rest = length,
                _ => {
                    return Err(io::Error::new(
                        io::ErrorKind::InvalidData,
                        format!(
                            "message '{}' of length {length}, and {LIMIT} bytes are allowed",
                            tag.escape_ascii()
                        ),
                    ));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(tag: u8, length: i32, body: usize) -> Vec<u8> {
        [&[tag][..], &length.to_be_bytes(), &vec![b'x'; body]].concat()
    }

    #[test]
    fn messages_may_be_cut_anywhere() {
        let good = [
            message(b'Z', 5, 1),
            message(b'1', 4, 0),
            message(b'D', 300, 296),
        ]
        .concat();
        let bad = [good.clone(), message(b'E', 1 << 30, 0)].concat();
        for size in [1, 2, 3, 5, 7, 100, 1000] {
            let mut lengths = Lengths::default();
            for piece in good.chunks(size) {
                lengths.check(piece).unwrap();
            }
            let mut lengths = Lengths::default();
            let refused = bad
                .chunks(size)
                .find_map(|piece| lengths.check(piece).err());
            assert_eq!(
                refused.unwrap().to_string(),
                "message 'E' of length 1073741824, and 16777216 bytes are allowed"
            );
        }
    }

    #[test]
    fn lengths_have_limits() {
        let limit = i32::try_from(LIMIT).unwrap() + 4;
        for (length, is_good) in [
            (limit, true),
            (limit + 1, false),
            (4, true),
            (3, false),
            (-1, false),
            (i32::MIN, false),
        ] {
            let checked = Lengths::default().check(&message(b'D', length, 0));
            assert_eq!(checked.is_ok(), is_good, "{length}");
        }
    }
}
