//! The first message of a session.

use std::io;

use bstr::{BStr, BString};
use bytes::{BufMut, BytesMut};

use crate::{Error, ProtocolVersion, Result};

/// Who logs in where, and with which run-time parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Startup {
    user: BString,
    parameters: Vec<(BString, BString)>,
    least: ProtocolVersion,
    wanted: ProtocolVersion,
}

impl Startup {
    /// A session of a user in a database.
    pub fn new(user: impl AsRef<[u8]>, database: impl AsRef<[u8]>) -> Self {
        Self {
            user: user.as_ref().into(),
            parameters: vec![("database".into(), database.as_ref().into())],
            least: ProtocolVersion::V3_0,
            wanted: ProtocolVersion::V3_0,
        }
    }

    /// Sets a run-time parameter for the session, or one of the protocol's own: `options`, `replication`.
    #[must_use]
    pub fn parameter(mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        self.parameters
            .push((name.as_ref().into(), value.as_ref().into()));
        self
    }

    /// Asks for another version of the protocol than 3.0, and says how far down the server may go.
    #[must_use]
    pub fn protocol(mut self, least: ProtocolVersion, wanted: ProtocolVersion) -> Self {
        self.least = least;
        self.wanted = wanted;
        self
    }

    pub(crate) fn least_protocol(&self) -> ProtocolVersion {
        self.least
    }

    pub(crate) fn wanted_protocol(&self) -> ProtocolVersion {
        self.wanted
    }

    pub(crate) fn user(&self) -> &BStr {
        self.user.as_ref()
    }

    /// Writes the StartupMessage.
    pub(crate) fn encode(&self, out: &mut BytesMut) -> Result<()> {
        let start = out.len();
        out.put_i32(0);
        out.put_i32(self.wanted.code());
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
        out.clear();
        let newer = startup.protocol(ProtocolVersion::V3_0, ProtocolVersion::V3_2);
        newer.encode(&mut out).unwrap();
        assert_eq!(out[4..8], *b"\0\x03\0\x02");
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
}
