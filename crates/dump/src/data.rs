//! Copying rows and large objects into an archive.

mod insert;
mod job;
mod large_object;

use bytes::Bytes;
use pgark_archive::{DumpId, Header, TocEntry};
use pgark_catalog::Oid;
use pgark_connect::Session;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::error::{Error, Result};
use crate::options::Format;
use crate::session;
use crate::sink::{Archive, Sink};

use job::Content;
pub(crate) use job::{Job, jobs};

/// What ends the rows of a table, for psql as for pg_restore.
const END_OF_ROWS: &[u8] = b"\\.\n\n\n";

/// Pieces on their way to the writer. A piece is a network buffer at most, 256 KiB.
const PIECES_AHEAD: usize = 32;

enum Piece {
    StartData(DumpId),
    EndData,
    StartLargeObjects(DumpId),
    StartLargeObject(Oid),
    EndLargeObject,
    EndLargeObjects,
    /// Of the table or large object that was started last.
    Rows(Bytes),
    Finish,
}

/// Writes an archive: header, entries and the rows of each job, which must be in the order of their entries.
///
/// The session reads while a thread of its own compresses and writes. When anything fails, the archive is left as it is, without an end.
pub(crate) async fn write_archive(
    session: &mut Session,
    sink: Sink,
    header: Header,
    entries: Vec<TocEntry>,
    jobs: Vec<Job>,
    format: Format,
) -> Result<()> {
    let (pieces, received) = mpsc::channel(PIECES_AHEAD);
    let writer =
        tokio::task::spawn_blocking(move || write_pieces(sink, &header, entries, format, received));
    let sent = send_content(session, &jobs, &pieces).await;
    drop(pieces);
    let written = outcome(writer).await;
    // If the writer stopped first, its reason is the one to tell.
    match (sent, written) {
        (Ok(()), written) => written,
        (Err(Error::Stopped(_)), Err(error)) | (Err(error), _) => Err(error),
    }
}

async fn outcome(writer: JoinHandle<Result<(), pgark_archive::Error>>) -> Result<()> {
    match writer.await {
        Ok(result) => Ok(result?),
        Err(error) => Err(Error::Stopped(error.to_string())),
    }
}

async fn send_content(
    session: &mut Session,
    jobs: &[Job],
    pieces: &mpsc::Sender<Piece>,
) -> Result<()> {
    for job in jobs {
        if job.is_foreign {
            session::allow_foreign_tables(session, true).await?;
        }
        match &job.content {
            Content::Rows { table, copy } => {
                tracing::info!("dumping contents of table {table}");
                let failed = |source| Error::Table {
                    table: table.clone(),
                    source,
                };
                let mut copy = session.copy_out(copy).await.map_err(failed)?;
                send(pieces, Piece::StartData(job.id)).await?;
                while let Some(rows) = copy.next().await.map_err(failed)? {
                    send(pieces, Piece::Rows(Bytes::copy_from_slice(rows))).await?;
                }
                send(pieces, Piece::Rows(Bytes::from_static(END_OF_ROWS))).await?;
                send(pieces, Piece::EndData).await?;
            }
            Content::Inserts { table, insert } => {
                tracing::info!("dumping contents of table {table}");
                send(pieces, Piece::StartData(job.id)).await?;
                insert.send(session, table, pieces).await?;
                send(pieces, Piece::EndData).await?;
            }
            Content::LargeObjects(objects) => {
                tracing::info!("dumping {} large objects", objects.len());
                send(pieces, Piece::StartLargeObjects(job.id)).await?;
                large_object::send_large_objects(session, objects, pieces).await?;
                send(pieces, Piece::EndLargeObjects).await?;
            }
        }
        if job.is_foreign {
            session::allow_foreign_tables(session, false).await?;
        }
    }
    send(pieces, Piece::Finish).await
}

async fn send(pieces: &mpsc::Sender<Piece>, piece: Piece) -> Result<()> {
    pieces
        .send(piece)
        .await
        .map_err(|_| Error::Stopped("it takes no more data".into()))
}

/// Runs on a thread of its own until the last piece. Without [`Piece::Finish`] the archive stays unfinished.
fn write_pieces(
    sink: Sink,
    header: &Header,
    entries: Vec<TocEntry>,
    format: Format,
    mut pieces: mpsc::Receiver<Piece>,
) -> Result<(), pgark_archive::Error> {
    let mut archive = Archive::begin(sink, header, entries, format)?;
    while let Some(piece) = pieces.blocking_recv() {
        match piece {
            Piece::StartData(id) => archive.start_data(id)?,
            Piece::EndData => archive.end_data()?,
            Piece::StartLargeObjects(id) => archive.start_large_objects(id)?,
            Piece::StartLargeObject(oid) => {
                archive.start_large_object(pgark_archive::Oid(oid.0))?
            }
            Piece::EndLargeObject => archive.end_large_object()?,
            Piece::EndLargeObjects => archive.end_large_objects()?,
            Piece::Rows(rows) => archive.write(&rows)?,
            Piece::Finish => return archive.finish(),
        }
    }
    Ok(())
}
