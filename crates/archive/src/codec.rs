//! Compression of one data stream: a table's data, or one large object.

mod cutter;
mod deflate;
mod gzip;
mod lz4;
mod pieces;
mod pool;
mod zstd;

use flate2::{Decompress, FlushDecompress, Status};

use crate::{Compression, Error};

use cutter::Cutter;
pub(crate) use gzip::Frame;
use gzip::Gzip;
use lz4::{Lz4, Unlz4};
use pieces::Pieces;
use zstd::{Unzstd, Zstd};

/// Turns data into a compressed stream. The bytes it makes depend on the data alone, not on how the data is cut.
#[derive(Debug)]
pub(crate) enum Encoder {
    None(Cutter),
    Gzip(Box<Pieces<Gzip>>),
    Lz4(Box<Pieces<Lz4>>),
    Zstd(Box<Zstd>),
}

impl Encoder {
    /// `frame` is what stands around data that is compressed with gzip.
    pub(crate) fn new(compression: Compression, frame: Frame) -> Result<Self, Error> {
        match compression {
            Compression::None => Ok(Self::None(Cutter::default())),
            Compression::Gzip { level } => {
                Ok(Self::Gzip(Box::new(Pieces::new(Gzip::new(level, frame)))))
            }
            Compression::Lz4 { .. } => Ok(Self::Lz4(Box::new(Pieces::new(Lz4)))),
            Compression::Zstd { level, is_long } => {
                let zstd = Zstd::new(level, is_long).map_err(Error::writing)?;
                Ok(Self::Zstd(Box::new(zstd)))
            }
        }
    }

    /// Puts `data` into `chunks`.
    pub(crate) fn write<S: Chunks>(&mut self, data: &[u8], chunks: &mut S) -> Result<(), Error> {
        match self {
            Self::None(cutter) => copy(data, cutter, chunks),
            Self::Gzip(gzip) => gzip.write(data, chunks),
            Self::Lz4(lz4) => lz4.write(data, chunks),
            Self::Zstd(zstd) => zstd.write(data, chunks),
        }
    }

    /// Ends the stream, and makes ready for another.
    pub(crate) fn finish<S: Chunks>(&mut self, chunks: &mut S) -> Result<(), Error> {
        match self {
            Self::None(cutter) => {
                *cutter = Cutter::default();
                Ok(())
            }
            Self::Gzip(gzip) => gzip.finish(chunks),
            Self::Lz4(lz4) => lz4.finish(chunks),
            Self::Zstd(zstd) => zstd.finish(chunks),
        }
    }
}

/// Where an [`Encoder`] leaves its output.
pub(crate) trait Chunks {
    /// Room for at least one byte.
    fn room(&mut self) -> Result<&mut [u8], Error>;
    /// So many bytes of the room are used.
    fn filled(&mut self, length: usize);
    /// What follows begins a chunk.
    fn cut(&mut self) -> Result<(), Error>;
}

/// Puts data out as it is, a chunk a piece, lest the lengths of chunks stand elsewhere in it once there is more data before.
fn copy<S: Chunks>(mut data: &[u8], cutter: &mut Cutter, chunks: &mut S) -> Result<(), Error> {
    while !data.is_empty() {
        let (taken, is_end) = cutter.take(data);
        let (now, later) = data.split_at(taken);
        put(now, chunks)?;
        if is_end {
            chunks.cut()?;
        }
        data = later;
    }
    Ok(())
}

/// Puts bytes out as they are.
fn put<S: Chunks>(mut bytes: &[u8], chunks: &mut S) -> Result<(), Error> {
    while !bytes.is_empty() {
        let room = chunks.room()?;
        let length = room.len().min(bytes.len());
        let (now, later) = bytes.split_at(length);
        room[..length].copy_from_slice(now);
        chunks.filled(length);
        bytes = later;
    }
    Ok(())
}

/// What a compressor's counter rose by in one call, which its buffers bound.
fn difference(after: u64, before: u64) -> usize {
    usize::try_from(after - before).unwrap_or(usize::MAX)
}

/// Turns a compressed stream into data again.
#[derive(Debug)]
pub(crate) enum Decoder {
    None,
    Gzip(Decompress),
    Lz4(Box<Unlz4>),
    Zstd(Unzstd),
}

/// What one call of [`Decoder::decode`] did.
#[derive(Debug)]
pub(crate) struct Decoded {
    pub(crate) consumed: usize,
    pub(crate) produced: usize,
    /// The stream says that it is over.
    pub(crate) ended: bool,
}

impl Decoder {
    pub(crate) fn new(compression: Compression) -> Self {
        match compression {
            Compression::None => Self::None,
            Compression::Gzip { .. } => Self::Gzip(Decompress::new(true)),
            Compression::Lz4 { .. } => Self::Lz4(Box::default()),
            Compression::Zstd { .. } => Self::Zstd(Unzstd::default()),
        }
    }

    /// Makes ready for another stream.
    pub(crate) fn reset(&mut self) -> Result<(), Error> {
        match self {
            Self::None => Ok(()),
            Self::Gzip(inflate) => {
                inflate.reset(true);
                Ok(())
            }
            Self::Lz4(lz4) => {
                **lz4 = Unlz4::default();
                Ok(())
            }
            Self::Zstd(zstd) => zstd.reset().map_err(Error::reading),
        }
    }

    /// Whether the stream may be over where its chunks are. One of gzip says itself that it is over; others may hold several frames.
    pub(crate) fn may_end(&self) -> bool {
        match self {
            Self::None => true,
            Self::Gzip(_) => false,
            Self::Lz4(lz4) => lz4.may_end(),
            Self::Zstd(zstd) => zstd.may_end(),
        }
    }

    /// Decodes some of `input` into `output`. With no input it gives what it still holds back. The error is a reason.
    pub(crate) fn decode(&mut self, input: &[u8], output: &mut [u8]) -> Result<Decoded, String> {
        match self {
            Self::None => {
                let length = input.len().min(output.len());
                output[..length].copy_from_slice(&input[..length]);
                Ok(Decoded {
                    consumed: length,
                    produced: length,
                    ended: false,
                })
            }
            Self::Gzip(inflate) => {
                let (read, written) = (inflate.total_in(), inflate.total_out());
                let status = inflate
                    .decompress(input, output, FlushDecompress::None)
                    .map_err(|error| {
                        format!(
                            "the zlib stream is damaged: {}",
                            error.message().unwrap_or("bad data")
                        )
                    })?;
                Ok(Decoded {
                    consumed: difference(inflate.total_in(), read),
                    produced: difference(inflate.total_out(), written),
                    ended: status == Status::StreamEnd,
                })
            }
            Self::Lz4(lz4) => lz4
                .decode(input, output)
                .map_err(|error| format!("the LZ4 frame is damaged: {error}")),
            Self::Zstd(zstd) => zstd
                .decode(input, output)
                .map_err(|error| format!("the Zstandard frame is damaged: {error}")),
        }
    }
}
