//! Reading an archive.

use std::collections::HashMap;
use std::io::{Read, Seek};
use std::sync::Arc;

use pgark_compression::Decoder;

use crate::encoding::Input;
use crate::script::Settings;
use crate::writer::{BLOCK_DATA, BLOCK_LARGE_OBJECTS};
use crate::{DumpId, Error, Header, Offset, Renaming, TocEntry};

mod block;

use block::State;
pub use block::{Block, BlockData, LargeObjects};

/// Reads an archive: header and table of contents at once, then the data blocks, either one after another with
/// [`Reader::next_block`] or, in a file, each by its entry's number with [`Reader::block`].
///
/// Reading is buffered; a plain file will do as source. Nothing in the archive is believed: memory is taken for what has arrived,
/// never for what a length announces.
#[derive(Debug)]
pub struct Reader<R> {
    input: Input<R>,
    header: Header,
    toc: Arc<[TocEntry]>,
    /// The entries that own data.
    blocks: HashMap<DumpId, BlockPlace>,
    /// How many of them [`Reader::next_block`] has not met yet.
    remaining: usize,
    /// Where the blocks begin, counted from where reading began.
    blocks_start: u64,
    /// Behind the last block that a search has passed, in the file.
    searched: Option<u64>,
    decoder: Decoder,
    state: State,
}

#[derive(Clone, Debug)]
struct BlockPlace {
    /// Where the block lies in the file, if that is known.
    position: Option<u64>,
    /// Whether reading in sequence has come by.
    met: bool,
}

impl<R: Read> Reader<R> {
    /// Reads header and table of contents.
    ///
    /// # Errors
    /// [`Error::NotAnArchive`]; [`Error::Unsupported`] for a version or a format that is not read here; [`Error::Corrupt`];
    /// [`Error::Io`].
    pub fn new(source: R) -> Result<Self, Error> {
        let mut input = Input::new(source);
        let header = Header::decode(&mut input)?;
        let toc: Arc<[TocEntry]> = read_toc(&mut input, &header)?.into();
        let mut blocks = HashMap::new();
        for entry in toc.iter().filter(|entry| entry.had_dumper) {
            let position = match entry.offset {
                Offset::At(position) => Some(position),
                Offset::NotSet | Offset::NoData => None,
            };
            blocks.insert(
                entry.dump_id,
                BlockPlace {
                    position,
                    met: false,
                },
            );
        }
        Ok(Self {
            remaining: blocks.len(),
            blocks_start: input.position(),
            searched: None,
            decoder: Decoder::new(header.compression),
            state: State::Between,
            input,
            header,
            toc,
            blocks,
        })
    }

    /// What the archive says about itself.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The entries, in the archive's order.
    pub fn toc(&self) -> &[TocEntry] {
        &self.toc
    }

    /// What is being read.
    pub fn source(&self) -> &R {
        self.input.source()
    }

    /// The entries, for whoever keeps them while data is read.
    pub fn shared_toc(&self) -> Arc<[TocEntry]> {
        Arc::clone(&self.toc)
    }

    /// Renames roles and tablespaces in the entries.
    ///
    /// # Errors
    /// [`Error::Entry`] for entries about the session that make no sense.
    pub fn rename(&mut self, renaming: &Renaming) -> Result<(), Error> {
        let std_strings = Settings::read(&self.toc)?.std_strings;
        let mut toc = self.toc.to_vec();
        for entry in &mut toc {
            renaming.apply(entry, std_strings);
        }
        self.toc = toc.into();
        Ok(())
    }

    /// The next data block in the file, or nothing once every entry that owns data has had its own. What was left unread of the block
    /// before is skipped.
    ///
    /// What follows the last block is not looked at: pg_dump 16 to 18 leave a second table of contents there when their output is
    /// redirected. [`Reader::check`] does look.
    ///
    /// # Errors
    /// [`Error::Corrupt`] for a block that belongs to no entry or comes twice, and for an archive that ends too early;
    /// [`Error::Unsupported`] for a compression that is not read here; [`Error::Io`].
    pub fn next_block(&mut self) -> Result<Option<Block<'_, R>>, Error> {
        match self.next_start()? {
            Some(start) => self.open(start).map(Some),
            None => Ok(None),
        }
    }

    /// The block of an entry that is still to come, with all those before it skipped.
    ///
    /// # Errors
    /// [`Error::OutOfOrder`] when it has come by already; else as [`Reader::next_block`].
    pub fn block_ahead(&mut self, dump_id: DumpId) -> Result<Block<'_, R>, Error> {
        if self.blocks.get(&dump_id).is_none_or(|place| place.met) {
            let entry = self.toc.iter().find(|entry| entry.dump_id == dump_id);
            return Err(Error::OutOfOrder {
                entry: entry.map_or_else(|| format!("entry {dump_id}"), TocEntry::describe),
            });
        }
        while let Some(start) = self.next_start()? {
            if start.dump_id == dump_id {
                return self.open(start);
            }
            self.pass(start)?;
        }
        Err(Error::misuse(format!("entry {dump_id} owns no data")))
    }

    /// Where the next block begins, behind all that was left of the one before.
    fn next_start(&mut self) -> Result<Option<BlockStart>, Error> {
        self.skip_rest()?;
        if self.remaining == 0 {
            return Ok(None);
        }
        if self.input.at_end()? {
            let missing = self
                .toc
                .iter()
                .find(|entry| self.blocks.get(&entry.dump_id).is_some_and(|b| !b.met));
            let name = missing.map(TocEntry::describe).unwrap_or_default();
            return Err(self
                .input
                .corrupt(format!("the archive ends without the data of {name}")));
        }
        let start = self.read_block_start()?;
        match self.blocks.get_mut(&start.dump_id) {
            Some(place) if place.met => {
                return Err(self
                    .input
                    .corrupt(format!("a second block of entry {}", start.dump_id)));
            }
            Some(place) => place.met = true,
            None => return Err(self.stray_block(start.dump_id)),
        }
        self.remaining -= 1;
        Ok(Some(start))
    }

    /// Makes the block that begins here the one at hand, to be skipped.
    fn pass(&mut self, start: BlockStart) -> Result<(), Error> {
        if start.block_type == BLOCK_DATA {
            self.start_stream(false)?;
        } else {
            self.state = State::LargeObjects;
        }
        Ok(())
    }

    /// Reads all data that is left, and then what follows it, which may be nothing or the second table of contents of
    /// [`Reader::next_block`].
    ///
    /// # Errors
    /// As [`Reader::next_block`], and [`Error::Corrupt`] for damage in the data and anything else behind it.
    pub fn check(mut self) -> Result<(), Error> {
        let mut buffer = vec![0; 64 * 1024];
        while let Some(block) = self.next_block()? {
            match block {
                Block::Data(mut data) => while data.read_some(&mut buffer)? > 0 {},
                Block::LargeObjects(mut objects) => {
                    while let Some((_, mut data)) = objects.next_object()? {
                        while data.read_some(&mut buffer)? > 0 {}
                    }
                }
            }
        }
        if self.input.at_end()? {
            return Ok(());
        }
        let start = self.input.position();
        let again = read_toc(&mut self.input, &self.header);
        let same = again.is_ok_and(|toc| {
            toc.iter()
                .map(|e| e.dump_id)
                .eq(self.toc.iter().map(|e| e.dump_id))
        });
        if same && self.input.at_end()? {
            Ok(())
        } else {
            Err(Error::corrupt(start, "something follows the last block"))
        }
    }

    /// Type and owner of the block at hand.
    fn read_block_start(&mut self) -> Result<BlockStart, Error> {
        let block_type = self.input.byte("a block's type")?;
        if ![BLOCK_DATA, BLOCK_LARGE_OBJECTS].contains(&block_type) {
            return Err(self.input.corrupt(format!("block type {block_type}")));
        }
        let dump_id = DumpId(self.input.int("a block's entry")?);
        Ok(BlockStart {
            block_type,
            dump_id,
        })
    }

    fn stray_block(&self, dump_id: DumpId) -> Error {
        self.input
            .corrupt(format!("a block of entry {dump_id}, which owns no data"))
    }

    fn open(&mut self, start: BlockStart) -> Result<Block<'_, R>, Error> {
        self.pass(start)?;
        let dump_id = start.dump_id;
        Ok(if start.block_type == BLOCK_DATA {
            Block::Data(BlockData {
                reader: self,
                dump_id,
            })
        } else {
            Block::LargeObjects(LargeObjects {
                reader: self,
                dump_id,
            })
        })
    }
}

impl<R: Read + Seek> Reader<R> {
    /// The block of an entry. Blocks may be asked for in any order, and more than once. Where the archive does not say where the block
    /// lies, it is searched for, once for all blocks together. To be used instead of [`Reader::next_block`], not between its calls.
    ///
    /// # Errors
    /// [`Error::Misuse`] when the entry does not exist or owns no data; else as [`Reader::next_block`].
    pub fn block(&mut self, dump_id: DumpId) -> Result<Block<'_, R>, Error> {
        self.start_search()?;
        let position = match self.blocks.get(&dump_id) {
            Some(BlockPlace {
                position: Some(position),
                ..
            }) => *position,
            Some(_) => self.find(dump_id)?,
            None => return Err(Error::misuse(format!("entry {dump_id} owns no data"))),
        };
        self.input.seek(position)?;
        let start = self.read_block_start()?;
        if start.dump_id != dump_id {
            let found = start.dump_id;
            return Err(self.input.corrupt(format!(
                "found the data of entry {found} where entry {dump_id}'s should be"
            )));
        }
        self.open(start)
    }

    fn start_search(&mut self) -> Result<(), Error> {
        if self.searched.is_none() {
            // Nothing was sought yet, so this is where in the file reading began.
            let began = self
                .input
                .file_position()?
                .saturating_sub(self.input.position());
            self.searched = Some(began + self.blocks_start);
        }
        Ok(())
    }

    /// Finds out where every block lies, so that readers made by [`Reader::another`] need not search.
    ///
    /// # Errors
    /// [`Error::Corrupt`]; [`Error::Io`].
    pub fn locate_blocks(&mut self) -> Result<(), Error> {
        self.start_search()?;
        let is_unknown =
            |(id, place): (&DumpId, &BlockPlace)| place.position.is_none().then_some(*id);
        while let Some(id) = self.blocks.iter().find_map(is_unknown) {
            self.find(id)?;
        }
        Ok(())
    }

    /// A reader of the same archive through another handle on the file, which stands where the archive begins.
    #[must_use]
    pub fn another(&self, source: R) -> Self {
        let mut input = Input::new(source);
        input.sizes = self.header.sizes();
        Self {
            input,
            header: self.header.clone(),
            toc: Arc::clone(&self.toc),
            blocks: self.blocks.clone(),
            remaining: self.remaining,
            blocks_start: self.blocks_start,
            searched: None,
            decoder: Decoder::new(self.header.compression),
            state: State::Between,
        }
    }

    /// Where the block of an entry lies in the file, if that is known.
    pub fn block_position(&self, dump_id: DumpId) -> Option<u64> {
        self.blocks.get(&dump_id)?.position
    }

    /// Searches on from where the last search ended, and remembers every block on the way.
    fn find(&mut self, wanted: DumpId) -> Result<u64, Error> {
        loop {
            let position = self.searched.unwrap_or(self.blocks_start);
            self.input.seek(position)?;
            if self.input.at_end()? {
                return Err(self.input.corrupt(format!(
                    "the archive ends without the data of entry {wanted}"
                )));
            }
            let start = self.read_block_start()?;
            match self.blocks.get_mut(&start.dump_id) {
                Some(place) => place.position = Some(position),
                None => return Err(self.stray_block(start.dump_id)),
            }
            if start.block_type == BLOCK_DATA {
                self.skip_chunks()?;
            } else {
                while self.input.oid("a large object's OID")?.0 != 0 {
                    self.skip_chunks()?;
                }
            }
            self.searched = Some(self.input.file_position()?);
            if start.dump_id == wanted {
                return Ok(position);
            }
        }
    }

    fn skip_chunks(&mut self) -> Result<(), Error> {
        loop {
            match self.input.length("a chunk's length")? {
                0 => return Ok(()),
                length => self.input.skip(length)?,
            }
        }
    }
}

#[derive(Clone, Copy)]
struct BlockStart {
    block_type: u8,
    dump_id: DumpId,
}

fn read_toc<R: Read>(input: &mut Input<R>, header: &Header) -> Result<Vec<TocEntry>, Error> {
    let count = input.length("the number of entries")?;
    // The count is not believed either: the vector grows with the entries.
    let mut toc = Vec::new();
    let mut ids = std::collections::HashSet::new();
    for _ in 0..count {
        let entry = TocEntry::decode(input, header.version)?;
        if !ids.insert(entry.dump_id) {
            return Err(input.corrupt(format!("two entries have the number {}", entry.dump_id)));
        }
        toc.push(entry);
    }
    Ok(toc)
}

#[cfg(test)]
mod tests;
