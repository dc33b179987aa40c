//! The way to TLS.

use std::io;
use std::thread;
use std::time::Duration;

use super::peer::{Peer, message};
use super::{Case, case, hears};

fn declines(peer: &mut Peer) -> io::Result<()> {
    peer.tls_request()?;
    peer.write(b"N")?;
    peer.listen()
}

pub(super) fn injects(peer: &mut Peer) -> io::Result<()> {
    peer.tls_request()?;
    peer.write(&[b"S", &injected()[..]].concat())?;
    peer.listen()
}

pub(super) fn injects_later(peer: &mut Peer) -> io::Result<()> {
    peer.tls_request()?;
    peer.write(b"S")?;
    thread::sleep(Duration::from_millis(100));
    peer.write(&injected())?;
    // What is heard is the beginning of TLS.
    Ok(())
}

pub(super) fn injected() -> Vec<u8> {
    message(
        b'E',
        b"SFATAL\0VFATAL\0C28000\0Mgo to evil.example instead\0\0",
    )
}

pub(super) fn encryption() -> Vec<Case> {
    let mut cases = Vec::new();
    for options in [
        "sslmode=require",
        "sslmode=verify-ca",
        "sslmode=verify-full",
        "sslrootcert=system",
    ] {
        cases.push(case(
            "no TLS",
            options,
            declines,
            8,
            "the server does not support it",
        ));
    }
    for options in ["sslmode=prefer", "sslmode=require"] {
        cases.extend([
            case(
                "bytes after the answer",
                options,
                injects,
                8,
                "unencrypted data after the server's answer",
            ),
            case(
                "an error for an answer",
                options,
                |peer| {
                    peer.tls_request()?;
                    peer.write(&injected())?;
                    peer.listen()
                },
                8,
                "unencrypted data after the server's answer",
            ),
            case(
                "half an error for an answer",
                options,
                |peer| {
                    peer.tls_request()?;
                    peer.write(b"E")?;
                    peer.listen()
                },
                8,
                "the server answered with an error",
            ),
            case(
                "another answer",
                options,
                |peer| {
                    peer.tls_request()?;
                    peer.write(b"?")?;
                    peer.listen()
                },
                8,
                "unexpected answer '?'",
            ),
            case(
                "no answer",
                options,
                |peer| {
                    peer.tls_request()?;
                    peer.listen()
                },
                8,
                "no answer within 2 s",
            ),
            case(
                "goodbye for an answer",
                options,
                |peer| peer.tls_request(),
                8,
                "the server closed the connection",
            ),
        ]);
    }
    cases.push(case(
        "an error in the place of TLS",
        "sslmode=require",
        injects_later,
        8,
        "cannot make a TLS connection",
    ));
    cases.push(hears(
        "silence in the place of TLS",
        "sslmode=require",
        |peer| {
            peer.tls_request()?;
            peer.write(b"S")?;
            peer.listen()
        },
        8,
        "no answer within 2 s",
    ));
    cases.push(case(
        "no TLS at once",
        "sslmode=require sslnegotiation=direct",
        |peer| {
            peer.write(&injected())?;
            Ok(())
        },
        8,
        "cannot make a TLS connection",
    ));
    cases
}
