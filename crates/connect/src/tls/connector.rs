//! Wrapping a TCP stream in TLS.
//!
//! Manual: "Message Flow", section "SSL Session Encryption".

use std::io;
use std::sync::Arc;

use rustls::client::Resumption;
use rustls::crypto::ring;
use rustls::{ClientConfig, SupportedProtocolVersion, version};
use rustls_pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::client_certificate::ClientCertificate;
use super::options::{CertificateMode, Negotiation, SslMode, TlsOptions, TlsVersion};
use super::verifier::{Verifier, explain};
use super::{binding, credential};
use crate::dial::Failure;
use crate::host::Host;
use crate::{Error, Result};

/// SSLRequest: its length and its code, 80877103, in the place of a protocol version.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// The protocol's name in TLS (ALPN), which servers from 17 on look at and must agree to where TLS begins at once.
const ALPN: &[u8] = b"postgresql";

/// What came of asking for TLS.
pub(crate) enum Handshake {
    Tls(Box<TlsStream<TcpStream>>),
    /// The server does without; the stream can be used as it is.
    Declined(TcpStream),
}

/// Asks the server for TLS and, if it agrees, makes it; or makes it at once, where the user says so.
///
/// # Errors
/// [`Error::Tls`], and [`Error::Credential`] if a certificate or key cannot be used. What goes wrong before the
/// handshake is not one of its failures: libpq never goes on without encryption then.
pub(crate) async fn handshake(
    mut stream: TcpStream,
    options: &TlsOptions,
    host: &Host,
    server: &str,
) -> Result<Handshake, Failure> {
    let failed = |problem: String| Error::Tls {
        server: server.to_owned(),
        problem,
    };
    if options.negotiation == Negotiation::Postgres {
        match ask(&mut stream).await.map_err(failed)? {
            b'S' => {}
            b'N' => return Ok(Handshake::Declined(stream)),
            // What follows is not shown: it has not been authenticated.
            b'E' => return Err(failed("the server answered with an error".into()).into()),
            answer => {
                let problem = format!("unexpected answer '{}'", answer.escape_ascii());
                return Err(failed(problem).into());
            }
        }
    }

    let in_handshake = |error| Failure {
        error,
        is_handshake: true,
    };
    let shown = Arc::new(ClientCertificate::new(
        credential::client_certificate(options).map_err(in_handshake)?,
    ));
    let (config, name) = configure(options, host, &stream, server, &shown).map_err(in_handshake)?;
    let stream = TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
        .map_err(|error| {
            let cause = error
                .get_ref()
                .and_then(|cause| cause.downcast_ref::<rustls::Error>());
            in_handshake(failed(cause.map_or_else(|| error.to_string(), explain)))
        })?;
    if options.negotiation == Negotiation::Direct
        && stream.get_ref().1.alpn_protocol() != Some(ALPN)
    {
        let problem = "the server did not agree that TLS begins at once (ALPN)";
        return Err(in_handshake(failed(problem.into())));
    }
    if options.certificate_mode == CertificateMode::Require
        && let Some(problem) = shown.problem()
    {
        return Err(failed(problem.into()).into());
    }
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
    shown: &Arc<ClientCertificate>,
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
    let trusted = credential::trusted(options)?;
    let revocation_lists = match &trusted {
        Some(_) => credential::revocation_lists(options)?,
        None => None,
    };
    let verifier = Verifier {
        algorithms: provider.signature_verification_algorithms,
        trusted,
        revocation_lists,
        host: verified_host,
    };
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&versions(options))
        .map_err(|error| failed(error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_client_cert_resolver(Arc::clone(shown) as _);
    config.alpn_protocols = vec![ALPN.to_vec()];
    config.resumption = Resumption::disabled();
    config.enable_sni = options.sends_name;

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

/// The versions that the user allows, of those that there are.
fn versions(options: &TlsOptions) -> Vec<&'static SupportedProtocolVersion> {
    [
        (TlsVersion::V1_3, &version::TLS13),
        (TlsVersion::V1_2, &version::TLS12),
    ]
    .into_iter()
    .filter(|(version, _)| (options.least_version..=options.greatest_version).contains(version))
    .map(|(_, version)| version)
    .collect()
}
