//! What workers read, on its way to the writer.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use pgark_archive::DumpId;
use pgark_catalog::Oid;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use super::rate::Rate;
use super::unit::Unit;
use crate::error::{Error, Result};

#[derive(Debug)]
pub(super) enum Piece {
    StartData(DumpId),
    /// What COPY gave is complete.
    EndCopy,
    /// So are statements for so many rows.
    EndInserts(u64),
    StartLargeObjects(DumpId),
    StartLargeObject(Oid),
    EndLargeObject,
    EndLargeObjects,
    /// Of the table or large object that was started last.
    Rows(Bytes),
    /// The unit is complete.
    EndUnit,
    /// So is everything.
    Finish,
}

/// A piece, with the memory that it takes.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) piece: Piece,
    _room: Option<OwnedSemaphorePermit>,
}

/// The pieces of one unit.
pub(super) type Pieces = mpsc::UnboundedReceiver<Held>;

/// Deals units out to workers, in their order, and brings what they read to the writer in the same order.
#[derive(Debug)]
pub(super) struct Queue {
    next: Mutex<Next>,
    units: Vec<Unit>,
    rate: Option<Arc<Rate>>,
}

#[derive(Debug)]
struct Next {
    place: usize,
    writer: mpsc::UnboundedSender<Pieces>,
}

impl Queue {
    pub(super) fn new(
        units: Vec<Unit>,
        rate: Option<Rate>,
    ) -> (Self, mpsc::UnboundedReceiver<Pieces>) {
        let (writer, received) = mpsc::unbounded_channel();
        let next = Mutex::new(Next { place: 0, writer });
        let rate = rate.map(Arc::new);
        (Self { next, units, rate }, received)
    }

    /// The next unit, and where what is read of it goes within a worker's room.
    pub(super) fn take(&self, room: &Room) -> Option<(&Unit, Output)> {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let unit = self.units.get(next.place)?;
        next.place += 1;
        Some((unit, next.open(room, self.rate.clone())))
    }

    /// Tells the writer that nothing follows.
    pub(super) fn finish(&self) {
        let (pieces, received) = mpsc::unbounded_channel();
        let finish = Held {
            piece: Piece::Finish,
            _room: None,
        };
        // Where the writer has ended already, its reason is told.
        let _ = pieces.send(finish);
        let next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = next.writer.send(received);
    }
}

impl Next {
    fn open(&self, room: &Room, rate: Option<Arc<Rate>>) -> Output {
        let (pieces, received) = mpsc::unbounded_channel();
        let _ = self.writer.send(received);
        Output {
            pieces,
            room: room.clone(),
            rate,
            sent: Progress::default(),
            seen: Progress::default(),
        }
    }
}

/// The memory that what one worker has read may take until it is written.
///
/// Each worker has its own. Were it one for all, those ahead could take it up, and the one whose turn it is would wait for ever.
#[derive(Clone, Debug)]
pub(super) struct Room {
    free: Arc<Semaphore>,
    bytes: u32,
}

impl Room {
    pub(super) fn new(bytes: u32) -> Self {
        Self {
            free: Arc::new(Semaphore::new(bytes as usize)),
            bytes,
        }
    }
}

/// Where the pieces of one unit go. Reading may begin anew: what is known already is left out.
#[derive(Debug)]
pub(super) struct Output {
    pieces: mpsc::UnboundedSender<Held>,
    room: Room,
    rate: Option<Arc<Rate>>,
    /// How much the writer was given.
    sent: Progress,
    /// How much was read since the last beginning.
    seen: Progress,
}

/// A place in what is read of a unit, which is the same each time.
#[derive(Clone, Copy, Debug, Default)]
struct Progress {
    marks: u64,
    bytes: u64,
}

impl Output {
    /// What a piece takes beside its rows.
    const OVERHEAD: usize = 256;

    /// Begins anew.
    pub(super) fn restart(&mut self) {
        self.seen = Progress::default();
    }

    /// Gives a piece other than rows.
    pub(super) async fn mark(&mut self, piece: Piece) -> Result<()> {
        self.seen.marks += 1;
        if self.seen.marks > self.sent.marks {
            self.sent.marks += 1;
            self.send(piece, 0).await?;
        }
        Ok(())
    }

    pub(super) async fn rows(&mut self, mut rows: Bytes) -> Result<()> {
        if let Some(rate) = &self.rate {
            rate.pass(rows.len() as u64).await;
        }
        let known = (self.sent.bytes - self.seen.bytes.min(self.sent.bytes)).min(rows.len() as u64);
        self.seen.bytes += rows.len() as u64;
        let rows = rows.split_off(usize::try_from(known).unwrap_or(rows.len()));
        if rows.is_empty() {
            return Ok(());
        }
        self.sent.bytes = self.seen.bytes;
        let length = rows.len();
        self.send(Piece::Rows(rows), length).await
    }

    async fn send(&self, piece: Piece, bytes: usize) -> Result<()> {
        let bytes = u32::try_from(bytes + Self::OVERHEAD).unwrap_or(u32::MAX);
        let free = Arc::clone(&self.room.free);
        let room = free.acquire_many_owned(bytes.min(self.room.bytes)).await;
        let held = Held {
            piece,
            _room: room.ok(),
        };
        self.pieces
            .send(held)
            .map_err(|_| Error::Stopped("it takes no more data".into()))
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Waker};

    use super::*;

    #[tokio::test]
    async fn what_was_given_is_not_given_again() {
        let (queue, mut writer) = Queue::new(vec![Unit::whole(0)], None);
        let (_, mut output) = queue.take(&Room::new(1 << 20)).unwrap();
        assert!(queue.take(&Room::new(1)).is_none());
        let rows = |text: &'static str| Bytes::from_static(text.as_bytes());
        output.mark(Piece::StartData(DumpId(1))).await.unwrap();
        output.rows(rows("abcd")).await.unwrap();
        // A second time it is cut otherwise, and ends even before the first.
        output.restart();
        output.mark(Piece::StartData(DumpId(1))).await.unwrap();
        output.rows(rows("abc")).await.unwrap();
        output.restart();
        output.mark(Piece::StartData(DumpId(1))).await.unwrap();
        output.rows(rows("ab")).await.unwrap();
        output.rows(rows("cdef")).await.unwrap();
        output.mark(Piece::EndCopy).await.unwrap();
        output.rows(rows("gh")).await.unwrap();
        drop(output);
        let mut pieces = writer.recv().await.unwrap();
        let mut found = String::new();
        while let Some(held) = pieces.recv().await {
            match held.piece {
                Piece::Rows(rows) => found.push_str(std::str::from_utf8(&rows).unwrap()),
                Piece::StartData(_) => found.push('<'),
                Piece::EndCopy => found.push('>'),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(found, "<abcdef>gh");
    }

    #[tokio::test]
    async fn a_worker_ahead_of_the_writer_waits() {
        let (queue, mut writer) = Queue::new(vec![Unit::whole(0)], None);
        let (_, mut output) = queue.take(&Room::new(1000)).unwrap();
        let piece = || Bytes::from(vec![b'x'; 700]);
        output.rows(piece()).await.unwrap();
        let mut pieces = writer.recv().await.unwrap();
        {
            let mut second = pin!(output.rows(piece()));
            let mut context = Context::from_waker(Waker::noop());
            assert!(second.as_mut().poll(&mut context).is_pending());
            drop(pieces.recv().await.unwrap());
            second.await.unwrap();
        }
        // What is larger than all room goes alone.
        drop(pieces.recv().await.unwrap());
        output.rows(Bytes::from(vec![b'x'; 5000])).await.unwrap();
        drop(pieces);
        assert!(matches!(output.rows(piece()).await, Err(Error::Stopped(_))));
    }
}
