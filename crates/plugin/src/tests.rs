//! The importer as a host sees it: gRPC over a stream of bytes, against a server that is played.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bstr::{BStr, BString};
use bytes::Bytes;
use futures_util::StreamExt;
use hyper_util::rt::TokioIo;
use tokio::sync::mpsc;
use tonic::transport::{Channel, Endpoint, Uri};
use tonic::{Code, Status, Streaming};

use crate::proto::importer::importer_client::ImporterClient;
use crate::proto::importer::*;
use crate::proto::plakar::connectors::{Record, Result as Ack};
use crate::sink::Sink;
use crate::source::Source;
use crate::{Error, importer, stdio};

/// What became of the dumps of a [`Played`] server.
#[derive(Default)]
struct Seen {
    started: AtomicUsize,
    dropped: AtomicUsize,
}

/// A server whose databases say by their names what their dumps do.
struct Played {
    databases: Vec<&'static str>,
    seen: Arc<Seen>,
}

/// Counts a dump that went away before its end.
struct Guard(Arc<Seen>, bool);

impl Drop for Guard {
    fn drop(&mut self) {
        if !self.1 {
            self.0.dropped.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// The size of the archive of the database "big".
const BIG_BYTES: usize = 192 << 20;

impl Source for Played {
    async fn ping(&self) -> Result<(), Error> {
        Ok(())
    }

    async fn manifest(&self) -> Result<Bytes, Error> {
        Ok(Bytes::from(vec![b'm'; 600_000]))
    }

    async fn globals(&self) -> Result<Bytes, Error> {
        if self.databases.contains(&"no globals") {
            return Err(Error::Host("permission denied for table pg_authid".into()));
        }
        Ok(Bytes::from_static(b"-- globals"))
    }

    async fn databases(&self) -> Result<Vec<BString>, Error> {
        Ok(self.databases.iter().map(|name| BString::from(*name)).collect())
    }

    async fn dump(&self, database: &BStr, mut sink: Sink) -> Result<(), Error> {
        use std::io::Write;
        self.seen.started.fetch_add(1, Ordering::SeqCst);
        let mut guard = Guard(Arc::clone(&self.seen), false);
        let name = database.to_string();
        let dump = tokio::task::spawn_blocking(move || -> std::io::Result<()> {
            match name.as_str() {
                "big" | "endless" => {
                    let block = vec![7; 64 << 10];
                    let blocks = if name == "big" { BIG_BYTES / block.len() } else { usize::MAX };
                    (0..blocks).try_for_each(|_| sink.write_all(&block))
                }
                "half" => sink.write_all(&vec![1; 300_000]),
                _ => sink.write_all(format!("PGDMP of {name}").as_bytes()),
            }
        });
        if let Err(error) = dump.await.unwrap() {
            return Err(Error::Option(error.to_string()));
        }
        match database.to_string().as_str() {
            "half" => return Err(Error::Option("connection to the server was lost".into())),
            "stuck" => std::future::pending().await,
            "panics" => panic!("a dump panics"),
            _ => {}
        }
        guard.1 = true;
        Ok(())
    }
}

/// A host and what it sees of an import.
struct Host {
    client: ImporterClient<Channel>,
    acks: mpsc::UnboundedSender<ImportRequest>,
    responses: Option<Streaming<ImportResponse>>,
    seen: Arc<Seen>,
    served: tokio::task::JoinHandle<Result<(), Error>>,
}

impl Host {
    /// Connects to an importer of these databases.
    async fn connect(databases: &[&'static str]) -> Self {
        let seen = Arc::new(Seen::default());
        let (databases, of) = (databases.to_vec(), Arc::clone(&seen));
        let service = importer::service(move |_| {
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
                let near = near.take().ok_or_else(|| std::io::Error::other("one connection only"));
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

    async fn init(&mut self, options: &[(&str, &str)]) -> Result<InitResponse, Status> {
        let config = options.iter().map(|(key, value)| ((*key).into(), (*value).into()));
        let request = InitRequest {
            options: None,
            proto: "postgres".into(),
            config: config.collect(),
        };
        self.client.init(request).await.map(tonic::Response::into_inner)
    }

    /// Starts an import of databases.
    async fn import(databases: &[&'static str], options: &[(&str, &str)]) -> Self {
        let mut host = Self::connect(databases).await;
        host.init(options).await.unwrap();
        let (acks, mut receiver) = mpsc::unbounded_channel();
        host.acks = acks;
        let stream = futures_util::stream::poll_fn(move |cx| receiver.poll_recv(cx));
        host.responses = Some(host.client.import(stream).await.unwrap().into_inner());
        host
    }

    async fn next(&mut self) -> Result<ImportResponse, Status> {
        let next = self.responses.as_mut().unwrap().message();
        let next = tokio::time::timeout(Duration::from_secs(20), next).await;
        next.expect("an answer in time").map(|response| response.expect("a response before the end"))
    }

    /// The next record.
    async fn record(&mut self) -> Record {
        self.next().await.unwrap().record.expect("a record")
    }

    fn ack(&self, record: Record) {
        let result = Ack { header: Some(record), error: String::new() };
        self.acks.send(ImportRequest { result: Some(result) }).unwrap();
    }

    async fn open(&mut self, pathname: &str) -> Result<Streaming<OpenResponse>, Status> {
        let record = Record { pathname: pathname.into(), ..Record::default() };
        let request = OpenRequest { record: Some(record) };
        self.client.open(request).await.map(tonic::Response::into_inner)
    }

    /// The content of a record, and the sizes of its chunks are checked.
    async fn content(&mut self, pathname: &str) -> Result<Vec<u8>, Status> {
        let mut chunks = self.open(pathname).await?;
        let mut content = Vec::new();
        while let Some(chunk) = chunks.message().await? {
            assert!((1..=1 << 20).contains(&chunk.chunk.len()), "{} bytes", chunk.chunk.len());
            content.extend_from_slice(&chunk.chunk);
        }
        Ok(content)
    }

    /// Reads and acknowledges `count` records as a host does, and returns the last response.
    async fn back_up(&mut self, count: usize) -> Result<ImportResponse, Status> {
        for _ in 0..count {
            let record = self.record().await;
            let _ = self.content(&record.pathname).await;
            self.ack(record);
        }
        self.next().await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn init_says_what_the_source_is() {
    let mut host = Host::connect(&[]).await;
    let response = host.init(&[("location", "postgres://db.example.com:5433/x")]).await.unwrap();
    assert_eq!(
        (response.origin.as_str(), response.r#type.as_str(), response.root.as_str(), response.flags),
        ("db.example.com", "postgresql", "/", 4 | 8)
    );
    host.client.ping(PingRequest {}).await.unwrap();
    host.client.close(CloseRequest {}).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_options_are_refused_and_can_be_given_again() {
    let mut host = Host::connect(&[]).await;
    let error = host.client.ping(PingRequest {}).await.unwrap_err();
    assert_eq!(error.code(), Code::FailedPrecondition);
    let error = host.init(&[("compress", "maybe")]).await.unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument);
    assert_eq!(error.message(), "compress: strconv.ParseBool: parsing \"maybe\": invalid syntax");
    host.init(&[]).await.unwrap();
    host.client.ping(PingRequest {}).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn records_come_in_order_and_the_import_ends_after_all_acks() {
    let mut host = Host::import(&["a b", "shop"], &[]).await;
    let mut records = Vec::new();
    for _ in 0..4 {
        records.push(host.record().await);
    }
    let names: Vec<_> = records.iter().map(|record| record.pathname.as_str()).collect();
    assert_eq!(names, ["/manifest.json", "/00000-globals.sql", "/00001-a b.dump", "/00002-shop.dump"]);
    for record in &records {
        let info = record.file_info.as_ref().unwrap();
        assert_eq!((info.mode, record.has_reader), (0o444, true));
        assert!(info.mod_time.unwrap().seconds > 1_600_000_000, "{}", record.pathname);
    }
    assert_eq!(host.seen.started.load(Ordering::SeqCst), 0, "a dump started before it was opened");

    for (name, content) in [
        ("/00002-shop.dump", "PGDMP of shop"),
        ("/00000-globals.sql", "-- globals"),
        ("/00001-a b.dump", "PGDMP of a b"),
    ] {
        assert_eq!(host.content(name).await.unwrap(), content.as_bytes());
    }
    assert_eq!(host.content("/manifest.json").await.unwrap().len(), 600_000);
    for record in records.drain(1..) {
        host.ack(record);
    }
    let early = tokio::time::timeout(Duration::from_millis(100), host.next()).await;
    assert!(early.is_err(), "the import ended before the last acknowledgement");
    host.ack(records.remove(0));
    assert!(host.next().await.unwrap().finished);
    assert!(host.responses.as_mut().unwrap().next().await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_dump_fails_its_record_and_the_import() {
    let mut host = Host::import(&["fine", "half"], &[("data_only", "true")]).await;
    for _ in 0..3 {
        let record = host.record().await;
        let content = host.content(&record.pathname).await;
        assert_eq!(content.is_err(), record.pathname.contains("half"), "{}", record.pathname);
        if let Err(error) = content {
            assert_eq!(error.message(), "connection to the server was lost");
        }
        host.ack(record);
    }
    let error = host.next().await.unwrap_err();
    assert_eq!(
        error.message(),
        "backup is incomplete: /00002-half.dump: connection to the server was lost"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dump_that_panics_fails_the_import() {
    let mut host = Host::import(&["panics"], &[]).await;
    let error = host.back_up(3).await.unwrap_err();
    assert!(error.message().contains("/00001-panics.dump"), "{}", error.message());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_stops_reading_stops_the_dump_and_gets_no_finished_import() {
    for database in ["endless", "stuck"] {
        let mut host = Host::import(&[database], &[]).await;
        for _ in 0..3 {
            let record = host.record().await;
            if record.pathname.contains(database) {
                let mut chunks = host.open(&record.pathname).await.unwrap();
                if database == "endless" {
                    chunks.message().await.unwrap();
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
                drop(chunks);
                while host.seen.dropped.load(Ordering::SeqCst) == 0 {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            } else {
                host.content(&record.pathname).await.unwrap();
            }
            host.ack(record);
        }
        let error = host.next().await.unwrap_err();
        assert!(error.message().contains("stopped reading"), "{database}: {}", error.message());
        assert_eq!(host.seen.dropped.load(Ordering::SeqCst), 1, "{database}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn records_that_are_not_opened_are_no_failure() {
    let mut host = Host::import(&["a", "half"], &[]).await;
    for _ in 0..4 {
        let record = host.record().await;
        host.ack(record);
    }
    assert!(host.next().await.unwrap().finished);
    assert_eq!(host.seen.started.load(Ordering::SeqCst), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_can_be_opened_once_and_others_not_at_all() {
    let mut host = Host::import(&["a"], &[]).await;
    host.record().await;
    host.content("/manifest.json").await.unwrap();
    for name in ["/manifest.json", "/00002-b.dump", ""] {
        assert_eq!(host.content(name).await.unwrap_err().code(), Code::NotFound, "{name:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_database_is_backed_up_alone_and_must_be_there() {
    let mut host = Host::import(&["a", "b"], &[("database", "b")]).await;
    host.record().await;
    host.record().await;
    assert_eq!(host.record().await.pathname, "/00001-b.dump");

    let mut host = Host::import(&["a", "b"], &[("location", "postgres://db/c")]).await;
    let error = host.next().await.unwrap_err();
    assert_eq!(error.message(), "database \"c\" not found or not connectable");
}

#[tokio::test(flavor = "multi_thread")]
async fn globals_that_cannot_be_read_fail_the_import() {
    let mut host = Host::import(&["no globals"], &[]).await;
    assert_eq!(host.record().await.pathname, "/manifest.json");
    let error = host.next().await.unwrap_err();
    assert_eq!(error.message(), "permission denied for table pg_authid");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_ends_the_acknowledgements_early_gets_an_error() {
    let mut host = Host::import(&["a"], &[]).await;
    for _ in 0..3 {
        let record = host.record().await;
        host.content(&record.pathname).await.unwrap();
    }
    host.acks = mpsc::unbounded_channel().0;
    let error = host.next().await.unwrap_err();
    assert!(error.message().contains("before all records"), "{}", error.message());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_is_run_once() {
    let mut host = Host::import(&["a"], &[]).await;
    let again = host.client.import(futures_util::stream::pending()).await;
    assert_eq!(again.unwrap_err().code(), Code::FailedPrecondition);
}

#[tokio::test(flavor = "multi_thread")]
async fn more_databases_than_fit_any_window_do_not_block() {
    let many: Vec<&'static str> = (0..20_000).map(|_| "a").collect();
    let mut host = Host::import(&many, &[]).await;
    // Acknowledges all before it reads on, as slowly as a host may.
    for _ in 0..many.len() + 2 {
        let record = host.record().await;
        host.ack(record);
    }
    assert!(host.next().await.unwrap().finished);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_dump_arrives_whole_and_fast_beside_another() {
    let mut host = Host::import(&["big", "b"], &[]).await;
    for _ in 0..4 {
        let record = host.record().await;
        host.ack(record);
    }
    let begin = std::time::Instant::now();
    let mut chunks = host.open("/00001-big.dump").await.unwrap();
    let mut bytes = chunks.message().await.unwrap().unwrap().chunk.len();
    assert_eq!(host.content("/00002-b.dump").await.unwrap(), b"PGDMP of b");
    while let Some(chunk) = chunks.message().await.unwrap() {
        bytes += chunk.chunk.len();
    }
    assert_eq!(bytes, BIG_BYTES);
    let seconds = begin.elapsed().as_secs_f64();
    // Some 200 MB/s without optimisation; what is caught here is a stall.
    assert!(seconds < 30.0, "{seconds} s");
    assert!(host.next().await.unwrap().finished);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_vanishes_in_the_middle_of_a_dump_ends_serving_and_the_dump() {
    let mut host = Host::import(&["endless"], &[]).await;
    for _ in 0..3 {
        host.record().await;
    }
    let mut chunks = host.open("/00001-endless.dump").await.unwrap();
    chunks.message().await.unwrap();
    let Host { client, acks, responses, served, seen } = host;
    drop((client, acks, responses, chunks));
    let ended = tokio::time::timeout(Duration::from_secs(10), served).await;
    ended.expect("serving ends").unwrap().unwrap();
    let stopped = async {
        while seen.dropped.load(Ordering::SeqCst) == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), stopped).await.expect("the dump stops");
}

#[tokio::test]
async fn a_peer_that_does_not_speak_http_2_is_an_error() {
    let service = importer::service(|_| Ok(Played { databases: Vec::new(), seen: Arc::default() }));
    let (mut near, far) = tokio::io::duplex(1024);
    let served = tokio::spawn(stdio::serve(far, service));
    let request = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";
    tokio::io::AsyncWriteExt::write_all(&mut near, request).await.unwrap();
    let error = served.await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Connection(_)), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn serving_ends_when_the_host_closes_the_connection() {
    let mut host = Host::import(&["a"], &[]).await;
    assert!(host.back_up(3).await.unwrap().finished);
    let Host { client, acks, responses, served, .. } = host;
    drop((client, acks, responses));
    let ended = tokio::time::timeout(Duration::from_secs(10), served).await;
    ended.expect("serving ends").unwrap().unwrap();
}
