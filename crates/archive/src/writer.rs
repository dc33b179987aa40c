//! Writing an archive.

use std::io::{BufWriter, Seek, Write};

use pgark_compression::{Encoder, Frame};

use crate::compression::is_known_to;
use crate::encoding::{Fields, Sizes};
use crate::{DumpId, Error, Header, Offset, Oid, TocEntry};

mod blocks;
mod chunk;

use blocks::{Blocks, Patching};
use chunk::{CHUNK, Chunk, ChunkSink};

/// Block types (`BLK_DATA` and `BLK_BLOBS` in src/bin/pg_dump/pg_backup_archiver.h).
pub(crate) const BLOCK_DATA: u8 = 1;
pub(crate) const BLOCK_LARGE_OBJECTS: u8 = 3;

/// Writes an archive: header and table of contents at once, then one block for each entry with `had_dumper`.
///
/// The bytes depend on the header, the entries and the data alone, not on the sizes in which data is handed over. A writer that
/// was dropped, or gave an error, leaves half an archive behind.
#[derive(Debug)]
pub struct Writer<W: Write> {
    sink: BufWriter<W>,
    /// Bytes written so far.
    position: u64,
    sizes: Sizes,
    encoder: Encoder,
    chunk: Chunk,
    blocks: Blocks,
    state: State,
    patching: Option<Patching<W>>,
}

/// Where in the sequence of calls a writer is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    /// Between blocks.
    Idle,
    Data(DumpId),
    LargeObjects(DumpId),
    LargeObject(DumpId, Oid),
}

impl<W: Write> Writer<W> {
    /// Writes header and entries to a pipe, or to anything that cannot go back. Blocks must follow in the entries' order; where they
    /// lie is not recorded.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a version or a compression that cannot be written; [`Error::Misuse`] for a number that is not
    /// positive or stands twice, and for a text with a zero byte; [`Error::Io`].
    pub fn new(sink: W, header: &Header, entries: &[TocEntry]) -> Result<Self, Error> {
        Self::begin(sink, header, entries, None)
    }

    /// As [`Writer::new`], for a file. Blocks may come in any order (though only those in the entries' order can be restored through
    /// a pipe), and [`Writer::finish`] goes back to record where they lie. Positions are those of the file, which need not be empty.
    ///
    /// # Errors
    /// As [`Writer::new`].
    pub fn new_seekable(mut sink: W, header: &Header, entries: &[TocEntry]) -> Result<Self, Error>
    where
        W: Seek,
    {
        let patching = Patching::new(&mut sink).map_err(Error::writing)?;
        Self::begin(sink, header, entries, Some(patching))
    }

    fn begin(
        sink: W,
        header: &Header,
        entries: &[TocEntry],
        patching: Option<Patching<W>>,
    ) -> Result<Self, Error> {
        let Header {
            version,
            compression,
            ..
        } = *header;
        if !is_known_to(compression, version) {
            return Err(Error::unsupported(format!(
                "{} in an archive of version {version}, as pg_dump of the server's version writes it; none and gzip are",
                compression.name()
            )));
        }
        let encoder = Encoder::new(compression, Frame::Zlib).map_err(Error::writing)?;
        let mut writer = Self {
            sink: BufWriter::new(sink),
            position: 0,
            sizes: header.sizes(),
            encoder,
            chunk: Chunk::new(),
            blocks: Blocks::default(),
            state: State::Idle,
            patching,
        };
        let mut fields = writer.fields();
        header.encode(&mut fields)?;
        let count = i32::try_from(entries.len());
        fields.int(
            count.map_err(|_| Error::misuse(format!("{} entries are too many", entries.len())))?,
        );
        for entry in entries {
            writer.write_entry(entry, header, &mut fields)?;
        }
        writer.put(&fields.bytes)?;
        Ok(writer)
    }

    /// Adds an entry to `fields`, and hands them on every now and then, so that a catalogue is not held twice.
    fn write_entry(
        &mut self,
        entry: &TocEntry,
        header: &Header,
        fields: &mut Fields,
    ) -> Result<(), Error> {
        let id = entry.dump_id;
        if id.0 < 1 {
            return Err(Error::misuse(format!("entry number {id} is not positive")));
        }
        let offset = if entry.had_dumper {
            Offset::NotSet
        } else {
            Offset::NoData
        };
        let field = entry.encode(header.version, offset, fields)?;
        let field = entry.had_dumper.then_some(self.position + field as u64);
        if !self.blocks.add(id, field) {
            return Err(Error::misuse(format!("two entries have the number {id}")));
        }
        if fields.bytes.len() >= CHUNK {
            self.put(&fields.bytes)?;
            fields.bytes.clear();
        }
        Ok(())
    }

    /// Opens the block of an entry's data. All that [`Writer::write`] is given until [`Writer::end_data`] goes there.
    ///
    /// # Errors
    /// [`Error::Misuse`] when another block is open, the entry does not exist or has no data, its block is written already, or on a
    /// pipe another entry's turn is first; [`Error::Io`].
    pub fn start_data(&mut self, dump_id: DumpId) -> Result<(), Error> {
        self.start_block(BLOCK_DATA, dump_id)?;
        self.state = State::Data(dump_id);
        Ok(())
    }

    /// Adds to the data of the open block, or to the open large object. Any length will do.
    ///
    /// # Errors
    /// [`Error::Misuse`] when neither is open; [`Error::Io`].
    pub fn write(&mut self, data: &[u8]) -> Result<(), Error> {
        match self.state {
            State::Data(_) | State::LargeObject(..) => {
                let Self {
                    sink,
                    position,
                    sizes,
                    encoder,
                    chunk,
                    ..
                } = self;
                let mut chunks = ChunkSink {
                    sink,
                    position,
                    sizes: *sizes,
                    chunk,
                };
                encoder.write(data, &mut chunks).map_err(Error::writing)
            }
            State::Idle | State::LargeObjects(_) => Err(self.out_of_turn("data")),
        }
    }

    /// Closes what [`Writer::start_data`] opened.
    ///
    /// # Errors
    /// [`Error::Misuse`] when that is not what is open; [`Error::Io`].
    pub fn end_data(&mut self) -> Result<(), Error> {
        let State::Data(_) = self.state else {
            return Err(self.out_of_turn("the end of data"));
        };
        self.end_stream()?;
        self.state = State::Idle;
        Ok(())
    }

    /// Opens a block of large objects.
    ///
    /// # Errors
    /// As [`Writer::start_data`].
    pub fn start_large_objects(&mut self, dump_id: DumpId) -> Result<(), Error> {
        self.start_block(BLOCK_LARGE_OBJECTS, dump_id)?;
        self.state = State::LargeObjects(dump_id);
        Ok(())
    }

    /// Opens a large object in the open block.
    ///
    /// # Errors
    /// [`Error::Misuse`] when no block of large objects is open, or another object, or the OID is 0; [`Error::Io`].
    pub fn start_large_object(&mut self, oid: Oid) -> Result<(), Error> {
        let State::LargeObjects(dump_id) = self.state else {
            return Err(self.out_of_turn("a large object"));
        };
        if oid.0 == 0 {
            return Err(Error::misuse("a large object has the OID 0"));
        }
        let mut fields = self.fields();
        fields.oid(oid);
        self.put(&fields.bytes)?;
        self.state = State::LargeObject(dump_id, oid);
        Ok(())
    }

    /// Closes the open large object.
    ///
    /// # Errors
    /// [`Error::Misuse`] when none is open; [`Error::Io`].
    pub fn end_large_object(&mut self) -> Result<(), Error> {
        let State::LargeObject(dump_id, _) = self.state else {
            return Err(self.out_of_turn("the end of a large object"));
        };
        self.end_stream()?;
        self.state = State::LargeObjects(dump_id);
        Ok(())
    }

    /// Closes what [`Writer::start_large_objects`] opened.
    ///
    /// # Errors
    /// [`Error::Misuse`] when that is not what is open; [`Error::Io`].
    pub fn end_large_objects(&mut self) -> Result<(), Error> {
        let State::LargeObjects(_) = self.state else {
            return Err(self.out_of_turn("the end of large objects"));
        };
        self.put_int(0)?;
        self.state = State::Idle;
        Ok(())
    }

    /// Ends the archive: flushes, records the blocks' positions where the sink can go back, and returns the sink, standing at its
    /// end. Making a file durable is left to the caller.
    ///
    /// # Errors
    /// [`Error::Misuse`] when a block is open or missing; [`Error::Io`].
    pub fn finish(self) -> Result<W, Error> {
        if self.state != State::Idle {
            return Err(self.out_of_turn("the end of the archive"));
        }
        if let Some(id) = self.blocks.first_missing() {
            return Err(Error::misuse(format!(
                "the data of entry {id} was not written"
            )));
        }
        let mut sink = self
            .sink
            .into_inner()
            .map_err(|error| Error::writing(error.into_error()))?;
        if let Some(patching) = self.patching {
            patching
                .record(&mut sink, &self.blocks, self.sizes)
                .map_err(|source| Error::Io {
                    doing: "recording where the data lies",
                    source,
                })?;
        }
        sink.flush().map_err(Error::writing)?;
        Ok(sink)
    }

    fn start_block(&mut self, block_type: u8, dump_id: DumpId) -> Result<(), Error> {
        if self.state != State::Idle {
            return Err(self.out_of_turn(&format!("the block of entry {dump_id}")));
        }
        self.blocks
            .start(dump_id, self.position, self.patching.is_some())?;
        let mut fields = self.fields();
        fields.byte(block_type);
        fields.int(dump_id.0);
        self.put(&fields.bytes)
    }

    fn end_stream(&mut self) -> Result<(), Error> {
        let Self {
            sink,
            position,
            sizes,
            encoder,
            chunk,
            ..
        } = self;
        let mut chunks = ChunkSink {
            sink,
            position,
            sizes: *sizes,
            chunk,
        };
        let ended = encoder.finish(&mut chunks).and_then(|()| chunks.emit());
        ended.map_err(Error::writing)?;
        self.put_int(0)
    }

    fn out_of_turn(&self, what: &str) -> Error {
        let place = match self.state {
            State::Idle => "between blocks".to_owned(),
            State::Data(id) => format!("in the data of entry {id}"),
            State::LargeObjects(id) => format!("between the large objects of entry {id}"),
            State::LargeObject(id, oid) => format!("in large object {oid} of entry {id}"),
        };
        Error::misuse(format!("{what} came {place}"))
    }

    fn fields(&self) -> Fields {
        Fields::new(self.sizes)
    }

    fn put_int(&mut self, value: i32) -> Result<(), Error> {
        let mut fields = self.fields();
        fields.int(value);
        self.put(&fields.bytes)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.sink.write_all(bytes).map_err(Error::writing)?;
        self.position += bytes.len() as u64;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
