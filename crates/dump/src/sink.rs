//! Where an archive goes.

use std::fs::File;
use std::io::Write;

use pgark_archive::{DumpId, Header, Oid, TocEntry, Writer};

/// Where an archive goes. Nothing of it is worth anything until the dump has succeeded.
pub enum Sink {
    /// A file that can be gone back in: the archive tells where each table's rows lie.
    File(File),
    /// A pipe or the like: rows are found by reading on.
    Stream(Box<dyn Write + Send>),
}

/// An archive being written.
pub(crate) enum Archive {
    File(Writer<File>),
    Stream(Writer<Box<dyn Write + Send>>),
}

impl Archive {
    /// Writes header and table of contents.
    pub(crate) fn begin(
        sink: Sink,
        header: &Header,
        entries: &[TocEntry],
    ) -> Result<Self, pgark_archive::Error> {
        Ok(match sink {
            Sink::File(file) => Self::File(Writer::new_seekable(file, header, entries)?),
            Sink::Stream(stream) => Self::Stream(Writer::new(stream, header, entries)?),
        })
    }

    pub(crate) fn start_data(&mut self, id: DumpId) -> Result<(), pgark_archive::Error> {
        match self {
            Self::File(writer) => writer.start_data(id),
            Self::Stream(writer) => writer.start_data(id),
        }
    }

    pub(crate) fn write(&mut self, rows: &[u8]) -> Result<(), pgark_archive::Error> {
        match self {
            Self::File(writer) => writer.write(rows),
            Self::Stream(writer) => writer.write(rows),
        }
    }

    pub(crate) fn end_data(&mut self) -> Result<(), pgark_archive::Error> {
        match self {
            Self::File(writer) => writer.end_data(),
            Self::Stream(writer) => writer.end_data(),
        }
    }

    pub(crate) fn start_large_objects(&mut self, id: DumpId) -> Result<(), pgark_archive::Error> {
        match self {
            Self::File(writer) => writer.start_large_objects(id),
            Self::Stream(writer) => writer.start_large_objects(id),
        }
    }

    pub(crate) fn start_large_object(&mut self, oid: Oid) -> Result<(), pgark_archive::Error> {
        match self {
            Self::File(writer) => writer.start_large_object(oid),
            Self::Stream(writer) => writer.start_large_object(oid),
        }
    }

    pub(crate) fn end_large_object(&mut self) -> Result<(), pgark_archive::Error> {
        match self {
            Self::File(writer) => writer.end_large_object(),
            Self::Stream(writer) => writer.end_large_object(),
        }
    }

    pub(crate) fn end_large_objects(&mut self) -> Result<(), pgark_archive::Error> {
        match self {
            Self::File(writer) => writer.end_large_objects(),
            Self::Stream(writer) => writer.end_large_objects(),
        }
    }

    /// Writes what is left over, and the places of the data where the sink can be gone back in.
    pub(crate) fn finish(self) -> Result<(), pgark_archive::Error> {
        match self {
            Self::File(writer) => writer.finish().map(drop),
            Self::Stream(writer) => writer.finish().map(drop),
        }
    }
}
