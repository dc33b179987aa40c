//! Which compression an archive uses, and the `-Z` option that asks for it.

use std::fmt;
use std::str::FromStr;

use crate::Error;

/// The compression of an archive's data blocks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Compression {
    /// Data as the server sent it.
    None,
    /// One zlib stream (RFC 1950) a block or large object, which PostgreSQL calls gzip.
    Gzip {
        /// 1 to 9, or zlib's default. Archives from 1.15 on do not record it.
        level: Option<u32>,
    },
    /// One LZ4 frame a block: known, so that such an archive can be listed, but its data is neither read nor written.
    Lz4,
    /// One Zstandard frame a block: known, so that such an archive can be listed, but its data is neither read nor written.
    Zstd,
}

impl Compression {
    /// What pg_dump uses for the custom format when nothing is asked for.
    pub const DEFAULT: Self = Self::Gzip { level: None };

    /// The algorithm's name, as options and listings have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip { .. } => "gzip",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
        }
    }

    /// The level as archives before 1.15 record it.
    pub(crate) fn recorded_level(self) -> i32 {
        match self {
            Self::None => 0,
            Self::Gzip {
                level: Some(level @ 1..=9),
            } => level.cast_signed(),
            _ => -1,
        }
    }

    pub(crate) fn from_recorded_level(level: i32) -> Option<Self> {
        match level {
            -1 => Some(Self::Gzip { level: None }),
            0 => Some(Self::None),
            1..=9 => Some(Self::Gzip {
                level: Some(level.cast_unsigned()),
            }),
            _ => None,
        }
    }

    /// The algorithm as archives from 1.15 on record it (`pg_compress_algorithm` in src/include/common/compression.h).
    pub(crate) fn recorded_algorithm(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Gzip { .. } => 1,
            Self::Lz4 => 2,
            Self::Zstd => 3,
        }
    }

    pub(crate) fn from_recorded_algorithm(algorithm: u8) -> Option<Self> {
        match algorithm {
            0 => Some(Self::None),
            1 => Some(Self::Gzip { level: None }),
            2 => Some(Self::Lz4),
            3 => Some(Self::Zstd),
            _ => None,
        }
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gzip { level: Some(level) } => write!(f, "gzip:{level}"),
            other => f.write_str(other.name()),
        }
    }
}

/// Reads the argument of pg_dump's `-Z`: a bare level, or `METHOD[:DETAIL]` (`parse_compress_options` and
/// `parse_compress_specification` in src/common/compression.c).
impl FromStr for Compression {
    type Err = Error;

    fn from_str(value: &str) -> Result<Self, Error> {
        parse(value).map_err(|reason| Error::CompressionOption {
            value: value.to_owned(),
            reason,
        })
    }
}

fn parse(value: &str) -> Result<Compression, String> {
    if let Ok(level) = value.parse::<i64>() {
        return if level == 0 {
            Ok(Compression::None)
        } else {
            gzip(level)
        };
    }
    let (algorithm, detail) = match value.split_once(':') {
        Some((algorithm, detail)) => (algorithm, Some(detail)),
        None => (value, None),
    };
    let level = || detail.map(parse_level).transpose();
    match algorithm {
        "none" => match level()? {
            None | Some(0) => Ok(Compression::None),
            Some(_) => Err("\"none\" does not accept a compression level".into()),
        },
        "gzip" => match level()? {
            None => Ok(Compression::Gzip { level: None }),
            Some(level) => gzip(level),
        },
        "lz4" | "zstd" => Err(format!(
            "compression with {algorithm} is not supported yet, only none and gzip"
        )),
        _ => Err(format!("unknown algorithm \"{algorithm}\"")),
    }
}

fn gzip(level: i64) -> Result<Compression, String> {
    match u32::try_from(level) {
        Ok(level @ 1..=9) => Ok(Compression::Gzip { level: Some(level) }),
        _ if level == -1 => Ok(Compression::Gzip { level: None }),
        _ => Err(format!(
            "gzip expects a level between 1 and 9, found {level}"
        )),
    }
}

/// Reads `N` or a list of `keyword=value`, of which `level` alone means something to none and gzip. The last one counts.
fn parse_level(detail: &str) -> Result<i64, String> {
    if let Ok(level) = detail.parse() {
        return Ok(level);
    }
    let mut level = None;
    for option in detail.split(',') {
        match option.split_once('=') {
            Some(("level", number)) => {
                level = Some(
                    number
                        .parse()
                        .map_err(|_| format!("level must be an integer, found \"{number}\""))?,
                );
            }
            _ if option == "level" => return Err("option \"level\" requires a value".into()),
            _ if option.is_empty() => {
                return Err("found an empty string where an option was expected".into());
            }
            _ => return Err(format!("unknown option \"{option}\"")),
        }
    }
    level.ok_or_else(|| "found no option".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gzip_at(level: u32) -> Compression {
        Compression::Gzip { level: Some(level) }
    }

    #[test]
    fn options_of_pg_dump_are_understood() {
        for (value, expected) in [
            ("none", Compression::None),
            ("none:0", Compression::None),
            ("0", Compression::None),
            ("1", gzip_at(1)),
            ("9", gzip_at(9)),
            ("-1", Compression::DEFAULT),
            ("gzip", Compression::DEFAULT),
            ("gzip:6", gzip_at(6)),
            ("gzip:level=6", gzip_at(6)),
            ("gzip:level=2,level=3", gzip_at(3)),
        ] {
            assert_eq!(value.parse::<Compression>().unwrap(), expected, "{value}");
        }
    }

    #[test]
    fn bad_options_are_refused_with_their_value() {
        for (value, reason) in [
            ("10", "found 10"),
            ("-2", "found -2"),
            ("gzip:0", "found 0"),
            ("gzip:10", "found 10"),
            ("gzip:", "empty string"),
            ("gzip:level", "requires a value"),
            ("gzip:level=x", "\"x\""),
            ("gzip:level=1,", "empty string"),
            ("gzip:long", "\"long\""),
            ("none:1", "does not accept"),
            ("lz4", "lz4"),
            ("zstd:3", "zstd"),
            ("brotli", "\"brotli\""),
            ("", "\"\""),
        ] {
            let error = value.parse::<Compression>().unwrap_err().to_string();
            assert!(
                error.contains(&format!("\"{value}\"")) && error.contains(reason),
                "{value}: {error}"
            );
        }
    }

    #[test]
    fn display_gives_an_option_back() {
        for compression in [Compression::None, Compression::DEFAULT, gzip_at(7)] {
            assert_eq!(
                compression.to_string().parse::<Compression>().unwrap(),
                compression
            );
        }
    }
}
