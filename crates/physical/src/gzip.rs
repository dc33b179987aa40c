//! gzip by several threads: the input is cut at fixed offsets, the pieces are deflated side by side and joined into one
//! member (RFC 1952), whose checksum is combined of theirs. The bytes do not depend on the number of threads.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::num::NonZero;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crc32fast::Hasher;
use flate2::{Compress, FlushCompress, Status};

/// How much is deflated as one piece. What repeats is looked for within it only.
const PIECE_BYTES: usize = 512 * 1024;

/// Magic, deflate, no flags, no time, no hint at the effort, Unix.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];

/// An empty last block, which ends a deflate stream.
const LAST_BLOCK: [u8; 2] = [3, 0];

/// A piece that has been deflated up to a byte's border.
struct Deflated {
    bytes: Vec<u8>,
    sum: Hasher,
}

struct Job {
    bytes: Vec<u8>,
    done: Sender<io::Result<Deflated>>,
}

/// Compresses what is written to it, and writes it on in order.
pub(crate) struct GzipWriter<W> {
    out: W,
    piece: Vec<u8>,
    jobs: SyncSender<Job>,
    /// The pieces that are being deflated, in order.
    pending: VecDeque<Receiver<io::Result<Deflated>>>,
    /// How many may be.
    limit: usize,
    sum: Hasher,
    /// Modulo 2^32, says the RFC.
    length: u32,
    has_begun: bool,
}

impl<W: Write> GzipWriter<W> {
    pub(crate) fn new(out: W, level: u32) -> Self {
        let threads = thread::available_parallelism().map_or(1, NonZero::get);
        let (jobs, queue) = sync_channel(threads);
        let queue = Arc::new(Mutex::new(queue));
        for _ in 0..threads {
            let queue = Arc::clone(&queue);
            thread::spawn(move || deflate_all(&queue, level));
        }
        Self {
            out,
            piece: Vec::with_capacity(PIECE_BYTES),
            jobs,
            pending: VecDeque::new(),
            limit: 2 * threads,
            sum: Hasher::new(),
            length: 0,
            has_begun: false,
        }
    }

    fn send_piece(&mut self) -> io::Result<()> {
        if self.pending.len() >= self.limit {
            self.write_next()?;
        }
        let bytes = std::mem::replace(&mut self.piece, Vec::with_capacity(PIECE_BYTES));
        let (done, result) = channel();
        self.jobs.send(Job { bytes, done }).map_err(|_| ended())?;
        self.pending.push_back(result);
        Ok(())
    }

    fn write_next(&mut self) -> io::Result<()> {
        let Some(result) = self.pending.pop_front() else {
            return Ok(());
        };
        let deflated = result.recv().map_err(|_| ended())??;
        self.begin()?;
        self.sum.combine(&deflated.sum);
        self.out.write_all(&deflated.bytes)
    }

    fn begin(&mut self) -> io::Result<()> {
        if std::mem::replace(&mut self.has_begun, true) {
            return Ok(());
        }
        self.out.write_all(&HEADER)
    }

    /// Writes the rest and returns what it was written to.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        if !self.piece.is_empty() {
            self.send_piece()?;
        }
        while !self.pending.is_empty() {
            self.write_next()?;
        }
        self.begin()?;
        self.out.write_all(&LAST_BLOCK)?;
        self.out
            .write_all(&self.sum.clone().finalize().to_le_bytes())?;
        self.out.write_all(&self.length.to_le_bytes())?;
        Ok(self.out)
    }
}

impl<W: Write> Write for GzipWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(PIECE_BYTES - self.piece.len());
        self.piece.extend_from_slice(&bytes[..taken]);
        // At most a piece.
        self.length = self.length.wrapping_add(u32::try_from(taken).unwrap_or(0));
        if self.piece.len() == PIECE_BYTES {
            self.send_piece()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn ended() -> io::Error {
    io::Error::other("the compressing threads have ended")
}

/// Deflates pieces until there are no more.
fn deflate_all(queue: &Mutex<Receiver<Job>>, level: u32) {
    let mut deflate = Compress::new(flate2::Compression::new(level), false);
    loop {
        let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Job { bytes, done }) = job else {
            return;
        };
        // Whoever waited for it may have gone.
        let _ = done.send(deflate_piece(&mut deflate, &bytes));
    }
}

fn deflate_piece(deflate: &mut Compress, bytes: &[u8]) -> io::Result<Deflated> {
    deflate.reset();
    let mut sum = Hasher::new();
    sum.update(bytes);
    let mut out = Vec::with_capacity(bytes.len() / 2 + 64);
    loop {
        let used = usize::try_from(deflate.total_in()).unwrap_or(bytes.len());
        let status = deflate
            .compress_vec(&bytes[used..], &mut out, FlushCompress::Sync)
            .map_err(io::Error::other)?;
        // A flush is complete when room is left behind it.
        if out.len() < out.capacity()
            && deflate.total_in() == bytes.len() as u64
            && status != Status::BufError
        {
            return Ok(Deflated { bytes: out, sum });
        }
        out.reserve(bytes.len() / 4 + 64);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::GzDecoder;

    use super::*;

    /// Text that is neither constant nor noise.
    fn text(length: usize) -> Vec<u8> {
        let words = (0u64..).map(|i| i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 52);
        words
            .flat_map(|word| format!("{word} ").into_bytes())
            .take(length)
            .collect()
    }

    #[test]
    fn pieces_are_joined_into_one_member() {
        for (length, write) in [
            (0, 1),
            (1, 1),
            (1000, 7),
            (PIECE_BYTES, 1000),
            (PIECE_BYTES + 1, PIECE_BYTES),
            (7 * PIECE_BYTES + 99, 100_000),
        ] {
            for level in [1, 6, 9] {
                let input = text(length);
                let mut gzip = GzipWriter::new(Vec::new(), level);
                for bytes in input.chunks(write) {
                    gzip.write_all(bytes).unwrap();
                }
                let packed = gzip.finish().unwrap();
                let mut unpacked = Vec::new();
                // Reads one member, and checks its sum and length.
                let mut decoder = GzDecoder::new(&packed[..]);
                decoder.read_to_end(&mut unpacked).unwrap();
                assert!(unpacked == input, "{length} {level}");
                assert!(decoder.into_inner().is_empty());
                assert!(length < 10_000 || packed.len() < length * 3 / 4);
            }
        }
    }

    #[test]
    fn noise_that_grows_is_deflated_whole() {
        let mut state = 1u64;
        let noise: Vec<u8> = std::iter::repeat_with(|| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            state.to_be_bytes()[0]
        })
        .take(PIECE_BYTES + 5)
        .collect();
        let mut gzip = GzipWriter::new(Vec::new(), 6);
        gzip.write_all(&noise).unwrap();
        let packed = gzip.finish().unwrap();
        let mut unpacked = Vec::new();
        GzDecoder::new(&packed[..])
            .read_to_end(&mut unpacked)
            .unwrap();
        assert!(unpacked == noise && packed.len() > noise.len());
    }

    #[test]
    fn a_reader_that_has_gone_is_an_error() {
        struct Gone;
        impl Write for Gone {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut gzip = GzipWriter::new(Gone, 6);
        let error = (0..100).find_map(|_| gzip.write_all(&text(PIECE_BYTES)).err());
        assert_eq!(error.unwrap().kind(), io::ErrorKind::BrokenPipe);
    }
}
