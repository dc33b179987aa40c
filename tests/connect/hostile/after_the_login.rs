//! What comes once the login is over, of a ping and of a dump.

use std::io;

use super::lengths::promises;
use super::peer::{Peer, message};
use super::{Case, PLAIN, dumps, hears};

/// The description of a result of one column.
fn describe(peer: &mut Peer) -> io::Result<()> {
    peer.send(b'T', &[&b"\0\x01a\0"[..], &[0; 18]].concat())
}

/// A login, and the answer that there is no pooler.
fn welcome_dump(peer: &mut Peer) -> io::Result<()> {
    peer.log_in()?;
    describe(peer)?;
    // The process id of the key.
    peer.send(b'D', b"\0\x01\0\0\0\x011")?;
    peer.send(b'C', b"SELECT 1\0")?;
    peer.send(b'Z', b"I")?;
    peer.receive().map(drop)
}

/// Rows without end, in answer to a statement.
fn rows_without_end(peer: &mut Peer) -> io::Result<()> {
    describe(peer)?;
    let row = message(b'D', &[&b"\0\x01\0\0\x40\0"[..], &[b'x'; 1 << 14]].concat());
    while peer.write(&row).is_ok() {}
    Ok(())
}

pub(super) fn after_the_login() -> Vec<Case> {
    vec![
        hears(
            "rows without end, and nobody looks at them",
            PLAIN,
            |peer| {
                peer.log_in()?;
                rows_without_end(peer)
            },
            8,
            "no answer within 2 s",
        ),
        dumps(
            "rows without end, before a dump begins",
            |peer| {
                peer.log_in()?;
                rows_without_end(peer)
            },
            8,
            "a result of more than 1048576 bytes",
        ),
        dumps(
            "a gibibyte of a row before a dump begins",
            |peer| {
                peer.log_in()?;
                describe(peer)?;
                promises(peer, b'D')
            },
            8,
            "more than the 65536 allowed",
        ),
        dumps(
            "a gibibyte of an error in a dump",
            |peer| {
                welcome_dump(peer)?;
                promises(peer, b'E')
            },
            1,
            "more than the 16777216 allowed",
        ),
        dumps(
            "a gibibyte of a description in a dump",
            |peer| {
                welcome_dump(peer)?;
                promises(peer, b'T')
            },
            1,
            "more than the 16777216 allowed",
        ),
        dumps(
            "a gibibyte of a notice in a dump",
            |peer| {
                welcome_dump(peer)?;
                promises(peer, b'N')
            },
            1,
            "more than the 16777216 allowed",
        ),
        dumps(
            "a gibibyte of a parameter in a dump",
            |peer| {
                welcome_dump(peer)?;
                promises(peer, b'S')
            },
            1,
            "more than the 16777216 allowed",
        ),
        dumps(
            "goodbye in a dump",
            welcome_dump,
            8,
            "the server closed the connection",
        ),
    ]
}
