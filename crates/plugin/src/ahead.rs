//! Dumps that are made before the host asks for them.
//!
//! A host takes one file after another, or a few at once, and each small database costs more time for its beginning than for its rows.
//! So while one is read the next are dumped, each into a file without a name: no dump waits for the host and keeps its snapshot
//! meanwhile.

use std::fs::File;
use std::io::{Read, Seek};
use std::sync::Arc;

use bstr::BString;
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use tokio::task::JoinHandle;

use crate::Error;
use crate::sink::CHUNK_BYTES;
use crate::source::Source;

/// A dump that runs or is over; given up when this is dropped.
pub(crate) struct Ahead(JoinHandle<Result<File, Error>>);

impl Drop for Ahead {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Ahead {
    /// Starts to dump a database.
    pub(crate) fn start<S: Source>(source: Arc<S>, database: BString) -> Self {
        Self(tokio::spawn(async move {
            let file = tempfile::tempfile().map_err(Error::Ahead)?;
            let sink = Box::new(file.try_clone().map_err(Error::Ahead)?);
            source.dump(database.as_ref(), sink).await?;
            Ok(file)
        }))
    }

    /// The chunks of the archive, once it is whole.
    pub(crate) fn chunks(mut self) -> impl Stream<Item = Result<Bytes, Error>> {
        let whole = async move {
            // A task that ended without a result has panicked.
            let mut file = (&mut self.0).await.map_err(|_| Error::Aborted)??;
            file.rewind().map_err(Error::Ahead)?;
            Ok::<_, Error>(stream::try_unfold(file, next_chunk))
        };
        stream::once(whole).try_flatten().boxed()
    }
}

async fn next_chunk(mut file: File) -> Result<Option<(Bytes, File)>, Error> {
    let read = tokio::task::spawn_blocking(move || {
        let mut chunk = BytesMut::zeroed(CHUNK_BYTES);
        let mut filled = 0;
        while filled < chunk.len() {
            match file.read(&mut chunk[filled..])? {
                0 => break,
                count => filled += count,
            }
        }
        chunk.truncate(filled);
        Ok((chunk.freeze(), file))
    });
    let (chunk, file) = read
        .await
        .map_err(|_| Error::Aborted)?
        .map_err(Error::Ahead)?;
    Ok((!chunk.is_empty()).then_some((chunk, file)))
}
