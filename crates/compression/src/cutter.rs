//! Where data is cut into pieces.

use crc32fast::Hasher;
use memchr::memchr;

/// A piece is at least so long, unless the data ends.
const MIN: usize = 128 * 1024;

/// How much longer pieces are on average.
const MORE: u64 = 128 * 1024;

/// No piece is longer.
pub(super) const MAX: usize = 512 * 1024;

/// Cuts data into pieces, at ends of lines that the lines themselves choose.
///
/// The pieces depend on the data alone. Where rows come in, go or change, only the pieces around them become others: soon after, the same line
/// ends a piece as before. What keeps equal pieces of data once, as Plakar's stores do, finds those that were there already, in spite of
/// compression, as long as each piece is compressed by itself.
#[derive(Debug, Default)]
pub(crate) struct Cutter {
    /// Of the piece so far.
    length: usize,
    /// The line so far, if it began where a piece may end.
    line: Option<Hasher>,
    line_length: u64,
}

impl Cutter {
    /// How much of `data` belongs to the piece, and whether that ends there.
    pub(super) fn take(&mut self, data: &[u8]) -> (usize, bool) {
        let mut taken = 0;
        while taken < data.len() {
            let rest = &data[taken..];
            if self.length < MIN {
                let length = rest.len().min(MIN - self.length);
                self.length += length;
                taken += length;
                continue;
            }
            let room = &rest[..rest.len().min(MAX - self.length)];
            let end = memchr(b'\n', room).map(|place| place + 1);
            let part = &room[..end.unwrap_or(room.len())];
            self.length += part.len();
            taken += part.len();
            if let Some(line) = &mut self.line {
                line.update(part);
                self.line_length += part.len() as u64;
            }
            if (end.is_some() && self.ends_line()) || self.length == MAX {
                *self = Self::default();
                return (taken, true);
            }
        }
        (taken, false)
    }

    /// Ends a line, and tells whether it ends the piece: as likely as it is long.
    fn ends_line(&mut self) -> bool {
        let length = std::mem::take(&mut self.line_length);
        let line = self.line.replace(Hasher::new());
        line.is_some_and(|line| u64::from(line.finalize()) < (length << 32) / MORE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(data: &[u8], at_once: usize) -> Vec<&[u8]> {
        let mut cutter = Cutter::default();
        let (mut start, mut end) = (0, 0);
        let mut pieces = Vec::new();
        for mut part in data.chunks(at_once) {
            while !part.is_empty() {
                let (taken, is_end) = cutter.take(part);
                part = &part[taken..];
                end += taken;
                if is_end {
                    pieces.push(&data[start..end]);
                    start = end;
                }
            }
        }
        pieces.push(&data[start..]);
        pieces
    }

    fn rows(count: u32, length: usize) -> Vec<u8> {
        let rows = (0..count).map(|number| {
            let number = number.wrapping_mul(2_654_435_761);
            format!("{number}\t{}\n", "x".repeat(length))
        });
        rows.collect::<String>().into_bytes()
    }

    #[test]
    fn pieces_do_not_depend_on_how_data_comes() {
        for data in [rows(60_000, 80), rows(400, 9000), rows(3, 2 * MAX)] {
            let whole = pieces(&data, data.len());
            assert_eq!(whole.concat(), data);
            assert!(whole.len() > 5);
            for at_once in [1, 1000, MIN, MAX + 1] {
                assert_eq!(pieces(&data, at_once), whole);
            }
            let (_, ended) = whole.split_last().unwrap();
            assert!(ended.iter().all(|piece| (MIN..=MAX).contains(&piece.len())));
        }
    }

    #[test]
    fn a_row_that_comes_in_changes_few_pieces() {
        for (count, length) in [(60_000, 80), (6000, 1000), (1000, 9000)] {
            let before = rows(count, length);
            let middle = before.len() / 2;
            let place = middle + memchr(b'\n', &before[middle..]).unwrap() + 1;
            let after = [&before[..place], b"another row\n", &before[place..]].concat();
            let (before, after) = (pieces(&before, 4096), pieces(&after, 4096));
            let new = after.iter().filter(|piece| !before.contains(piece));
            assert!(
                new.count() <= after.len() / 4,
                "rows of {length}: {}",
                after.len()
            );
        }
    }
}
