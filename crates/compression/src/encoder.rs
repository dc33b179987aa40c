//! Compressing streams: a table's data, a large object, a file.

use std::io;

use crate::Compression;
use crate::cutter::Cutter;
use crate::gzip::Gzip;
use crate::lz4::Lz4;
use crate::pieces::Pieces;
use crate::zstd::Zstd;

/// What stands around data that is compressed with gzip.
#[derive(Clone, Copy, Debug)]
pub enum Frame {
    /// zlib's head and checksum (RFC 1950), as data in an archive has.
    Zlib,
    /// Those of a file (RFC 1952).
    Gzip,
}

/// Turns data into a compressed stream. The bytes it makes depend on the data alone, not on how the data is cut.
#[derive(Debug)]
pub struct Encoder(Method);

#[derive(Debug)]
enum Method {
    None(Cutter),
    Gzip(Box<Pieces<Gzip>>),
    Lz4(Box<Pieces<Lz4>>),
    Zstd(Box<Zstd>),
}

impl Encoder {
    /// `frame` is what stands around data that is compressed with gzip.
    ///
    /// # Errors
    /// Where there is no memory for the compressor.
    pub fn new(compression: Compression, frame: Frame) -> io::Result<Self> {
        Ok(Self(match compression {
            Compression::None => Method::None(Cutter::default()),
            Compression::Gzip { level } => {
                Method::Gzip(Box::new(Pieces::new(Gzip::new(level, frame))))
            }
            Compression::Lz4 { .. } => Method::Lz4(Box::new(Pieces::new(Lz4))),
            Compression::Zstd { level, is_long } => {
                Method::Zstd(Box::new(Zstd::new(level, is_long)?))
            }
        }))
    }

    /// Puts `data` into `chunks`.
    ///
    /// # Errors
    /// Those of `chunks`, and of the compressor.
    pub fn write<S: Chunks>(&mut self, data: &[u8], chunks: &mut S) -> io::Result<()> {
        match &mut self.0 {
            Method::None(cutter) => copy(data, cutter, chunks),
            Method::Gzip(gzip) => gzip.write(data, chunks),
            Method::Lz4(lz4) => lz4.write(data, chunks),
            Method::Zstd(zstd) => zstd.write(data, chunks),
        }
    }

    /// Ends the stream, and makes ready for another.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub fn finish<S: Chunks>(&mut self, chunks: &mut S) -> io::Result<()> {
        match &mut self.0 {
            Method::None(cutter) => {
                *cutter = Cutter::default();
                Ok(())
            }
            Method::Gzip(gzip) => gzip.finish(chunks),
            Method::Lz4(lz4) => lz4.finish(chunks),
            Method::Zstd(zstd) => zstd.finish(chunks),
        }
    }
}

/// Where an [`Encoder`] leaves its output.
pub trait Chunks {
    /// Room for at least one byte.
    ///
    /// # Errors
    /// Where the room was full and could not be emptied.
    fn room(&mut self) -> io::Result<&mut [u8]>;

    /// So many bytes of the room are used.
    fn filled(&mut self, length: usize);

    /// What follows begins a chunk.
    ///
    /// # Errors
    /// As [`room`](Self::room).
    fn cut(&mut self) -> io::Result<()>;
}

/// Puts data out as it is, a chunk a piece, lest the lengths of chunks stand elsewhere in it once there is more data before.
fn copy<S: Chunks>(mut data: &[u8], cutter: &mut Cutter, chunks: &mut S) -> io::Result<()> {
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
pub(crate) fn put<S: Chunks>(mut bytes: &[u8], chunks: &mut S) -> io::Result<()> {
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
