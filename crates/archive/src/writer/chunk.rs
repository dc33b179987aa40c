//! Chunks, the pieces in which a stream stands in an archive.

use std::io::{self, BufWriter, Write};

use pgark_compression::Chunks;

use crate::encoding::{Fields, Sizes};

/// Bytes of a chunk at the most.
pub(super) const CHUNK: usize = 256 * 1024;

/// The chunk being filled. Where chunks end depends on the data alone, not on how it came.
#[derive(Debug)]
pub(super) struct Chunk {
    bytes: Box<[u8]>,
    length: usize,
}

impl Chunk {
    pub(super) fn new() -> Self {
        Self {
            bytes: vec![0; CHUNK].into(),
            length: 0,
        }
    }
}

/// The chunk with what it takes to write it out.
pub(super) struct ChunkSink<'a, W: Write> {
    pub(super) sink: &'a mut BufWriter<W>,
    pub(super) position: &'a mut u64,
    pub(super) sizes: Sizes,
    pub(super) chunk: &'a mut Chunk,
}

impl<W: Write> ChunkSink<'_, W> {
    /// Writes what there is, if anything: a chunk of no bytes would end the stream.
    pub(super) fn emit(&mut self) -> io::Result<()> {
        let data = &self.chunk.bytes[..self.chunk.length];
        if data.is_empty() {
            return Ok(());
        }
        let mut length = Fields::new(self.sizes);
        length.int(i32::try_from(data.len()).expect("a chunk is smaller than 2 GiB"));
        self.sink.write_all(&length.bytes)?;
        self.sink.write_all(data)?;
        *self.position += (length.bytes.len() + data.len()) as u64;
        self.chunk.length = 0;
        Ok(())
    }
}

impl<W: Write> Chunks for ChunkSink<'_, W> {
    fn room(&mut self) -> io::Result<&mut [u8]> {
        if self.chunk.length == CHUNK {
            self.emit()?;
        }
        Ok(&mut self.chunk.bytes[self.chunk.length..])
    }

    fn filled(&mut self, length: usize) {
        self.chunk.length += length;
    }

    fn cut(&mut self) -> io::Result<()> {
        self.emit()
    }
}
