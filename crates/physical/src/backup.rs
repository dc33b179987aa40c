//! One base backup from its first connection to its last byte.

use std::time::Duration;

use pgark_connect::Config;
use pgark_wire::{Replies, ServerError};

use crate::companion::{self, Companion, Target};
use crate::incoming::{Expected, Incoming, Signal};
use crate::manifest::Manifest;
use crate::options::{ManifestWish, Options, Slot, TablespaceMap, WalMethod};
use crate::server::{Server, failed};
use crate::sink::{Sink, Start};
use crate::tally::Tally;
use crate::{
    ChecksumAlgorithm, Error, Lsn, Result, SegmentSize, TimelineId, WalRange, WalTarget, command,
};

/// How far a backup has come.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// How many bytes have arrived.
    pub bytes: u64,
    /// How many the server expected; there may be more.
    pub total: Option<u64>,
}

/// What a backup was.
#[derive(Debug, Clone)]
pub struct Report {
    /// The log is needed from here …
    pub start: Lsn,
    /// … to here.
    pub end: Lsn,
    /// The timeline on which it has ended.
    pub timeline: TimelineId,
    /// How many bytes have arrived, without streamed log.
    pub bytes: u64,
    /// How many files were held against the manifest; `None` where there is none.
    pub verified_files: Option<usize>,
    /// How many bytes of log the slot has kept at the server by the end, at most.
    pub retained_bytes: Option<u64>,
    /// What the server said of damaged pages in its own files, which the backup has as well.
    pub damaged_pages: Option<Box<ServerError>>,
}

/// SQLSTATE of data_corrupted, with which a backup ends whose files have pages with wrong checksums.
const DATA_CORRUPTED: &str = "XX001";

/// How long the other session may take to say that the server is going.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Makes a base backup and hands it to `sink`; streamed log goes to `wal`. When this returns, all that the server had to send
/// has arrived, and is what the manifest says.
///
/// # Errors
/// See [`Error`]. What `sink` has been given is then of no use. Damaged pages at the server are no error here
/// ([`Report::damaged_pages`]), since the backup is complete.
///
/// Not cancel safe: dropping the future closes the sessions and leaves the sink where it is.
///
/// # Panics
/// Outside a Tokio runtime.
pub async fn backup<S: Sink>(
    config: &Config,
    options: &Options,
    wal: Option<Box<dyn WalTarget>>,
    sink: &mut S,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Report> {
    let mut main = Server::open(config).await?;
    // Checked before a slot is made.
    command::base_backup(options, false, main.features)?;
    let companion = Companion::open(&main, config, options).await?;
    let mut run = Run {
        options,
        retained_from: companion.slot().map(|_| main.system.position),
        segment_size: main.segment_size().await?,
        has_group_access: main.has_group_access().await?,
        companion,
        wal,
        sink,
        progress,
    };
    let result = run.receive(&mut main, config).await;
    let result = match result {
        Ok(received) => run.conclude(received, &main).await,
        Err(error) => {
            // So that its slot can be dropped.
            drop(run);
            Err(error)
        }
    };
    // Nothing is lost with the session any more.
    let _ = main.session.close().await;
    if let (Err(_), Slot::Create(name)) = (&result, &options.slot)
        && let Err(error) = companion::drop_slot(config, name).await
    {
        tracing::warn!("replication slot \"{name}\" may be left at the server: {error}");
    }
    result
}

struct Run<'a, S> {
    options: &'a Options,
    retained_from: Option<Lsn>,
    segment_size: SegmentSize,
    has_group_access: bool,
    companion: Companion,
    wal: Option<Target>,
    sink: &'a mut S,
    progress: &'a mut (dyn FnMut(Progress) + Send),
}

/// All that has arrived over the first session.
struct Received {
    incoming: Incoming,
    start: Lsn,
    end: (Lsn, TimelineId),
    damaged_pages: Option<Box<ServerError>>,
}

impl<S: Sink> Run<'_, S> {
    async fn receive(&mut self, main: &mut Server, config: &Config) -> Result<Received> {
        let has_map = self.options.tablespace_map != TablespaceMap::Never;
        if let Some(received) = self.attempt(main, has_map).await? {
            return Ok(received);
        }
        *main = main.open_another(config).await?;
        self.attempt(main, false)
            .await?
            .ok_or(Error::Aborted("the backup's receiver"))
    }

    /// Receives the files, with a tablespace_map or without; `None`, before anything has been given to the sink, if the map
    /// would not be empty as it was to be.
    async fn attempt(&mut self, main: &mut Server, has_map: bool) -> Result<Option<Received>> {
        let text = &command::base_backup(self.options, has_map, main.features)?;
        let system = main.system;
        let options = self.options;
        let checksums = match options.manifest {
            ManifestWish::With { checksums, .. } => checksums,
            ManifestWish::None => ChecksumAlgorithm::None,
        };
        let expected = Expected {
            is_framed: main.features.has_option_lists(),
            has_manifest: options.manifest != ManifestWish::None,
            has_wal: options.wal == WalMethod::Fetch,
            has_tablespace_map: has_map,
            compression: options
                .server_compression
                .as_ref()
                .map(|compression| compression.algorithm),
        };
        let mut incoming = Incoming::new(expected, Tally::new(checksums));
        main.expect_much();
        let mut replies = main
            .session
            .replies(text)
            .await
            .map_err(|source| failed(text, source))?;
        let (mut started, mut ended) = (None, None);
        loop {
            let reply = tokio::select! {
                biased;
                error = self.companion.failure() => return Err(explained(error, &mut replies).await),
                reply = replies.next() => reply,
            };
            let reply = match reply {
                Ok(Some(reply)) => reply,
                Ok(None) => break,
                Err(source) => match (ended, source.server()) {
                    (Some(end), Some(error)) if error.sqlstate == DATA_CORRUPTED => {
                        let damaged_pages = Some(Box::new(error.clone()));
                        return received(incoming, started, Some(end), damaged_pages).map(Some);
                    }
                    _ => return Err(failed(text, source)),
                },
            };
            match incoming.take(reply, self.sink).await? {
                Signal::None => {}
                Signal::Started(lsn, timeline) => started = Some((lsn, timeline)),
                Signal::Listed
                    if has_map
                        && options.tablespace_map == TablespaceMap::IfEmpty
                        && !incoming.tablespaces.is_empty() =>
                {
                    return Ok(None);
                }
                Signal::Listed => {
                    let (lsn, timeline) = started.ok_or(Error::Aborted("the backup's receiver"))?;
                    let start = Start {
                        lsn,
                        timeline,
                        segment_size: self.segment_size,
                        system_identifier: system.identifier,
                        has_group_access: self.has_group_access,
                        tablespaces: incoming.tablespaces.clone(),
                        size_kb: incoming.size_kb,
                    };
                    self.begin(&start).await?;
                }
                Signal::Ended(lsn, timeline) => ended = Some((lsn, timeline)),
            }
            (self.progress)(Progress {
                bytes: incoming.bytes,
                total: incoming
                    .size_kb
                    .map(|kilobytes| kilobytes.saturating_mul(1024)),
            });
        }
        received(incoming, started, ended, None).map(Some)
    }

    async fn begin(&mut self, start: &Start) -> Result<()> {
        self.sink.start(start).await?;
        if self.options.wal == WalMethod::Stream {
            let target = self
                .wal
                .take()
                .ok_or_else(|| Error::Options("there is no place for streamed log".into()))?;
            self.companion.stream(start, target)?;
        }
        Ok(())
    }

    /// Waits for the log, and checks that all is there.
    async fn conclude(self, received: Received, main: &Server) -> Result<Report> {
        let Received {
            incoming,
            start,
            end: (end, timeline),
            damaged_pages,
        } = received;
        self.companion.finish(end).await?;
        let manifest = match &incoming.manifest {
            Some(bytes) => Some(
                Manifest::parse(bytes)
                    .map_err(|why| Error::Mismatch(vec![format!("of the manifest: {why}")]))?,
            ),
            None => None,
        };
        let mut problems = Vec::new();
        let mut ranges = vec![WalRange {
            timeline,
            start,
            end,
        }];
        if let Some(manifest) = &manifest {
            problems = incoming.tally.differences(manifest);
            problems.extend(other_system(manifest, main.system.identifier));
            let (first, last) = (manifest.wal_ranges.first(), manifest.wal_ranges.last());
            if first.is_none_or(|range| range.start != start)
                || last.is_none_or(|range| range.end != end)
            {
                problems.push(format!("the log is not that from {start} to {end}"));
            }
            ranges.clone_from(&manifest.wal_ranges);
        }
        if self.options.wal == WalMethod::Fetch {
            problems.extend(incoming.tally.missing_wal(&ranges, self.segment_size));
        }
        if !problems.is_empty() {
            return Err(Error::Mismatch(problems));
        }
        if let Some(bytes) = &incoming.manifest {
            self.sink.manifest(bytes).await?;
        }
        Ok(Report {
            start,
            end,
            timeline,
            bytes: incoming.bytes,
            verified_files: manifest.map(|manifest| manifest.files.len()),
            retained_bytes: self.retained_from.map(|from| end.0.saturating_sub(from.0)),
            damaged_pages,
        })
    }
}

fn received(
    incoming: Incoming,
    started: Option<(Lsn, TimelineId)>,
    ended: Option<(Lsn, TimelineId)>,
    damaged_pages: Option<Box<ServerError>>,
) -> Result<Received> {
    match (started, ended) {
        (Some((start, _)), Some(end)) => Ok(Received {
            incoming,
            start,
            end,
            damaged_pages,
        }),
        _ => Err(Error::Malformed("a backup without its end".into())),
    }
}

fn other_system(manifest: &Manifest, expected: u64) -> Option<String> {
    let found = manifest.system_identifier?;
    (found != expected)
        .then(|| format!("its system identifier is {found}, and the server's {expected}"))
}

/// Why the second session has ended: a server that goes says so to both.
async fn explained(error: Error, replies: &mut Replies<'_, pgark_connect::Stream>) -> Error {
    let last_words = async {
        loop {
            match replies.next().await {
                Ok(Some(_)) => {}
                Ok(None) => return None,
                Err(error) => return Some(error),
            }
        }
    };
    match tokio::time::timeout(LAST_WORDS, last_words).await {
        Ok(Some(source)) if source.is_connection_lost() => failed("BASE_BACKUP", source),
        _ => error,
    }
}
