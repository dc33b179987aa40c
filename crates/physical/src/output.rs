//! Where an archive's bytes go: a file or a stream, compressed or not.

use std::fs::File;
use std::io::{self, Write};

use pgark_compression::{Compressed, Compression, Unpacker};

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

    /// Unpacks what comes compressed so.
    pub(crate) fn unpacker(self) -> io::Result<Unpacker> {
        Ok(match self {
            Self::Gzip => Unpacker::gzip(),
            Self::Lz4 => Unpacker::lz4(),
            Self::Zstd => Unpacker::zstd()?,
        })
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

/// What the name of an archive ends in that is compressed so on this side.
pub(crate) fn suffix(compression: Compression) -> &'static str {
    match compression {
        Compression::None => "",
        Compression::Gzip { .. } => Algorithm::Gzip.suffix(),
        Compression::Lz4 { .. } => Algorithm::Lz4.suffix(),
        Compression::Zstd { .. } => Algorithm::Zstd.suffix(),
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
pub(crate) type Output = Compressed<Raw>;

/// Writes what has been held back, and brings a file to the disk if that is asked for.
pub(crate) fn finish(output: Output, is_synced: bool) -> io::Result<()> {
    match output.finish()? {
        Raw::File(file) if is_synced => file.sync_all(),
        _ => Ok(()),
    }
}
