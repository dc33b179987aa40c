use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;

/// A server that does with each connection what it is told; its port.
async fn serve<F>(mut each: impl FnMut(usize, TcpStream) -> F + Send + 'static) -> u16
where
    F: Future<Output = ()> + Send,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        for i in 0.. {
            let (stream, _) = listener.accept().await.unwrap();
            each(i, stream).await;
        }
    });
    port
}

fn config(port: u16, rest: &str) -> Config {
    Config::parse(format!(
        "host=127.0.0.1 port={port} user=u dbname=d passfile=/nonexistent {rest}"
    ))
    .unwrap()
}

/// Answers SSLRequest, and nothing after it.
async fn answer(mut stream: TcpStream, answer: &'static [u8]) {
    stream.read_exact(&mut [0; 8]).await.unwrap();
    stream.write_all(answer).await.unwrap();
    let _ = stream.read(&mut [0; 100]).await;
}

async fn refusal(config: &Config) -> String {
    connect(config).await.unwrap_err().to_string()
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up() {
    let port = serve(async |_, stream| {
        tokio::spawn(async move {
            let _open = stream;
            std::future::pending::<()>().await;
        });
    })
    .await;
    for rest in ["sslmode=disable", "sslmode=prefer", "sslmode=require"] {
        let started = Instant::now();
        let error = connect(&config(port, &format!("{rest} connect_timeout=1")))
            .await
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("cannot connect to \"127.0.0.1\", port {port}: no answer within 1 s")
        );
        assert!(error.is_cannot_connect());
        assert!(
            started.elapsed() < Duration::from_secs(3),
            "{:?}",
            started.elapsed()
        );
    }
}

#[tokio::test]
async fn unencrypted_bytes_after_the_answer_to_a_tls_request_are_refused() {
    let port = serve(|_, stream| answer(stream, b"SR\0\0\0\x08\0\0\0\0")).await;
    assert_eq!(
        refusal(&config(port, "sslmode=require")).await,
        format!(
            "cannot make a TLS connection to \"127.0.0.1\", port {port}: unencrypted data after the server's answer"
        )
    );
}

#[tokio::test]
async fn a_server_without_tls_is_refused_where_tls_is_demanded() {
    for (reply, problem) in [
        (&b"N"[..], "the server does not support it"),
        (b"E", "the server answered with an error"),
        (b"?", "unexpected answer '?'"),
        (b"", "the server closed the connection"),
    ] {
        let port = serve(move |_, mut stream| async move {
            stream.read_exact(&mut [0; 8]).await.unwrap();
            stream.write_all(reply).await.unwrap();
        })
        .await;
        for mode in ["require", "verify-ca", "verify-full"] {
            let config = config(port, &format!("sslmode={mode}"));
            let error = connect(&config).await.unwrap_err();
            assert!(error.to_string().ends_with(problem), "{error}");
            assert!(error.is_cannot_connect());
        }
    }
}

/// Takes a startup message and refuses it.
async fn refuse(mut stream: TcpStream, sqlstate: &str) {
    let length = stream.read_u32().await.unwrap();
    stream
        .read_exact(&mut vec![0; length as usize - 4])
        .await
        .unwrap();
    let body = format!("SFATAL\0VFATAL\0C{sqlstate}\0Mno\0\0");
    stream.write_u8(b'E').await.unwrap();
    stream
        .write_u32(u32::try_from(body.len() + 4).unwrap())
        .await
        .unwrap();
    stream.write_all(body.as_bytes()).await.unwrap();
}

#[tokio::test]
async fn a_server_that_declined_tls_is_not_asked_twice() {
    let (sender, mut connections) = tokio::sync::mpsc::unbounded_channel();
    let port = serve(move |i, mut stream| {
        sender.send(i).unwrap();
        async move {
            stream.read_exact(&mut [0; 8]).await.unwrap();
            stream.write_all(b"N").await.unwrap();
            refuse(stream, "28P01").await;
        }
    })
    .await;
    let error = connect(&config(port, "")).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "cannot log in to \"127.0.0.1\", port {port} as user \"u\", database \"d\": FATAL: no (SQLSTATE 28P01)"
        )
    );
    assert!(error.is_login_refused() && !error.is_cannot_connect());
    assert_eq!(
        (connections.recv().await, connections.try_recv().is_err()),
        (Some(0), true)
    );
}

#[tokio::test]
async fn errors_are_sorted_by_what_to_do_next() {
    for (sqlstate, login_refused) in [
        ("28000", true),
        ("28P01", true),
        ("3D000", false),
        ("53300", false),
    ] {
        let port = serve(move |_, stream| refuse(stream, sqlstate)).await;
        let error = connect(&config(port, "sslmode=disable")).await.unwrap_err();
        assert_eq!(error.is_login_refused(), login_refused, "{error}");
        assert_eq!(error.is_cannot_connect(), !login_refused, "{error}");
    }
}

#[tokio::test]
async fn a_server_that_is_starting_up_is_passed_over() {
    let starting = serve(|_, stream| refuse(stream, "57P03")).await;
    let refusing = serve(|_, stream| refuse(stream, "28P01")).await;
    let config = Config::parse(format!(
        "host=127.0.0.1,127.0.0.1 port={starting},{refusing} user=u sslmode=disable passfile=/nonexistent"
    ));
    let error = connect(&config.unwrap()).await.unwrap_err();
    assert_eq!(error.server().unwrap().sqlstate, "28P01");
}

#[tokio::test]
async fn every_address_is_tried_and_named() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = closed.local_addr().unwrap().port();
    drop(closed);
    let config = config(port, "").clone();
    let mut two = config.clone();
    two.set_host("127.0.0.1,/nonexistent");
    let refused =
        format!("cannot connect to \"127.0.0.1\", port {port}: Connection refused (os error 111)");
    assert_eq!(refusal(&config).await, refused);
    assert_eq!(
        refusal(&two).await,
        format!(
            "{refused}; cannot connect to socket \"/nonexistent/.s.PGSQL.{port}\": No such file or directory (os error 2)"
        )
    );
    let mut unknown = config;
    unknown.set_host("no-such-host.invalid");
    let error = connect(&unknown).await.unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("cannot find the address of host \"no-such-host.invalid\": "),
        "{error}"
    );
    assert!(error.is_cannot_connect());
}

/// A TLS server that shows one certificate and signs with a key.
fn acceptor(
    certificate: &rcgen::Certificate,
    key: &rcgen::KeyPair,
    version: &'static rustls::SupportedProtocolVersion,
) -> tokio_rustls::TlsAcceptor {
    use rustls::crypto::ring;
    use rustls::sign::{CertifiedKey, SingleCertAndKey};
    use std::sync::Arc;

    let key = rustls_pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let key = ring::sign::any_supported_type(&key).unwrap();
    let shown = CertifiedKey::new(vec![certificate.der().clone()], key);
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[version])
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(shown)));
    Arc::new(config).into()
}

#[tokio::test]
async fn a_server_without_its_certificates_key_is_refused_in_every_mode() {
    let own = rcgen::KeyPair::generate().unwrap();
    let stolen = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap();
    let certificate = certificate.self_signed(&own).unwrap();
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        for (key, genuine) in [(&own, true), (&stolen, false)] {
            let acceptor = acceptor(&certificate, key, version);
            let port = serve(move |_, mut stream| {
                let acceptor = acceptor.clone();
                async move {
                    stream.read_exact(&mut [0; 8]).await.unwrap();
                    stream.write_all(b"S").await.unwrap();
                    if let Ok(mut stream) = acceptor.accept(stream).await {
                        let _ = stream.read(&mut [0; 100]).await;
                    }
                }
            })
            .await;
            for mode in ["require", "verify-full"] {
                let mut config = config(
                    port,
                    &format!("host=localhost hostaddr=127.0.0.1 sslmode={mode}"),
                );
                config.set_root_certificate_pem(certificate.pem());
                let error = connect(&config).await.unwrap_err();
                match (&error, genuine) {
                    (Error::Login(_), true) => {}
                    (Error::Tls { problem, .. }, false) => {
                        assert!(problem.contains("BadSignature"), "{error}");
                    }
                    _ => panic!("{version:?} {mode} {genuine}: {error}"),
                }
            }
        }
    }
}
