//! The importer as a host sees it: gRPC over a stream of bytes, against a server that is played.

mod host;
mod played;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::sync::mpsc;
use tonic::Code;

use crate::proto::importer::{CloseRequest, PingRequest};
use crate::{Error, importer, stdio};
use host::Host;
use played::{BIG_BYTES, Played};

#[tokio::test(flavor = "multi_thread")]
async fn init_says_what_the_source_is() {
    let mut host = Host::connect(&[]).await;
    let response = host
        .init(&[("location", "postgres://db.example.com:5433/x")])
        .await
        .unwrap();
    assert_eq!(
        (
            response.origin.as_str(),
            response.r#type.as_str(),
            response.root.as_str(),
            response.flags
        ),
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
    assert_eq!(
        error.message(),
        "compress: strconv.ParseBool: parsing \"maybe\": invalid syntax (accepted: true, false)"
    );
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
    let names: Vec<_> = records
        .iter()
        .map(|record| record.pathname.as_str())
        .collect();
    assert_eq!(
        names,
        [
            "/00000-globals.sql",
            "/00001-a b.dump",
            "/00002-shop.dump",
            "/manifest.json",
        ]
    );
    for record in &records {
        let info = record.file_info.as_ref().unwrap();
        assert_eq!((info.mode, record.has_reader), (0o444, true));
        assert!(
            info.mod_time.unwrap().seconds > 1_600_000_000,
            "{}",
            record.pathname
        );
    }
    assert_eq!(
        host.seen.started.load(Ordering::SeqCst),
        0,
        "a dump started before it was opened"
    );

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
    assert!(
        early.is_err(),
        "the import ended before the last acknowledgement"
    );
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
        assert_eq!(
            content.is_err(),
            record.pathname.contains("half"),
            "{}",
            record.pathname
        );
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
    assert!(
        error.message().contains("/00001-panics.dump"),
        "{}",
        error.message()
    );
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
        assert!(
            error.message().contains("stopped reading"),
            "{database}: {}",
            error.message()
        );
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
async fn small_databases_are_dumped_ahead_once_one_is_read() {
    let names = [
        "large", "small 1", "small 2", "middle", "small 3", "small 4",
    ];
    let mut host = Host::import(&names, &[]).await;
    let mut records = Vec::new();
    for _ in 0..names.len() + 2 {
        records.push(host.record().await);
    }
    let started = Arc::clone(&host.seen);
    let started = async |count| {
        while started.started.load(Ordering::SeqCst) < count {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        started.started.load(Ordering::SeqCst)
    };
    for (place, expected) in [
        (0, 0),
        (1, 3),
        (2, 4),
        (3, 5),
        (4, 6),
        (5, 6),
        (6, 6),
        (7, 6),
    ] {
        let record = records[place].clone();
        let content = host.content(&record.pathname).await.unwrap();
        if let Some(name) = place.checked_sub(1).and_then(|place| names.get(place)) {
            assert_eq!(content, format!("PGDMP of {name}").as_bytes());
        }
        assert_eq!(started(expected).await, expected, "{}", record.pathname);
        host.ack(record);
    }
    assert!(host.next().await.unwrap().finished);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dump_that_fails_ahead_fails_the_backup_if_it_is_wanted() {
    for is_wanted in [true, false] {
        let mut host = Host::import(&["a", "small failure"], &[]).await;
        for _ in 0..4 {
            let record = host.record().await;
            if is_wanted || !record.pathname.contains("small") {
                let read = host.content(&record.pathname).await;
                assert_eq!(read.is_err(), record.pathname.contains("small"));
            }
            host.ack(record);
        }
        let end = host.next().await;
        assert_eq!(
            end.map_err(|error| error.message().to_owned())
                .map(|end| end.finished),
            if is_wanted {
                Err("backup is incomplete: /00002-small failure.dump: the dump failed".to_owned())
            } else {
                Ok(true)
            }
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_can_be_opened_once_and_others_not_at_all() {
    let mut host = Host::import(&["a"], &[]).await;
    for _ in 0..3 {
        host.record().await;
    }
    host.content("/manifest.json").await.unwrap();
    for name in ["/manifest.json", "/00002-b.dump", ""] {
        assert_eq!(
            host.content(name).await.unwrap_err().code(),
            Code::NotFound,
            "{name:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_database_is_backed_up_alone_and_must_be_there() {
    let mut host = Host::import(&["a", "b"], &[("database", "b")]).await;
    host.record().await;
    assert_eq!(host.record().await.pathname, "/00001-b.dump");
    assert_eq!(host.record().await.pathname, "/manifest.json");

    let mut host = Host::import(&["a", "b"], &[("location", "postgres://db/c")]).await;
    let error = host.next().await.unwrap_err();
    assert_eq!(
        error.message(),
        "database \"c\" not found or not connectable"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn globals_that_cannot_be_read_fail_the_import() {
    let mut host = Host::import(&["no globals"], &[]).await;
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
    assert!(
        error.message().contains("before all records"),
        "{}",
        error.message()
    );
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
    let Host {
        client,
        acks,
        responses,
        served,
        seen,
    } = host;
    drop((client, acks, responses, chunks));
    let ended = tokio::time::timeout(Duration::from_secs(10), served).await;
    ended.expect("serving ends").unwrap().unwrap();
    let stopped = async {
        while seen.dropped.load(Ordering::SeqCst) == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), stopped)
        .await
        .expect("the dump stops");
}

#[tokio::test]
async fn a_peer_that_does_not_speak_http_2_is_an_error() {
    let service = importer::service(|_, _| {
        Ok(Played {
            databases: Vec::new(),
            seen: Arc::default(),
        })
    });
    let (mut near, far) = tokio::io::duplex(1024);
    let served = tokio::spawn(stdio::serve(far, service));
    let request = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";
    tokio::io::AsyncWriteExt::write_all(&mut near, request)
        .await
        .unwrap();
    let error = served.await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Connection(_)), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn serving_ends_when_the_host_closes_the_connection() {
    let mut host = Host::import(&["a"], &[]).await;
    assert!(host.back_up(3).await.unwrap().finished);
    let Host {
        client,
        acks,
        responses,
        served,
        ..
    } = host;
    drop((client, acks, responses));
    let ended = tokio::time::timeout(Duration::from_secs(10), served).await;
    ended.expect("serving ends").unwrap().unwrap();
}
