//! What a server that must not have a token gets to see.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Result, ensure};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use support::{Certificates, Rds, Scratch, observe};

/// What every token has.
const SIGNATURE: &[u8] = b"X-Amz-Signature";

/// The answer to a wish for TLS and, where there is some, a request for a login.
#[derive(Clone, Copy)]
enum Play {
    NoTls,
    /// The password itself (3), a hash of it (5), SASL (10): the request of this kind, with what follows.
    Asks(&'static [u8]),
}

/// A server that does as it likes, and keeps what it hears.
struct Played {
    port: u16,
    heard: Arc<Mutex<Vec<u8>>>,
}

impl Played {
    fn start(play: Play, certificates: &Certificates) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let port = listener.local_addr()?.port();
        let config = tls(certificates)?;
        let heard = Arc::<Mutex<Vec<u8>>>::default();
        let hears = Arc::clone(&heard);
        // It lives as long as the test program.
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let mut said = Vec::new();
                // The client goes in the middle of anything.
                let _ = serve(stream, play, &config, &mut said);
                let mut heard = hears.lock().unwrap_or_else(PoisonError::into_inner);
                heard.extend(said);
            }
        });
        Ok(Self { port, heard })
    }

    fn heard_token(&self) -> bool {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard
            .windows(SIGNATURE.len())
            .any(|window| window == SIGNATURE)
    }
}

fn tls(certificates: &Certificates) -> Result<Arc<ServerConfig>> {
    let chain = vec![CertificateDer::from_pem_slice(
        certificates.server.as_bytes(),
    )?];
    let key = PrivateKeyDer::from_pem_slice(certificates.server_key.as_bytes())?;
    let config =
        ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
    Ok(Arc::new(config))
}

fn serve(
    mut stream: TcpStream,
    play: Play,
    config: &Arc<ServerConfig>,
    said: &mut Vec<u8>,
) -> io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    stream.read_exact(&mut [0; 8])?;
    let Play::Asks(request) = play else {
        stream.write_all(b"N")?;
        stream.read_to_end(said)?;
        return Ok(());
    };
    stream.write_all(b"S")?;
    let connection = ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
    let mut stream = StreamOwned::new(connection, stream);
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let mut startup = vec![0; u32::from_be_bytes(length) as usize - 4];
    stream.read_exact(&mut startup)?;
    let length = u32::try_from(request.len() + 4).map_err(io::Error::other)?;
    stream.write_all(b"R")?;
    stream.write_all(&length.to_be_bytes())?;
    stream.write_all(request)?;
    stream.flush()?;
    stream.read_to_end(said)?;
    Ok(())
}

fn ping(port: u16, rest: &str) -> Command {
    let mut pgark = Rds::pgark();
    pgark
        .args(["ping", "--aws-iam", "--aws-region", Rds::REGION, "-d"])
        .arg(format!("host=127.0.0.1 port={port} user=u dbname=d {rest}"));
    pgark
}

#[test]
fn a_server_without_tls_gets_no_token() -> Result<()> {
    let played = Played::start(Play::NoTls, &Certificates::generate()?)?;
    for rest in ["", "sslmode=allow", "sslmode=prefer", "sslmode=require"] {
        let ran = observe(&mut ping(played.port, rest))?;
        ran.expect_code(8)?
            .expect_words(["the server does not support it"])?;
    }
    for rest in ["sslmode=disable", "host=/run"] {
        let ran = observe(&mut ping(played.port, rest))?;
        ran.expect_code(2)?.expect_words(["over TLS only"])?;
    }
    ensure!(!played.heard_token());
    Ok(())
}

#[test]
fn a_server_that_is_not_trusted_gets_no_token_where_it_is_verified() -> Result<()> {
    const CLEARTEXT: Play = Play::Asks(&[0, 0, 0, 3]);
    let played = Played::start(CLEARTEXT, &Certificates::generate()?)?;
    let scratch = Scratch::new()?;
    let root = scratch.write("root.crt", Certificates::generate()?.root)?;
    let root = format!("sslrootcert={}", root.display());
    for rest in ["sslmode=verify-ca", "sslmode=verify-full", ""] {
        let ran = observe(&mut ping(played.port, &format!("{rest} {root}")))?;
        ran.expect_code(8)?.expect_words(["TLS connection"])?;
    }
    ensure!(!played.heard_token());
    // Whoever asks for no more than encryption is warned, and has it.
    observe(&mut ping(played.port, ""))?.expect_words([
        "the server is not verified (sslmode=require)",
        "https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem",
    ])?;
    ensure!(played.heard_token());
    Ok(())
}

#[test]
fn a_server_that_asks_for_a_proof_of_the_password_gets_none() -> Result<()> {
    for request in [
        &b"\0\0\0\x05salt"[..],
        b"\0\0\0\x0aSCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0",
    ] {
        let played = Played::start(Play::Asks(request), &Certificates::generate()?)?;
        let ran = observe(&mut ping(played.port, "sslmode=require"))?;
        ran.expect_code(3)?
            .expect_words(["which the server does not make for this role"])?;
        let heard = played.heard.lock().unwrap_or_else(PoisonError::into_inner);
        ensure!(heard.is_empty(), "it heard {:?}", heard.escape_ascii());
    }
    Ok(())
}
