//! What a dump did.

use pgark_archive::EntryName;
use serde::Serialize;

use crate::manifest;
use crate::moment::Moment;

/// What a dump did.
#[derive(Debug, Default, Serialize)]
#[non_exhaustive]
pub struct Report {
    /// How many entries the archive holds.
    pub entries: usize,
    /// How many tables' rows it holds.
    pub tables: usize,
    /// When the snapshot was taken, unless it was given by the options or the server does not tell.
    pub moment: Option<Moment>,
    /// How many rows and large objects it holds.
    pub rows: u64,
    /// How many bytes of them were read.
    pub bytes: u64,
    /// How many bytes the archive, or the script, is long.
    pub written_bytes: u64,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// The data of each entry that has some, in the archive's order.
    pub data: Vec<EntryData>,
    /// What the user should know.
    pub warnings: Vec<String>,
    /// What is in the database, for the manifest, where it was asked for.
    #[serde(skip)]
    pub(crate) content: Option<manifest::Content>,
}

/// The data of one entry.
#[derive(Clone, Debug, Serialize)]
pub struct EntryData {
    /// The entry.
    #[serde(flatten)]
    pub entry: EntryName,
    /// How many rows, or large objects.
    pub rows: u64,
    /// How many bytes of them were read: as COPY or INSERT gives them, before compression.
    pub bytes: u64,
    /// Their SHA-256 in hexadecimal, where it was asked for ([`Options::digests`](crate::Options::digests)): for a table it is that of
    /// what `COPY table TO stdout` gives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}
