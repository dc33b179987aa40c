//! Archives that come compressed, unpacked while they arrive, in pieces that are never large whatever was sent.

use std::io::{self, Write};

use flate2::write::MultiGzDecoder;
use zstd::stream::raw::{Decoder, Operation};

use crate::Algorithm;

/// How much of a gzip stream is unpacked at a time: it gives a thousand times as much at the most.
const GZIP_BYTES: usize = 4096;
/// How much of a zstd stream's content is given at a time.
const ZSTD_BYTES: usize = 128 * 1024;

/// A compressed stream that is being unpacked.
pub(crate) enum Unpacker {
    Gzip(MultiGzDecoder<Vec<u8>>),
    Lz4(pgark_compression::Lz4Unpacker),
    Zstd(Zstd),
}

impl Unpacker {
    pub(crate) fn new(algorithm: Algorithm) -> io::Result<Self> {
        Ok(match algorithm {
            Algorithm::Gzip => Self::Gzip(MultiGzDecoder::new(Vec::new())),
            Algorithm::Lz4 => Self::Lz4(pgark_compression::Lz4Unpacker::new()),
            Algorithm::Zstd => Self::Zstd(Zstd {
                decoder: Decoder::new()?,
                out: vec![0; ZSTD_BYTES],
                has_more: false,
                is_at_end: false,
            }),
        })
    }

    /// The next piece that `input` gives, which may be empty; what it used is taken off. `None` when all has been used.
    pub(crate) fn next(&mut self, input: &mut &[u8]) -> io::Result<Option<&[u8]>> {
        match self {
            Self::Gzip(_) if input.is_empty() => Ok(None),
            Self::Gzip(decoder) => {
                let (piece, rest) = input.split_at(input.len().min(GZIP_BYTES));
                *input = rest;
                decoder.get_mut().clear();
                decoder.write_all(piece)?;
                Ok(Some(decoder.get_ref()))
            }
            Self::Lz4(lz4) => lz4.next(input),
            Self::Zstd(zstd) => zstd.next(input),
        }
    }

    /// Checks that the stream may end here, and returns what had been held back.
    pub(crate) fn finish(&mut self) -> io::Result<&[u8]> {
        let is_at_end = match self {
            Self::Gzip(decoder) => {
                decoder.get_mut().clear();
                decoder.try_finish()?;
                return Ok(decoder.get_ref());
            }
            Self::Lz4(lz4) => lz4.is_at_end(),
            Self::Zstd(zstd) => zstd.is_at_end,
        };
        if is_at_end {
            Ok(&[])
        } else {
            Err(io::ErrorKind::UnexpectedEof.into())
        }
    }
}

/// A zstd stream.
pub(crate) struct Zstd {
    decoder: Decoder<'static>,
    out: Vec<u8>,
    /// Whether the decoder may have more to give without more input.
    has_more: bool,
    /// Whether a frame has just ended.
    is_at_end: bool,
}

impl Zstd {
    fn next(&mut self, input: &mut &[u8]) -> io::Result<Option<&[u8]>> {
        if input.is_empty() && !self.has_more {
            return Ok(None);
        }
        let status = self.decoder.run_on_buffers(input, &mut self.out)?;
        *input = &input[status.bytes_read..];
        self.has_more = status.bytes_written == self.out.len();
        self.is_at_end = status.remaining == 0;
        Ok(Some(&self.out[..status.bytes_written]))
    }
}

#[cfg(test)]
mod tests {
    use flate2::write::GzEncoder;
    use lz4_flex::frame::{BlockMode, BlockSize, FrameEncoder, FrameInfo};

    use super::*;

    fn text() -> Vec<u8> {
        let numbers = (0u32..60_000).map(|i| format!("{} ", i.wrapping_mul(2_654_435_761) >> 20));
        let mut text: Vec<u8> = numbers.flat_map(String::into_bytes).collect();
        // More than anything that is given at a time.
        text.extend(vec![0; 10 << 20]);
        text
    }

    fn lz4(text: &[u8], info: FrameInfo) -> Vec<u8> {
        let mut encoder = FrameEncoder::with_frame_info(info, Vec::new());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn all_kinds(text: &[u8]) -> Vec<(Algorithm, Vec<u8>)> {
        let mut gzip = GzEncoder::new(Vec::new(), flate2::Compression::new(1));
        gzip.write_all(text).unwrap();
        let plain = FrameInfo::new()
            .block_size(BlockSize::Max256KB)
            .block_mode(BlockMode::Linked);
        let summed = FrameInfo::new()
            .block_size(BlockSize::Max4MB)
            .block_checksums(true)
            .content_checksum(true)
            .content_size(Some(text.len() as u64));
        vec![
            (Algorithm::Gzip, gzip.finish().unwrap()),
            (Algorithm::Lz4, lz4(text, plain)),
            (Algorithm::Lz4, lz4(text, summed)),
            (Algorithm::Zstd, zstd::encode_all(text, 1).unwrap()),
        ]
    }

    /// What a stream in pieces of a size gives, and the longest piece of that.
    fn unpack(algorithm: Algorithm, packed: &[u8], size: usize) -> io::Result<(Vec<u8>, usize)> {
        let mut unpacker = Unpacker::new(algorithm)?;
        let (mut all, mut longest) = (Vec::new(), 0);
        for mut piece in packed.chunks(size) {
            while let Some(plain) = unpacker.next(&mut piece)? {
                longest = longest.max(plain.len());
                all.extend_from_slice(plain);
            }
            assert!(piece.is_empty());
        }
        all.extend_from_slice(unpacker.finish()?);
        Ok((all, longest))
    }

    #[test]
    fn streams_in_pieces_of_any_size_give_their_content_in_small_ones() {
        let text = text();
        for (algorithm, packed) in all_kinds(&text) {
            for size in [7, 1000, 32 * 1024, usize::MAX] {
                let (plain, longest) = unpack(algorithm, &packed, size).unwrap();
                assert!(plain == text, "{algorithm:?} {size}");
                assert!(longest <= (4 << 20) + (32 << 10), "{algorithm:?} {longest}");
            }
        }
    }

    #[test]
    fn streams_that_break_off_go_on_or_are_damaged_are_refused() {
        let text = &text()[..100_000];
        for (algorithm, packed) in all_kinds(text) {
            for length in [1, 5, 20, packed.len() / 2, packed.len() - 1] {
                assert!(
                    unpack(algorithm, &packed[..length], 100).is_err(),
                    "{algorithm:?} {length}"
                );
            }
            let longer = [&packed[..], b"0123456789abcdef"].concat();
            assert!(unpack(algorithm, &longer, 100).is_err(), "{algorithm:?}");
            let mut damaged = packed.clone();
            damaged[1] ^= 1;
            assert!(unpack(algorithm, &damaged, 100).is_err(), "{algorithm:?}");
        }
        assert!(unpack(Algorithm::Lz4, b"", 1).is_err());
    }
}
