//! The content of a record on its way to the host.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bstr::BString;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use tokio::sync::mpsc;
use tonic::Status;

use crate::Error;
use crate::ahead::Ahead;
use crate::backup::Work;
use crate::error::Failure;
use crate::proto::importer::OpenResponse;
use crate::sink::{self, CHUNK_BYTES};
use crate::source::Source;

/// What stands behind an announced record.
pub(crate) enum Content {
    /// These bytes.
    Bytes(Bytes),
    /// The manifest, made when it is opened.
    Manifest,
    /// The archive of this database, made when the record is opened.
    Dump(BString),
    /// The same, begun before.
    Ahead(Ahead),
    /// What comes while the server sends it.
    Stream(mpsc::Receiver<Result<Bytes, Error>>),
}

/// The failures of one backup so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Failures(Arc<Mutex<Vec<Failure>>>);

impl Failures {
    pub(crate) fn add(&self, pathname: &str, reason: impl Into<String>) {
        let failure = Failure {
            pathname: pathname.to_owned(),
            reason: reason.into(),
        };
        tracing::debug!("{}: {}", failure.pathname, failure.reason);
        self.lock().push(failure);
    }

    /// All of them, leaving none.
    pub(crate) fn take(&self) -> Vec<Failure> {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Failure>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The answer to one Open. Content that does not reach its end is a failure of the backup, whether
/// the dump broke or the host stopped reading: the host itself carries on without the file.
pub(crate) struct ContentStream {
    chunks: BoxStream<'static, Result<Bytes, Error>>,
    pathname: String,
    failures: Failures,
    ended: bool,
}

impl ContentStream {
    /// Starts to read `content`; a dump begins here.
    pub(crate) fn start<S: Source>(
        work: &Work<S>,
        pathname: String,
        content: Content,
        failures: Failures,
    ) -> Self {
        let chunks = match (content, work) {
            (Content::Bytes(bytes), _) => slices(bytes).boxed(),
            (Content::Manifest, Work::Logical { source, .. }) => {
                let source = Arc::clone(source);
                let manifest = async move { source.manifest().await.map(slices) };
                stream::once(manifest).try_flatten().boxed()
            }
            (Content::Dump(database), Work::Logical { source, .. }) => {
                dump(Arc::clone(source), database).boxed()
            }
            (Content::Ahead(ahead), _) => ahead.chunks().boxed(),
            // Nobody announces one.
            (Content::Manifest | Content::Dump(_), Work::Physical(_)) => {
                stream::once(async { Err(Error::Aborted) }).boxed()
            }
            (Content::Stream(mut chunks), _) => {
                stream::poll_fn(move |cx| chunks.poll_recv(cx)).boxed()
            }
        };
        Self {
            chunks,
            pathname,
            failures,
            ended: false,
        }
    }
}

impl Stream for ContentStream {
    type Item = Result<OpenResponse, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.ended {
            return Poll::Ready(None);
        }
        Poll::Ready(match ready!(self.chunks.poll_next_unpin(cx)) {
            Some(Ok(chunk)) => Some(Ok(OpenResponse { chunk })),
            Some(Err(error)) => {
                self.ended = true;
                self.failures.add(&self.pathname, error.report());
                Some(Err(error.into()))
            }
            None => {
                self.ended = true;
                None
            }
        })
    }
}

impl Drop for ContentStream {
    fn drop(&mut self) {
        if !self.ended {
            self.failures
                .add(&self.pathname, "the host stopped reading before the end");
        }
    }
}

fn slices(mut bytes: Bytes) -> impl Stream<Item = Result<Bytes, Error>> {
    stream::iter(std::iter::from_fn(move || {
        let size = bytes.len().min(CHUNK_BYTES);
        (size > 0).then(|| Ok(bytes.split_to(size)))
    }))
}

/// The chunks of a dump, which stops when the stream is dropped.
fn dump<S: Source>(source: Arc<S>, database: BString) -> impl Stream<Item = Result<Bytes, Error>> {
    let (sink, tail, mut chunks) = sink::channel();
    let (end, mut ended) = mpsc::channel(1);
    tokio::spawn(async move {
        let result = tokio::select! {
            result = source.dump(database.as_ref(), Box::new(sink)) => result,
            () = tail.closed() => return,
        };
        if result.is_ok() {
            tail.send().await;
        } else {
            drop(tail);
        }
        let _ = end.send(result).await;
    });
    // The result comes after the last chunk; a task that ended without one has panicked.
    stream::poll_fn(move |cx| {
        if let Some(chunk) = ready!(chunks.poll_recv(cx)) {
            return Poll::Ready(Some(Ok(chunk)));
        }
        Poll::Ready(match ready!(ended.poll_recv(cx)) {
            Some(Ok(())) => None,
            Some(Err(error)) => Some(Err(error)),
            None => Some(Err(Error::Aborted)),
        })
    })
}
