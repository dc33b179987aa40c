//! What can go wrong, by what a caller can do next.

use std::io;
use std::path::Path;

/// A result whose error is [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a backup, or the verification of one, failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Options that do not go together, or a mapping that names nothing.
    #[error("{0}")]
    Options(String),

    /// Refused before anything was done: a server that is too old or too new, a target that is not empty.
    #[error("{0}")]
    Refused(String),

    /// A connection could not be made.
    #[error(transparent)]
    Connect(#[from] pgark_connect::Error),

    /// The server refused a command, or the connection broke.
    #[error("{doing}: {source}{note}")]
    Server {
        /// What was being done.
        doing: String,
        /// What happened.
        source: pgark_wire::Error,
        /// What may be done about it.
        note: &'static str,
    },

    /// The session that keeps the server from removing log that the backup needs has ended.
    #[error(
        "the server has ended the session of the replication slot, so that log that the backup needs may be gone: \
         {0}; max_slot_wal_keep_size limits how much log a slot may hold"
    )]
    SlotLost(pgark_wire::Error),

    /// The server sent what no server sends: a name that leads out of the target, an archive that is not well formed, …
    #[error("the server sent {0}: refused")]
    Malformed(String),

    /// The backup that arrived is not the one that its manifest describes.
    #[error("the backup is not what its manifest says: {}", first_of(.0))]
    Mismatch(Vec<String>),

    /// The server found damaged pages in its own files. The backup is complete, damage included.
    #[error("the server found damaged pages in its files ({source}); {}", place_of(.kept.as_deref()))]
    DamagedPages {
        /// What the server said.
        source: Box<pgark_wire::ServerError>,
        /// The backup with the damaged pages.
        kept: Option<std::path::PathBuf>,
    },

    /// A file or folder of this machine cannot be used.
    #[error("could not {doing}: {source}")]
    Io {
        /// What was being done, with the name.
        doing: String,
        /// What the system said.
        source: io::Error,
    },

    /// A part of this program has failed.
    #[error("{0} has ended by a fault of this program")]
    Aborted(&'static str),
}

impl Error {
    /// Whether the connection to the server was lost, or the server ended it.
    pub fn is_connection_lost(&self) -> bool {
        match self {
            Self::Server { source, .. } => source.is_connection_lost(),
            Self::SlotLost(_) => true,
            _ => false,
        }
    }
}

/// How many of a list are shown in one line.
const SHOWN: usize = 3;

fn first_of(all: &[String]) -> String {
    let text = all[..all.len().min(SHOWN)].join("; ");
    match all.len().saturating_sub(SHOWN) {
        0 => text,
        more => format!("{text}; and {more} more"),
    }
}

fn place_of(place: Option<&Path>) -> String {
    match place {
        Some(place) => format!("the backup is kept as \"{}\"", place.display()),
        None => "the backup holds them".into(),
    }
}

/// Says what was being done with a file or folder.
pub(crate) trait Doing<T> {
    /// `what` is "open file", "write file", …
    fn doing(self, what: &str, path: impl AsRef<Path>) -> Result<T>;
}

impl<T> Doing<T> for io::Result<T> {
    fn doing(self, what: &str, path: impl AsRef<Path>) -> Result<T> {
        self.map_err(|source| Error::Io {
            doing: format!("{what} \"{}\"", path.as_ref().display()),
            source,
        })
    }
}

pub(crate) fn malformed(what: impl Into<String>) -> Error {
    Error::Malformed(what.into())
}
