//! Which compression is used, and the `-Z` option that asks for it.

use std::fmt;
use std::str::FromStr;

/// How data is compressed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Compression {
    /// Data as the server sent it.
    #[default]
    None,
    /// Deflate (RFC 1951); in an archive one zlib stream a block or large object, which PostgreSQL calls gzip.
    Gzip {
        /// 1 to 9, or 5, which is smaller than zlib's default. Archives from 1.15 on do not record it.
        level: Option<u32>,
    },
    /// One LZ4 frame, in an archive (from 1.15 on) one a block or large object.
    Lz4 {
        /// 1 to 12. All compress alike: what liblz4 gains by trying longer is gained better by Zstandard.
        level: Option<u32>,
    },
    /// One Zstandard frame, in an archive (from 1.15 on) one a block or large object.
    Zstd {
        /// [`Self::ZSTD_LEVELS`], or 2.
        level: Option<i32>,
        /// Whether matches are looked for far back (`long`).
        is_long: bool,
    },
}

impl Compression {
    /// What pg_dump uses for the custom format when nothing is asked for.
    pub const DEFAULT: Self = Self::Gzip { level: None };

    /// The levels of Zstandard that are taken.
    pub const ZSTD_LEVELS: std::ops::RangeInclusive<i32> = -7..=22;

    /// The algorithm's name, as options and listings have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip { .. } => "gzip",
            Self::Lz4 { .. } => "lz4",
            Self::Zstd { .. } => "zstd",
        }
    }
}

/// A compression option that cannot be understood.
#[derive(Debug, thiserror::Error)]
#[error("invalid compression \"{value}\": {reason}")]
pub struct InvalidCompression {
    /// The whole option as given.
    value: String,
    /// Why it was refused.
    reason: String,
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gzip { level: Some(level) } | Self::Lz4 { level: Some(level) } => {
                write!(f, "{}:{level}", self.name())
            }
            Self::Zstd {
                level: Some(level),
                is_long: false,
            } => write!(f, "zstd:{level}"),
            Self::Zstd {
                level,
                is_long: true,
            } => match level {
                Some(level) => write!(f, "zstd:level={level},long"),
                None => f.write_str("zstd:long"),
            },
            other => f.write_str(other.name()),
        }
    }
}

/// Reads the argument of pg_dump's `-Z`: a bare level, or `METHOD[:DETAIL]` (`parse_compress_options` and
/// `parse_compress_specification` in src/common/compression.c).
impl FromStr for Compression {
    type Err = InvalidCompression;

    fn from_str(value: &str) -> Result<Self, InvalidCompression> {
        parse(value).map_err(|reason| InvalidCompression {
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
    if !["none", "gzip", "lz4", "zstd"].contains(&algorithm) {
        return Err(format!(
            "unknown algorithm \"{algorithm}\", expected none, gzip, lz4 or zstd"
        ));
    }
    let Detail {
        level,
        has_workers,
        is_long,
    } = detail.map_or_else(|| Ok(Detail::default()), parse_detail)?;
    if algorithm != "zstd" {
        if has_workers {
            return Err(format!("\"{algorithm}\" does not accept a worker count"));
        }
        if is_long {
            return Err(format!(
                "\"{algorithm}\" does not support long-distance mode"
            ));
        }
    }
    match (algorithm, level) {
        ("none", None | Some(0)) => Ok(Compression::None),
        ("none", Some(_)) => Err("\"none\" does not accept a compression level".into()),
        ("gzip", None) => Ok(Compression::Gzip { level: None }),
        ("gzip", Some(level)) => gzip(level),
        ("lz4", None | Some(0)) => Ok(Compression::Lz4 { level: None }),
        ("lz4", Some(level)) => match u32::try_from(level) {
            Ok(level @ 1..=12) => Ok(Compression::Lz4 { level: Some(level) }),
            _ => Err(format!(
                "lz4 expects a level between 1 and 12, found {level}"
            )),
        },
        (_, level) => {
            let in_range = |level: i64| {
                i32::try_from(level)
                    .ok()
                    .filter(|level| Compression::ZSTD_LEVELS.contains(level))
                    .ok_or_else(|| format!("zstd expects a level between -7 and 22, found {level}"))
            };
            Ok(Compression::Zstd {
                level: level.map(in_range).transpose()?,
                is_long,
            })
        }
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

/// What stands behind an algorithm.
#[derive(Default)]
struct Detail {
    level: Option<i64>,
    /// How many workers it is does not matter: pg_dump has none, and here the machine decides.
    has_workers: bool,
    is_long: bool,
}

/// Reads a list of `keyword=value`, of which the last one counts, in whose place a level may stand alone: pg_dump takes nothing behind
/// it, here others may follow.
fn parse_detail(text: &str) -> Result<Detail, String> {
    let mut detail = Detail::default();
    let integer = |keyword: &str, value: Option<&str>| -> Result<i64, String> {
        let value = value.ok_or_else(|| format!("option \"{keyword}\" requires a value"))?;
        value
            .parse()
            .map_err(|_| format!("{keyword} must be an integer, found \"{value}\""))
    };
    for (place, option) in text.split(',').enumerate() {
        if place == 0
            && let Ok(level) = option.parse()
        {
            detail.level = Some(level);
            continue;
        }
        let (keyword, value) = match option.split_once('=') {
            Some((keyword, value)) => (keyword, Some(value)),
            None => (option, None),
        };
        match keyword {
            "" if value.is_none() => {
                return Err("found an empty string where an option was expected".into());
            }
            "level" => detail.level = Some(integer(keyword, value)?),
            "workers" => {
                integer(keyword, value)?;
                detail.has_workers = true;
            }
            "long" => detail.is_long = boolean(keyword, value)?,
            _ => return Err(format!("unknown option \"{option}\"")),
        }
    }
    Ok(detail)
}

/// As `expect_boolean_value` in src/common/compression.c.
fn boolean(keyword: &str, value: Option<&str>) -> Result<bool, String> {
    match value.map(str::to_ascii_lowercase).as_deref() {
        None | Some("yes" | "on" | "1") => Ok(true),
        Some("no" | "off" | "0") => Ok(false),
        Some(value) => Err(format!("{keyword} must be a boolean, found \"{value}\"")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zstd(level: Option<i32>, is_long: bool) -> Compression {
        Compression::Zstd { level, is_long }
    }

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
            ("gzip:long=no", Compression::DEFAULT),
            ("lz4", Compression::Lz4 { level: None }),
            ("lz4:0", Compression::Lz4 { level: None }),
            ("lz4:12", Compression::Lz4 { level: Some(12) }),
            ("zstd", zstd(None, false)),
            ("zstd:-7", zstd(Some(-7), false)),
            ("zstd:22", zstd(Some(22), false)),
            ("zstd:long", zstd(None, true)),
            ("zstd:level=9,long=on,workers=3", zstd(Some(9), true)),
            ("zstd:-3,long", zstd(Some(-3), true)),
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
            ("gzip:1,", "empty string"),
            ("zstd:long,3", "\"3\""),
            ("gzip:long", "long-distance mode"),
            ("none:1", "does not accept"),
            ("none:long", "long-distance mode"),
            ("gzip:workers=2", "worker count"),
            ("lz4:13", "found 13"),
            ("zstd:23", "found 23"),
            ("zstd:-8", "found -8"),
            ("zstd:long=2", "boolean"),
            ("zstd:fast", "\"fast\""),
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
        for compression in [
            Compression::None,
            Compression::DEFAULT,
            gzip_at(7),
            Compression::Lz4 { level: None },
            Compression::Lz4 { level: Some(3) },
            zstd(None, false),
            zstd(Some(-1), false),
            zstd(None, true),
            zstd(Some(19), true),
        ] {
            assert_eq!(
                compression.to_string().parse::<Compression>().unwrap(),
                compression
            );
        }
    }
}
