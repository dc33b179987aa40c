//! Streams whose pieces several threads compress.

use std::fmt::Debug;
use std::io;
use std::mem::{replace, take};

use crate::cutter::Cutter;
use crate::encoder::{Chunks, put};
use crate::pool::Pool;

/// How the pieces of a stream are compressed, each by itself, and what stands around them.
pub(crate) trait Framing: Clone + Debug + Send + 'static {
    /// What compresses pieces, one after the other.
    type Compressor: Debug;
    /// A piece that has been compressed.
    type Piece: Send + 'static;

    fn compressor(&self) -> Self::Compressor;

    /// The last piece of a stream may be empty.
    fn compress(
        &self,
        compressor: &mut Self::Compressor,
        piece: &[u8],
        is_last: bool,
    ) -> io::Result<Self::Piece>;

    fn header(&self) -> &'static [u8];

    /// The bytes of the next piece in the stream.
    fn join(&mut self, piece: Self::Piece) -> Vec<u8>;

    /// What ends the stream. Another may follow.
    fn trailer(&mut self) -> Vec<u8>;
}

/// A piece that was compressed, and the room that it was in.
type Compressed<F> = (Vec<u8>, io::Result<<F as Framing>::Piece>);

/// Compresses streams one after the other. Their bytes depend on the data alone, since that chooses where it is cut.
#[derive(Debug)]
pub(crate) struct Pieces<F: Framing> {
    framing: F,
    /// Threads, once there was a full piece.
    pool: Option<Pool<Vec<u8>, Compressed<F>>>,
    /// Compresses what is short.
    own: F::Compressor,
    piece: Vec<u8>,
    /// Room for another piece.
    spare: Vec<u8>,
    cutter: Cutter,
    has_begun: bool,
}

impl<F: Framing> Pieces<F> {
    pub(super) fn new(framing: F) -> Self {
        Self {
            pool: None,
            own: framing.compressor(),
            piece: Vec::new(),
            spare: Vec::new(),
            cutter: Cutter::default(),
            has_begun: false,
            framing,
        }
    }

    pub(super) fn write<S: Chunks>(&mut self, mut data: &[u8], chunks: &mut S) -> io::Result<()> {
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
    fn push<S: Chunks>(&mut self, chunks: &mut S) -> io::Result<()> {
        self.begin(chunks)?;
        let piece = replace(&mut self.piece, take(&mut self.spare));
        let framing = &self.framing;
        let pool = self.pool.get_or_insert_with(|| {
            let framing = framing.clone();
            Pool::start(move || {
                let framing = framing.clone();
                let mut compressor = framing.compressor();
                move |piece: Vec<u8>| {
                    let compressed = framing.compress(&mut compressor, &piece, false);
                    (piece, compressed)
                }
            })
        });
        pool.push(piece);
        if pool.is_full() {
            self.pop(chunks)?;
        }
        Ok(())
    }

    /// Puts out the first piece that is under way, as a chunk, and tells whether there was one.
    fn pop<S: Chunks>(&mut self, chunks: &mut S) -> io::Result<bool> {
        let Some(piece) = self.pool.as_mut().and_then(Pool::pop) else {
            return Ok(false);
        };
        let (mut room, piece) =
            piece.map_err(|_| io::Error::other("a thread that compresses has ended"))?;
        room.clear();
        self.spare = room;
        self.put(piece, chunks)?;
        chunks.cut()?;
        Ok(true)
    }

    fn put<S: Chunks>(&mut self, piece: io::Result<F::Piece>, chunks: &mut S) -> io::Result<()> {
        put(&self.framing.join(piece?), chunks)
    }

    fn begin<S: Chunks>(&mut self, chunks: &mut S) -> io::Result<()> {
        if !self.has_begun {
            self.has_begun = true;
            put(self.framing.header(), chunks)?;
        }
        Ok(())
    }

    /// Ends the stream, and makes ready for another.
    pub(super) fn finish<S: Chunks>(&mut self, chunks: &mut S) -> io::Result<()> {
        self.begin(chunks)?;
        while self.pop(chunks)? {}
        let last = self.framing.compress(&mut self.own, &self.piece, true);
        self.piece.clear();
        self.put(last, chunks)?;
        put(&self.framing.trailer(), chunks)?;
        self.cutter = Cutter::default();
        self.has_begun = false;
        Ok(())
    }
}
