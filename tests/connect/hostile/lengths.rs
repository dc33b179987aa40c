//! Lengths, pieces and silence.

use std::io;
use std::thread;
use std::time::Duration;

use super::peer::{Peer, message};
use super::{Case, OK, PLAIN, case, hears};

/// A header that promises a gibibyte, and bytes without end.
pub(super) fn promises(peer: &mut Peer, tag: u8) -> io::Result<()> {
    peer.write(&[&[tag][..], &(1_u32 << 30).to_be_bytes()].concat())?;
    let block = vec![b'x'; 1 << 16];
    // It ends when the client has had enough.
    for _ in 0..(1 << 14) {
        if peer.write(&block).is_err() {
            break;
        }
    }
    Ok(())
}

macro_rules! promise {
    ($tag:literal) => {
        case(
            concat!("a gibibyte of '", $tag, "' before the login"),
            PLAIN,
            |peer| {
                peer.startup()?;
                promises(peer, $tag.as_bytes()[0])
            },
            8,
            "more than the 65536 allowed",
        )
    };
    ($tag:literal, after) => {
        hears(
            concat!("a gibibyte of '", $tag, "' after the login"),
            PLAIN,
            |peer| {
                peer.log_in()?;
                promises(peer, $tag.as_bytes()[0])
            },
            8,
            "more than the 65536 allowed",
        )
    };
}

pub(super) fn lengths() -> Vec<Case> {
    let mut cases = vec![
        promise!("R"),
        promise!("E"),
        promise!("N"),
        promise!("S"),
        promise!("v"),
        promise!("K"),
        promise!("D"),
        promise!("d"),
        promise!("E", after),
        promise!("T", after),
        promise!("D", after),
        promise!("N", after),
        promise!("S", after),
        promise!("d", after),
    ];
    cases.extend([
        case(
            "a length of 3",
            PLAIN,
            |peer| {
                peer.startup()?;
                peer.write(b"R\0\0\0\x03")?;
                peer.listen()
            },
            8,
            "impossible length 3",
        ),
        case(
            "a negative length",
            PLAIN,
            |peer| {
                peer.startup()?;
                peer.write(b"E\xff\xff\xff\xff")?;
                peer.listen()
            },
            8,
            "impossible length -1",
        ),
        case(
            "goodbye in a header",
            PLAIN,
            |peer| {
                peer.startup()?;
                peer.write(b"R\0\0")
            },
            8,
            "the server closed the connection",
        ),
        case(
            "goodbye in a message",
            PLAIN,
            |peer| {
                peer.startup()?;
                peer.write(b"R\0\0\0\x08\0\0")
            },
            8,
            "the server closed the connection",
        ),
        case("goodbye at once", PLAIN, |_| Ok(()), 8, "connection"),
        case(
            "half a message",
            PLAIN,
            |peer| {
                peer.startup()?;
                peer.write(b"R\0\0\0\x08\0\0")?;
                peer.listen()
            },
            8,
            "no answer within 2 s",
        ),
        case(
            "silence",
            PLAIN,
            |peer| {
                peer.startup()?;
                peer.listen()
            },
            8,
            "no answer within 2 s",
        ),
        case(
            "an error without an end",
            PLAIN,
            |peer| {
                peer.startup()?;
                peer.send(b'E', b"SFATAL\0C28000")?;
                peer.listen()
            },
            8,
            "malformed ErrorResponse",
        ),
        case(
            "an error that would be two lines, in red",
            PLAIN,
            |peer| {
                peer.startup()?;
                peer.send(
                    b'E',
                    b"SFATAL\0VFATAL\0C28000\0Ma\npgark: error: b\x1b[31m\0\0",
                )?;
                peer.listen()
            },
            3,
            "FATAL: a\\npgark: error: b\\u{1b}[31m (SQLSTATE 28000)",
        ),
        case(
            "a notice that would be two lines, in red",
            PLAIN,
            |peer| {
                peer.startup()?;
                let body = b"SWARNING\0VWARNING\0C01000\0Ma\npgark: error: b\x1b[31m\0\0";
                peer.send(b'N', body)?;
                peer.send(b'E', body)?;
                peer.listen()
            },
            8,
            "WARNING: a\\npgark: error: b\\u{1b}[31m (SQLSTATE 01000)",
        ),
        case(
            "a message that has no place here",
            PLAIN,
            |peer| {
                peer.startup()?;
                peer.send(b'D', b"\0\0")?;
                peer.listen()
            },
            8,
            "unexpected message 'D'",
        ),
        case(
            "another protocol altogether",
            PLAIN,
            |peer| {
                peer.startup()?;
                peer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")?;
                peer.listen()
            },
            8,
            "protocol violation",
        ),
        case(
            "a version that nobody asked for",
            PLAIN,
            |peer| {
                peer.startup()?;
                peer.send(b'v', b"\0\x04\0\0\0\0\0\0")?;
                peer.listen()
            },
            8,
            "protocol violation",
        ),
        case(
            "notices without end",
            PLAIN,
            |peer| {
                peer.startup()?;
                let notice = message(
                    b'N',
                    &[
                        &b"SDEBUG\0VDEBUG\0C00000\0M"[..],
                        &vec![b'x'; 60_000],
                        b"\0\0",
                    ]
                    .concat(),
                );
                while peer.write(&notice).is_ok() {
                    thread::sleep(Duration::from_millis(1));
                }
                Ok(())
            },
            8,
            "no answer within 2 s",
        ),
        case(
            "parameters without end",
            PLAIN,
            |peer| {
                peer.startup()?;
                peer.send(b'R', OK)?;
                for i in 0.. {
                    let body = [format!("p{i}\0").as_bytes(), &vec![b'x'; 60_000], b"\0"].concat();
                    if peer.send(b'S', &body).is_err() {
                        break;
                    }
                }
                Ok(())
            },
            8,
            "bytes of parameters reported",
        ),
        case(
            "a byte now and then, without end",
            PLAIN,
            |peer| {
                peer.startup()?;
                peer.write(b"E\0\0\xff\0S")?;
                while peer.write(b"x").is_ok() {
                    thread::sleep(Duration::from_millis(50));
                }
                Ok(())
            },
            8,
            "no answer within 2 s",
        ),
        hears(
            "silence after the login",
            PLAIN,
            |peer| {
                peer.startup()?;
                peer.send(b'R', OK)?;
                peer.ready()?;
                peer.listen()
            },
            8,
            "no answer within 2 s",
        ),
        hears(
            "goodbye after the login",
            PLAIN,
            Peer::log_in,
            8,
            "the server closed the connection",
        ),
    ]);
    cases
}
