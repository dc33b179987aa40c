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

    /// The version that pg_dump of this server major writes.
    pub fn of_server_major(major: u32) -> Self {
        match major {
            ..=15 => Self::V1_14,
            16 => Self::V1_15,
            17.. => Self::V1_16,
        }
    }

    pub(crate) fn is_supported(self) -> bool {
        self.major == 1 && (14..=16).contains(&self.minor)
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
