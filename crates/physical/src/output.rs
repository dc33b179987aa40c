//! Where an archive's bytes go: a file or a stream, compressed or not.

use std::fs::File;
use std::io::{self, Write};

use crate::gzip::GzipWriter;

/// How archives are compressed on this side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// gzip, at a level of 1 to 9.
    Gzip(u32),
}

impl Compression {
    /// What an archive's name ends in.
    pub(crate) fn suffix(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Gzip(_) => ".gz",
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
}

impl Output {
    pub(crate) fn new(raw: Raw, compression: Compression) -> Self {
        match compression {
            Compression::None => Self::Plain(raw),
            Compression::Gzip(level) => Self::Gzip(GzipWriter::new(raw, level)),
        }
    }

    /// Writes what has been held back, and brings a file to the disk if that is asked for.
    pub(crate) fn finish(self, is_synced: bool) -> io::Result<()> {
        let mut raw = match self {
            Self::Plain(raw) => raw,
            Self::Gzip(gzip) => gzip.finish()?,
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
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(raw) => raw.flush(),
            // Small pieces would only cost.
            Self::Gzip(_) => Ok(()),
        }
    }
}
