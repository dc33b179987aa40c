//! Data blocks: a table's data, or large objects one by one.

use std::io::{self, Read};

use super::Reader;
use crate::{DumpId, Error, Oid};

/// How far a reader has come in the block at hand.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum State {
    /// Between blocks.
    Between,
    /// In a block of large objects, between two of them.
    LargeObjects,
    /// In a stream: a table's data, or a large object.
    Stream(Stream),
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Stream {
    /// Bytes of the current chunk that are still to come.
    in_chunk: u32,
    /// Whether more large objects may follow.
    of_large_objects: bool,
}

/// The data of one entry. It borrows the reader; what is left unread is skipped when the next block is asked for.
#[derive(Debug)]
pub enum Block<'r, R> {
    /// A table's data.
    Data(BlockData<'r, R>),
    /// Large objects.
    LargeObjects(LargeObjects<'r, R>),
}

impl<R> Block<'_, R> {
    /// The entry that owns the block.
    pub fn dump_id(&self) -> DumpId {
        match self {
            Self::Data(data) => data.dump_id,
            Self::LargeObjects(objects) => objects.dump_id,
        }
    }
}

/// A table's data or a large object, decompressed, through [`Read`]. Its errors hold an [`enum@Error`] inside, which
/// [`BlockData::read_some`] gives plainly.
#[derive(Debug)]
pub struct BlockData<'r, R> {
    pub(super) reader: &'r mut Reader<R>,
    pub(super) dump_id: DumpId,
}

impl<R: Read> BlockData<'_, R> {
    /// As [`Read::read`]: fills some of the buffer, and gives 0 at the end of the data.
    ///
    /// # Errors
    /// [`Error::Corrupt`] when the stream is damaged, is cut off, or has something behind its end; [`Error::Io`].
    pub fn read_some(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        self.reader
            .read_stream(buffer)
            .map_err(|error| match error {
                Error::Corrupt { offset, what } => Error::Corrupt {
                    offset,
                    what: format!("data of entry {}: {what}", self.dump_id),
                },
                other => other,
            })
    }
}

impl<R: Read> Read for BlockData<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(self.read_some(buffer)?)
    }
}

/// The large objects of one entry.
#[derive(Debug)]
pub struct LargeObjects<'r, R> {
    pub(super) reader: &'r mut Reader<R>,
    pub(super) dump_id: DumpId,
}

impl<R: Read> LargeObjects<'_, R> {
    /// The next large object with its data, or nothing at the end. What was left unread of the one before is skipped.
    ///
    /// # Errors
    /// [`Error::Corrupt`]; [`Error::Io`].
    pub fn next_object(&mut self) -> Result<Option<(Oid, BlockData<'_, R>)>, Error> {
        let Some(oid) = self.reader.next_large_object()? else {
            return Ok(None);
        };
        Ok(Some((
            oid,
            BlockData {
                reader: self.reader,
                dump_id: self.dump_id,
            },
        )))
    }
}

impl<R: Read> Reader<R> {
    pub(super) fn start_stream(&mut self, of_large_objects: bool) -> Result<(), Error> {
        self.decoder.reset().map_err(Error::reading)?;
        self.state = State::Stream(Stream {
            in_chunk: 0,
            of_large_objects,
        });
        Ok(())
    }

    /// Goes to the end of the block at hand without decompressing it.
    pub(super) fn skip_rest(&mut self) -> Result<(), Error> {
        while self.state != State::Between {
            self.skip_stream()?;
            self.next_large_object()?;
        }
        Ok(())
    }

    /// Goes to the end of the stream at hand, if there is one.
    fn skip_stream(&mut self) -> Result<(), Error> {
        while let State::Stream(stream) = self.state {
            if stream.in_chunk == 0 {
                self.next_chunk(stream)?;
            } else {
                let passed = self.input.available(stream.in_chunk, "the data")?.len();
                self.consume(stream, passed);
            }
        }
        Ok(())
    }

    /// The OID of the next large object, whose stream it opens; at the last one's end, the end of the block.
    fn next_large_object(&mut self) -> Result<Option<Oid>, Error> {
        self.skip_stream()?;
        if self.state != State::LargeObjects {
            return Ok(None);
        }
        let oid = self.input.oid("a large object's OID")?;
        if oid.0 == 0 {
            self.state = State::Between;
            return Ok(None);
        }
        self.start_stream(true)?;
        Ok(Some(oid))
    }

    fn read_stream(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        while let State::Stream(stream) = self.state {
            if buffer.is_empty() {
                return Ok(0);
            }
            let input = self.input.available(stream.in_chunk, "the data")?;
            let input_length = input.len();
            let decoded = match self.decoder.decode(input, buffer) {
                Ok(decoded) => decoded,
                Err(reason) => return Err(self.input.corrupt(reason)),
            };
            let stream = self.consume(stream, decoded.consumed);
            if decoded.ended {
                self.end_stream(stream)?;
            } else if decoded.produced == 0 {
                // What the decoder holds back comes before the next chunk is looked at.
                if input_length > decoded.consumed {
                    return Err(self
                        .input
                        .corrupt("the compressed stream makes no progress"));
                }
                if stream.in_chunk == 0 && !self.next_chunk(stream)? && !self.decoder.may_end() {
                    return Err(self.input.corrupt("the compressed stream is cut off"));
                }
            }
            if decoded.produced > 0 {
                return Ok(decoded.produced);
            }
        }
        Ok(0)
    }

    /// The compressed stream is over: so must its chunks be.
    fn end_stream(&mut self, stream: Stream) -> Result<(), Error> {
        if stream.in_chunk > 0 || self.next_chunk(stream)? {
            return Err(self
                .input
                .corrupt("something follows the end of the compressed stream"));
        }
        Ok(())
    }

    /// Steps to the next chunk, or out of the stream, which gives false.
    fn next_chunk(&mut self, stream: Stream) -> Result<bool, Error> {
        let in_chunk = self.input.length("a chunk's length")?;
        self.state = match in_chunk {
            0 if stream.of_large_objects => State::LargeObjects,
            0 => State::Between,
            _ => State::Stream(Stream { in_chunk, ..stream }),
        };
        Ok(in_chunk > 0)
    }

    fn consume(&mut self, mut stream: Stream, length: usize) -> Stream {
        self.input.consume(length);
        stream.in_chunk -= u32::try_from(length)
            .unwrap_or(stream.in_chunk)
            .min(stream.in_chunk);
        self.state = State::Stream(stream);
        stream
    }
}
