//! What a backup is asked for.

use crate::{Algorithm, ChecksumAlgorithm};

/// How the log that a backup needs comes with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WalMethod {
    /// Not at all: the archive has it.
    None,
    /// With the files, when all of these have been sent.
    Fetch,
    /// Over a second connection, while the files are sent.
    #[default]
    Stream,
}

/// When the server's checkpoint is done that a backup begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Checkpoint {
    /// At once.
    #[default]
    Fast,
    /// As slowly as the server's settings say.
    Spread,
}

/// What keeps the server from removing log that the backup needs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Slot {
    /// A slot for the time of the backup.
    #[default]
    Temporary,
    /// A slot that is there.
    Existing(String),
    /// A slot that is made and stays.
    Create(String),
    /// Nothing.
    None,
}

/// The manifest that a backup gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ManifestWish {
    /// None: the backup can be verified neither now nor later.
    None,
    /// One with checksums of an algorithm.
    With {
        /// How files are summed.
        checksums: ChecksumAlgorithm,
        /// Whether names are written in hexadecimal, all of them.
        force_encode: bool,
    },
}

/// Whether a backup has a file that says where tablespaces are, `tablespace_map`; links do otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TablespaceMap {
    /// It has none.
    #[default]
    Never,
    /// It has one, and no links.
    Always,
    /// It has one where there are no tablespaces, an empty one, as pg_basebackup writes to standard output. Where there are
    /// some, as the server says only after it has begun, the backup is begun a second time.
    IfEmpty,
}

/// A compression that the server does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerCompression {
    /// By what.
    pub algorithm: Algorithm,
    /// The level and more, in the server's words, where it is not to decide.
    pub detail: Option<String>,
}

/// What a backup is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// What the backup is called in its `backup_label`.
    pub label: String,
    /// How the log comes.
    pub wal: WalMethod,
    /// What keeps it at the server.
    pub slot: Slot,
    /// When the checkpoint is done.
    pub checkpoint: Checkpoint,
    /// Kilobytes a second at most: 32 to 1048576.
    pub max_rate: Option<u32>,
    /// Whether the server checks the pages' checksums, where it has them.
    pub verify_checksums: bool,
    /// The manifest.
    pub manifest: ManifestWish,
    /// Whether the server is asked for the size, for which it has to look at every file beforehand.
    pub progress: bool,
    /// What says where tablespaces are.
    pub tablespace_map: TablespaceMap,
    /// Whether the server compresses.
    pub server_compression: Option<ServerCompression>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            label: "pgark base backup".into(),
            wal: WalMethod::default(),
            slot: Slot::default(),
            checkpoint: Checkpoint::default(),
            max_rate: None,
            verify_checksums: true,
            manifest: ManifestWish::With {
                checksums: ChecksumAlgorithm::default(),
                force_encode: false,
            },
            progress: false,
            tablespace_map: TablespaceMap::default(),
            server_compression: None,
        }
    }
}

/// Reads a transfer rate as pg_basebackup does: kilobytes a second, or megabytes with an `M` behind the number.
///
/// # Errors
/// What a rate can be.
pub fn parse_rate(text: &str) -> Result<u32, String> {
    let (digits, factor) = match text.strip_suffix('M') {
        Some(digits) => (digits, 1024),
        None => (text.strip_suffix('k').unwrap_or(text), 1),
    };
    digits
        .parse::<u32>()
        .ok()
        .and_then(|rate| rate.checked_mul(factor))
        .filter(|rate| RATES.contains(rate))
        .ok_or_else(|| "a rate is 32k to 1024M a second".into())
}

/// The rates that a server takes, in kilobytes a second (basebackup.h).
pub(crate) const RATES: std::ops::RangeInclusive<u32> = 32..=1_048_576;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_as_pg_basebackup_reads_them() {
        for (text, rate) in [
            ("32", Some(32)),
            ("100k", Some(100)),
            ("16M", Some(16384)),
            ("1024M", Some(1_048_576)),
            ("31", None),
            ("1025M", None),
            ("1G", None),
            ("M", None),
        ] {
            assert_eq!(parse_rate(text).ok(), rate, "{text}");
        }
    }
}
