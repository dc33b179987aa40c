//! Zlib streams (RFC 1950) that several threads compress.

use std::io;

use flate2::{Compress, CompressError, Compression, FlushCompress, Status};
use zlib_rs::adler32::{adler32, adler32_combine};

use super::cutter::Cutter;
use super::pool::Pool;
use super::{Chunks, put};
use crate::Error;

/// How far back deflate looks: what of the piece before a piece is compressed with.
const WINDOW: usize = 32 * 1024;

/// Deflate with the largest window, and the default level, in whose place zlib's readers take any.
const HEADER: [u8; 2] = [0x78, 0x9c];

/// The Adler-32 of nothing.
const ADLER: u32 = 1;

/// Compresses streams one after the other.
///
/// Each piece becomes deflate blocks that end at a byte (a sync flush), with the end of the piece before it as dictionary, so that the
/// blocks of all are one stream that is hardly longer than if it had been compressed in one go.
#[derive(Debug)]
pub(crate) struct Gzip {
    level: Compression,
    /// Threads, once there was a full piece.
    pool: Option<Pool<Piece, io::Result<Deflated>>>,
    /// Compresses what is short.
    own: Deflater,
    /// Begins with the dictionary.
    piece: Piece,
    cutter: Cutter,
    adler: u32,
    has_begun: bool,
}

/// Data to be compressed, behind its dictionary.
#[derive(Debug)]
struct Piece {
    bytes: Vec<u8>,
    dictionary: usize,
}

#[derive(Debug)]
struct Deflated {
    bytes: Vec<u8>,
    adler: u32,
    /// Of the data.
    length: usize,
}

impl Gzip {
    pub(crate) fn new(level: Option<u32>) -> Self {
        let level = level.map_or_else(Compression::default, Compression::new);
        Self {
            level,
            pool: None,
            own: Deflater::new(level),
            piece: Piece::new(&[]),
            cutter: Cutter::default(),
            adler: ADLER,
            has_begun: false,
        }
    }

    pub(crate) fn write<S: Chunks>(
        &mut self,
        mut data: &[u8],
        chunks: &mut S,
    ) -> Result<(), Error> {
        while !data.is_empty() {
            let (taken, is_end) = self.cutter.take(data);
            let (now, later) = data.split_at(taken);
            self.piece.bytes.extend_from_slice(now);
            data = later;
            if is_end {
                self.push(chunks)?;
            }
        }
        Ok(())
    }

    /// Hands a full piece to the threads.
    fn push<S: Chunks>(&mut self, chunks: &mut S) -> Result<(), Error> {
        self.begin(chunks)?;
        let next = Piece::new(self.piece.data());
        let piece = std::mem::replace(&mut self.piece, next);
        let level = self.level;
        let pool = self.pool.get_or_insert_with(|| {
            Pool::start(move || {
                let mut deflater = Deflater::new(level);
                move |piece| deflater.deflate(&piece, FlushCompress::Sync)
            })
        });
        pool.push(piece);
        if pool.is_full() {
            self.pop(chunks)?;
        }
        Ok(())
    }

    /// Puts out the first piece that is under way, and tells whether there was one.
    fn pop<S: Chunks>(&mut self, chunks: &mut S) -> Result<bool, Error> {
        match self.pool.as_mut().and_then(Pool::pop) {
            None => Ok(false),
            Some(Ok(deflated)) => self.put(deflated, chunks).map(|()| true),
            Some(Err(_)) => Err(Error::misuse("a thread that compresses has ended")),
        }
    }

    fn put<S: Chunks>(
        &mut self,
        deflated: io::Result<Deflated>,
        chunks: &mut S,
    ) -> Result<(), Error> {
        let Deflated {
            bytes,
            adler,
            length,
        } = deflated.map_err(Error::writing)?;
        self.adler = adler32_combine(self.adler, adler, length as u64);
        put(&bytes, chunks)?;
        chunks.cut()
    }

    fn begin<S: Chunks>(&mut self, chunks: &mut S) -> Result<(), Error> {
        if !self.has_begun {
            self.has_begun = true;
            put(&HEADER, chunks)?;
        }
        Ok(())
    }

    /// Ends the stream, and makes ready for another.
    pub(crate) fn finish<S: Chunks>(&mut self, chunks: &mut S) -> Result<(), Error> {
        self.begin(chunks)?;
        while self.pop(chunks)? {}
        let last = self.own.deflate(&self.piece, FlushCompress::Finish);
        self.put(last, chunks)?;
        put(&self.adler.to_be_bytes(), chunks)?;
        self.piece = Piece::new(&[]);
        self.cutter = Cutter::default();
        self.adler = ADLER;
        self.has_begun = false;
        Ok(())
    }
}

impl Piece {
    /// An empty one that follows on data.
    fn new(before: &[u8]) -> Self {
        let dictionary = &before[before.len().saturating_sub(WINDOW)..];
        Self {
            bytes: dictionary.to_vec(),
            dictionary: dictionary.len(),
        }
    }

    fn data(&self) -> &[u8] {
        &self.bytes[self.dictionary..]
    }
}

#[derive(Debug)]
struct Deflater {
    level: Compression,
    deflate: Compress,
}

impl Deflater {
    fn new(level: Compression) -> Self {
        Self {
            level,
            deflate: Compress::new(level, false),
        }
    }

    fn deflate(&mut self, piece: &Piece, flush: FlushCompress) -> io::Result<Deflated> {
        let failed = |error: CompressError| io::Error::other(error);
        // zlib-rs hashes the end of a dictionary with a byte behind it, which is of what was compressed before unless all is new.
        if piece.dictionary > 0 {
            self.deflate = Compress::new(self.level, false);
        } else {
            self.deflate.reset();
        }
        let deflate = &mut self.deflate;
        if piece.dictionary > 0 {
            let dictionary = &piece.bytes[..piece.dictionary];
            deflate.set_dictionary(dictionary).map_err(failed)?;
        }
        let mut data = piece.data();
        let adler = adler32(ADLER, data);
        let length = data.len();
        let mut bytes = Vec::with_capacity(length / 3 + 64);
        loop {
            let read = deflate.total_in();
            let room = bytes.capacity();
            let status = deflate
                .compress_vec(data, &mut bytes, flush)
                .map_err(failed)?;
            let consumed = usize::try_from(deflate.total_in() - read).unwrap_or(usize::MAX);
            data = &data[consumed..];
            // With room left over, all was flushed.
            let is_flushed = data.is_empty() && bytes.len() < room;
            if status == Status::StreamEnd || (is_flushed && flush == FlushCompress::Sync) {
                return Ok(Deflated {
                    bytes,
                    adler,
                    length,
                });
            }
            bytes.reserve(length / 4 + 64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines that repeat in part.
    fn text(seed: u32, length: usize) -> Vec<u8> {
        let mut state = seed;
        let mut text = Vec::new();
        while text.len() < length {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let word = state >> 16;
            text.extend_from_slice(format!("{word:x}\t{}\t2024-01-01\n", word % 97).as_bytes());
        }
        text.truncate(length);
        text
    }

    #[test]
    fn what_was_compressed_before_does_not_show() {
        let deflate = |deflater: &mut Deflater, seed: u32| {
            let before = text(seed, WINDOW);
            let mut piece = Piece::new(&before);
            piece.bytes.extend(text(seed + 1, 256 * 1024));
            deflater.deflate(&piece, FlushCompress::Sync).unwrap().bytes
        };
        for level in 1..=9 {
            let level = Compression::new(level);
            let mut used = Deflater::new(level);
            for seed in 0..40 {
                let fresh = deflate(&mut Deflater::new(level), seed);
                assert!(fresh == deflate(&mut used, seed), "level {level:?}, {seed}");
            }
        }
    }
}
