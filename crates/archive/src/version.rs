//! Versions of the archive format.

use std::fmt;

/// A version of the archive format (`K_VERS_*` in src/bin/pg_dump/pg_backup_archiver.h). The revision says nothing about the layout.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Version {
    /// Always 1 so far.
    pub major: u8,
    /// What tells one layout from another.
    pub minor: u8,
    /// 0 in every archive that PostgreSQL wrote.
    pub rev: u8,
}

impl Version {
    /// Written by pg_dump 12 to 15.
    pub const V1_14: Self = Self {
        major: 1,
        minor: 14,
        rev: 0,
    };
    /// Written by pg_dump 16: the header names the compression algorithm.
    pub const V1_15: Self = Self {
        major: 1,
        minor: 15,
        rev: 0,
    };
    /// Written by pg_dump 17 and 18: entries carry the relkind.
    pub const V1_16: Self = Self {
        major: 1,
        minor: 16,
        rev: 0,
    };

    /// The oldest major of a pg_dump that writes this version.
    pub(crate) fn first_server_major(self) -> u32 {
        match self.minor {
            ..=13 => 8,
            14 => 12,
            15 => 16,
            16.. => 17,
        }
    }

    /// The version that pg_dump of this server major writes.
    pub fn of_server_major(major: u32) -> Self {
        match major {
            ..=15 => Self::V1_14,
            16 => Self::V1_15,
            17.. => Self::V1_16,
        }
    }

    /// Whether archives of this version are read: those that PostgreSQL 8.0 and later wrote.
    pub(crate) fn is_read(self) -> bool {
        self.major == 1 && (10..=16).contains(&self.minor)
    }

    /// Whether archives of this version are written.
    pub(crate) fn is_written(self) -> bool {
        self.major == 1 && (14..=16).contains(&self.minor)
    }

    /// Whether entries say which section they belong to.
    pub(crate) fn has_section(self) -> bool {
        self.minor >= 11
    }

    /// Whether each large object has an entry that makes it; before, its data made it.
    pub(crate) fn has_large_object_entries(self) -> bool {
        self.minor >= 12
    }

    /// Whether entries hold a table access method.
    pub(crate) fn has_table_am(self) -> bool {
        self.minor >= 14
    }

    /// Whether the header holds an algorithm, where older ones hold zlib's level.
    pub(crate) fn has_compression_algorithm(self) -> bool {
        self.minor >= 15
    }

    pub(crate) fn has_relkind(self) -> bool {
        self.minor >= 16
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_follows_the_server() {
        for (major, version) in [
            (13, Version::V1_14),
            (15, Version::V1_14),
            (16, Version::V1_15),
            (17, Version::V1_16),
            (18, Version::V1_16),
        ] {
            assert_eq!(Version::of_server_major(major), version, "server {major}");
        }
    }
}
