//! How archives record their compression.

use pgark_compression::Compression;

use crate::Version;

/// Whether an archive of a version can say that it is compressed so.
pub(crate) fn is_known_to(compression: Compression, version: Version) -> bool {
    version >= Version::V1_15
        || !matches!(
            compression,
            Compression::Lz4 { .. } | Compression::Zstd { .. }
        )
}

/// The level as archives before 1.15 record it.
pub(crate) fn recorded_level(compression: Compression) -> i32 {
    match compression {
        Compression::None => 0,
        Compression::Gzip {
            level: Some(level @ 1..=9),
        } => level.cast_signed(),
        _ => -1,
    }
}

/// What a recorded level stands for.
pub(crate) fn of_level(level: i32) -> Option<Compression> {
    match level {
        -1 => Some(Compression::Gzip { level: None }),
        0 => Some(Compression::None),
        1..=9 => Some(Compression::Gzip {
            level: Some(level.cast_unsigned()),
        }),
        _ => None,
    }
}

/// The algorithm as archives from 1.15 on record it (`pg_compress_algorithm` in src/include/common/compression.h).
pub(crate) fn recorded_algorithm(compression: Compression) -> u8 {
    match compression {
        Compression::None => 0,
        Compression::Gzip { .. } => 1,
        Compression::Lz4 { .. } => 2,
        Compression::Zstd { .. } => 3,
    }
}

/// What a recorded algorithm stands for.
pub(crate) fn of_algorithm(algorithm: u8) -> Option<Compression> {
    match algorithm {
        0 => Some(Compression::None),
        1 => Some(Compression::Gzip { level: None }),
        2 => Some(Compression::Lz4 { level: None }),
        3 => Some(Compression::Zstd {
            level: None,
            is_long: false,
        }),
        _ => None,
    }
}
