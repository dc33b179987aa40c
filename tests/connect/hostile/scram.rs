//! SCRAM with a server that does not know the password, or does not mind the order.

use std::io;

use super::passwords::asks;
use super::peer::Peer;
use super::{CLEAR, Case, OK, PLAIN, case, hears};

/// Begins SCRAM; the client's nonce.
fn begin_scram(peer: &mut Peer) -> io::Result<String> {
    peer.startup()?;
    peer.send(b'R', b"\0\0\0\x0aSCRAM-SHA-256\0\0")?;
    let first = peer.receive()?;
    let text = String::from_utf8_lossy(&first).into_owned();
    Ok(text.rsplit("r=").next().unwrap_or_default().to_owned())
}

fn challenge(peer: &mut Peer, nonce: &str, rest: &str) -> io::Result<()> {
    peer.send(b'R', format!("\0\0\0\x0br={nonce},{rest}").as_bytes())
}

const SALT: &str = "s=c2FsdHNhbHRzYWx0,i=4096";

pub(super) fn scram() -> Vec<Case> {
    vec![
        hears(
            "a wrong signature",
            PLAIN,
            |peer| {
                let nonce = begin_scram(peer)?;
                challenge(peer, &format!("{nonce}more"), SALT)?;
                peer.receive()?;
                peer.send(
                    b'R',
                    b"\0\0\0\x0cv=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
                )?;
                peer.send(b'R', OK)?;
                peer.welcome()
            },
            3,
            "SCRAM authentication failed",
        ),
        hears(
            "an error that would be two lines, in red, for a signature",
            PLAIN,
            |peer| {
                let nonce = begin_scram(peer)?;
                challenge(peer, &format!("{nonce}more"), SALT)?;
                peer.receive()?;
                peer.send(b'R', b"\0\0\0\x0ce=X\npgark: error: b\x1b[31m")?;
                peer.listen()
            },
            3,
            "X\\npgark: error: b\\u{1b}[31m",
        ),
        hears(
            "no signature",
            PLAIN,
            |peer| {
                let nonce = begin_scram(peer)?;
                challenge(peer, &format!("{nonce}more"), SALT)?;
                peer.receive()?;
                peer.send(b'R', OK)?;
                peer.welcome()
            },
            8,
            "in the middle of a SASL exchange",
        ),
        hears(
            "accepted before the challenge",
            PLAIN,
            |peer| {
                begin_scram(peer)?;
                peer.send(b'R', OK)?;
                peer.welcome()
            },
            8,
            "in the middle of a SASL exchange",
        ),
        hears(
            "another nonce",
            PLAIN,
            |peer| {
                begin_scram(peer)?;
                challenge(peer, "other", SALT)?;
                peer.listen()
            },
            3,
            "SCRAM authentication failed",
        ),
        hears(
            "a billion iterations",
            PLAIN,
            |peer| {
                let nonce = begin_scram(peer)?;
                challenge(peer, &format!("{nonce}more"), "s=c2FsdA==,i=1000000000")?;
                peer.listen()
            },
            3,
            "asks for 1000000000 iterations",
        ),
        hears(
            "a challenge that is none",
            PLAIN,
            |peer| {
                begin_scram(peer)?;
                peer.send(b'R', b"\0\0\0\x0b\xff\xfe\0")?;
                peer.listen()
            },
            3,
            "SCRAM authentication failed",
        ),
        hears(
            "clear text after SCRAM has begun",
            PLAIN,
            |peer| {
                begin_scram(peer)?;
                peer.send(b'R', CLEAR)?;
                peer.listen()
            },
            8,
            "a second authentication request",
        ),
        hears(
            "clear text after a challenge",
            PLAIN,
            |peer| {
                let nonce = begin_scram(peer)?;
                challenge(peer, &format!("{nonce}more"), SALT)?;
                peer.receive()?;
                peer.send(b'R', CLEAR)?;
                peer.listen()
            },
            8,
            "a second authentication request",
        ),
        case(
            "a challenge out of nothing",
            PLAIN,
            |peer| asks(peer, b"\0\0\0\x0br=x,s=c2FsdA==,i=1"),
            8,
            "without a start",
        ),
    ]
}
