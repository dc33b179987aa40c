//! LZ4 frames.

use std::io::{self, Write};

use lz4_flex::frame::{BlockMode, BlockSize, FrameEncoder, FrameInfo};
use pgark_lz4::Unpacker;

use super::{Chunks, Decoded, put};
use crate::Error;

/// Makes one frame of each stream, of linked blocks, which compress better than those that stand alone.
#[derive(Debug, Default)]
pub(crate) struct Lz4 {
    encoder: Option<FrameEncoder<Vec<u8>>>,
}

impl Lz4 {
    fn encoder(&mut self) -> &mut FrameEncoder<Vec<u8>> {
        self.encoder.get_or_insert_with(|| {
            let info = FrameInfo::new()
                .block_size(BlockSize::Max256KB)
                .block_mode(BlockMode::Linked);
            FrameEncoder::with_frame_info(info, Vec::new())
        })
    }

    pub(crate) fn write<S: Chunks>(&mut self, data: &[u8], chunks: &mut S) -> Result<(), Error> {
        let encoder = self.encoder();
        encoder.write_all(data).map_err(Error::writing)?;
        put(encoder.get_ref(), chunks)?;
        encoder.get_mut().clear();
        Ok(())
    }

    /// Ends the frame.
    pub(crate) fn finish<S: Chunks>(&mut self, chunks: &mut S) -> Result<(), Error> {
        self.encoder();
        let Some(encoder) = self.encoder.take() else {
            return Ok(());
        };
        let rest = encoder
            .finish()
            .map_err(|error| Error::writing(error.into()))?;
        put(&rest, chunks)
    }
}

/// Reads frames.
#[derive(Debug, Default)]
pub(crate) struct Unlz4 {
    frames: Unpacker,
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
