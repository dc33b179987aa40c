//! What a user can ask of a logical dump.

mod names;
mod session;

use std::num::{NonZeroU32, NonZeroU64, NonZeroUsize};
use std::time::Duration;

use bitflags::bitflags;
use pgark_archive::{Compression, ScriptOptions, Section};
use pgark_catalog::{RelationKind, Schema};

pub use names::{NameOptions, TablePattern};
pub use session::SessionOptions;

/// What part of a database is dumped.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Content {
    /// Schema and data.
    #[default]
    All,
    /// Definitions alone (`--schema-only`, `--no-data`).
    SchemaOnly,
    /// Data alone (`--data-only`, `--no-schema`).
    DataOnly,
    /// Neither (`--no-schema --no-data`): the archive tells of the database itself.
    Neither,
}

bitflags! {
    /// Sections of an archive.
    #[derive(Clone, Copy, Debug, Eq, PartialEq)]
    pub struct Sections: u8 {
        /// Definitions that data needs.
        const PRE_DATA = 1;
        /// Data.
        const DATA = 1 << 1;
        /// Definitions that need data, or are better made with it.
        const POST_DATA = 1 << 2;
    }
}

impl Sections {
    /// Whether what belongs to a section is wanted.
    pub(crate) fn has(self, section: Section) -> bool {
        match section {
            Section::None => true,
            Section::PreData => self.contains(Self::PRE_DATA),
            Section::Data => self.contains(Self::DATA),
            Section::PostData => self.contains(Self::POST_DATA),
        }
    }
}

bitflags! {
    /// What is left out of a dump.
    #[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
    pub struct Omit: u16 {
        /// Privileges.
        const PRIVILEGES = 1;
        /// Comments.
        const COMMENTS = 1 << 1;
        /// Publications, and what is said of them.
        const PUBLICATIONS = 1 << 2;
        /// Subscriptions, and what is said of them.
        const SUBSCRIPTIONS = 1 << 3;
        /// Security labels.
        const SECURITY_LABELS = 1 << 4;
        /// Row security and its policies.
        const POLICIES = 1 << 5;
        /// The database's tablespace. An archive tells those of tables and indexes all the same, as that of pg_dump does.
        const TABLESPACES = 1 << 6;
        /// How columns are compressed.
        const TOAST_COMPRESSION = 1 << 7;
        /// The rows of unlogged tables. A standby has none.
        const UNLOGGED_TABLE_DATA = 1 << 8;
    }
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
    /// How many sessions read side by side.
    pub jobs: NonZeroUsize,
    /// Bytes of rows that wait to be written at most; a single row that is larger is held all the same.
    pub memory: NonZeroUsize,
    /// Bytes of rows that are read in a second at most, by all sessions together.
    pub max_rate: Option<NonZeroU64>,
    /// How long the dump may take at most.
    pub max_duration: Option<Duration>,
    /// Whether the report tells a digest of what is read of each entry.
    pub digests: bool,
    /// Whether the planner's statistics are dumped (`--statistics`, `--statistics-only`).
    pub statistics: bool,
    /// Whether the positions of sequences are dumped where data is not.
    pub sequence_data: bool,
    /// Which sections are dumped.
    pub sections: Sections,
    /// Which objects are dumped.
    pub names: NameOptions,
    /// Whether large objects are dumped; usually where everything is.
    pub large_objects: Option<bool>,
    /// What is left out.
    pub omit: Omit,
    /// How the server is asked.
    pub session: SessionOptions,
    /// What is written.
    pub format: Format,
    /// Whether rows are written as INSERT statements.
    pub inserts: Option<Inserts>,
    /// Whether the rows of partitions are restored through the partitioned table at the root.
    pub load_via_partition_root: bool,
    /// How data is compressed in an archive, or a script as a whole.
    pub compression: Compression,
    /// Whether the database is described for a manifest, in the session that has dumped it.
    pub describes: bool,
    /// Dump a server that is newer than pgark knows as if it were the newest known.
    pub allow_newer_server: bool,
}

impl Options {
    /// What rows may take where nothing is said: 32 MiB.
    pub const MEMORY: NonZeroUsize = NonZeroUsize::new(32 << 20).unwrap();

    /// How many sessions make a dump fast: one a processor, but no more than 4.
    pub fn default_jobs() -> NonZeroUsize {
        const MOST: NonZeroUsize = NonZeroUsize::new(4).unwrap();
        std::thread::available_parallelism().map_or(NonZeroUsize::MIN, |count| count.min(MOST))
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            content: Content::All,
            jobs: NonZeroUsize::MIN,
            memory: Self::MEMORY,
            max_rate: None,
            max_duration: None,
            digests: false,
            statistics: false,
            sequence_data: false,
            sections: Sections::all(),
            names: NameOptions::default(),
            large_objects: None,
            omit: Omit::empty(),
            session: SessionOptions::default(),
            format: Format::default(),
            inserts: None,
            load_via_partition_root: false,
            compression: Compression::Gzip { level: None },
            describes: false,
            allow_newer_server: false,
        }
    }
}

impl Options {
    /// Whether definitions are dumped.
    pub(crate) fn schema(&self) -> bool {
        matches!(self.content, Content::All | Content::SchemaOnly)
    }

    /// Whether data is dumped.
    pub(crate) fn data(&self) -> bool {
        matches!(self.content, Content::All | Content::DataOnly)
    }

    /// Whether the data of relations of a kind is dumped.
    pub(crate) fn data_of(&self, kind: RelationKind) -> bool {
        self.data() || self.sequence_data && kind == RelationKind::Sequence
    }

    /// Whether large objects are dumped.
    pub(crate) fn large_objects(&self) -> bool {
        self.data() && self.large_objects.unwrap_or(!self.names.is_partial)
    }

    /// Whether a schema is the one that every database has from the start. Where schemas are named, pg_dump makes it as any other
    /// (`selectDumpableNamespace` in src/bin/pg_dump/pg_dump.c).
    pub(crate) fn is_from_start(&self, schema: &Schema) -> bool {
        schema.name == "public" && self.names.schemas.is_empty()
    }

    /// Whether something is left out.
    pub(crate) fn omits(&self, what: Omit) -> bool {
        self.omit.contains(what)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_is_definitions_and_data() {
        for (content, schema, data) in [
            (Content::All, true, true),
            (Content::SchemaOnly, true, false),
            (Content::DataOnly, false, true),
            (Content::Neither, false, false),
        ] {
            for sequence_data in [false, true] {
                let options = Options {
                    content,
                    sequence_data,
                    ..Options::default()
                };
                let of = |kind| options.data_of(kind);
                assert_eq!((options.schema(), options.data()), (schema, data));
                assert_eq!(of(RelationKind::Table), data);
                assert_eq!(of(RelationKind::Sequence), data || sequence_data);
            }
        }
    }

    #[test]
    fn large_objects_go_with_everything_unless_told_otherwise() {
        for (content, is_partial, asked, expected) in [
            (Content::All, false, None, true),
            (Content::DataOnly, false, None, true),
            (Content::All, true, None, false),
            (Content::All, true, Some(true), true),
            (Content::All, false, Some(false), false),
            (Content::SchemaOnly, false, None, false),
            (Content::SchemaOnly, true, Some(true), false),
        ] {
            let options = Options {
                content,
                large_objects: asked,
                names: NameOptions {
                    is_partial,
                    ..NameOptions::default()
                },
                ..Options::default()
            };
            assert_eq!(options.large_objects(), expected, "{content:?} {asked:?}");
        }
    }
}
