//! A server's files, by way of pgark-physical, as records that are sent while they arrive.

use std::sync::Arc;
use std::time::SystemTime;

use bstr::ByteSlice;
use bytes::{Bytes, BytesMut};
use pgark_connect::Config;
use pgark_dump::cluster::record::MANIFEST;
use pgark_dump::manifest::{Manifest, ManifestOptions};
use pgark_physical::{Archive, Kind, Member, Sink, Start, backup};
use tokio::sync::{Semaphore, mpsc};

use crate::Error;
use crate::backup::Host;
use crate::content::Content;
use crate::options::Options;
use crate::pending::Pending;
use crate::proto::plakar::connectors::Record;
use crate::record;
use crate::sink::CHUNK_BYTES;

/// Records that the host has not dealt with yet. What they hold waits in memory.
const OUTSTANDING: usize = 16;
/// Chunks of one file that may wait for the host.
const CHUNKS: usize = 4;

/// Where the data directory stands in a snapshot.
const DATA: &str = "/data";
const TABLESPACES: &str = "/tablespaces";

/// A server with the options of its backup.
pub(crate) struct Physical {
    config: Config,
    options: pgark_physical::Options,
    manifest: ManifestOptions,
    outstanding: Arc<Semaphore>,
}

impl Physical {
    /// Prepares the server that `options` name; nothing is dialled yet.
    pub(crate) fn open(options: &Options) -> Result<Self, Error> {
        Ok(Self {
            config: options.config.clone(),
            options: options.physical.clone(),
            manifest: ManifestOptions {
                host: options.origin.clone(),
                port: options.config.port()?.to_string(),
                detail: options.manifest,
                sessions: pgark_dump::Options::default_jobs(),
                ..ManifestOptions::default()
            },
            outstanding: Arc::new(Semaphore::new(OUTSTANDING)),
        })
    }

    pub(crate) async fn ping(&self) -> Result<(), Error> {
        Ok(pgark_physical::reach(&self.config).await?)
    }

    /// The host has dealt with a record.
    pub(crate) fn acknowledged(&self) {
        self.outstanding.add_permits(1);
    }

    /// Sends all records, each when the server has sent its beginning, and returns their number.
    pub(crate) async fn announce(
        &self,
        host: &Host,
        pending: &Arc<Pending>,
    ) -> Result<usize, Error> {
        let now = SystemTime::now();
        let mut records = Records {
            host,
            pending,
            outstanding: &self.outstanding,
            identity: identity(now),
            now,
            archive: Archive::Base,
            file: None,
            sent: 0,
        };
        let manifest = Manifest::physical(&self.config, &self.manifest).await?;
        let manifest = manifest.encode();
        let size = manifest.len();
        let record = record::file(&record::pathname(MANIFEST), size, now);
        records
            .send(record, Some(Content::Bytes(manifest.into())))
            .await;
        let report = backup(&self.config, &self.options, None, &mut records, &mut |_| {}).await;
        let report = match report {
            Ok(report) => report,
            Err(error) => {
                // Whoever reads a file now is told; why is told by the import itself.
                if let Some(file) = records.file.take() {
                    let _ = file.chunks.send(Err(Error::Aborted)).await;
                }
                return Err(error.into());
            }
        };
        if let Some(source) = report.damaged_pages {
            return Err(pgark_physical::Error::DamagedPages { source, kept: None }.into());
        }
        Ok(records.sent)
    }
}

/// A number that no other backup has: the time in nanoseconds.
fn identity(now: SystemTime) -> u64 {
    let since = now
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// A file whose data is on its way to the host.
struct File {
    chunks: mpsc::Sender<Result<Bytes, Error>>,
    buffer: BytesMut,
}

impl File {
    /// Passes on what has been gathered; `false` if nobody wants it.
    async fn flush(&mut self) -> bool {
        let chunk = self.buffer.split().freeze();
        chunk.is_empty() || self.chunks.send(Ok(chunk)).await.is_ok()
    }
}

/// Makes records of a backup's members.
struct Records<'a> {
    host: &'a Host,
    pending: &'a Pending,
    outstanding: &'a Semaphore,
    identity: u64,
    now: SystemTime,
    archive: Archive,
    file: Option<File>,
    sent: usize,
}

impl Records<'_> {
    async fn send(&mut self, record: Record, content: Option<Content>) {
        // It is never closed.
        if let Ok(permit) = self.outstanding.acquire().await {
            // Given back by the host's acknowledgement.
            permit.forget();
        }
        if let Some(content) = content {
            self.pending.insert(record.pathname.clone(), content);
        }
        self.sent += 1;
        // A host that has gone ends the import.
        let _ = self.host.send(Ok(record::response(record))).await;
    }

    async fn send_member(&mut self, pathname: &str, member: &Member) {
        let record = record::member(pathname, member, self.identity);
        let Kind::File(_) = member.kind else {
            return self.send(record, None).await;
        };
        let (chunks, receiver) = mpsc::channel(CHUNKS);
        self.send(record, Some(Content::Stream(receiver))).await;
        self.file = Some(File {
            chunks,
            buffer: BytesMut::new(),
        });
    }

    fn pathname(&self, member: &Member) -> pgark_physical::Result<String> {
        let folder = match self.archive {
            Archive::Base => DATA.to_owned(),
            Archive::Tablespace(oid) => format!("{TABLESPACES}/{oid}"),
        };
        match member.path.to_str() {
            Ok(path) => Ok(format!("{folder}/{path}")),
            Err(_) => Err(pgark_physical::Error::Refused(format!(
                "file \"{}\" has a name that is not UTF-8, which Plakar cannot hold",
                member.path
            ))),
        }
    }
}

impl Sink for Records<'_> {
    async fn start(&mut self, start: &Start) -> pgark_physical::Result<()> {
        self.send(record::folder(DATA, self.now), None).await;
        let tablespaces = start.tablespaces.iter();
        let oids: Vec<u32> = tablespaces
            .filter(|tablespace| !tablespace.is_in_place())
            .map(|tablespace| tablespace.oid)
            .collect();
        if !oids.is_empty() {
            self.send(record::folder(TABLESPACES, self.now), None).await;
        }
        for oid in oids {
            let pathname = format!("{TABLESPACES}/{oid}");
            self.send(record::folder(&pathname, self.now), None).await;
        }
        Ok(())
    }

    async fn begin_archive(&mut self, archive: Archive) -> pgark_physical::Result<()> {
        self.archive = archive;
        Ok(())
    }

    async fn begin(&mut self, member: &Member) -> pgark_physical::Result<()> {
        let pathname = self.pathname(member)?;
        if let Kind::Link(_) = member.kind {
            // Where it leads at the server is of no meaning here; so the tree can be restored to any place.
            let oid = pathname.rsplit('/').next().unwrap_or_default();
            let target = format!("../..{TABLESPACES}/{oid}").into();
            let member = Member {
                kind: Kind::Link(target),
                ..member.clone()
            };
            self.send_member(&pathname, &member).await;
        } else {
            self.send_member(&pathname, member).await;
        }
        Ok(())
    }

    async fn data(&mut self, mut bytes: &[u8]) -> pgark_physical::Result<()> {
        while let Some(file) = &mut self.file
            && !bytes.is_empty()
        {
            let (now, later) = bytes.split_at(bytes.len().min(CHUNK_BYTES - file.buffer.len()));
            file.buffer.extend_from_slice(now);
            bytes = later;
            if file.buffer.len() == CHUNK_BYTES && !file.flush().await {
                self.file = None;
            }
        }
        Ok(())
    }

    async fn end(&mut self) -> pgark_physical::Result<()> {
        if let Some(mut file) = self.file.take() {
            file.flush().await;
        }
        Ok(())
    }

    async fn end_archive(&mut self, _is_terminated: bool) -> pgark_physical::Result<()> {
        Ok(())
    }

    async fn manifest(&mut self, bytes: &[u8]) -> pgark_physical::Result<()> {
        let mut record = record::file(&format!("{DATA}/backup_manifest"), bytes.len(), self.now);
        if let Some(info) = &mut record.file_info {
            "backup_manifest".clone_into(&mut info.name);
            info.mode = 0o600;
            info.ino = self.identity;
        }
        self.send(record, Some(Content::Bytes(Bytes::copy_from_slice(bytes))))
            .await;
        Ok(())
    }
}
