//! Wrapping a TCP stream in TLS.
//!
//! Manual: "Message Flow", section "SSL Session Encryption".

use std::io;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::client::Resumption;
use rustls::crypto::ring;
use rustls::sign::SingleCertAndKey;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::verifier::{Verifier, explain};
use super::{TlsOptions, binding, credential};
use crate::host::Host;
use crate::target::SslMode;
use crate::{Error, Result};

/// SSLRequest: its length and its code, 80877103, in the place of a protocol version.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// The protocol's name in TLS (ALPN), which servers from 17 on look at.
const ALPN: &[u8] = b"postgresql";

/// What came of asking for TLS.
pub(crate) enum Handshake {
    Tls(Box<TlsStream<TcpStream>>),
    /// The server does without; the stream can be used as it is.
    Declined(TcpStream),
}

/// Asks the server for TLS and, if it agrees, makes it.
///
/// # Errors
/// [`Error::Tls`], and [`Error::Credential`] if a certificate or key cannot be used.
pub(crate) async fn handshake(
    mut stream: TcpStream,
    options: &TlsOptions,
    host: &Host,
    server: &str,
) -> Result<Handshake> {
    let failed = |problem: String| Error::Tls {
        server: server.to_owned(),
        problem,
    };
    match ask(&mut stream).await.map_err(failed)? {
        b'S' => {}
        b'N' => return Ok(Handshake::Declined(stream)),
        // What follows is not shown: it has not been authenticated.
        b'E' => return Err(failed("the server answered with an error".into())),
        answer => {
            return Err(failed(format!(
                "unexpected answer '{}'",
                answer.escape_ascii()
            )));
        }
    }

    let (config, name) = configure(options, host, &stream, server)?;
    let stream = TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
        .map_err(|error| {
            let cause = error
                .get_ref()
                .and_then(|cause| cause.downcast_ref::<rustls::Error>());
            failed(cause.map_or_else(|| error.to_string(), explain))
        })?;
    Ok(Handshake::Tls(Box::new(stream)))
}

/// The hash of the server's certificate for SCRAM, if the certificate defines one.
pub(crate) fn channel_binding(stream: &TlsStream<TcpStream>) -> Option<Vec<u8>> {
    let certificates = stream.get_ref().1.peer_certificates()?;
    binding::tls_server_end_point(certificates.first()?)
}

/// Sends SSLRequest and reads the one byte of the answer. More than that byte was put there by somebody in
/// between, to be taken for something that came encrypted (CVE-2021-23222).
async fn ask(stream: &mut TcpStream) -> Result<u8, String> {
    let mut answer = [0; 2];
    let exchange = async {
        stream.write_all(&SSL_REQUEST).await?;
        stream.read(&mut answer).await
    };
    match exchange.await {
        Ok(1) => Ok(answer[0]),
        Ok(0) => Err("the server closed the connection".into()),
        Ok(_) => Err("unencrypted data after the server's answer".into()),
        Err(error) => Err(error.to_string()),
    }
}

fn configure(
    options: &TlsOptions,
    host: &Host,
    stream: &TcpStream,
    server: &str,
) -> Result<(ClientConfig, ServerName<'static>)> {
    let failed = |problem: String| Error::Tls {
        server: server.to_owned(),
        problem,
    };
    let verified_host = match (options.mode, &host.name) {
        (SslMode::VerifyFull, Some(name)) => Some(name.clone()),
        (SslMode::VerifyFull, None) => {
            return Err(failed(
                "sslmode=verify-full needs a host name, and only hostaddr is given".into(),
            ));
        }
        _ => None,
    };
    let provider = Arc::new(ring::default_provider());
    let verifier = Verifier {
        algorithms: provider.signature_verification_algorithms,
        trusted: credential::trusted(options)?,
        host: verified_host,
    };
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| failed(error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let mut config = match credential::client_certificate(options)? {
        Some(certificate) => {
            builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(certificate)))
        }
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![ALPN.to_vec()];
    config.resumption = Resumption::disabled();

    // The name serves for SNI alone, which is not sent for an address.
    let name = host
        .name
        .clone()
        .and_then(|name| ServerName::try_from(name).ok());
    let name = match name {
        Some(name) => name,
        None => ServerName::from(
            stream
                .peer_addr()
                .map_err(|error: io::Error| failed(error.to_string()))?
                .ip(),
        ),
    };
    Ok((config, name))
}
