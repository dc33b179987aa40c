//! Why a catalogue could not be read.

use bstr::BString;

/// A failed catalogue read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The server refused a query, or the connection broke; `what` says what was being read.
    #[error("could not read {what}: {source}")]
    Query {
        /// What was being read, such as `tables`.
        what: &'static str,
        /// The failure.
        #[source]
        source: pgark_wire::Error,
    },
    /// A row of a catalogue does not hold what the documented layout says.
    #[error("unexpected value {found:?} in column {column} of {what}, expected {expected}")]
    Value {
        /// What was being read.
        what: &'static str,
        /// Position of the column in the query, from 1.
        column: usize,
        /// What was found; `None` is SQL NULL or a missing column.
        found: Option<BString>,
        /// What was expected.
        expected: &'static str,
    },
    /// One catalogue points to a row of another that is not there, which means that it was dropped while we read or that the
    /// catalogues are damaged.
    #[error("{what} refers to {target} with OID {oid}, which does not exist")]
    Dangling {
        /// The row that points.
        what: String,
        /// The kind of the missing row.
        target: &'static str,
        /// Its OID.
        oid: u32,
    },
    /// An object of the snapshot that another session dropped since.
    #[error("{kind} \"{name}\" was dropped by another session meanwhile")]
    Dropped {
        /// What it was, such as `index`.
        kind: &'static str,
        /// Its name.
        name: BString,
    },
    /// An object that the role may not read.
    #[error("permission denied for {kind} \"{name}\"")]
    Unreadable {
        /// What it is, such as `sequence`.
        kind: &'static str,
        /// Its name.
        name: BString,
    },
    /// Nobody can tell which rows of an extension's configuration tables belong to the user.
    #[error(
        "could not read the configuration tables of extension \"{extension}\": extconfig and extcondition do not match"
    )]
    ConfigConditions {
        /// The extension.
        extension: BString,
    },
    /// The server is too old or too new for pgark.
    #[error("server version {found} is not supported, pgark knows majors {oldest} to {newest}")]
    Version {
        /// The server's version text.
        found: String,
        /// The oldest known major.
        oldest: u32,
        /// The newest known major.
        newest: u32,
    },
}

/// The crate's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;
