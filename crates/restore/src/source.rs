//! Where an archive is read from.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use pgark_archive::{Block, DumpId, Error as ArchiveError, Header, Reader, Renaming, TocEntry};

use crate::{Error, Result};

/// An archive that is open: a file, whose blocks can be read in any order and by several at once, or a stream that arrives.
#[derive(Debug)]
pub struct Archive {
    pub(crate) reader: Reader<Source>,
}

impl Archive {
    /// Reads header and table of contents of a file from where it stands, or of a pipe.
    ///
    /// # Errors
    /// [`Error::Archive`]; [`Error::Io`].
    pub fn open(file: File) -> Result<Self> {
        let reading = |source| Error::Io {
            doing: "look at the archive's file",
            source,
        };
        if file.metadata().map_err(reading)?.is_file() {
            let position = (&file).stream_position().map_err(reading)?;
            Self::read(Source::File(FileAt {
                file: Arc::new(file),
                position,
            }))
        } else {
            Self::stream(file)
        }
    }

    /// Reads header and table of contents of a stream.
    ///
    /// # Errors
    /// [`Error::Archive`].
    pub fn stream(source: impl Read + Send + Sync + 'static) -> Result<Self> {
        Self::read(Source::Stream(Box::new(source)))
    }

    fn read(source: Source) -> Result<Self> {
        Ok(Self {
            reader: Reader::new(source)?,
        })
    }

    /// Puts a stream into a temporary file, so that its blocks can be read in any order. A file stays what it is.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Archive`].
    pub fn spooled(mut source: impl Read) -> Result<Self> {
        let spool = |source| Error::Io {
            doing: "put the archive into a temporary file",
            source,
        };
        let mut file = tempfile::tempfile().map_err(spool)?;
        io::copy(&mut source, &mut file).map_err(spool)?;
        file.rewind().map_err(spool)?;
        Self::open(file)
    }

    /// What the archive says about itself.
    pub fn header(&self) -> &Header {
        self.reader.header()
    }

    /// The entries, in the archive's order.
    pub fn toc(&self) -> &[TocEntry] {
        self.reader.toc()
    }

    /// Renames roles and tablespaces in the entries.
    ///
    /// # Errors
    /// [`Error::Archive`] for entries about the session that make no sense.
    pub fn rename(&mut self, renaming: &Renaming) -> Result<()> {
        Ok(self.reader.rename(renaming)?)
    }

    /// Whether blocks can be read in any order.
    pub fn is_file(&self) -> bool {
        self.file().is_some()
    }

    /// Another reader of the same file.
    pub(crate) fn another(&self) -> Option<Reader<Source>> {
        Some(self.reader.another(Source::File(self.file()?.clone())))
    }

    /// How long the file is; 0 for a stream.
    pub(crate) fn length(&self) -> u64 {
        let metadata = self.file().map(|at| at.file.metadata());
        metadata.map_or(0, |metadata| metadata.map_or(0, |metadata| metadata.len()))
    }

    fn file(&self) -> Option<&FileAt> {
        match self.reader.source() {
            Source::File(file) => Some(file),
            Source::Stream(_) => None,
        }
    }
}

/// The block of an entry: in a file wherever it lies, in a stream if it is still to come.
pub(crate) fn open_block(
    reader: &mut Reader<Source>,
    dump_id: DumpId,
) -> Result<Block<'_, Source>, ArchiveError> {
    match reader.source() {
        Source::File(_) => reader.block(dump_id),
        Source::Stream(_) => reader.block_ahead(dump_id),
    }
}

/// A file or a stream.
pub(crate) enum Source {
    File(FileAt),
    Stream(Box<dyn Read + Send + Sync>),
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(file) => file.fmt(f),
            Self::Stream(_) => f.write_str("Stream"),
        }
    }
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.read(buffer),
            Self::Stream(stream) => stream.read(buffer),
        }
    }
}

impl Seek for Source {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match self {
            Self::File(file) => file.seek(to),
            Self::Stream(_) => Err(io::ErrorKind::NotSeekable.into()),
        }
    }
}

/// A place in a file that other readers of the file do not move.
#[derive(Clone, Debug)]
pub(crate) struct FileAt {
    file: Arc<File>,
    position: u64,
}

impl Read for FileAt {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.file.read_at(buffer, self.position)?;
        self.position += length as u64;
        Ok(length)
    }
}

impl Seek for FileAt {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
            SeekFrom::End(by) => self.file.metadata()?.len().checked_add_signed(by),
        };
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn two_places_in_a_file_do_not_move_each_other() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"0123456789").unwrap();
        let mut one = FileAt {
            file: Arc::new(file),
            position: 2,
        };
        let mut other = one.clone();
        let mut two = [0; 2];
        one.seek(SeekFrom::Current(3)).unwrap();
        one.read_exact(&mut two).unwrap();
        assert_eq!(&two, b"56");
        other.read_exact(&mut two).unwrap();
        assert_eq!(&two, b"23");
        other.seek(SeekFrom::End(-1)).unwrap();
        assert_eq!(other.read(&mut two).unwrap(), 1);
        assert!(other.seek(SeekFrom::Current(-11)).is_err());
    }
}
