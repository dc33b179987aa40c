//! What a user can ask of a logical dump.

use std::num::NonZeroUsize;

use pgark_archive::Compression;

/// What part of a database is dumped.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Content {
    /// Schema and data.
    #[default]
    All,
    /// Definitions alone (`--schema-only`).
    SchemaOnly,
    /// Data alone (`--data-only`).
    DataOnly,
}

/// The options of a logical dump.
#[derive(Clone, Debug)]
pub struct Options {
    /// What part of the database is dumped.
    pub content: Content,
    /// How many sessions read the catalogues side by side.
    pub jobs: NonZeroUsize,
    /// How data is compressed.
    pub compression: Compression,
    /// Write what can be written although objects of unwritten kinds will be missing from the archive.
    pub allow_incomplete: bool,
    /// Whether the rows of unlogged tables are dumped. A standby holds none.
    pub unlogged_table_data: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            content: Content::All,
            jobs: NonZeroUsize::MIN,
            compression: Compression::Gzip { level: None },
            allow_incomplete: false,
            unlogged_table_data: true,
        }
    }
}

impl Options {
    /// Whether definitions are dumped.
    pub(crate) fn schema(&self) -> bool {
        self.content != Content::DataOnly
    }

    /// Whether data is dumped.
    pub(crate) fn data(&self) -> bool {
        self.content != Content::SchemaOnly
    }
}
