//! Why a restore could not be begun, or not be reported on.

use std::io;

use pgark_wire::Error as WireError;

/// A restore that came to nothing. What goes wrong once it has begun stands in its [`Report`](crate::Report).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The server could not be reached, or refused the login.
    #[error(transparent)]
    Connect(#[from] pgark_connect::Error),
    /// The archive is damaged or makes no sense.
    #[error(transparent)]
    Archive(#[from] pgark_archive::Error),
    /// A session could not be made ready.
    #[error("could not {doing}: {source}")]
    Session {
        /// What was being done, such as `set up the session`.
        doing: &'static str,
        /// The failure.
        #[source]
        source: WireError,
    },
    /// A file could not be read or written.
    #[error("could not {doing}: {source}")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// The failure.
        #[source]
        source: io::Error,
    },
    /// Options that do not go together, or with this archive.
    #[error("{0}")]
    Options(String),
    /// A part of the restore that runs beside the others ended without an answer.
    #[error("a worker of the restore stopped: {0}")]
    Stopped(String),
}

/// The crate's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;
