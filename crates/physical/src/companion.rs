//! The session beside that of the files: it holds the slot, and streams the log.

use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::options::{Options, Slot, WalMethod};
use crate::server::{Server, ask, failed};
use crate::wal::WalTarget;
use crate::wal::stream::{self, Plan};
use crate::{Error, Lsn, Result, Start, command};

/// What a target of streamed log is to the task that writes it.
pub(crate) type Target = Box<dyn WalTarget>;

/// The second session, if there is one.
pub(crate) enum Companion {
    /// None: neither slot nor log.
    None,
    /// It holds the slot and waits.
    Holding(Box<Server>, Option<String>),
    /// It streams, in a task of its own.
    Streaming(Task),
}

/// A task that ends with its owner.
pub(crate) struct Task {
    handle: JoinHandle<Result<Target>>,
    end: watch::Sender<Option<Lsn>>,
    has_slot: bool,
}

impl Drop for Task {
    fn drop(&mut self) {
        self.handle.abort();
    }
}

impl Companion {
    /// Opens the second session and makes the slot, before anything is asked of the first.
    pub(crate) async fn open(
        main: &Server,
        config: &pgark_connect::Config,
        options: &Options,
    ) -> Result<Self> {
        if options.wal == WalMethod::None
            || (options.wal == WalMethod::Fetch && options.slot == Slot::None)
        {
            return Ok(Self::None);
        }
        let mut server = main.open_another(config).await?;
        let name = match &options.slot {
            Slot::None => return Ok(Self::Holding(Box::new(server), None)),
            Slot::Existing(name) => {
                command::slot_name(name)?;
                return Ok(Self::Holding(Box::new(server), Some(name.clone())));
            }
            Slot::Create(name) => name.clone(),
            // The process id makes it unique among those that are there (so does pg_basebackup).
            Slot::Temporary => {
                let process = server
                    .session
                    .cancel_key()
                    .map_or(0, |key| key.process_id());
                format!("pgark_{}", process.unsigned_abs())
            }
        };
        let is_temporary = options.slot == Slot::Temporary;
        let text = command::create_slot(&name, is_temporary, server.features)?;
        ask(&mut server.session, &text)
            .await
            .map_err(slot_refused)?;
        tracing::info!(
            "replication slot \"{name}\" holds the log from {}",
            server.system.position
        );
        Ok(Self::Holding(Box::new(server), Some(name)))
    }

    /// The name of the slot, while no log is streamed.
    pub(crate) fn slot(&self) -> Option<&str> {
        match self {
            Self::Holding(_, slot) => slot.as_deref(),
            _ => None,
        }
    }

    /// Begins to stream the log.
    pub(crate) fn stream(&mut self, start: &Start, target: Target) -> Result<()> {
        let Self::Holding(server, slot) = std::mem::replace(self, Self::None) else {
            return Err(Error::Aborted("the log's session"));
        };
        let (end, ended) = watch::channel(None);
        let has_slot = slot.is_some();
        let plan = Plan {
            slot,
            start: start.lsn,
            timeline: start.timeline,
            segment_size: start.segment_size,
        };
        let handle = tokio::spawn(stream::stream(server.session, plan, target, ended));
        *self = Self::Streaming(Task {
            handle,
            end,
            has_slot,
        });
        Ok(())
    }

    /// Waits until the session fails, for ever if it does not. Cancel safe.
    pub(crate) async fn failure(&mut self) -> Error {
        match self {
            Self::None => std::future::pending().await,
            Self::Holding(server, _) => Error::SlotLost(server.session.ended().await),
            Self::Streaming(task) => match (&mut task.handle).await {
                Ok(Err(Error::Server { source, .. }))
                    if task.has_slot && source.is_connection_lost() =>
                {
                    Error::SlotLost(source)
                }
                Ok(Err(error)) => error,
                // It knows no end yet.
                _ => Error::Aborted("the log's receiver"),
            },
        }
    }

    /// Ends the session; where log is streamed, when it has been received up to `end`.
    pub(crate) async fn finish(self, end: Lsn) -> Result<()> {
        match self {
            Self::None => Ok(()),
            Self::Holding(server, _) => {
                // Nothing is lost with the session any more.
                let _ = server.session.close().await;
                Ok(())
            }
            Self::Streaming(mut task) => {
                task.end.send_replace(Some(end));
                let target = (&mut task.handle)
                    .await
                    .map_err(|_| Error::Aborted("the log's receiver"))??;
                target.finish()
            }
        }
    }
}

/// Drops a slot that this backup has made and that would keep log for ever.
pub(crate) async fn drop_slot(config: &pgark_connect::Config, name: &str) -> Result<()> {
    let mut server = Server::open(config).await?;
    let text = command::drop_slot(name)?;
    server
        .session
        .execute(&text)
        .await
        .map_err(|source| failed(&text, source))?;
    let _ = server.session.close().await;
    Ok(())
}

fn slot_refused(error: Error) -> Error {
    match error {
        Error::Server { source, doing, .. } => Error::Server {
            // "all replication slots are in use" (slot.c) has no code of its own.
            note: if source
                .server()
                .is_some_and(|error| error.sqlstate == "53400")
            {
                "; without a slot (--no-slot) the backup fails if the server removes log too early"
            } else {
                ""
            },
            source,
            doing,
        },
        other => other,
    }
}
