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
    Data {
        /// The bytes.
        bytes: Vec<u8>,
        /// Whether a row ends with them, as nearly always; one that is longer than a piece does not.
        ends_row: bool,
    },
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
            read_rows(data, pieces)?;
        }
        Block::LargeObjects(mut objects) => {
            while let Some((oid, data)) = objects.next_object()? {
                if pieces.blocking_send(Fed::Object(oid)).is_err() || !read_object(data, pieces)? {
                    break;
                }
            }
        }
    }
    Ok(())
}

/// Reads a table's data, cut between rows.
fn read_rows(mut data: BlockData<'_, Source>, pieces: &Sender<Fed>) -> Result<(), ArchiveError> {
    let mut begun = Vec::new();
    loop {
        let mut bytes = vec![0; PIECE];
        bytes[..begun.len()].copy_from_slice(&begun);
        let filled = begun.len() + fill(&mut data, &mut bytes[begun.len()..])?;
        let is_last = filled < PIECE;
        if filled == 0 {
            return Ok(());
        }
        bytes.truncate(filled);
        let end = if is_last {
            Some(filled)
        } else {
            rows_end(&bytes)
        };
        begun = end.map_or(Vec::new(), |end| bytes.split_off(end));
        let ends_row = end.is_some();
        let is_wanted = pieces.blocking_send(Fed::Data { bytes, ends_row }).is_ok();
        if is_last || !is_wanted {
            return Ok(());
        }
    }
}

/// Where the last row ends that ends in some text of COPY: behind a line end that is not itself part of a value.
fn rows_end(text: &[u8]) -> Option<usize> {
    let ends = text
        .iter()
        .enumerate()
        .rev()
        .filter(|(_, byte)| **byte == b'\n');
    let mut ends = ends.map(|(end, _)| end);
    let end = ends.find(|end| {
        let backslashes = text[..*end].iter().rev().take_while(|byte| **byte == b'\\');
        backslashes.count() % 2 == 0
    });
    end.map(|end| end + 1)
}

/// Whether it was read to its end.
fn read_object(
    mut data: BlockData<'_, Source>,
    pieces: &Sender<Fed>,
) -> Result<bool, ArchiveError> {
    loop {
        let mut bytes = vec![0; PIECE];
        let filled = fill(&mut data, &mut bytes)?;
        if filled == 0 {
            return Ok(true);
        }
        bytes.truncate(filled);
        let piece = Fed::Data {
            bytes,
            ends_row: false,
        };
        if pieces.blocking_send(piece).is_err() {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_end_behind_line_ends_that_are_no_part_of_a_value() {
        for (text, end) in [
            ("a\nb\nc", Some(4)),
            ("a\n", Some(2)),
            ("a\\\nb", None),
            ("a\\\\\nb", Some(4)),
            ("a\nb\\\nc", Some(2)),
            ("abc", None),
            ("", None),
        ] {
            assert_eq!(rows_end(text.as_bytes()), end, "{text:?}");
        }
    }
}
