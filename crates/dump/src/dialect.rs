//! What pg_dump of each major does otherwise than that of the others.

use pgark_catalog::Server;

/// The ways of pg_dump of one major. Each difference has a name here, so that no other place asks for a version.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dialect {
    major: u32,
    sorts_by_natural_keys: bool,
}

impl Dialect {
    pub(crate) fn of(server: &Server) -> Self {
        Self {
            major: server.major(),
            sorts_by_natural_keys: server.is_since_august_2025(),
        }
    }

    /// Objects of one kind, schema and name are sorted by what else tells them apart, where older releases leave most of them in the
    /// order of their OIDs.
    pub(crate) fn sorts_by_natural_keys(self) -> bool {
        self.sorts_by_natural_keys
    }

    /// A partition is attached to its parent by an entry of its own, not within that of the partition.
    pub(crate) fn attaches_partitions_apart(self) -> bool {
        self.major >= 14
    }

    /// Owner and comment of the schema public are written where they were changed, not its privileges alone.
    pub(crate) fn writes_public_schema(self) -> bool {
        self.major >= 15
    }

    /// `CREATE DATABASE` names the provider of the locale.
    pub(crate) fn names_locale_provider(self) -> bool {
        self.major >= 15
    }

    /// An identity's sequence can be logged otherwise than its table, so that it says so.
    pub(crate) fn has_unlogged_sequences(self) -> bool {
        self.major >= 15
    }

    /// The index of a partition is dropped like any other, although it goes with that of the partitioned table.
    pub(crate) fn drops_attached_indexes(self) -> bool {
        self.major < 14
    }

    /// A type's shell is written for the functions of an extension too.
    pub(crate) fn always_defines_shell_types(self) -> bool {
        self.major >= 14
    }

    /// The entry of a foreign table has a tablespace too, which is none.
    pub(crate) fn foreign_tables_have_tablespace(self) -> bool {
        self.major < 15
    }

    /// NOT NULL of a table is a constraint with a name.
    pub(crate) fn has_not_null_constraints(self) -> bool {
        self.major >= 18
    }

    /// A parent's `DEFAULT NULL` is nothing that a child must take back.
    pub(crate) fn null_default_is_no_default(self) -> bool {
        self.major >= 16
    }

    /// A child's column may be generated otherwise than its parent's.
    pub(crate) fn children_generate_otherwise(self) -> bool {
        self.major >= 16
    }

    /// An unlogged partitioned table says so.
    pub(crate) fn has_unlogged_partitioned_tables(self) -> bool {
        self.major < 18
    }

    /// Options of a foreign table's column are not for the columns of its children.
    pub(crate) fn foreign_columns_are_altered_alone(self) -> bool {
        self.major >= 17
    }

    /// Tables and schemas are members of publications even where they are not written themselves.
    pub(crate) fn publishes_what_is_not_written(self) -> bool {
        self.major >= 18
    }

    /// A subscription says that it does not stream, since the server would by default.
    pub(crate) fn streams_by_default(self) -> bool {
        self.major >= 18
    }

    /// A partitioned table has an access method for its partitions, and entries tell what kind of relation they make.
    pub(crate) fn has_partitioned_access_method(self) -> bool {
        self.major >= 17
    }

    /// `DEPENDS ON EXTENSION` stands on a line of its own before, not after, the next statement's line.
    pub(crate) fn extension_dependency_starts_line(self) -> bool {
        self.major >= 17
    }

    /// A primary key can, by its index, be said to have `NULLS NOT DISTINCT`.
    pub(crate) fn primary_keys_name_nulls(self) -> bool {
        self.major < 16
    }
}
