//! Which blocks an archive must have, and the record of where they lie.

use std::collections::HashMap;
use std::fmt;
use std::io::{self, Seek, SeekFrom, Write};

use crate::encoding::{Fields, Sizes};
use crate::{DumpId, Error, Offset};

/// The entries, and the blocks that some of them must get.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    /// Every entry, with the place of its block in `in_order` if it has one.
    index: HashMap<DumpId, Option<usize>>,
    in_order: Vec<Block>,
    /// On a pipe, the block whose turn it is.
    next: usize,
}

#[derive(Debug)]
struct Block {
    dump_id: DumpId,
    /// Where the entry's offset lies, from the start of the archive.
    field: u64,
    /// Where the block was begun, from the start of the archive.
    position: Option<u64>,
}

impl Blocks {
    /// False when the number is taken.
    pub(super) fn add(&mut self, dump_id: DumpId, field: Option<u64>) -> bool {
        let place = field.map(|field| {
            self.in_order.push(Block {
                dump_id,
                field,
                position: None,
            });
            self.in_order.len() - 1
        });
        self.index.insert(dump_id, place).is_none()
    }

    pub(super) fn start(
        &mut self,
        dump_id: DumpId,
        position: u64,
        any_order: bool,
    ) -> Result<(), Error> {
        let place = match self.index.get(&dump_id) {
            Some(Some(place)) => *place,
            Some(None) => return Err(Error::misuse(format!("entry {dump_id} has no data"))),
            None => return Err(Error::misuse(format!("there is no entry {dump_id}"))),
        };
        let block = &mut self.in_order[place];
        if block.position.is_some() {
            return Err(Error::misuse(format!(
                "the data of entry {dump_id} was written already"
            )));
        }
        if !any_order && place != self.next {
            let turn = self.in_order[self.next].dump_id;
            return Err(Error::misuse(format!(
                "data of entry {dump_id} came where entry {turn} has its turn"
            )));
        }
        block.position = Some(position);
        self.next += 1;
        Ok(())
    }

    pub(super) fn first_missing(&self) -> Option<DumpId> {
        self.in_order
            .iter()
            .find(|block| block.position.is_none())
            .map(|block| block.dump_id)
    }
}

/// How to go back in a sink that can. The function hides that, so that writers of both kinds are one type.
pub(super) struct Patching<W> {
    /// Where the archive begins in the file.
    start: u64,
    patch: fn(&mut W, &[Patch]) -> io::Result<()>,
}

/// Bytes to put over those at a position of the file.
struct Patch {
    position: u64,
    bytes: Vec<u8>,
}

impl<W: Write + Seek> Patching<W> {
    pub(super) fn new(sink: &mut W) -> io::Result<Self> {
        Ok(Self {
            start: sink.stream_position()?,
            patch,
        })
    }
}

impl<W> Patching<W> {
    /// Records where every block lies, and goes to the end.
    pub(super) fn record(&self, sink: &mut W, blocks: &Blocks, sizes: Sizes) -> io::Result<()> {
        let patches: Vec<_> = blocks
            .in_order
            .iter()
            .filter_map(|block| {
                let mut field = Fields::new(sizes);
                field.offset(Offset::At(self.start + block.position?));
                Some(Patch {
                    position: self.start + block.field,
                    bytes: field.bytes,
                })
            })
            .collect();
        (self.patch)(sink, &patches)
    }
}

impl<W> fmt::Debug for Patching<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Patching")
            .field("start", &self.start)
            .finish_non_exhaustive()
    }
}

fn patch<W: Write + Seek>(sink: &mut W, patches: &[Patch]) -> io::Result<()> {
    for Patch { position, bytes } in patches {
        sink.seek(SeekFrom::Start(*position))?;
        sink.write_all(bytes)?;
        // A file opened for appending seeks without an error and then writes at its end all the same, which is how pg_dump 16 to 18
        // leave a second table of contents behind.
        if sink.stream_position()? != position + bytes.len() as u64 {
            return Err(io::Error::new(
                io::ErrorKind::NotSeekable,
                "the file is open for appending",
            ));
        }
    }
    sink.seek(SeekFrom::End(0))?;
    Ok(())
}
