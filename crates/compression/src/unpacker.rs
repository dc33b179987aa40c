//! LZ4 frames that are unpacked while they arrive, in pieces that are never large whatever was sent.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, BufRead};

use lz4_flex::frame::FrameDecoder;

/// The largest block of a frame.
const BLOCK_BYTES: usize = 4 << 20;

/// Frames, one behind the other, as they arrive.
///
/// The decoder only knows how to wait for input, so it gets a block when this is there as a whole. The memory that it takes is a block or
/// two, 4 MiB each at the most, whatever was sent.
pub struct Lz4Unpacker {
    decoder: FrameDecoder<VecDeque<u8>>,
    /// How much the decoder has given last.
    given: usize,
    place: Place,
}

/// Where in a frame the input stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Header,
    /// Before a block, or the mark of the last one's end.
    Block(Checksums),
    End,
}

/// The checksums that a frame has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Checksums {
    of_blocks: bool,
    of_content: bool,
}

impl Default for Lz4Unpacker {
    fn default() -> Self {
        Self::new()
    }
}

impl Lz4Unpacker {
    /// Waits for the first frame.
    pub fn new() -> Self {
        Self {
            decoder: FrameDecoder::new(VecDeque::new()),
            given: 0,
            place: Place::Header,
        }
    }

    /// Whether the last frame is complete, and nothing follows it.
    pub fn is_at_end(&self) -> bool {
        self.place == Place::End && self.decoder.get_ref().is_empty()
    }

    /// The next piece that `input` gives, which may be empty; what it used is taken off. `None` when all has been used.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidData`] and the like when a frame is damaged. Nothing can be read then any more.
    pub fn next(&mut self, input: &mut &[u8]) -> io::Result<Option<&[u8]>> {
        self.decoder.consume(std::mem::take(&mut self.given));
        self.decoder.get_mut().extend(*input);
        *input = &[];
        let Some(after) = self.after_block()? else {
            return Ok(None);
        };
        self.place = after;
        let plain = self.decoder.fill_buf()?;
        self.given = plain.len();
        Ok(Some(plain))
    }

    /// Where the input stands after the next block; `None` if this is not there as a whole.
    ///
    /// Source: "LZ4 Frame Format Description", General Structure of LZ4 Frame format.
    fn after_block(&mut self) -> io::Result<Option<Place>> {
        let bytes = self.decoder.get_mut().make_contiguous();
        let (start, checksums) = match self.place {
            Place::End if bytes.is_empty() => return Ok(None),
            Place::Header | Place::End => {
                // Behind the magic number.
                let Some(flags) = bytes.get(4) else {
                    return Ok(None);
                };
                let has = |bit: u8| flags & (1 << bit) != 0;
                let checksums = Checksums {
                    of_blocks: has(4),
                    of_content: has(2),
                };
                // With the frame's size, if it says that; a dictionary is refused by the decoder.
                (if has(3) { 15 } else { 7 }, checksums)
            }
            Place::Block(checksums) => (0, checksums),
        };
        let Some(size) = bytes.get(start..).and_then(<[u8]>::first_chunk) else {
            return Ok(None);
        };
        // The highest bit tells blocks that are stored as they are.
        let size = (u32::from_le_bytes(*size) & !(1 << 31)) as usize;
        if size > BLOCK_BYTES {
            return Err(invalid("a block is too large"));
        }
        let (has_checksum, after) = if size == 0 {
            (checksums.of_content, Place::End)
        } else {
            (checksums.of_blocks, Place::Block(checksums))
        };
        let end = start + 4 + size + if has_checksum { 4 } else { 0 };
        Ok((end <= bytes.len()).then_some(after))
    }
}

fn invalid(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

impl fmt::Debug for Lz4Unpacker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lz4Unpacker")
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use lz4_flex::frame::{BlockMode, BlockSize, FrameEncoder, FrameInfo};

    use super::*;

    fn text() -> Vec<u8> {
        let numbers = (0u32..60_000).map(|i| format!("{} ", i.wrapping_mul(2_654_435_761) >> 20));
        let mut text: Vec<u8> = numbers.flat_map(String::into_bytes).collect();
        // More than anything that is given at a time.
        text.extend(vec![0; 10 << 20]);
        text
    }

    fn frame(text: &[u8], info: FrameInfo) -> Vec<u8> {
        let mut encoder = FrameEncoder::with_frame_info(info, Vec::new());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn frames(text: &[u8]) -> [Vec<u8>; 2] {
        let plain = FrameInfo::new()
            .block_size(BlockSize::Max256KB)
            .block_mode(BlockMode::Linked);
        let summed = FrameInfo::new()
            .block_size(BlockSize::Max4MB)
            .block_checksums(true)
            .content_checksum(true)
            .content_size(Some(text.len() as u64));
        [frame(text, plain), frame(text, summed)]
    }

    /// What a stream in pieces of a size gives, and the longest piece of that.
    fn unpack(packed: &[u8], size: usize) -> io::Result<(Vec<u8>, usize)> {
        let mut unpacker = Lz4Unpacker::new();
        let (mut all, mut longest) = (Vec::new(), 0);
        for mut piece in packed.chunks(size) {
            while let Some(plain) = unpacker.next(&mut piece)? {
                longest = longest.max(plain.len());
                all.extend_from_slice(plain);
            }
            assert!(piece.is_empty());
        }
        if unpacker.is_at_end() {
            Ok((all, longest))
        } else {
            Err(io::ErrorKind::UnexpectedEof.into())
        }
    }

    #[test]
    fn streams_in_pieces_of_any_size_give_their_content_in_small_ones() {
        let text = text();
        let [plain, summed] = frames(&text);
        let both = [&plain[..], &summed].concat();
        let twice = text.repeat(2);
        for (packed, expected) in [(plain, &text), (summed, &text), (both, &twice)] {
            for size in [7, 1000, 32 * 1024, usize::MAX] {
                let (found, longest) = unpack(&packed, size).unwrap();
                assert!(found == *expected, "{size}");
                assert!(longest <= BLOCK_BYTES + (32 << 10), "{longest}");
            }
        }
    }

    #[test]
    fn streams_that_break_off_go_on_or_are_damaged_are_refused() {
        for packed in frames(&text()[..100_000]) {
            for length in [0, 1, 5, 20, packed.len() / 2, packed.len() - 1] {
                assert!(unpack(&packed[..length], 100).is_err(), "{length}");
            }
            for behind in [&b"0123456789abcdef"[..], b"0"] {
                assert!(unpack(&[&packed[..], behind].concat(), 100).is_err());
            }
            let mut damaged = packed.clone();
            damaged[1] ^= 1;
            assert!(unpack(&damaged, 100).is_err());
        }
    }

    #[test]
    fn a_block_of_any_length_is_not_waited_for() {
        let mut packed = frame(b"x", FrameInfo::new());
        packed[7..11].copy_from_slice(&0x7fff_ffffu32.to_le_bytes());
        assert!(unpack(&packed[..11], 11).is_err());
    }
}
