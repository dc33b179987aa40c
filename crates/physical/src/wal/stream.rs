//! Receiving the log while it is written.
//!
//! Manual: "Streaming Replication Protocol", START_REPLICATION. Source of what pg_basebackup leaves: receivelog.c.

use std::time::{Duration, SystemTime};

use pgark_connect::Session;
use pgark_wire::{CopyBoth, Rows};
use tokio::sync::watch;
use tokio::time::{Instant, interval_at};

use crate::companion::Target;
use crate::error::malformed;
use crate::server::{failed, field};
use crate::{Error, Lsn, Result, SegmentSize, TimelineId, command};

/// How often the server is told how far we are; it ends sessions that it has not heard of for wal_sender_timeout.
const STATUS_INTERVAL: Duration = Duration::from_secs(10);

/// PostgreSQL's clock begins in 2000, so many days after Unix's.
const EPOCH: Duration = Duration::from_hours(10_957 * 24);

/// What is to be received.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) slot: Option<String>,
    pub(crate) start: Lsn,
    pub(crate) timeline: TimelineId,
    pub(crate) segment_size: SegmentSize,
}

/// Receives the log from the beginning of the file that `plan.start` is in, over all timelines that the server goes through,
/// until `end` says where the backup has ended.
pub(crate) async fn stream(
    mut session: Session,
    plan: Plan,
    target: Target,
    end: watch::Receiver<Option<Lsn>>,
) -> Result<Target> {
    let mut receiver = Receiver {
        size: plan.segment_size,
        timeline: plan.timeline,
        position: plan
            .segment_size
            .start(plan.segment_size.number(plan.start)),
        flushed: Lsn(0),
        is_open: false,
        target,
        end,
    };
    while !receiver.follow(&mut session, plan.slot.as_deref()).await? {}
    // Nothing more is wanted of it.
    let _ = session.close().await;
    Ok(receiver.target)
}

struct Receiver {
    size: SegmentSize,
    timeline: TimelineId,
    /// Up to here the log has been written.
    position: Lsn,
    /// Up to here it stands in files that have been closed.
    flushed: Lsn,
    is_open: bool,
    target: Target,
    end: watch::Receiver<Option<Lsn>>,
}

impl Receiver {
    /// Receives a timeline's log; whether the backup's end is in it.
    async fn follow(&mut self, session: &mut Session, slot: Option<&str>) -> Result<bool> {
        self.fetch_history(session).await?;
        let text = command::start_replication(slot, self.position, self.timeline)?;
        let refused = |source| failed(&text, source);
        let Some(mut copy) = session.copy_both(&text).await.map_err(refused)? else {
            return Err(malformed("no log where there is some"));
        };
        let is_whole = self.receive(&mut copy).await?;
        let results = copy.finish().await.map_err(refused)?;
        if !is_whole {
            self.switch(results.first())?;
        }
        Ok(is_whole)
    }

    /// Gets the file that tells where the timeline comes from; the first comes from nowhere.
    async fn fetch_history(&mut self, session: &mut Session) -> Result<()> {
        if self.timeline == TimelineId(1) {
            return Ok(());
        }
        let text = format!("TIMELINE_HISTORY {}", self.timeline);
        let rows = session
            .rows(&text)
            .await
            .map_err(|source| failed(&text, source))?;
        let name: String = field(&rows, 0, "the name of a history file")?;
        if name != self.timeline.history_name() {
            return Err(malformed(format!(
                "a history file with the name \"{}\"",
                name.escape_debug()
            )));
        }
        let content = rows.row(0).and_then(|row| row.get(1)).unwrap_or_default();
        self.target.history(&name, content)
    }

    /// Receives until the backup's end, or until the server ends the timeline; whether it was the former.
    async fn receive(&mut self, copy: &mut CopyBoth<'_, pgark_connect::Stream>) -> Result<bool> {
        let mut ticks = interval_at(Instant::now() + STATUS_INTERVAL, STATUS_INTERVAL);
        loop {
            let known_end = *self.end.borrow_and_update();
            if known_end.is_some_and(|end| self.position >= end) {
                self.close()?;
                return Ok(true);
            }
            let wants_status = tokio::select! {
                message = copy.next() => match message.map_err(lost)? {
                    Some(message) => self.message(message)?,
                    None => {
                        self.close()?;
                        return Ok(false);
                    }
                },
                changed = self.end.changed() => {
                    // Whoever waits for this has gone.
                    changed.map_err(|_| Error::Aborted("the backup"))?;
                    false
                }
                _ = ticks.tick() => true,
            };
            if wants_status {
                copy.send(&self.status()).await.map_err(lost)?;
            }
        }
    }

    /// Deals with a message; whether the server wants an answer.
    fn message(&mut self, message: &[u8]) -> Result<bool> {
        match message.split_first() {
            Some((b'w', body)) if body.len() >= 24 => {
                let start = body
                    .first_chunk()
                    .map_or(0, |bytes| u64::from_be_bytes(*bytes));
                let start = Lsn(start);
                if start != self.position {
                    return Err(malformed(format!(
                        "log from {start} where that from {} is due",
                        self.position
                    )));
                }
                self.write(&body[24..])?;
                Ok(false)
            }
            Some((b'k', body)) if body.len() == 17 => Ok(body[16] != 0),
            _ => Err(malformed("a message that belongs to no log")),
        }
    }

    fn write(&mut self, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            let offset = self.size.offset(self.position);
            if !self.is_open {
                if offset != 0 {
                    return Err(malformed("log that does not begin a file"));
                }
                let name = self
                    .size
                    .file_name(self.timeline, self.size.number(self.position));
                self.target.open(&name, self.size)?;
                self.is_open = true;
            }
            let rest = self.size.bytes() - offset;
            let length = usize::try_from(rest).map_or(bytes.len(), |rest| rest.min(bytes.len()));
            self.target.write(&bytes[..length])?;
            bytes = &bytes[length..];
            self.position.0 += length as u64;
            if length as u64 == rest {
                self.close()?;
            }
        }
        Ok(())
    }

    fn close(&mut self) -> Result<()> {
        if std::mem::take(&mut self.is_open) {
            self.target.close()?;
            self.flushed = self.position;
        }
        Ok(())
    }

    /// Goes over to the timeline that follows; the file that it branches off in is received anew under its number.
    fn switch(&mut self, next: Option<&Rows>) -> Result<()> {
        let Some(next) = next.filter(|rows| !rows.is_empty()) else {
            return Err(malformed(format!(
                "no log beyond {}, before the backup's end",
                self.position
            )));
        };
        let timeline = TimelineId(field(next, 0, "the next timeline")?);
        let start: Lsn = field(next, 1, "the next timeline's beginning")?;
        if timeline <= self.timeline || start > self.position {
            return Err(malformed(format!(
                "timeline {timeline} from {start} after {}",
                self.timeline
            )));
        }
        tracing::info!("the server has gone over to timeline {timeline} at {start}");
        self.timeline = timeline;
        self.position = self.size.start(self.size.number(start));
        Ok(())
    }

    /// How far we are, in the server's words.
    fn status(&self) -> Vec<u8> {
        let mut message = vec![b'r'];
        for number in [self.position.0, self.flushed.0, 0] {
            message.extend(number.to_be_bytes());
        }
        let now = SystemTime::UNIX_EPOCH
            .elapsed()
            .unwrap_or_default()
            .saturating_sub(EPOCH);
        message.extend(i64::try_from(now.as_micros()).unwrap_or(0).to_be_bytes());
        // No answer is wanted.
        message.push(0);
        message
    }
}

fn lost(source: pgark_wire::Error) -> Error {
    Error::Server {
        doing: "receiving the log failed".into(),
        source,
        note: "",
    }
}

#[cfg(test)]
mod tests;
