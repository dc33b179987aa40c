//! From a host to a byte stream.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use bstr::BString;
use nix::unistd::{Uid, User};
use tokio::net::{TcpStream, UnixStream, lookup_host};

use crate::host::{Host, Place};
use crate::target::Target;
use crate::tls::{self, Handshake, SslMode};
use crate::{Error, Result, Stream};

/// One place to try.
#[derive(Debug, Clone)]
pub(crate) enum Address {
    Socket(PathBuf),
    Network(SocketAddr),
}

/// Whether a stream is to be encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encryption {
    Plain,
    Tls,
}

/// What to try, one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Only(Encryption),
    Both(Encryption, Encryption),
}

impl Order {
    /// libpq's order (source: select_next_encryption_method, fe-connect.c).
    pub(crate) fn of(mode: SslMode, address: &Address) -> Self {
        match (address, mode) {
            (Address::Socket(_), _) | (_, SslMode::Disable) => Self::Only(Encryption::Plain),
            (_, SslMode::Allow) => Self::Both(Encryption::Plain, Encryption::Tls),
            (_, SslMode::Prefer) => Self::Both(Encryption::Tls, Encryption::Plain),
            (_, SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull) => {
                Self::Only(Encryption::Tls)
            }
        }
    }
}

/// The addresses of a host.
pub(crate) async fn addresses(host: &Host) -> Result<Vec<Address>> {
    let name = match &host.place {
        Place::Socket(folder) => return Ok(vec![Address::Socket(host.socket_path(folder))]),
        Place::Network(name) => name,
    };
    let failed = |source| Error::Resolve {
        host: name.clone(),
        source,
    };
    let found: Vec<Address> = lookup_host((name.as_str(), host.port))
        .await
        .map_err(failed)?
        .map(Address::Network)
        .collect();
    if found.is_empty() {
        return Err(failed(io::Error::new(
            io::ErrorKind::NotFound,
            "it has none",
        )));
    }
    Ok(found)
}

/// How a place is named in messages.
pub(crate) fn describe(host: &Host, address: &Address) -> String {
    match address {
        Address::Socket(path) => format!(
            "socket \"{}\"",
            path.display().to_string().replace('\0', "@")
        ),
        Address::Network(address) => {
            let (shown, ip) = (host.shown_host(), address.ip().to_string());
            if shown == ip {
                format!("\"{shown}\", port {}", host.port)
            } else {
                format!("\"{shown}\" ({ip}), port {}", host.port)
            }
        }
    }
}

/// Why there is no stream.
pub(crate) struct Failure {
    pub(crate) error: Error,
    /// Whether the server wanted TLS and then failed at it, so that one may do without if `sslmode` lets one.
    pub(crate) is_handshake: bool,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self {
            error,
            is_handshake: false,
        }
    }
}

/// Dials an address and makes TLS if that is wanted.
pub(crate) async fn dial(
    target: &Target,
    host: &Host,
    address: &Address,
    encryption: Encryption,
    server: &str,
) -> Result<Stream, Failure> {
    let failed = |source| Error::Dial {
        server: server.to_owned(),
        source,
    };
    let address = match address {
        Address::Socket(path) => {
            let stream = UnixStream::connect(path).await.map_err(failed)?;
            if let Some(wanted) = &target.peer {
                check_peer(&stream, wanted, server)?;
            }
            return Ok(Stream::Unix(stream));
        }
        Address::Network(address) => address,
    };
    let stream = TcpStream::connect(address).await.map_err(failed)?;
    stream.set_nodelay(true).map_err(failed)?;
    target.keepalive.apply(&stream).map_err(failed)?;
    if encryption == Encryption::Plain {
        return Ok(Stream::Tcp(stream));
    }
    match tls::handshake(stream, &target.tls, host, server).await? {
        Handshake::Tls(stream) => Ok(Stream::Tls(stream)),
        Handshake::Declined(stream) if target.tls.mode == SslMode::Prefer => {
            Ok(Stream::Tcp(stream))
        }
        Handshake::Declined(_) => Err(Error::Tls {
            server: server.to_owned(),
            problem: "the server does not support it".into(),
        }
        .into()),
    }
}

/// Checks that a socket's server runs as the user that `requirepeer` names.
fn check_peer(stream: &UnixStream, wanted: &BString, server: &str) -> Result<()> {
    let found = stream
        .peer_cred()
        .map(|credentials| credentials.uid())
        .map_err(|error| format!("nobody knows whom ({error})"));
    let found = match found {
        Ok(uid) => match User::from_uid(Uid::from_raw(uid)) {
            Ok(Some(user)) if wanted == user.name.as_bytes() => return Ok(()),
            Ok(Some(user)) => format!("user \"{}\"", user.name),
            _ => format!("a user without a name (id {uid})"),
        },
        Err(unknown) => unknown,
    };
    Err(Error::Peer {
        server: server.to_owned(),
        wanted: wanted.clone(),
        found,
    })
}
