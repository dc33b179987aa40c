//! A file that is compressed as it is written.

use std::fmt;
use std::io::{self, Write};

use crate::Compression;
use crate::encoder::{Chunks, Encoder, Frame};

/// How much goes on at once.
const PORTION: usize = 64 * 1024;

/// Compresses what is written to it into one stream as other tools read it: a gzip file (RFC 1952), a frame of LZ4 or of Zstandard. Such
/// is a script of `pg_dump -Fp -Z` (src/bin/pg_dump/compress_io.c). Its bytes depend on the data alone. Without compression they are the
/// data itself.
///
/// What was dropped without [`Compressed::finish`] is half a stream.
pub struct Compressed<W: Write> {
    encoder: Option<Encoder>,
    portions: Portions<W>,
}

struct Portions<W> {
    sink: W,
    bytes: Box<[u8]>,
    length: usize,
}

impl<W: Write> Compressed<W> {
    /// Begins a stream.
    ///
    /// # Errors
    /// Where there is no memory for the compressor.
    pub fn new(sink: W, compression: Compression) -> io::Result<Self> {
        let is_compressed = compression != Compression::None;
        let encoder = is_compressed.then(|| Encoder::new(compression, Frame::Gzip));
        Ok(Self {
            encoder: encoder.transpose()?,
            portions: Portions {
                sink,
                bytes: vec![0; PORTION].into(),
                length: 0,
            },
        })
    }

    /// Ends the stream, and gives back where it went.
    ///
    /// # Errors
    /// Where the end could not be written.
    pub fn finish(mut self) -> io::Result<W> {
        if let Some(encoder) = &mut self.encoder {
            encoder.finish(&mut self.portions)?;
        }
        self.portions.emit()?;
        let mut sink = self.portions.sink;
        sink.flush()?;
        Ok(sink)
    }
}

impl<W: Write> Write for Compressed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(encoder) = &mut self.encoder else {
            return self.portions.sink.write(bytes);
        };
        encoder.write(bytes, &mut self.portions)?;
        Ok(bytes.len())
    }

    /// What a compressor holds back comes with the rest.
    fn flush(&mut self) -> io::Result<()> {
        match self.encoder {
            None => self.portions.sink.flush(),
            Some(_) => Ok(()),
        }
    }
}

impl<W: Write> Portions<W> {
    fn emit(&mut self) -> io::Result<()> {
        let written = self.sink.write_all(&self.bytes[..self.length]);
        self.length = 0;
        written
    }
}

impl<W: Write> Chunks for Portions<W> {
    fn room(&mut self) -> io::Result<&mut [u8]> {
        if self.length == PORTION {
            self.emit()?;
        }
        Ok(&mut self.bytes[self.length..])
    }

    fn filled(&mut self, length: usize) {
        self.length += length;
    }

    /// A file has no chunks.
    fn cut(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<W: Write> fmt::Debug for Compressed<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Compressed")
            .field("encoder", &self.encoder)
            .finish_non_exhaustive()
    }
}
