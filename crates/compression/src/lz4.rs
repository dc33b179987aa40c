//! LZ4 frames.
//!
//! Source: "LZ4 Frame Format Description", General Structure of LZ4 Frame format.

use std::io;

use lz4_flex::block::{compress_into, get_maximum_output_size};

use crate::cutter::MAX;
use crate::decoder::Decoded;
use crate::lz4_frames::Lz4Frames;
use crate::pieces::Framing;

/// The mark of a block that is stored as it is, in its length.
const IS_STORED: u32 = 1 << 31;

/// Pieces that are blocks of a frame, each of which stands alone.
#[derive(Clone, Debug)]
pub(crate) struct Lz4;

impl Framing for Lz4 {
    /// Room for a block.
    type Compressor = Vec<u8>;
    /// A block, with its length before it.
    type Piece = Vec<u8>;

    fn compressor(&self) -> Vec<u8> {
        Vec::new()
    }

    fn compress(&self, room: &mut Vec<u8>, piece: &[u8], _is_last: bool) -> io::Result<Vec<u8>> {
        if piece.is_empty() {
            return Ok(Vec::new());
        }
        room.resize(get_maximum_output_size(MAX), 0);
        let length = compress_into(piece, room).map_err(io::Error::other)?;
        let (block, mark) = if length < piece.len() {
            (&room[..length], 0)
        } else {
            (piece, IS_STORED)
        };
        let length = u32::try_from(block.len()).map_err(io::Error::other)?;
        Ok([&(length | mark).to_le_bytes(), block].concat())
    }

    /// The magic number; version 1, blocks that stand alone, no checksums; blocks of up to 1 MiB; a checksum of these.
    fn header(&self) -> &'static [u8] {
        &[0x04, 0x22, 0x4d, 0x18, 0x60, 0x60, 0x51]
    }

    fn join(&mut self, piece: Vec<u8>) -> Vec<u8> {
        piece
    }

    fn trailer(&mut self) -> Vec<u8> {
        vec![0; 4]
    }
}

/// Reads frames.
#[derive(Debug, Default)]
pub(crate) struct Unlz4 {
    frames: Lz4Frames,
    /// What was unpacked, as far as there was no room for it.
    held: Vec<u8>,
    given: usize,
}

impl Unlz4 {
    pub(crate) fn may_end(&self) -> bool {
        self.given == self.held.len() && self.frames.is_at_end()
    }

    pub(crate) fn decode(&mut self, input: &[u8], output: &mut [u8]) -> io::Result<Decoded> {
        let mut rest = input;
        if self.given == self.held.len() {
            self.held.clear();
            self.given = 0;
            // A piece that is empty, the mark of a frame's end, is followed by others.
            while self.held.is_empty()
                && let Some(piece) = self.frames.next(&mut rest)?
            {
                self.held.extend_from_slice(piece);
            }
        }
        let held = &self.held[self.given..];
        let produced = held.len().min(output.len());
        output[..produced].copy_from_slice(&held[..produced]);
        self.given += produced;
        Ok(Decoded {
            consumed: input.len() - rest.len(),
            produced,
            ended: false,
        })
    }
}
