//! Copying rows and large objects into an archive.

mod insert;
mod job;
mod large_object;
mod output;
mod unit;
mod worker;

use std::collections::HashMap;
use std::iter;
use std::num::NonZeroUsize;
use std::sync::Arc;

use bstr::BString;
use pgark_archive::{Header, TocEntry};
use pgark_catalog::{Oid, Sessions};
use pgark_connect::Session;
use pgark_sql::text;
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};

use crate::error::{Error, Result};
use crate::options::Format;
use crate::session::{self, Opening};
use crate::sink::{Archive, Sink};

use job::Content;
pub(crate) use job::{Job, jobs};
use output::{Piece, Pieces, Queue, Room};
use unit::units;
use worker::Worker;

/// What an archive is made of.
pub(crate) struct Contents {
    pub(crate) header: Header,
    pub(crate) entries: Vec<TocEntry>,
    /// In the order of their entries.
    pub(crate) jobs: Vec<Job>,
    /// How many blocks tables have that can be read block by block.
    pub(crate) blocks: HashMap<Oid, u32>,
    pub(crate) format: Format,
}

/// Writes an archive: header, entries and the rows of each job.
///
/// The sessions read side by side, within `memory` bytes, while a thread of its own compresses and writes. The session whose snapshot
/// the others use is given back. When anything fails, the archive is left as it is, without an end.
pub(crate) async fn write_archive(
    sessions: Sessions,
    opening: Option<Opening>,
    sink: Sink,
    contents: Contents,
    memory: NonZeroUsize,
) -> Result<Session> {
    let Contents {
        header,
        entries,
        jobs,
        blocks,
        format,
    } = contents;
    let jobs: Arc<[Job]> = jobs.into();
    let Sessions { first, others } = sessions;
    let opening = opening.map(|opening| Arc::new(opening.with_locks(lock_statements(&jobs))));
    let mut others = with_locks(others, opening.as_deref()).await;
    let units = units(&jobs, &blocks, others.len() + 1);
    while others.len() + 1 > units.len().max(1) {
        if let Some(unneeded) = others.pop() {
            session::close(unneeded).await?;
        }
    }
    let (queue, received) = Queue::new(units);
    let queue = Arc::new(queue);
    let writer =
        tokio::task::spawn_blocking(move || write_pieces(sink, &header, entries, format, received));
    let room = u32::try_from(memory.get() / (others.len() + 1)).unwrap_or(u32::MAX);
    let worker = |session, opening| Worker {
        session,
        jobs: Arc::clone(&jobs),
        room: Room::new(room),
        opening,
    };
    let mut beside = JoinSet::new();
    for session in others {
        beside.spawn(worker(session, opening.clone()).run(Arc::clone(&queue)));
    }
    let read = read_all(worker(first, None), beside, &queue).await;
    if read.is_ok() {
        queue.finish();
    }
    drop(queue);
    let written = outcome(writer).await;
    // If the writer stopped first, its reason is the one to tell.
    match (read, written) {
        (Ok(first), Ok(())) => Ok(first),
        (Err(Error::Stopped(_)) | Ok(_), Err(error)) | (Err(error), _) => Err(error),
    }
}

/// Reads all units. The first failure ends all sessions.
async fn read_all(
    first: Worker,
    mut beside: JoinSet<Result<Session>>,
    queue: &Arc<Queue>,
) -> Result<Session> {
    let others = async {
        while let Some(ended) = beside.join_next().await {
            let session = ended.map_err(|error| Error::Stopped(error.to_string()))??;
            session::close(session).await?;
        }
        Ok(())
    };
    let (first, ()) = tokio::try_join!(first.run(Arc::clone(queue)), others)?;
    Ok(first)
}

/// The sessions that could lock the tables too, which those that wait for a lock of their own must not come between.
async fn with_locks(sessions: Vec<Session>, opening: Option<&Opening>) -> Vec<Session> {
    let mut locked = Vec::new();
    for mut session in sessions {
        match opening {
            Some(opening) => match opening.lock(&mut session).await {
                Ok(()) => locked.push(session),
                Err(error) => tracing::info!("{error}; one session fewer reads rows"),
            },
            None => locked.push(session),
        }
    }
    locked
}

/// Locks what is read, or fails at once.
fn lock_statements(jobs: &[Job]) -> Vec<BString> {
    const AT_ONCE: usize = 1000;
    let tables: Vec<&BString> = jobs
        .iter()
        .filter(|job| !job.is_foreign)
        .filter_map(|job| match &job.content {
            Content::Rows { table, .. } | Content::Inserts { table, .. } => Some(table),
            Content::LargeObjects(_) => None,
        })
        .collect();
    let lists = tables
        .chunks(AT_ONCE)
        .map(|tables| bstr::join(", ONLY ", tables));
    lists
        .map(|list| text!("LOCK TABLE ONLY ", list, " IN ACCESS SHARE MODE NOWAIT"))
        .collect()
}

async fn outcome(writer: JoinHandle<Result<(), pgark_archive::Error>>) -> Result<()> {
    match writer.await {
        Ok(result) => Ok(result?),
        Err(error) => Err(Error::Stopped(error.to_string())),
    }
}

/// Runs on a thread of its own until the last piece. Without [`Piece::Finish`] the archive stays unfinished.
fn write_pieces(
    sink: Sink,
    header: &Header,
    entries: Vec<TocEntry>,
    format: Format,
    mut units: mpsc::UnboundedReceiver<Pieces>,
) -> Result<(), pgark_archive::Error> {
    let mut archive = Archive::begin(sink, header, entries, format)?;
    while let Some(mut unit) = units.blocking_recv() {
        loop {
            let Some(held) = unit.blocking_recv() else {
                // Its worker has failed, and tells why. Until then the others must not be told that the writer has ended.
                let rest: Vec<Pieces> = iter::from_fn(|| units.blocking_recv()).collect();
                drop(rest);
                return Ok(());
            };
            match held.piece {
                Piece::StartData(id) => archive.start_data(id)?,
                Piece::EndData => archive.end_data()?,
                Piece::StartLargeObjects(id) => archive.start_large_objects(id)?,
                Piece::StartLargeObject(oid) => {
                    archive.start_large_object(pgark_archive::Oid(oid.0))?
                }
                Piece::EndLargeObject => archive.end_large_object()?,
                Piece::EndLargeObjects => archive.end_large_objects()?,
                Piece::Rows(ref rows) => archive.write(rows)?,
                Piece::EndUnit => break,
                Piece::Finish => return archive.finish(),
            }
        }
    }
    Ok(())
}
