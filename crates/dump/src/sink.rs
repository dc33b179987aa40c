//! Where an archive goes.

use std::fs::File;
use std::io::{self, Write};

use pgark_archive::{DumpId, Filter, Header, Oid, Script, Selection, TocEntry, Writer};
use pgark_compression::Compressed;

use crate::options::Format;

/// Where an archive goes. Nothing of it is worth anything until the dump has succeeded.
pub enum Sink {
    /// A file that can be gone back in: the archive tells where each table's rows lie.
    File(File),
    /// A pipe or the like: rows are found by reading on.
    Stream(Box<dyn Write + Send>),
}

/// An archive being written, or a script.
pub(crate) enum Archive {
    File(Writer<File>),
    Stream(Writer<Counted>),
    Script(Box<Script<Compressed<Counted>>>),
}

/// A sink that cannot tell by itself how much went into it.
pub(crate) struct Counted {
    sink: Box<dyn Write + Send>,
    bytes: u64,
}

impl Counted {
    fn new(sink: Box<dyn Write + Send>) -> Self {
        Self { sink, bytes: 0 }
    }
}

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.sink.write(bytes)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }
}

impl Archive {
    /// Writes what comes before all data.
    pub(crate) fn begin(
        sink: Sink,
        header: &Header,
        entries: Vec<TocEntry>,
        format: Format,
    ) -> Result<Self, pgark_archive::Error> {
        Ok(match (format, sink) {
            (Format::Custom, Sink::File(file)) => {
                Self::File(Writer::new_seekable(file, header, &entries)?)
            }
            (Format::Custom, Sink::Stream(stream)) => {
                Self::Stream(Writer::new(Counted::new(stream), header, &entries)?)
            }
            (Format::Plain(options), sink) => {
                let sink = match sink {
                    Sink::File(file) => Box::new(file),
                    Sink::Stream(stream) => stream,
                };
                // The entries are those that were asked for, but for the database itself.
                let filter = Filter {
                    create_database: options.create,
                    ..Filter::default()
                };
                let selection = Selection::choose(&entries, &filter, None)?;
                let sink =
                    Compressed::new(Counted::new(sink), header.compression).map_err(writing)?;
                let script = Script::begin(sink, header, entries.into(), &selection, *options)?;
                Self::Script(Box::new(script))
            }
        })
    }

    pub(crate) fn start_data(&mut self, id: DumpId) -> Result<(), pgark_archive::Error> {
        match self {
            Self::File(writer) => writer.start_data(id),
            Self::Stream(writer) => writer.start_data(id),
            Self::Script(script) => script.start_data(id),
        }
    }

    pub(crate) fn write(&mut self, rows: &[u8]) -> Result<(), pgark_archive::Error> {
        match self {
            Self::File(writer) => writer.write(rows),
            Self::Stream(writer) => writer.write(rows),
            Self::Script(script) => script.write(rows),
        }
    }

    pub(crate) fn end_data(&mut self) -> Result<(), pgark_archive::Error> {
        match self {
            Self::File(writer) => writer.end_data(),
            Self::Stream(writer) => writer.end_data(),
            Self::Script(script) => script.end_data(),
        }
    }

    pub(crate) fn start_large_objects(&mut self, id: DumpId) -> Result<(), pgark_archive::Error> {
        match self {
            Self::File(writer) => writer.start_large_objects(id),
            Self::Stream(writer) => writer.start_large_objects(id),
            Self::Script(script) => script.start_large_objects(id),
        }
    }

    pub(crate) fn start_large_object(&mut self, oid: Oid) -> Result<(), pgark_archive::Error> {
        match self {
            Self::File(writer) => writer.start_large_object(oid),
            Self::Stream(writer) => writer.start_large_object(oid),
            Self::Script(script) => script.start_large_object(oid),
        }
    }

    pub(crate) fn end_large_object(&mut self) -> Result<(), pgark_archive::Error> {
        match self {
            Self::File(writer) => writer.end_large_object(),
            Self::Stream(writer) => writer.end_large_object(),
            Self::Script(script) => script.end_large_object(),
        }
    }

    pub(crate) fn end_large_objects(&mut self) -> Result<(), pgark_archive::Error> {
        match self {
            Self::File(writer) => writer.end_large_objects(),
            Self::Stream(writer) => writer.end_large_objects(),
            Self::Script(script) => script.end_large_objects(),
        }
    }

    /// Writes what is left over, and the places of the data where the sink can be gone back in. Tells how many bytes there are.
    pub(crate) fn finish(self) -> Result<u64, pgark_archive::Error> {
        match self {
            Self::File(writer) => {
                let file = writer.finish()?;
                let metadata = file.metadata().map_err(|source| pgark_archive::Error::Io {
                    doing: "looking how long the archive is",
                    source,
                })?;
                Ok(metadata.len())
            }
            Self::Stream(writer) => Ok(writer.finish()?.bytes),
            Self::Script(script) => {
                for warning in script.warnings() {
                    tracing::warn!("{warning}");
                }
                Ok(script.finish()?.finish().map_err(writing)?.bytes)
            }
        }
    }
}

fn writing(source: io::Error) -> pgark_archive::Error {
    let doing = "writing the script";
    pgark_archive::Error::Io { doing, source }
}
