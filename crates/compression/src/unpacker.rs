//! Streams that are unpacked while they arrive, in pieces that are never large whatever was sent.

use std::fmt;
use std::io::{self, Write};

use flate2::write::MultiGzDecoder;
use zstd::stream::raw::{Decoder, Operation};

use crate::lz4_frames::Lz4Frames;

/// How much of a gzip stream is unpacked at a time: it gives a thousand times as much at the most.
const GZIP_BYTES: usize = 4096;
/// How much of a zstd stream's content is given at a time.
const ZSTD_BYTES: usize = 128 * 1024;

/// A compressed stream that is being unpacked.
#[derive(Debug)]
pub struct Unpacker(Method);

enum Method {
    Gzip(MultiGzDecoder<Vec<u8>>),
    Lz4(Lz4Frames),
    Zstd(Zstd),
}

impl Unpacker {
    /// For members of gzip, one behind the other.
    pub fn gzip() -> Self {
        Self(Method::Gzip(MultiGzDecoder::new(Vec::new())))
    }

    /// For frames of LZ4, one behind the other.
    pub fn lz4() -> Self {
        Self(Method::Lz4(Lz4Frames::new()))
    }

    /// For frames of Zstandard, one behind the other.
    ///
    /// # Errors
    /// Where there is no memory for it.
    pub fn zstd() -> io::Result<Self> {
        Ok(Self(Method::Zstd(Zstd {
            decoder: Decoder::new()?,
            out: vec![0; ZSTD_BYTES],
            has_more: false,
            is_at_end: false,
        })))
    }

    /// The next piece that `input` gives, which may be empty; what it used is taken off. `None` when all has been used.
    ///
    /// # Errors
    /// Where the stream is damaged. Nothing can be read then any more.
    pub fn next(&mut self, input: &mut &[u8]) -> io::Result<Option<&[u8]>> {
        match &mut self.0 {
            Method::Gzip(_) if input.is_empty() => Ok(None),
            Method::Gzip(decoder) => {
                let (piece, rest) = input.split_at(input.len().min(GZIP_BYTES));
                *input = rest;
                decoder.get_mut().clear();
                decoder.write_all(piece)?;
                Ok(Some(decoder.get_ref()))
            }
            Method::Lz4(lz4) => lz4.next(input),
            Method::Zstd(zstd) => zstd.next(input),
        }
    }

    /// Checks that the stream may end here, and returns what had been held back.
    ///
    /// # Errors
    /// [`io::ErrorKind::UnexpectedEof`] where it may not, and those of [`next`](Self::next).
    pub fn finish(&mut self) -> io::Result<&[u8]> {
        let is_at_end = match &mut self.0 {
            Method::Gzip(decoder) => {
                decoder.get_mut().clear();
                decoder.try_finish()?;
                return Ok(decoder.get_ref());
            }
            Method::Lz4(lz4) => lz4.is_at_end(),
            Method::Zstd(zstd) => zstd.is_at_end,
        };
        if is_at_end {
            Ok(&[])
        } else {
            Err(io::ErrorKind::UnexpectedEof.into())
        }
    }
}

/// A zstd stream.
struct Zstd {
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

impl fmt::Debug for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gzip(_) => "Gzip",
            Self::Lz4(_) => "Lz4",
            Self::Zstd(_) => "Zstd",
        })
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

    type New = fn() -> Unpacker;

    fn all_kinds(text: &[u8]) -> Vec<(New, Vec<u8>)> {
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
            (Unpacker::gzip, gzip.finish().unwrap()),
            (Unpacker::lz4, lz4(text, plain)),
            (Unpacker::lz4, lz4(text, summed)),
            (
                || Unpacker::zstd().unwrap(),
                zstd::encode_all(text, 1).unwrap(),
            ),
        ]
    }

    /// What a stream in pieces of a size gives, and the longest piece of that.
    fn unpack(mut unpacker: Unpacker, packed: &[u8], size: usize) -> io::Result<(Vec<u8>, usize)> {
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
        for (unpacker, packed) in all_kinds(&text) {
            for (packed, expected) in [(packed.repeat(2), text.repeat(2)), (packed, text.clone())] {
                for size in [7, 1000, 32 * 1024, usize::MAX] {
                    let (plain, longest) = unpack(unpacker(), &packed, size).unwrap();
                    assert!(plain == expected, "{:?} {size}", unpacker());
                    assert!(
                        longest <= (4 << 20) + (32 << 10),
                        "{:?} {longest}",
                        unpacker()
                    );
                }
            }
        }
    }

    #[test]
    fn streams_that_break_off_go_on_or_are_damaged_are_refused() {
        let text = &text()[..100_000];
        for (unpacker, packed) in all_kinds(text) {
            let is_refused = |packed: &[u8]| unpack(unpacker(), packed, 100).is_err();
            for length in [1, 5, 20, packed.len() / 2, packed.len() - 1] {
                assert!(is_refused(&packed[..length]), "{:?} {length}", unpacker());
            }
            for behind in [&b"0123456789abcdef"[..], b"0"] {
                let longer = [&packed[..], behind].concat();
                assert!(is_refused(&longer), "{:?} {behind:?}", unpacker());
            }
            let mut damaged = packed.clone();
            damaged[1] ^= 1;
            assert!(is_refused(&damaged), "{:?}", unpacker());
        }
        assert!(unpack(Unpacker::lz4(), b"", 1).is_err());
    }

    #[test]
    fn a_block_of_lz4_of_any_length_is_not_waited_for() {
        let mut packed = lz4(b"x", FrameInfo::new());
        packed[7..11].copy_from_slice(&0x7fff_ffffu32.to_le_bytes());
        assert!(unpack(Unpacker::lz4(), &packed[..11], 11).is_err());
    }
}
