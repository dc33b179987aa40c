//! What pg_dump of each major does otherwise than that of the others.

/// The ways of pg_dump of one major. Each difference has a name here, so that no other place asks for a version.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dialect {
    major: u32,
}

impl Dialect {
    pub(crate) fn new(major: u32) -> Self {
        Self { major }
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
