//! Where an archive's bytes go: a file or a stream, compressed or not.

use std::fs::File;
use std::io::{self, Write};

use lz4_flex::frame::{BlockMode, BlockSize, FrameEncoder, FrameInfo};
use zstd::stream::write::Encoder;

use crate::gzip::GzipWriter;

/// What archives can be compressed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// gzip.
    Gzip,
    /// LZ4, as a frame.
    Lz4,
    /// zstd.
    Zstd,
}

impl Algorithm {
    /// The server's word for it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
        }
    }

    /// What an archive's name ends in.
    pub(crate) fn suffix(self) -> &'static str {
        match self {
            Self::Gzip => ".gz",
            Self::Lz4 => ".lz4",
            Self::Zstd => ".zst",
        }
    }
}

/// How archives are compressed on this side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// By gzip, at a level of 1 to 9.
    Gzip(u32),
    /// By LZ4.
    Lz4,
    /// By zstd, at a level of 1 to 22.
    Zstd(i32),
}

impl Compression {
    /// What an archive's name ends in.
    pub(crate) fn suffix(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Gzip(_) => Algorithm::Gzip.suffix(),
            Self::Lz4 => Algorithm::Lz4.suffix(),
            Self::Zstd(_) => Algorithm::Zstd.suffix(),
        }
    }
}

/// A file or a stream.
pub(crate) enum Raw {
    File(File),
    Stream(Box<dyn Write + Send>),
}

impl Write for Raw {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.write(bytes),
            Self::Stream(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::File(file) => file.flush(),
            Self::Stream(stream) => stream.flush(),
        }
    }
}

/// Where an archive's bytes go.
pub(crate) enum Output {
    Plain(Raw),
    Gzip(GzipWriter<Raw>),
    Lz4(Box<FrameEncoder<Raw>>),
    Zstd(Encoder<'static, Raw>),
}

impl Output {
    pub(crate) fn new(raw: Raw, compression: Compression) -> io::Result<Self> {
        Ok(match compression {
            Compression::None => Self::Plain(raw),
            Compression::Gzip(level) => Self::Gzip(GzipWriter::new(raw, level)),
            Compression::Lz4 => {
                // As pg_basebackup makes them (bbstreamer_lz4.c).
                let info = FrameInfo::new()
                    .block_size(BlockSize::Max256KB)
                    .block_mode(BlockMode::Linked);
                Self::Lz4(Box::new(FrameEncoder::with_frame_info(info, raw)))
            }
            Compression::Zstd(level) => Self::Zstd(Encoder::new(raw, level)?),
        })
    }

    /// Writes what has been held back, and brings a file to the disk if that is asked for.
    pub(crate) fn finish(self, is_synced: bool) -> io::Result<()> {
        let mut raw = match self {
            Self::Plain(raw) => raw,
            Self::Gzip(gzip) => gzip.finish()?,
            Self::Lz4(lz4) => lz4.finish()?,
            Self::Zstd(zstd) => zstd.finish()?,
        };
        raw.flush()?;
        match raw {
            Raw::File(file) if is_synced => file.sync_all(),
            _ => Ok(()),
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(raw) => raw.write(bytes),
            Self::Gzip(gzip) => gzip.write(bytes),
            Self::Lz4(lz4) => lz4.write(bytes),
            Self::Zstd(zstd) => zstd.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(raw) => raw.flush(),
            // Small pieces would only cost.
            Self::Gzip(_) | Self::Lz4(_) | Self::Zstd(_) => Ok(()),
        }
    }
}
