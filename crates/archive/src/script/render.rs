//! From an archive to a script.

use std::io::{Read, Seek, Write};

use super::{Script, ScriptOptions};
use crate::{Block, BlockData, DumpId, Error, Reader, Selection};

/// Where the block of an entry comes from.
type FindBlock<R> = for<'r> fn(&'r mut Reader<R>, DumpId) -> Result<Block<'r, R>, Error>;

/// Writes an archive in a file as a script, and gives back what the user should know.
///
/// # Errors
/// [`Error::Corrupt`], [`Error::Entry`] for an archive that is damaged or makes no sense; [`Error::Unsupported`] for data whose
/// compression is not read here, before anything is written; [`Error::Io`].
pub fn render<R: Read + Seek, W: Write>(
    reader: &mut Reader<R>,
    selection: &Selection,
    options: ScriptOptions,
    sink: W,
) -> Result<(W, Vec<String>), Error> {
    render_found(reader, selection, options, sink, Reader::block)
}

/// As [`render`], for an archive that arrives in a pipe: data is written as it comes.
///
/// # Errors
/// As [`render`], and [`Error::OutOfOrder`] when data is wanted earlier than it comes.
pub fn render_stream<R: Read, W: Write>(
    reader: &mut Reader<R>,
    selection: &Selection,
    options: ScriptOptions,
    sink: W,
) -> Result<(W, Vec<String>), Error> {
    render_found(reader, selection, options, sink, Reader::block_ahead)
}

fn render_found<R: Read, W: Write>(
    reader: &mut Reader<R>,
    selection: &Selection,
    options: ScriptOptions,
    sink: W,
    find: FindBlock<R>,
) -> Result<(W, Vec<String>), Error> {
    let toc = reader.shared_toc();
    let mut script = Script::begin_telling(sink, reader.header(), toc, selection, options, true)?;
    while let Some(id) = script.next_data()? {
        match find(reader, id)? {
            Block::Data(mut data) => {
                script.start_data(id)?;
                copy(&mut data, &mut script)?;
                script.end_data()?;
            }
            Block::LargeObjects(mut objects) => {
                script.start_large_objects(id)?;
                while let Some((oid, mut data)) = objects.next_object()? {
                    script.start_large_object(oid)?;
                    copy(&mut data, &mut script)?;
                    script.end_large_object()?;
                }
                script.end_large_objects()?;
            }
        }
    }
    script.finish_telling()
}

fn copy<R: Read, W: Write>(
    data: &mut BlockData<'_, R>,
    script: &mut Script<W>,
) -> Result<(), Error> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match data.read_some(&mut buffer)? {
            0 => return Ok(()),
            length => script.write(&buffer[..length])?,
        }
    }
}
