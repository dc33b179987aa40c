//! The first message of a session.

use std::io;

use bstr::{BStr, BString};
use bytes::{BufMut, BytesMut};

use crate::{Error, Result};

/// Protocol 3.0.
const VERSION: i32 = 3 << 16;

/// Who logs in where, and with which run-time parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Startup {
    user: BString,
    parameters: Vec<(BString, BString)>,
}

impl Startup {
    /// A session of a user in a database.
    pub fn new(user: impl AsRef<[u8]>, database: impl AsRef<[u8]>) -> Self {
        Self {
            user: user.as_ref().into(),
            parameters: vec![("database".into(), database.as_ref().into())],
        }
    }

    /// Sets a run-time parameter for the session, or one of the protocol's own: `options`, `replication`.
    #[must_use]
    pub fn parameter(mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        self.parameters
            .push((name.as_ref().into(), value.as_ref().into()));
        self
    }

    pub(crate) fn user(&self) -> &BStr {
        self.user.as_ref()
    }

    /// Writes the StartupMessage.
    pub(crate) fn encode(&self, out: &mut BytesMut) -> Result<()> {
        let start = out.len();
        out.put_i32(0);
        out.put_i32(VERSION);
        let user = (BString::from("user"), self.user.clone());
        for (name, value) in std::iter::once(&user).chain(&self.parameters) {
            for text in [name, value] {
                if text.contains(&0) {
                    return Err(Error::Unsendable {
                        what: "the user, database or a parameter of the session",
                        why: "contains a NUL byte",
                    });
                }
                out.put_slice(text);
                out.put_u8(0);
            }
        }
        out.put_u8(0);
        // The server takes 10,000 bytes at most (source: MAX_STARTUP_PACKET_LENGTH, pqcomm.h).
        let length = out.len() - start;
        match i32::try_from(length) {
            Ok(length) if length <= 10_000 => {
                out[start..start + 4].copy_from_slice(&length.to_be_bytes());
            }
            _ => {
                return Err(Error::Unsendable {
                    what: "the parameters of the session",
                    why: "is longer than the 10000 bytes that a server takes",
                });
            }
        }
        Ok(())
    }
}

/// Judges a NegotiateProtocolVersion: 3.0 without options was asked for, which every server has, so a server
/// that offers another major version or refuses options talks about something else.
pub(crate) fn check_negotiation(body: &[u8]) -> Result<(), String> {
    let mut reader = body;
    let mut number = || {
        use bytes::Buf;
        reader
            .try_get_i32()
            .map_err(|_| String::from("malformed NegotiateProtocolVersion"))
    };
    let (minor, refused) = (number()?, number()?);
    // Servers report the whole version or its minor part alone.
    if (minor >> 16 == 0 || minor >> 16 == 3) && refused == 0 {
        Ok(())
    } else {
        Err(format!(
            "the server offers protocol {}.{} and refuses {refused} options, where 3.0 without options was asked for",
            minor >> 16,
            minor & 0xffff
        ))
    }
}

/// Maps an encoder's error: it can only be a length.
pub(crate) fn too_long(what: &'static str) -> impl Fn(io::Error) -> Error {
    move |_| Error::Unsendable {
        what,
        why: "contains a NUL byte or is longer than a message can be",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_startup_message_is_laid_out_as_the_manual_says() {
        let mut out = BytesMut::new();
        let startup = Startup::new(b"\xe4", "db").parameter("options", "-c a=b");
        startup.encode(&mut out).unwrap();
        assert_eq!(
            &out[..],
            b"\0\0\0\x2b\0\x03\0\0user\0\xe4\0database\0db\0options\0-c a=b\0\0"
        );
    }

    #[test]
    fn what_a_server_could_not_read_is_not_sent() {
        for startup in [
            Startup::new("a\0b", "db"),
            Startup::new("a", "d\0b"),
            Startup::new("a", "db").parameter("application_name", "x".repeat(10_000)),
        ] {
            let error = startup.encode(&mut BytesMut::new()).unwrap_err();
            assert!(matches!(error, Error::Unsendable { .. }), "{error}");
        }
    }

    #[test]
    fn a_negotiation_down_to_what_was_asked_for_is_accepted() {
        for (minor, refused, accepted) in [
            (0, 0, true),
            (3 << 16, 0, true),
            (2, 0, true),
            (4 << 16, 0, false),
            (0, 1, false),
        ] {
            let body = [i32::to_be_bytes(minor), i32::to_be_bytes(refused)].concat();
            assert_eq!(
                check_negotiation(&body).is_ok(),
                accepted,
                "{minor} {refused}"
            );
        }
        assert!(check_negotiation(b"\0\0\0").is_err());
    }
}
