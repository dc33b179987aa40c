//! What a server may ask for, and what it is answered.

use std::io;

use super::peer::Peer;
use super::{CLEAR, Case, MD5, OK, PLAIN, case};

pub(super) fn asks(peer: &mut Peer, request: &[u8]) -> io::Result<()> {
    peer.startup()?;
    peer.send(b'R', request)?;
    peer.listen()
}

fn asks_for_clear_text(peer: &mut Peer) -> io::Result<()> {
    asks(peer, CLEAR)
}

fn asks_for_md5(peer: &mut Peer) -> io::Result<()> {
    asks(peer, MD5)
}

fn asks_for_nothing(peer: &mut Peer) -> io::Result<()> {
    asks(peer, OK)
}

pub(super) fn passwords() -> Vec<Case> {
    vec![
        case(
            "clear text where SCRAM is required",
            "sslmode=disable require_auth=scram-sha-256",
            asks_for_clear_text,
            3,
            "the method password, which require_auth does not allow",
        ),
        case(
            "clear text without TLS",
            "sslmode=prefer",
            asks_for_clear_text,
            3,
            "in clear text over an unencrypted connection: refused",
        ),
        case(
            "clear text where a binding is required",
            "channel_binding=require",
            asks_for_clear_text,
            3,
            "channel binding is required",
        ),
        case(
            "md5 where SCRAM is required",
            "require_auth=scram-sha-256",
            asks_for_md5,
            3,
            "the method md5, which require_auth does not allow",
        ),
        case(
            "md5 where it is excluded",
            "require_auth=!md5,!password",
            asks_for_md5,
            3,
            "the method md5",
        ),
        case(
            "nothing where SCRAM is required",
            "require_auth=scram-sha-256",
            asks_for_nothing,
            3,
            "no authentication, which require_auth does not allow",
        ),
        case(
            "nothing where a binding is required",
            "channel_binding=require",
            asks_for_nothing,
            3,
            "channel binding is required",
        ),
        case(
            "SCRAM with a binding, without TLS",
            PLAIN,
            |peer| asks(peer, b"\0\0\0\x0aSCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0"),
            3,
            "although the connection has no TLS",
        ),
        case(
            "GSSAPI",
            PLAIN,
            |peer| asks(peer, &[0, 0, 0, 7]),
            3,
            "GSSAPI, which is not supported",
        ),
        case(
            "SSPI",
            PLAIN,
            |peer| asks(peer, &[0, 0, 0, 9]),
            3,
            "SSPI, which is not supported",
        ),
        case(
            "Kerberos",
            PLAIN,
            |peer| asks(peer, &[0, 0, 0, 2]),
            3,
            "Kerberos V5, which is not supported",
        ),
        case(
            "OAuth",
            PLAIN,
            |peer| asks(peer, b"\0\0\0\x0aOAUTHBEARER\0\0"),
            3,
            "OAUTHBEARER, which is not supported",
        ),
        case(
            "a mechanism that would be two lines, in red",
            PLAIN,
            |peer| asks(peer, b"\0\0\0\x0aX\npgark: error: b\x1b[31m\0\0"),
            3,
            "X\\npgark: error: b\\u{1b}[31m, which is not supported",
        ),
        case(
            "an unknown method",
            PLAIN,
            |peer| asks(peer, &[0, 0, 0, 99]),
            8,
            "unknown authentication request 99",
        ),
        case(
            "no mechanism",
            PLAIN,
            |peer| asks(peer, &[0, 0, 0, 10, 0]),
            3,
            "not supported",
        ),
        case(
            "a salt that is too short",
            PLAIN,
            |peer| asks(peer, &[0, 0, 0, 5, 1]),
            8,
            "malformed AuthenticationMD5Password",
        ),
    ]
}
