//! From a dump that writes to a host that reads at its own pace.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Bytes, BytesMut};
use tokio::sync::mpsc;

/// The size of all chunks but the last. Hosts take up to 4 MiB in one message.
pub(crate) const CHUNK_BYTES: usize = 256 * 1024;
/// Chunks that may wait for the host, so that a dump is never far ahead of it.
const CHUNKS: usize = 4;

/// Takes the bytes of an archive and hands them on in chunks. A write waits while the host is
/// behind, so it must come from a thread that may block, and fails when the host has gone.
pub(crate) struct Sink {
    buffer: Arc<Mutex<BytesMut>>,
    chunks: mpsc::Sender<Bytes>,
}

/// Hands on what a [`Sink`] still holds at the end of a dump that succeeded.
pub(crate) struct Tail {
    buffer: Arc<Mutex<BytesMut>>,
    chunks: mpsc::Sender<Bytes>,
}

/// A sink, its tail, and the chunks that come out, none of them empty.
pub(crate) fn channel() -> (Sink, Tail, mpsc::Receiver<Bytes>) {
    let (chunks, receiver) = mpsc::channel(CHUNKS);
    let buffer = Arc::new(Mutex::new(BytesMut::new()));
    let sink = Sink {
        buffer: Arc::clone(&buffer),
        chunks: chunks.clone(),
    };
    (sink, Tail { buffer, chunks }, receiver)
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut buffer = self.buffer.lock().unwrap_or_else(PoisonError::into_inner);
        if buffer.is_empty() {
            buffer.reserve(CHUNK_BYTES);
        }
        let taken = bytes.len().min(CHUNK_BYTES - buffer.len());
        buffer.extend_from_slice(&bytes[..taken]);
        if buffer.len() == CHUNK_BYTES {
            let chunk = buffer.split().freeze();
            drop(buffer);
            self.chunks
                .blocking_send(chunk)
                .map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
        }
        Ok(taken)
    }

    /// Does nothing: small chunks would only cost, and [`Tail::send`] sends the last one.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Tail {
    /// Returns when the host wants no more.
    pub(crate) async fn closed(&self) {
        self.chunks.closed().await;
    }

    /// Hands on the last bytes. To be called when the dump has returned and not before.
    pub(crate) async fn send(self) {
        let last = {
            let mut buffer = self.buffer.lock().unwrap_or_else(PoisonError::into_inner);
            buffer.split().freeze()
        };
        if !last.is_empty() {
            // A host that has gone is seen by the receiving side.
            let _ = self.chunks.send(last).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sizes of the chunks that come of writes of the given sizes.
    async fn chunks(writes: &[usize]) -> Vec<usize> {
        let (mut sink, tail, mut receiver) = channel();
        let writes = writes.to_vec();
        let dump = tokio::task::spawn_blocking(move || {
            for size in writes {
                sink.write_all(&vec![7; size]).unwrap();
            }
            sink.flush().unwrap();
        });
        tokio::spawn(async move {
            dump.await.unwrap();
            tail.send().await;
        });
        let mut sizes = Vec::new();
        while let Some(chunk) = receiver.recv().await {
            sizes.push(chunk.len());
        }
        sizes
    }

    #[tokio::test]
    async fn no_chunk_is_empty_or_too_large_and_no_byte_is_lost() {
        const C: usize = CHUNK_BYTES;
        for (writes, expected) in [
            (&[][..], &[][..]),
            (&[0], &[]),
            (&[3, 4], &[7]),
            (&[C], &[C]),
            (&[C - 1, 2], &[C, 1]),
            (&[1, 5 * C], &[C, C, C, C, C, 1]),
            (&[2 * C], &[C, C]),
        ] {
            assert_eq!(chunks(writes).await, expected, "writes of {writes:?}");
        }
    }

    #[tokio::test]
    async fn writing_waits_for_the_host_and_fails_when_it_has_gone() {
        let (mut sink, tail, mut receiver) = channel();
        let dump = tokio::task::spawn_blocking(move || {
            let chunk = vec![0; CHUNK_BYTES];
            let mut written = 0;
            loop {
                match sink.write_all(&chunk) {
                    Ok(()) => written += 1,
                    Err(error) => return (written, error.kind()),
                }
            }
        });
        receiver.recv().await.unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        assert!(!dump.is_finished(), "the dump did not wait");
        drop(receiver);
        let (written, kind) = dump.await.unwrap();
        assert_eq!(kind, io::ErrorKind::BrokenPipe);
        assert!(written <= CHUNKS + 1, "{written} chunks ran ahead");
        tail.closed().await;
    }
}
