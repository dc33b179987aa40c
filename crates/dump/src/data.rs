//! Copying rows and large objects into an archive.

mod insert;
mod job;
mod large_object;
mod output;
mod rate;
mod tally;
mod unit;
mod worker;

use std::collections::HashMap;
use std::iter;
use std::num::{NonZeroU64, NonZeroUsize};
use std::sync::Arc;

use bstr::BString;
use pgark_archive::{Header, TocEntry};
use pgark_catalog::{Oid, Sessions, TableSize};
use pgark_connect::Session;
use pgark_sql::text;
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};

use crate::error::{Error, Result};
use crate::options::Format;
use crate::report::EntryData;
use crate::session::{self, Opening};
use crate::sink::{Archive, Sink};
use crate::watch::Watch;

use job::Content;
pub(crate) use job::{Job, jobs};
use output::{Piece, Pieces, Queue, Room};
use rate::Rate;
use tally::Tally;
use unit::units;
use worker::Worker;

/// What an archive is made of.
pub(crate) struct Contents {
    pub(crate) header: Header,
    pub(crate) entries: Vec<TocEntry>,
    /// In the order of their entries.
    pub(crate) jobs: Vec<Job>,
    /// How large tables are.
    pub(crate) sizes: HashMap<Oid, TableSize>,
    pub(crate) format: Format,
    /// Whether what is read of each entry is digested.
    pub(crate) has_digests: bool,
}

/// How much is read at once.
pub(crate) struct Limits {
    /// Bytes that wait to be written.
    pub(crate) memory: NonZeroUsize,
    pub(crate) bytes_per_second: Option<NonZeroU64>,
}

/// What was written.
pub(crate) struct Written {
    pub(crate) data: Vec<EntryData>,
    pub(crate) bytes: u64,
}

/// What ends the rows of a table, for psql as for pg_restore.
const END_OF_ROWS: &[u8] = b"\\.\n\n\n";

/// Writes an archive: header, entries and the rows of each job.
///
/// The sessions read side by side while a thread of its own compresses and writes. The session whose snapshot the others use is given back. When anything fails, the archive is left as it is, without an end.
pub(crate) async fn write_archive(
    sessions: Sessions,
    opening: Option<Opening>,
    sink: Sink,
    contents: Contents,
    limits: Limits,
    watch: Arc<Watch>,
) -> Result<(Session, Written)> {
    let Contents {
        header,
        entries,
        jobs,
        sizes,
        format,
        has_digests,
    } = contents;
    let jobs: Arc<[Job]> = jobs.into();
    let Sessions { first, mut others } = sessions;
    let opening = opening.map(|opening| Arc::new(opening.with_locks(lock_statements(&jobs))));
    let units = units(&jobs, &sizes, others.len() + 1);
    while others.len() + 1 > units.len().max(1) {
        if let Some(unneeded) = others.pop() {
            session::close(unneeded).await?;
        }
    }
    let (queue, received) = Queue::new(units, limits.bytes_per_second.map(Rate::new));
    let queue = Arc::new(queue);
    let tally = Tally::new(&entries, &jobs, &sizes, has_digests, watch);
    let writer = tokio::task::spawn_blocking(move || {
        let archive = Archive::begin(sink, &header, entries, format)?;
        write_pieces(archive, tally, received)
    });
    let room = u32::try_from(limits.memory.get() / (others.len() + 1)).unwrap_or(u32::MAX);
    let worker = |session, opening| Worker {
        session,
        jobs: Arc::clone(&jobs),
        room: Room::new(room),
        opening,
    };
    let mut beside = JoinSet::new();
    for session in others {
        let worker = worker(session, opening.clone());
        beside.spawn(worker.run_with_locks(Arc::clone(&queue)));
    }
    let read = read_all(worker(first, None), beside, &queue).await;
    if read.is_ok() {
        queue.finish();
    }
    drop(queue);
    let written = outcome(writer).await;
    // If the writer stopped first, its reason is the one to tell.
    match (read, written) {
        (Ok(first), Ok(Some(written))) => Ok((first, written)),
        (Ok(_), Ok(None)) => Err(Error::Stopped("it has not come to the end".into())),
        (Err(Error::Stopped(_)) | Ok(_), Err(error)) | (Err(error), _) => Err(error),
    }
}

/// Reads all units. The first failure ends all sessions.
async fn read_all(
    first: Worker,
    mut beside: JoinSet<Result<Option<Session>>>,
    queue: &Arc<Queue>,
) -> Result<Session> {
    let others = async {
        while let Some(ended) = beside.join_next().await {
            let ended = ended.map_err(|error| Error::Stopped(error.to_string()))?;
            if let Some(session) = ended? {
                session::close(session).await?;
            }
        }
        Ok(())
    };
    let (first, ()) = tokio::try_join!(first.run(Arc::clone(queue)), others)?;
    Ok(first)
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

async fn outcome<T>(writer: JoinHandle<Result<T, pgark_archive::Error>>) -> Result<T> {
    match writer.await {
        Ok(result) => Ok(result?),
        Err(error) => Err(Error::Stopped(error.to_string())),
    }
}

/// Runs on a thread of its own until the last piece. Without [`Piece::Finish`] the archive stays unfinished, and nothing is told of it.
fn write_pieces(
    mut archive: Archive,
    mut tally: Tally,
    mut units: mpsc::UnboundedReceiver<Pieces>,
) -> Result<Option<Written>, pgark_archive::Error> {
    while let Some(mut unit) = units.blocking_recv() {
        loop {
            let Some(held) = unit.blocking_recv() else {
                // Its worker has failed, and tells why. Until then the others must not be told that the writer has ended.
                let rest: Vec<Pieces> = iter::from_fn(|| units.blocking_recv()).collect();
                drop(rest);
                return Ok(None);
            };
            match held.piece {
                Piece::StartData(id) => {
                    tally.begin(id);
                    archive.start_data(id)?;
                }
                Piece::EndCopy => {
                    archive.write(END_OF_ROWS)?;
                    archive.end_data()?;
                    tally.end();
                }
                Piece::EndInserts(rows) => {
                    tally.add_rows(rows);
                    archive.end_data()?;
                    tally.end();
                }
                Piece::StartLargeObjects(id) => {
                    tally.begin(id);
                    archive.start_large_objects(id)?;
                }
                Piece::StartLargeObject(oid) => {
                    tally.add_rows(1);
                    archive.start_large_object(pgark_archive::Oid(oid.0))?;
                }
                Piece::EndLargeObject => archive.end_large_object()?,
                Piece::EndLargeObjects => {
                    archive.end_large_objects()?;
                    tally.end();
                }
                Piece::Rows(ref rows) => {
                    tally.add(rows);
                    archive.write(rows)?;
                }
                Piece::EndUnit => break,
                Piece::Finish => {
                    let bytes = archive.finish()?;
                    let data = tally.finish();
                    return Ok(Some(Written { data, bytes }));
                }
            }
        }
    }
    Ok(None)
}
