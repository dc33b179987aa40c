//! Reading and decompressing an entry's data on a thread of its own.

use pgark_archive::{Block, BlockData, DumpId, Error as ArchiveError, Oid, Reader};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::{JoinHandle, spawn_blocking};

use crate::source::{Source, open_block};
use crate::{Error, Result};

/// How much is handed over at once, and how many such pieces wait at most.
const PIECE: usize = 256 * 1024;
const WAITING: usize = 4;

/// What comes out of a block.
#[derive(Debug)]
pub(crate) enum Fed {
    /// The data that follows belongs to this large object.
    Object(Oid),
    /// Some of a table's data or of a large object.
    Data(Vec<u8>),
}

/// A block being read. The reader comes back when it is closed.
#[derive(Debug)]
pub(crate) struct Feed {
    pieces: Receiver<Fed>,
    reading: JoinHandle<(Reader<Source>, Result<(), ArchiveError>)>,
}

impl Feed {
    /// Begins to read the block of an entry.
    pub(crate) fn begin(mut reader: Reader<Source>, dump_id: DumpId) -> Self {
        let (sender, pieces) = channel(WAITING);
        let reading = spawn_blocking(move || {
            let read = open_block(&mut reader, dump_id).and_then(|block| read(block, &sender));
            drop(sender);
            (reader, read)
        });
        Self { pieces, reading }
    }

    /// The next piece; none at the end, or where the archive is damaged, which [`Feed::close`] tells.
    pub(crate) async fn next(&mut self) -> Option<Fed> {
        self.pieces.recv().await
    }

    /// Gives the reader back, and says whether the block could be read.
    pub(crate) async fn close(self) -> Result<(Reader<Source>, Result<(), ArchiveError>)> {
        // Whoever does not want the rest has the reading end.
        drop(self.pieces);
        self.reading
            .await
            .map_err(|error| Error::Stopped(error.to_string()))
    }
}

/// Reads a block until its end, or until nobody wants it any more.
fn read(block: Block<'_, Source>, pieces: &Sender<Fed>) -> Result<(), ArchiveError> {
    match block {
        Block::Data(data) => {
            read_data(data, pieces)?;
        }
        Block::LargeObjects(mut objects) => {
            while let Some((oid, data)) = objects.next_object()? {
                if pieces.blocking_send(Fed::Object(oid)).is_err() || !read_data(data, pieces)? {
                    break;
                }
            }
        }
    }
    Ok(())
}

/// Whether it was read to its end.
fn read_data(mut data: BlockData<'_, Source>, pieces: &Sender<Fed>) -> Result<bool, ArchiveError> {
    loop {
        let mut buffer = vec![0; PIECE];
        let filled = fill(&mut data, &mut buffer)?;
        if filled == 0 {
            return Ok(true);
        }
        buffer.truncate(filled);
        if pieces.blocking_send(Fed::Data(buffer)).is_err() {
            return Ok(false);
        }
    }
}

fn fill(data: &mut BlockData<'_, Source>, buffer: &mut [u8]) -> Result<usize, ArchiveError> {
    let mut filled = 0;
    while filled < buffer.len() {
        match data.read_some(&mut buffer[filled..])? {
            0 => break,
            length => filled += length,
        }
    }
    Ok(filled)
}

/// Reads several tables' data into memory; none for those of more than `limit` bytes.
pub(crate) async fn read_small(
    mut reader: Reader<Source>,
    ids: Vec<DumpId>,
    limit: usize,
) -> Result<(Reader<Source>, Result<Vec<Option<Vec<u8>>>, ArchiveError>)> {
    let reading = spawn_blocking(move || {
        let read = |id| match open_block(&mut reader, id)? {
            Block::Data(mut data) => {
                let mut buffer = vec![0; limit + 1];
                let filled = fill(&mut data, &mut buffer)?;
                buffer.truncate(filled);
                buffer.shrink_to_fit();
                Ok((filled <= limit).then_some(buffer))
            }
            Block::LargeObjects(_) => Ok(None),
        };
        let all = ids.into_iter().map(read).collect();
        (reader, all)
    });
    reading
        .await
        .map_err(|error| Error::Stopped(error.to_string()))
}
