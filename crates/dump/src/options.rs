//! What a user can ask of a logical dump.

use std::num::{NonZeroU32, NonZeroUsize};

use pgark_archive::{Compression, ScriptOptions};

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

/// What a dump is written as.
#[derive(Clone, Debug, Default)]
pub enum Format {
    /// An archive of the custom format.
    #[default]
    Custom,
    /// An SQL script.
    Plain(Box<ScriptOptions>),
}

/// Rows as INSERT statements.
#[derive(Clone, Copy, Debug)]
pub struct Inserts {
    /// Rows of each statement (`--rows-per-insert`).
    pub rows_per_statement: NonZeroU32,
    /// Name the columns (`--column-inserts`).
    pub column_names: bool,
    /// Pass over rows that are there already.
    pub on_conflict_do_nothing: bool,
}

/// The options of a logical dump.
#[derive(Clone, Debug)]
pub struct Options {
    /// What part of the database is dumped.
    pub content: Content,
    /// How many sessions read the catalogues side by side.
    pub jobs: NonZeroUsize,
    /// What is written.
    pub format: Format,
    /// Whether rows are written as INSERT statements.
    pub inserts: Option<Inserts>,
    /// Whether the rows of partitions are restored through the partitioned table at the root.
    pub load_via_partition_root: bool,
    /// How data is compressed in an archive.
    pub compression: Compression,
    /// Dump a server that is newer than pgark knows as if it were the newest known.
    pub allow_newer_server: bool,
    /// Whether the rows of unlogged tables are dumped. A standby holds none.
    pub unlogged_table_data: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            content: Content::All,
            jobs: NonZeroUsize::MIN,
            format: Format::default(),
            inserts: None,
            load_via_partition_root: false,
            compression: Compression::Gzip { level: None },
            allow_newer_server: false,
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
