//! What can go wrong with an archive.

use std::io;

use crate::TocEntry;

/// An error of this crate, by what its caller can do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file or pipe below failed.
    #[error("{doing}: {source}")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The input does not begin with the magic of a custom format archive.
    #[error("not a custom format archive: it does not begin with \"PGDMP\"")]
    NotAnArchive,
    /// The input is an archive that is damaged or was made to do harm.
    #[error("corrupt archive: {what} (at byte {offset})")]
    Corrupt {
        /// Where reading stopped, in bytes from where it began.
        offset: u64,
        /// What is wrong there.
        what: String,
    },
    /// An entry that can be read but makes no sense as SQL.
    #[error("corrupt archive: {entry}: {what}")]
    Entry {
        /// Its number, kind and name.
        entry: String,
        /// What is wrong with it.
        what: String,
    },
    /// What was asked for is not in the archive.
    #[error("{what} is not in the archive")]
    NotFound {
        /// What was asked for.
        what: String,
    },
    /// Data is wanted that has come by already, or never comes.
    #[error(
        "the data of {entry} does not follow where it is wanted: a pipe cannot be gone back in, so save the archive to a file first"
    )]
    OutOfOrder {
        /// Whose data it is.
        entry: String,
    },
    /// A key of `\\restrict` that psql would not take.
    #[error("invalid restrict key \"{key}\": it must be letters and digits")]
    RestrictKey {
        /// The key as given.
        key: String,
    },
    /// The archive, or what is asked for, needs something that this crate does not do.
    #[error("{what} is not supported")]
    Unsupported {
        /// What is not supported, with its value.
        what: String,
    },
    /// `SOURCE_DATE_EPOCH` is set to something that is not a time.
    #[error("invalid SOURCE_DATE_EPOCH \"{value}\": expected seconds since 1970")]
    SourceDateEpoch {
        /// The value of the variable.
        value: String,
    },
    /// The caller handed over entries or calls that cannot make an archive: a defect of the caller.
    #[error("cannot write the archive: {what}")]
    Misuse {
        /// Which rule was broken, and by which entry.
        what: String,
    },
}

impl Error {
    pub(crate) fn corrupt(offset: u64, what: impl Into<String>) -> Self {
        Self::Corrupt {
            offset,
            what: what.into(),
        }
    }

    pub(crate) fn misuse(what: impl Into<String>) -> Self {
        Self::Misuse { what: what.into() }
    }

    pub(crate) fn unsupported(what: impl Into<String>) -> Self {
        Self::Unsupported { what: what.into() }
    }

    pub(crate) fn reading(source: io::Error) -> Self {
        Self::Io {
            doing: "reading the archive",
            source,
        }
    }

    pub(crate) fn entry(entry: &TocEntry, what: impl Into<String>) -> Self {
        Self::Entry {
            entry: entry.describe(),
            what: what.into(),
        }
    }

    pub(crate) fn writing_script(source: io::Error) -> Self {
        Self::Io {
            doing: "writing the script",
            source,
        }
    }

    pub(crate) fn writing(source: io::Error) -> Self {
        Self::Io {
            doing: "writing the archive",
            source,
        }
    }
}

/// For reading a block through [`std::io::Read`], which knows no other errors.
impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::Io { source, .. } => source,
            Error::Unsupported { .. } => Self::new(io::ErrorKind::Unsupported, error),
            _ => Self::new(io::ErrorKind::InvalidData, error),
        }
    }
}
