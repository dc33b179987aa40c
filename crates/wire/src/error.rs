//! What can go wrong on a session.

use std::io;

use crate::{Method, OneLine, ProtocolVersion, ServerError};

/// A result whose error is [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an operation on a session failed, by what a caller can do next.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The server refused. The session has been read to its next ready state and can be used again, unless the
    /// server ended it ([`ServerError::is_fatal`]).
    #[error(transparent)]
    Server(Box<ServerError>),

    /// The connection broke; the session is of no use any more.
    #[error("connection to the server lost while {doing}: {source}")]
    ConnectionLost {
        /// What the session was doing, such as "running a query".
        doing: &'static str,
        /// What the stream reported.
        source: io::Error,
    },

    /// The server sent what the protocol does not allow; the session is of no use any more.
    #[error("protocol violation by the server while {doing}: {what}")]
    Protocol {
        /// What the session was doing.
        doing: &'static str,
        /// What arrived.
        what: String,
    },

    /// The server speaks no version of the protocol that is new enough.
    #[error("the server speaks protocol {offered} at most, and {least} is the least wanted")]
    ProtocolVersion {
        /// What the server offers.
        offered: ProtocolVersion,
        /// The least version that was to be accepted.
        least: ProtocolVersion,
    },

    /// Logging in failed on our side: no password, or a method that is refused.
    #[error(transparent)]
    Authentication(#[from] AuthenticationError),

    /// The session is of no use: it broke earlier, or an earlier operation was dropped before its end.
    #[error("the session cannot be used any more: {reason}")]
    Unusable {
        /// What happened to it.
        reason: String,
    },

    /// The caller's text cannot be sent; nothing was sent.
    #[error("cannot send {what}: it {why}")]
    Unsendable {
        /// What it is, such as "the statement".
        what: &'static str,
        /// Why not, such as "contains a NUL byte".
        why: &'static str,
    },

    /// The statement succeeded but gave something else than was asked for.
    #[error("unexpected result of a statement: expected {expected}, found {found}")]
    UnexpectedResult {
        /// What was asked for.
        expected: &'static str,
        /// What came.
        found: String,
    },
}

/// Why logging in failed on our side. Nothing secret was sent, except where noted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthenticationError {
    /// The server wants a password and there is none.
    #[error("the server asks for a password ({method}) and none was given")]
    NoPassword {
        /// The method, in PostgreSQL's words.
        method: &'static str,
    },

    /// The server wants the password itself over a connection that others can read.
    #[error(
        "the server asks for the password in clear text over an unencrypted connection: refused"
    )]
    Cleartext,

    /// The server wants a method that is not implemented.
    #[error("the server asks for the authentication method {}, which is not supported", OneLine(.method))]
    Unsupported {
        /// The method or the list of SASL mechanisms, as the server named them.
        method: String,
    },

    /// The server wants a method that the user does not allow, or wants none where the user demands one.
    #[error("the server asks for {}: refused", .method.wish())]
    NotAllowed {
        /// The method.
        method: Method,
    },

    /// Channel binding was demanded and cannot be had, or the server's offer of it makes no sense.
    #[error("channel binding {why}")]
    ChannelBinding {
        /// What is missing.
        why: &'static str,
    },

    /// The SCRAM exchange failed: the server's messages are malformed, it asks for too many iterations, or it
    /// could not prove that it knows the password. A proof, but not the password, may have been sent.
    #[error("SCRAM authentication failed: {}", OneLine(.0))]
    Scram(String),
}

impl Error {
    /// The server's own report, where it is one.
    pub fn server(&self) -> Option<&ServerError> {
        match self {
            Self::Server(error) => Some(error),
            _ => None,
        }
    }

    /// Whether the session is over because the connection broke or the server ended it.
    pub fn is_connection_lost(&self) -> bool {
        match self {
            Self::ConnectionLost { .. } => true,
            Self::Server(error) => error.is_fatal(),
            _ => false,
        }
    }
}

impl From<ServerError> for Error {
    fn from(error: ServerError) -> Self {
        Self::Server(Box::new(error))
    }
}
