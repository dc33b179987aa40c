//! Agreeing on a version of the protocol, and the key that belongs to it.

use std::io;

use super::peer::Peer;
use super::{Case, OK, PLAIN, case};

const V3_0: &[u8] = b"\0\x03\0\0\0\0\0\0";

fn negotiate(peer: &mut Peer, offer: &[u8]) -> io::Result<()> {
    peer.startup()?;
    peer.send(b'v', offer)
}

fn key_of(peer: &mut Peer, length: usize) -> io::Result<()> {
    peer.send(b'R', OK)?;
    peer.send(b'K', &vec![0; length])?;
    peer.send(b'Z', b"I")?;
    peer.listen()
}

pub(super) fn protocols() -> Vec<Case> {
    const NEW: &str = "sslmode=disable max_protocol_version=3.2";
    vec![
        case(
            "an old protocol where a new one is the least",
            "sslmode=disable min_protocol_version=3.2",
            |peer| {
                negotiate(peer, V3_0)?;
                peer.listen()
            },
            8,
            "the server speaks protocol 3.0 at most",
        ),
        case(
            "two offers",
            NEW,
            |peer| {
                negotiate(peer, V3_0)?;
                peer.send(b'v', V3_0)?;
                peer.listen()
            },
            8,
            "unexpected message 'v'",
        ),
        case(
            "an offer of what was asked for",
            NEW,
            |peer| {
                negotiate(peer, b"\0\x03\0\x02\0\0\0\0")?;
                peer.listen()
            },
            8,
            "offers protocol 3.2 where 3.2 was asked for",
        ),
        case(
            "a version that never was",
            NEW,
            |peer| {
                negotiate(peer, b"\0\x03\0\x01\0\0\0\0")?;
                peer.listen()
            },
            8,
            "offers protocol 3.1",
        ),
        case(
            "a version before all",
            NEW,
            |peer| {
                negotiate(peer, b"\0\x02\0\0\0\0\0\0")?;
                peer.listen()
            },
            8,
            "offers protocol 2.0",
        ),
        case(
            "two billion options that it does not know",
            NEW,
            |peer| {
                negotiate(peer, b"\0\x03\0\0\x7f\xff\xff\xff")?;
                peer.listen()
            },
            8,
            "refuses 2147483647 protocol options",
        ),
        case(
            "a long key in the old protocol",
            PLAIN,
            |peer| {
                peer.startup()?;
                key_of(peer, 36)
            },
            8,
            "malformed BackendKeyData",
        ),
        case(
            "a long key after an agreement on the old protocol",
            NEW,
            |peer| {
                negotiate(peer, V3_0)?;
                key_of(peer, 36)
            },
            8,
            "malformed BackendKeyData",
        ),
        case(
            "too long a key",
            NEW,
            |peer| {
                peer.startup()?;
                key_of(peer, 4 + 257)
            },
            8,
            "malformed BackendKeyData",
        ),
    ]
}
