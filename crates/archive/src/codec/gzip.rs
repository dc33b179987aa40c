//! Deflate streams that several threads compress, as zlib (RFC 1950) or as gzip (RFC 1952).

use std::io;
use std::mem::take;

use crc32fast::Hasher;
use zlib_rs::adler32::{adler32, adler32_combine};

use super::cutter::Cutter;
use super::deflate::Deflater;
use super::pool::Pool;
use super::{Chunks, put};
use crate::Error;

/// The level where none is asked for: smaller than zlib's level 6, which pg_dump takes, in all that was measured, and twice as fast.
const DEFAULT_LEVEL: u32 = 5;

/// What stands around a stream, and with which checksum.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Frame {
    /// Of data in an archive.
    Zlib,
    /// Of a file.
    Gzip,
}

impl Frame {
    fn header(self) -> &'static [u8] {
        match self {
            // Deflate with the largest window, and the default level, in whose place zlib's readers take any.
            Self::Zlib => &[0x78, 0x9c],
            // Deflate, without a name or a time, made on Unix.
            Self::Gzip => &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3],
        }
    }

    fn checksum(self, data: &[u8]) -> u32 {
        match self {
            Self::Zlib => adler32(1, data),
            Self::Gzip => crc32fast::hash(data),
        }
    }

    /// The checksum of data and what follows it, which is so long.
    fn combined(self, before: u32, next: u32, length: u64) -> u32 {
        match self {
            Self::Zlib => adler32_combine(before, next, length),
            Self::Gzip => {
                let mut both = Hasher::new_with_initial(before);
                both.combine(&Hasher::new_with_initial_len(next, length));
                both.finalize()
            }
        }
    }

    fn trailer(self, checksum: u32, length: u64) -> Vec<u8> {
        match self {
            Self::Zlib => checksum.to_be_bytes().to_vec(),
            // The length stands there as far as it fits.
            Self::Gzip => [&checksum.to_le_bytes()[..], &length.to_le_bytes()[..4]].concat(),
        }
    }
}

/// Compresses streams one after the other.
///
/// Each piece is deflated by itself, into blocks that end at a byte, so that the blocks of all are one stream.
#[derive(Debug)]
pub(crate) struct Gzip {
    frame: Frame,
    level: u32,
    /// Threads, once there was a full piece.
    pool: Option<Pool<Vec<u8>, io::Result<Deflated>>>,
    /// Compresses what is short.
    own: Deflater,
    piece: Vec<u8>,
    cutter: Cutter,
    /// Of what was put out, and how long that was.
    checksum: u32,
    length: u64,
    has_begun: bool,
}

#[derive(Debug)]
struct Deflated {
    bytes: Vec<u8>,
    checksum: u32,
    /// Of the data.
    length: usize,
}

impl Deflated {
    fn new(frame: Frame, piece: &[u8], bytes: io::Result<Vec<u8>>) -> io::Result<Self> {
        Ok(Self {
            bytes: bytes?,
            checksum: frame.checksum(piece),
            length: piece.len(),
        })
    }
}

impl Gzip {
    pub(crate) fn new(level: Option<u32>, frame: Frame) -> Self {
        let level = level.unwrap_or(DEFAULT_LEVEL);
        Self {
            frame,
            level,
            pool: None,
            own: Deflater::new(level),
            piece: Vec::new(),
            cutter: Cutter::default(),
            checksum: frame.checksum(&[]),
            length: 0,
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
            self.piece.extend_from_slice(now);
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
        let piece = take(&mut self.piece);
        let (level, frame) = (self.level, self.frame);
        let pool = self.pool.get_or_insert_with(|| {
            Pool::start(move || {
                let mut deflater = Deflater::new(level);
                move |piece: Vec<u8>| Deflated::new(frame, &piece, deflater.deflate(&piece))
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
        let deflated = deflated.map_err(Error::writing)?;
        let length = deflated.length as u64;
        self.checksum = self
            .frame
            .combined(self.checksum, deflated.checksum, length);
        self.length += length;
        put(&deflated.bytes, chunks)?;
        chunks.cut()
    }

    fn begin<S: Chunks>(&mut self, chunks: &mut S) -> Result<(), Error> {
        if !self.has_begun {
            self.has_begun = true;
            put(self.frame.header(), chunks)?;
        }
        Ok(())
    }

    /// Ends the stream, and makes ready for another.
    pub(crate) fn finish<S: Chunks>(&mut self, chunks: &mut S) -> Result<(), Error> {
        self.begin(chunks)?;
        while self.pop(chunks)? {}
        let last = take(&mut self.piece);
        let last = Deflated::new(self.frame, &last, self.own.deflate_to_end(&last));
        self.put(last, chunks)?;
        put(&self.frame.trailer(self.checksum, self.length), chunks)?;
        self.cutter = Cutter::default();
        self.checksum = self.frame.checksum(&[]);
        self.length = 0;
        self.has_begun = false;
        Ok(())
    }
}
