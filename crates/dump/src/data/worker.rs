//! One session that reads units.

use std::sync::Arc;

use bytes::Bytes;
use pgark_connect::Session;
use pgark_wire::{CopyPiece, Error as WireError};

use super::job::{Content, Job};
use super::large_object;
use super::output::{Output, Piece, Queue, Room};
use super::unit::{Part, Unit};
use crate::error::{Error, Result};
use crate::session::{self, Opening};

/// How often a unit is begun whose connection is lost each time.
const TRIES: u32 = 5;

pub(super) struct Worker {
    pub(super) session: Session,
    pub(super) jobs: Arc<[Job]>,
    pub(super) room: Room,
    /// How the session is replaced when it is lost; not that whose snapshot and locks the others use.
    pub(super) opening: Option<Arc<Opening>>,
}

impl Worker {
    /// As [`run`](Self::run), after it has locked the tables too: those that wait for a lock of their own must not come between. Without
    /// the locks it reads nothing.
    pub(super) async fn run_with_locks(mut self, queue: Arc<Queue>) -> Result<Option<Session>> {
        if let Some(opening) = &self.opening
            && let Err(error) = opening.lock(&mut self.session).await
        {
            tracing::info!("{error}; one session fewer reads rows");
            return Ok(None);
        }
        self.run(queue).await.map(Some)
    }

    /// Reads units until there are no more, and gives the session back.
    pub(super) async fn run(mut self, queue: Arc<Queue>) -> Result<Session> {
        while let Some((unit, mut output)) = queue.take(&self.room) {
            let mut tries = 1;
            while let Err(lost) = self.read(unit, &mut output).await {
                let opening = match &self.opening {
                    Some(opening) if self.is_lost(&lost) && tries < TRIES => opening,
                    _ => return Err(lost),
                };
                self.session = match opening.open().await {
                    Ok(session) => session,
                    Err(error) => {
                        tracing::debug!("{error}");
                        return Err(lost);
                    }
                };
                tracing::warn!("{lost}; another connection reads it again");
                tries += 1;
                output.restart();
            }
        }
        Ok(self.session)
    }

    fn is_lost(&self, error: &Error) -> bool {
        !matches!(error, Error::Stopped(_)) && !self.session.is_ready()
    }

    async fn read(&mut self, unit: &Unit, output: &mut Output) -> Result<()> {
        let jobs = Arc::clone(&self.jobs);
        match &jobs[unit.jobs.clone()] {
            [job] => {
                if job.is_foreign {
                    session::allow_foreign_tables(&mut self.session, true).await?;
                }
                self.read_job(job, unit, output).await?;
                if job.is_foreign {
                    session::allow_foreign_tables(&mut self.session, false).await?;
                }
            }
            several => self.read_tables(several, output).await?,
        }
        output.mark(Piece::EndUnit).await
    }

    /// Reads a job or part of it.
    async fn read_job(&mut self, job: &Job, unit: &Unit, output: &mut Output) -> Result<()> {
        match (&job.content, &unit.part) {
            (Content::LargeObjects(objects), part) => {
                let objects = match part {
                    Part::Objects(range) => &objects[range.clone()],
                    _ => objects,
                };
                if unit.is_first {
                    output.mark(Piece::StartLargeObjects(job.id)).await?;
                }
                tracing::info!("dumping {} large objects", objects.len());
                large_object::send_large_objects(&mut self.session, objects, output).await?;
                if unit.is_last {
                    output.mark(Piece::EndLargeObjects).await?;
                }
            }
            (Content::Inserts { table, insert }, _) => {
                tracing::info!("dumping contents of table {table}");
                output.mark(Piece::StartData(job.id)).await?;
                let rows = insert.send(&mut self.session, table, output).await?;
                output.mark(Piece::EndInserts(rows)).await?;
            }
            (
                Content::Rows {
                    table,
                    copy,
                    by_blocks,
                },
                part,
            ) => {
                if unit.is_first {
                    tracing::info!("dumping contents of table {table}");
                }
                let copy = match (part, by_blocks) {
                    (Part::Blocks(from, before), Some(table)) => &table.copy(*from, *before),
                    _ => copy,
                };
                let failed = |source| failed(job, source);
                let is_worth_a_pause = unit.is_long && self.session.stream().gathers();
                self.session.pause_after_short_reads(is_worth_a_pause);
                let mut rows = self.session.copy_out(copy).await.map_err(failed)?;
                if unit.is_first {
                    output.mark(Piece::StartData(job.id)).await?;
                }
                while let Some(rows) = rows.next().await.map_err(failed)? {
                    output.rows(Bytes::copy_from_slice(rows)).await?;
                }
                self.session.pause_after_short_reads(false);
                if unit.is_last {
                    output.mark(Piece::EndCopy).await?;
                }
            }
        }
        Ok(())
    }

    /// Reads tables by one message.
    async fn read_tables(&mut self, jobs: &[Job], output: &mut Output) -> Result<()> {
        let mut copies = Vec::new();
        for job in jobs {
            if let Content::Rows { copy, .. } = &job.content {
                copies.extend_from_slice(copy);
            }
        }
        let [first, ..] = jobs else { return Ok(()) };
        let mut rows = match self.session.copy_out(&copies).await {
            Ok(rows) => rows,
            Err(error) => return Err(failed(first, error)),
        };
        for job in jobs {
            if let Content::Rows { table, .. } = &job.content {
                tracing::info!("dumping contents of table {table}");
            }
            output.mark(Piece::StartData(job.id)).await?;
            loop {
                match rows.next_of_several().await {
                    Ok(Some(CopyPiece::Data(rows))) => {
                        output.rows(Bytes::copy_from_slice(rows)).await?
                    }
                    Ok(Some(CopyPiece::End)) => break,
                    Ok(None) => {
                        let error = WireError::UnexpectedResult {
                            expected: "the data of another COPY TO STDOUT",
                            found: "the end".into(),
                        };
                        return Err(failed(job, error));
                    }
                    Err(error) => return Err(failed(job, error)),
                }
            }
            output.mark(Piece::EndCopy).await?;
        }
        while let Some(piece) = rows
            .next_of_several()
            .await
            .map_err(|error| failed(first, error))?
        {
            tracing::debug!("unexpected: {piece:?}");
        }
        Ok(())
    }
}

fn failed(job: &Job, source: WireError) -> Error {
    match &job.content {
        Content::Rows { table, .. } | Content::Inserts { table, .. } => Error::Table {
            table: table.clone(),
            source,
        },
        Content::LargeObjects(objects) => Error::LargeObjects {
            of: format!("{} objects", objects.len()),
            source,
        },
    }
}
