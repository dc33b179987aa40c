//! Plakar's side of the protocol.

use std::sync::Arc;
use std::time::Duration;

use hyper_util::rt::TokioIo;
use tokio::sync::mpsc;
use tonic::transport::{Channel, Endpoint, Uri};
use tonic::{Status, Streaming};

use super::played::{Played, Seen};
use crate::proto::importer::importer_client::ImporterClient;
use crate::proto::importer::*;
use crate::proto::plakar::connectors::{Record, Result as Ack};
use crate::{Error, importer, stdio};

/// A host and what it sees of an import.
pub(super) struct Host {
    pub(super) client: ImporterClient<Channel>,
    pub(super) acks: mpsc::UnboundedSender<ImportRequest>,
    pub(super) responses: Option<Streaming<ImportResponse>>,
    pub(super) seen: Arc<Seen>,
    pub(super) served: tokio::task::JoinHandle<Result<(), Error>>,
}

impl Host {
    /// Connects to an importer of these databases.
    pub(super) async fn connect(databases: &[&'static str]) -> Self {
        let seen = Arc::new(Seen::default());
        let (databases, of) = (databases.to_vec(), Arc::clone(&seen));
        let service = importer::service(move |_, _| {
            Ok(Played {
                databases: databases.clone(),
                seen: Arc::clone(&of),
            })
        });
        let (near, far) = tokio::io::duplex(64 << 10);
        let served = tokio::spawn(stdio::serve(far, service));
        let mut near = Some(near);
        let channel = Endpoint::from_static("http://127.0.0.1:0")
            .connect_with_connector(tower::service_fn(move |_: Uri| {
                let near = near
                    .take()
                    .ok_or_else(|| std::io::Error::other("one connection only"));
                async move { near.map(TokioIo::new) }
            }))
            .await
            .unwrap();
        Self {
            client: ImporterClient::new(channel),
            acks: mpsc::unbounded_channel().0,
            responses: None,
            seen,
            served,
        }
    }

    pub(super) async fn init(&mut self, options: &[(&str, &str)]) -> Result<InitResponse, Status> {
        let config = options
            .iter()
            .map(|(key, value)| ((*key).into(), (*value).into()));
        let request = InitRequest {
            options: None,
            proto: "postgres".into(),
            config: config.collect(),
        };
        self.client
            .init(request)
            .await
            .map(tonic::Response::into_inner)
    }

    /// Starts an import of databases.
    pub(super) async fn import(databases: &[&'static str], options: &[(&str, &str)]) -> Self {
        let mut host = Self::connect(databases).await;
        host.init(options).await.unwrap();
        let (acks, mut receiver) = mpsc::unbounded_channel();
        host.acks = acks;
        let stream = futures_util::stream::poll_fn(move |cx| receiver.poll_recv(cx));
        host.responses = Some(host.client.import(stream).await.unwrap().into_inner());
        host
    }

    pub(super) async fn next(&mut self) -> Result<ImportResponse, Status> {
        let next = self.responses.as_mut().unwrap().message();
        let next = tokio::time::timeout(Duration::from_secs(20), next).await;
        next.expect("an answer in time")
            .map(|response| response.expect("a response before the end"))
    }

    /// The next record.
    pub(super) async fn record(&mut self) -> Record {
        self.next().await.unwrap().record.expect("a record")
    }

    pub(super) fn ack(&self, record: Record) {
        let result = Ack {
            header: Some(record),
            error: String::new(),
        };
        self.acks
            .send(ImportRequest {
                result: Some(result),
            })
            .unwrap();
    }

    pub(super) async fn open(&mut self, pathname: &str) -> Result<Streaming<OpenResponse>, Status> {
        let record = Record {
            pathname: pathname.into(),
            ..Record::default()
        };
        let request = OpenRequest {
            record: Some(record),
        };
        self.client
            .open(request)
            .await
            .map(tonic::Response::into_inner)
    }

    /// The content of a record, and the sizes of its chunks are checked.
    pub(super) async fn content(&mut self, pathname: &str) -> Result<Vec<u8>, Status> {
        let mut chunks = self.open(pathname).await?;
        let mut content = Vec::new();
        while let Some(chunk) = chunks.message().await? {
            assert!(
                (1..=1 << 20).contains(&chunk.chunk.len()),
                "{} bytes",
                chunk.chunk.len()
            );
            content.extend_from_slice(&chunk.chunk);
        }
        Ok(content)
    }

    /// Reads and acknowledges `count` records as a host does, and returns the last response.
    pub(super) async fn back_up(&mut self, count: usize) -> Result<ImportResponse, Status> {
        for _ in 0..count {
            let record = self.record().await;
            let _ = self.content(&record.pathname).await;
            self.ack(record);
        }
        self.next().await
    }
}
