//! Copying rows into an archive.

use bstr::BString;
use bytes::Bytes;
use pgark_archive::{DumpId, Header, TocEntry};
use pgark_connect::Session;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::error::{Error, Result};
use crate::sink::{Archive, Sink};

/// The rows of one table.
#[derive(Clone, Debug)]
pub(crate) struct CopyJob {
    /// The entry that they belong to.
    pub(crate) id: DumpId,
    /// The table, quoted.
    pub(crate) table: BString,
    /// The COPY statement.
    pub(crate) statement: BString,
}

/// What ends the rows of a table, for psql as for pg_restore.
const END_OF_ROWS: &[u8] = b"\\.\n\n\n";

/// Pieces on their way to the writer. A piece is a network buffer at most, 256 KiB.
const PIECES_AHEAD: usize = 32;

enum Piece {
    Start(DumpId),
    Rows(Bytes),
    End,
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
    jobs: Vec<CopyJob>,
) -> Result<()> {
    let (pieces, received) = mpsc::channel(PIECES_AHEAD);
    let writer =
        tokio::task::spawn_blocking(move || write_pieces(sink, &header, &entries, received));
    let sent = send_rows(session, &jobs, &pieces).await;
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

async fn send_rows(
    session: &mut Session,
    jobs: &[CopyJob],
    pieces: &mpsc::Sender<Piece>,
) -> Result<()> {
    for job in jobs {
        tracing::info!("dumping contents of table {}", job.table);
        let failed = |source| Error::Table {
            table: job.table.clone(),
            source,
        };
        let mut copy = session.copy_out(&job.statement).await.map_err(failed)?;
        send(pieces, Piece::Start(job.id)).await?;
        while let Some(rows) = copy.next().await.map_err(failed)? {
            send(pieces, Piece::Rows(Bytes::copy_from_slice(rows))).await?;
        }
        send(pieces, Piece::End).await?;
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
    entries: &[TocEntry],
    mut pieces: mpsc::Receiver<Piece>,
) -> Result<(), pgark_archive::Error> {
    let mut archive = Archive::begin(sink, header, entries)?;
    while let Some(piece) = pieces.blocking_recv() {
        match piece {
            Piece::Start(id) => archive.start_data(id)?,
            Piece::Rows(rows) => archive.write(&rows)?,
            Piece::End => {
                archive.write(END_OF_ROWS)?;
                archive.end_data()?;
            }
            Piece::Finish => return archive.finish(),
        }
    }
    Ok(())
}
