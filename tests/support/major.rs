//! The majors of PostgreSQL that the suites run against.

use std::fmt;

/// A major version of PostgreSQL with a server and its clients among the judges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Major {
    /// PostgreSQL 15.
    V15,
    /// PostgreSQL 16.
    V16,
    /// PostgreSQL 17.
    V17,
    /// PostgreSQL 18.
    V18,
}

impl Major {
    /// Every major, oldest first.
    pub const fn all() -> [Self; 4] {
        [Self::V15, Self::V16, Self::V17, Self::V18]
    }

    /// The number as in `server_version_num / 10000`.
    pub const fn number(self) -> u32 {
        match self {
            Self::V15 => 15,
            Self::V16 => 16,
            Self::V17 => 17,
            Self::V18 => 18,
        }
    }

    /// Whether the judge was built with OpenSSL, so that its server can speak TLS (16 and 18 were not).
    pub const fn has_tls(self) -> bool {
        matches!(self, Self::V15 | Self::V17)
    }
}

impl fmt::Display for Major {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.number())
    }
}
