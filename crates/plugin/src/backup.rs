//! One backup: which records are announced, and whether all of them arrived.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use bstr::ByteSlice;
use futures_util::{Stream, StreamExt};
use pgark_dump::cluster::record::{GLOBALS, MANIFEST, dump};
use tokio::sync::mpsc;
use tonic::Status;

use crate::Error;
use crate::content::{Content, ContentStream, Failures};
use crate::options::Selection;
use crate::pending::Pending;
use crate::physical::Physical;
use crate::proto::importer::{ImportRequest, ImportResponse};
use crate::proto::plakar::connectors::Record;
use crate::record;
use crate::source::Source;

/// Records that may wait for the host.
const RECORDS: usize = 16;

/// What the host is told during an Import.
pub(crate) type Host = mpsc::Sender<Result<ImportResponse, Status>>;

/// What is backed up.
pub(crate) enum Work<S> {
    /// What `selection` takes of `source`.
    Logical {
        source: Arc<S>,
        selection: Selection,
    },
    /// A server's files.
    Physical(Box<Physical>),
}

/// A backup.
pub(crate) struct Backup<S> {
    work: Work<S>,
    started: AtomicBool,
    pending: Arc<Pending>,
    failures: Failures,
}

impl<S: Source> Backup<S> {
    pub(crate) fn logical(source: S, selection: Selection) -> Self {
        Self::new(Work::Logical {
            source: Arc::new(source),
            selection,
        })
    }

    pub(crate) fn physical(server: Physical) -> Self {
        Self::new(Work::Physical(Box::new(server)))
    }

    fn new(work: Work<S>) -> Self {
        Self {
            work,
            started: AtomicBool::new(false),
            pending: Arc::default(),
            failures: Failures::default(),
        }
    }

    /// Tries to reach the server.
    pub(crate) async fn ping(&self) -> Result<(), Error> {
        match &self.work {
            Work::Logical { source, .. } => source.ping().await,
            Work::Physical(server) => server.ping().await,
        }
    }

    /// The content of an announced record, which can be read once.
    pub(crate) fn open(&self, record: &Record) -> Result<ContentStream, Status> {
        let pathname = &record.pathname;
        let content = if record.is_xattr {
            None
        } else {
            self.pending.remove(pathname)
        };
        let content = content.ok_or_else(|| {
            Status::not_found(format!("{pathname}: no such record, or already opened"))
        })?;
        let is_dump = matches!(content, Content::Dump(_) | Content::Ahead(_));
        let stream =
            ContentStream::start(&self.work, pathname.clone(), content, self.failures.clone());
        // After it, so that what the host waits for comes first.
        if let Work::Logical { source, .. } = &self.work
            && is_dump
        {
            self.pending.go_ahead(source);
        }
        Ok(stream)
    }

    /// Announces the records and waits until the host has dealt with each. The last response says
    /// either that the import is finished or why it failed.
    pub(crate) fn import<A>(
        self: &Arc<Self>,
        acks: A,
    ) -> Result<mpsc::Receiver<Result<ImportResponse, Status>>, Error>
    where
        A: Stream<Item = Result<ImportRequest, Status>> + Send + Unpin + 'static,
    {
        if self.started.swap(true, Ordering::Relaxed) {
            return Err(Error::Host("import was asked for twice".into()));
        }
        let (host, responses) = mpsc::channel(RECORDS);
        let backup = Arc::clone(self);
        tokio::spawn(async move {
            let last = tokio::select! {
                result = backup.run(acks, &host) => result,
                () = host.closed() => return,
            };
            let last = last.map_err(Status::from).map(|()| ImportResponse {
                record: None,
                finished: true,
            });
            let _ = host.send(last).await;
        });
        Ok(responses)
    }

    /// Reads acknowledgements while records are announced, lest both sides wait for each other.
    async fn run<A>(&self, mut acks: A, host: &Host) -> Result<(), Error>
    where
        A: Stream<Item = Result<ImportRequest, Status>> + Unpin,
    {
        let mut announcing = pin!(self.announce(host));
        let mut announced = None;
        let mut acknowledged = 0;
        while announced.is_none_or(|all| acknowledged < all) {
            tokio::select! {
                result = &mut announcing, if announced.is_none() => announced = Some(result?),
                ack = acks.next() => {
                    self.acknowledge(ack)?;
                    acknowledged += 1;
                }
            }
        }
        let failures = self.failures.take();
        if failures.is_empty() {
            Ok(())
        } else {
            Err(Error::Incomplete(failures))
        }
    }

    fn acknowledge(&self, ack: Option<Result<ImportRequest, Status>>) -> Result<(), Error> {
        let ack = ack
            .ok_or_else(|| {
                Error::Host("the host ended the import before all records were acknowledged".into())
            })?
            .map_err(|status| {
                Error::Host(format!("the host gave up the import: {}", status.message()))
            })?;
        let result = ack.result.unwrap_or_default();
        let pathname = result.header.unwrap_or_default().pathname;
        if let Work::Physical(server) = &self.work {
            // One that was not opened is not wanted, and must not keep what follows waiting.
            self.pending.remove(&pathname);
            server.acknowledged();
        }
        if !result.error.is_empty() {
            self.failures.add(&pathname, result.error);
        }
        Ok(())
    }

    /// Sends all records and returns their number.
    async fn announce(&self, host: &Host) -> Result<usize, Error> {
        match &self.work {
            Work::Logical { source, selection } => {
                self.announce_dumps(host, source.as_ref(), selection).await
            }
            Work::Physical(server) => server.announce(host, &self.pending).await,
        }
    }

    async fn announce_dumps(
        &self,
        host: &Host,
        source: &S,
        selection: &Selection,
    ) -> Result<usize, Error> {
        let now = SystemTime::now();
        // First, so that a database that is not there is refused before anything is announced.
        let databases = source.databases(&selection.choice).await?;

        let mut sent = 0;
        if selection.globals {
            let globals = Content::Bytes(source.globals().await?);
            self.send(host, GLOBALS, globals, now).await;
            sent += 1;
        }
        for (number, database) in (1..).zip(databases) {
            let name = dump(number, database.as_bstr());
            if source.is_small(database.as_bstr()) {
                self.pending.may_be_made_ahead(record::pathname(&name));
            }
            self.send(host, &name, Content::Dump(database), now).await;
            sent += 1;
        }
        // Last, so that it is made of what the dumps have seen.
        self.send(host, MANIFEST, Content::Manifest, now).await;
        Ok(sent + 1)
    }

    async fn send(&self, host: &Host, name: &str, content: Content, modified: SystemTime) {
        let pathname = record::pathname(name);
        let size = match &content {
            Content::Bytes(bytes) => bytes.len(),
            Content::Manifest | Content::Dump(_) | Content::Ahead(_) | Content::Stream(_) => 0,
        };
        let record = record::file(&pathname, size, modified);
        self.pending.insert(pathname, content);
        // A host that has gone ends the import in `import`.
        let _ = host.send(Ok(record::response(record))).await;
    }
}
