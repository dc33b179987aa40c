//! Why there is no connection.

use std::io;

use bstr::BString;
use pgark_wire::{AuthenticationError, OneLine};

use crate::{Cause, PasswordRequest};

/// A result whose error is [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a configuration is refused or a server could not be logged in to.
///
/// The predicates sort them by what a caller does next. Passwords and connection strings never appear in it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A connection string is not well formed.
    #[error("malformed connection string: {0}")]
    Syntax(String),

    /// An option that does not exist.
    #[error("no connection option is named \"{name}\"{}", .nearest.map(|near| format!(" (the nearest is \"{near}\")")).unwrap_or_default())]
    UnknownOption {
        /// The name given.
        name: String,
        /// The option that may have been meant.
        nearest: Option<&'static str>,
    },

    /// An option whose value cannot be used.
    #[error("connection option {name} is \"{value}\": {problem}")]
    BadOption {
        /// The option.
        name: &'static str,
        /// Its value.
        value: String,
        /// What is wrong with it, or what it may be.
        problem: String,
    },

    /// An option, or a value of one, that libpq knows and this crate does not implement.
    #[error("connection option {name}{} is not supported", .value.map(|value| format!(" with the value \"{value}\"")).unwrap_or_default())]
    UnsupportedOption {
        /// The option.
        name: &'static str,
        /// The value, where there are others that are supported.
        value: Option<&'static str>,
    },

    /// A service that cannot be used.
    #[error("service \"{service}\": {problem}")]
    Service {
        /// Its name.
        service: String,
        /// What is wrong with it, and where.
        problem: String,
    },

    /// A person should have been asked for the password.
    #[error("cannot ask for the password: {problem}")]
    Password {
        /// Why that was not possible.
        problem: String,
    },

    /// The password that should have been made for the login was not.
    #[error("cannot make a password for the login: {source}")]
    Provider {
        /// Why.
        source: Cause,
    },

    /// A certificate or key, of a file or given in memory, cannot be used.
    #[error("cannot use the {what}: {problem}")]
    Credential {
        /// What it is and where it comes from.
        what: String,
        /// What is wrong with it.
        problem: String,
    },

    /// No address belongs to a host name.
    #[error("cannot find the address of host \"{host}\": {source}")]
    Resolve {
        /// The name.
        host: String,
        /// What the resolver said.
        source: io::Error,
    },

    /// Nobody answers at an address.
    #[error("cannot connect to {server}: {source}")]
    Dial {
        /// Host, address and port, or the socket.
        server: String,
        /// What the system said.
        source: io::Error,
    },

    /// Several addresses were tried; the last failure ended the search.
    #[error("{}", .attempts.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Several {
        /// What happened at each.
        attempts: Vec<Error>,
    },

    /// A session that is not of the kind that `target_session_attrs` asks for.
    #[error("cannot use {server}: {why}, and target_session_attrs is \"{wanted}\"")]
    Unsuitable {
        /// Host, address and port, or the socket.
        server: String,
        /// What it is.
        why: &'static str,
        /// `target_session_attrs`.
        wanted: &'static str,
    },

    /// A socket that belongs to somebody else than `requirepeer` says.
    #[error("cannot use {server}: it belongs to {found}, and requirepeer is \"{wanted}\"")]
    Peer {
        /// The socket.
        server: String,
        /// `requirepeer`.
        wanted: BString,
        /// Whose it is, as far as is known.
        found: String,
    },

    /// A connection pooler stands before the server, in a mode that does not do for what was asked.
    #[error("cannot use {server}: {why}")]
    Pooler {
        /// Host, address and port, or the socket.
        server: String,
        /// What the pooler does, and what that prevents.
        why: &'static str,
    },

    /// Dialling, TLS and login together took too long.
    #[error("cannot connect to {server}: no answer within {seconds} s")]
    Timeout {
        /// Host, address and port, or the socket.
        server: String,
        /// `connect_timeout`.
        seconds: u64,
    },

    /// TLS is wanted and could not be had.
    #[error("cannot make a TLS connection to {server}: {}", OneLine(.problem))]
    Tls {
        /// Host, address and port.
        server: String,
        /// What went wrong.
        problem: String,
    },

    /// The server, or this side, broke off the login.
    #[error(transparent)]
    Login(Box<LoginError>),

    /// A session's stream could not be handed over, or a cancel request not be sent.
    #[error("{server}: {source}")]
    Session {
        /// Host, address and port, or the socket.
        server: String,
        /// Why.
        source: pgark_wire::Error,
    },

    /// tokio-postgres did not take over a session.
    #[error("cannot set up a client on {server}: {source}")]
    Client {
        /// Host, address and port, or the socket.
        server: String,
        /// Why.
        source: tokio_postgres::Error,
    },
}

/// A login that was broken off.
#[derive(Debug, thiserror::Error)]
#[error("cannot log in to {server} as user \"{user}\", database \"{database}\": {source}{note}")]
#[non_exhaustive]
pub struct LoginError {
    /// Host, address and port, or the socket.
    pub server: String,
    /// The user name.
    pub user: BString,
    /// The database name.
    pub database: BString,
    /// Why.
    pub source: pgark_wire::Error,
    /// Where the password came from or why there was none, where that matters.
    pub(crate) note: String,
}

impl LoginError {
    /// Whether it is the login itself that was refused, by the server or by this side.
    pub(crate) fn is_refusal(&self) -> bool {
        match &self.source {
            pgark_wire::Error::Authentication(_) => true,
            source => source.server().is_some_and(|error| error.is_class("28")),
        }
    }
}

impl Error {
    /// Whether what the user wrote is at fault: an option that does not exist or has a value that cannot be used.
    pub fn is_bad_option(&self) -> bool {
        matches!(
            self,
            Self::Syntax(_)
                | Self::Service { .. }
                | Self::UnknownOption { .. }
                | Self::UnsupportedOption { .. }
                | Self::BadOption { .. }
        )
    }

    /// Whether the login was refused: by the server (SQLSTATE class 28), or by this side because there is no
    /// password or the method is too weak, not allowed or unknown.
    pub fn is_login_refused(&self) -> bool {
        match self.last() {
            Self::Login(login) => login.is_refusal(),
            Self::Password { .. } | Self::Provider { .. } => true,
            _ => false,
        }
    }

    /// Whether there is no way to the server or to the database: network, TLS, no such database, no connection
    /// left, or a server that is starting or stopping.
    pub fn is_cannot_connect(&self) -> bool {
        !self.is_bad_option() && !self.is_login_refused()
    }

    /// The server's own report, where it is one.
    pub fn server(&self) -> Option<&pgark_wire::ServerError> {
        match self.last() {
            Self::Login(login) => login.source.server(),
            Self::Session { source, .. } => source.server(),
            _ => None,
        }
    }

    /// The failure that ended the search, where there were several.
    fn last(&self) -> &Self {
        match self {
            Self::Several { attempts } => attempts.last().map_or(self, Self::last),
            error => error,
        }
    }

    /// Who asked for a password when there was none.
    pub(crate) fn password_request(&self) -> Option<PasswordRequest> {
        match self.last() {
            Self::Login(login)
                if matches!(
                    login.source,
                    pgark_wire::Error::Authentication(AuthenticationError::NoPassword { .. })
                ) =>
            {
                Some(PasswordRequest {
                    user: login.user.clone(),
                    server: Some(login.server.clone()),
                })
            }
            _ => None,
        }
    }
}
