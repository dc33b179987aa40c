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
pub(crate) struct Lz4Frames {
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

impl Default for Lz4Frames {
    fn default() -> Self {
        Self::new()
    }
}

impl Lz4Frames {
    /// Waits for the first frame.
    pub(crate) fn new() -> Self {
        Self {
            decoder: FrameDecoder::new(VecDeque::new()),
            given: 0,
            place: Place::Header,
        }
    }

    /// Whether the last frame is complete, and nothing follows it.
    pub(crate) fn is_at_end(&self) -> bool {
        self.place == Place::End && self.decoder.get_ref().is_empty()
    }

    /// The next piece that `input` gives, which may be empty; what it used is taken off. `None` when all has been used.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidData`] and the like when a frame is damaged. Nothing can be read then any more.
    pub(crate) fn next(&mut self, input: &mut &[u8]) -> io::Result<Option<&[u8]>> {
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

impl fmt::Debug for Lz4Frames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lz4Frames")
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}
