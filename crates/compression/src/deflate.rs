//! Deflate (RFC 1951) of pieces, each by itself, that can stand behind one another.

use std::fmt;
use std::io;

use libdeflater::{CompressionLvl, Compressor};
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::{
    TINFL_FLAG_STOP_ON_BLOCK_BOUNDARY, TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF,
};
use miniz_oxide::inflate::core::{BlockBoundaryState, DecompressorOxide, decompress};

/// What an empty block without compression is, behind the three bits of its head and the rest of their byte.
const EMPTY: [u8; 4] = [0, 0, 0xff, 0xff];

/// Compresses pieces. The same piece becomes the same bytes, whatever came before it.
pub(crate) struct Deflater {
    compressor: Compressor,
    /// Room for a piece's stream.
    deflated: Vec<u8>,
    /// Room for a piece that is inflated again.
    inflated: Vec<u8>,
}

impl Deflater {
    /// For a level from 1 to 9; any other is the library's own, 6.
    pub(super) fn new(level: u32) -> Self {
        let level = i32::try_from(level).ok();
        let level = level.and_then(|level| CompressionLvl::new(level).ok());
        Self {
            compressor: Compressor::new(level.unwrap_or_default()),
            deflated: Vec::new(),
            inflated: Vec::new(),
        }
    }

    /// A piece that ends the stream.
    pub(super) fn deflate_to_end(&mut self, piece: &[u8]) -> io::Result<Vec<u8>> {
        let stream = compress(&mut self.compressor, piece, &mut self.deflated)?;
        Ok(stream.to_vec())
    }

    /// A piece, of at least one byte, behind which the stream goes on, at a byte.
    ///
    /// The compressor ends its stream, so that the mark of the end is to be taken away. Where that stands among the bits is known only to who
    /// has read all before it. That the piece comes out again as it went in is looked at by the way.
    pub(super) fn deflate(&mut self, piece: &[u8]) -> io::Result<Vec<u8>> {
        let stream = compress(&mut self.compressor, piece, &mut self.deflated)?;
        self.inflated.resize(piece.len(), 0);
        let unused = reopen(stream, &mut self.inflated)?;
        if self.inflated != piece {
            return Err(io::Error::other("a piece was not compressed as it is"));
        }
        // The bits that are left over, which are zero, begin the block where there are enough of them.
        let head: &[u8] = if unused < 3 { &[0] } else { &[] };
        Ok([stream, head, &EMPTY].concat())
    }
}

/// A piece as a stream, for which `room` is made large enough.
fn compress<'a>(
    compressor: &mut Compressor,
    piece: &[u8],
    room: &'a mut Vec<u8>,
) -> io::Result<&'a mut [u8]> {
    let bound = compressor.deflate_compress_bound(piece.len());
    room.resize(bound.max(room.len()), 0);
    let length = compressor.deflate_compress(piece, room);
    Ok(&mut room[..length.map_err(io::Error::other)?])
}

/// Takes the mark of the end from a stream's last block, inflates all into `room`, and tells how many bits of the last byte are unused.
fn reopen(bytes: &mut [u8], room: &mut [u8]) -> io::Result<u8> {
    const FLAGS: u32 = TINFL_FLAG_STOP_ON_BLOCK_BOUNDARY | TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
    let failed = || io::Error::other("a piece was not compressed well");
    let mut state = BlockBoundaryState::default();
    let mut inflate = DecompressorOxide::from_block_boundary_state(&state);
    let (mut read, mut written) = (0, 0);
    loop {
        // A block begins here, with a bit that tells whether it is the last.
        let (byte, bit) = match state.num_bits {
            0 => (read, 0),
            unread => (read - 1, 8 - unread),
        };
        let head = bytes.get_mut(byte).ok_or_else(failed)?;
        let is_last = *head >> bit & 1 == 1;
        *head &= !(1 << bit);
        if is_last && state.num_bits > 0 {
            state.bit_buf &= !1;
            inflate = DecompressorOxide::from_block_boundary_state(&state);
        }
        let (status, taken, given) = decompress(&mut inflate, &bytes[read..], room, written, FLAGS);
        if status != TINFLStatus::BlockBoundary {
            return Err(failed());
        }
        read += taken;
        written += given;
        state = inflate.block_boundary_state().ok_or_else(failed)?;
        if is_last {
            let is_whole = read == bytes.len() && written == room.len();
            return if is_whole {
                Ok(state.num_bits)
            } else {
                Err(failed())
            };
        }
    }
}

impl fmt::Debug for Deflater {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deflater").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::io::Read;

    use flate2::read::DeflateDecoder;
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn inflated(bytes: &[u8]) -> Vec<u8> {
        let mut data = Vec::new();
        DeflateDecoder::new(bytes).read_to_end(&mut data).unwrap();
        data
    }

    /// Data of several blocks: words, each over and over, and noise, which is not compressed.
    fn data() -> impl Strategy<Value = Vec<u8>> {
        let words = (vec(any::<u8>(), 1..40), 1..4000_usize);
        let words = words.prop_map(|(word, count)| word.repeat(count));
        let noise = (any::<u32>(), 1..100_000_u32).prop_map(|(seed, length)| {
            let seed = u64::from(seed) << 32;
            let hash = |place: u64| crc32fast::hash(&(seed | place).to_le_bytes());
            (0..u64::from(length))
                .map(|place| hash(place).to_le_bytes()[0])
                .collect()
        });
        vec(prop_oneof![3 => words, 1 => noise], 1..8).prop_map(|runs| runs.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

        #[test]
        fn pieces_behind_one_another_are_one_stream(pieces in vec(data(), 1..5), level in 1..10_u32) {
            let mut deflater = Deflater::new(level);
            let mut stream = Vec::new();
            for piece in &pieces {
                stream.extend(deflater.deflate(piece).unwrap());
            }
            stream.extend(deflater.deflate_to_end(b"end").unwrap());
            prop_assert_eq!(inflated(&stream), [pieces.concat(), b"end".to_vec()].concat());
        }

        #[test]
        fn what_was_compressed_before_does_not_show(before in data(), piece in data(), level in 1..10_u32) {
            let mut used = Deflater::new(level);
            used.deflate(&before).unwrap();
            prop_assert_eq!(used.deflate(&piece).unwrap(), Deflater::new(level).deflate(&piece).unwrap());
        }
    }
}
