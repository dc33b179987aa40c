//! The majors of PostgreSQL that the suites run against.

use std::fmt;

/// A major version of PostgreSQL whose server is among the judges, and but for 14 its clients too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Major {
    /// PostgreSQL 13.
    V13,
    /// PostgreSQL 14, the server alone.
    V14,
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
    /// Every major that pgark dumps, oldest first.
    pub const fn all() -> [Self; 4] {
        [Self::V15, Self::V16, Self::V17, Self::V18]
    }

    /// Every major, oldest first.
    pub const fn servers() -> [Self; 6] {
        [
            Self::V13,
            Self::V14,
            Self::V15,
            Self::V16,
            Self::V17,
            Self::V18,
        ]
    }

    /// Every major whose own pg_dump, pg_restore, pg_dumpall and the like can judge, oldest first.
    pub const fn with_clients() -> [Self; 5] {
        [Self::V13, Self::V15, Self::V16, Self::V17, Self::V18]
    }

    /// The major whose client programs serve this one: its own, or the next where it has none.
    #[must_use]
    pub const fn clients(self) -> Self {
        match self {
            Self::V14 => Self::V15,
            own => own,
        }
    }

    /// The number as in `server_version_num / 10000`.
    pub const fn number(self) -> u32 {
        match self {
            Self::V13 => 13,
            Self::V14 => 14,
            Self::V15 => 15,
            Self::V16 => 16,
            Self::V17 => 17,
            Self::V18 => 18,
        }
    }

    /// Whether the judge was built with OpenSSL, so that its server can speak TLS (16 and 18 were not).
    pub const fn has_tls(self) -> bool {
        matches!(self, Self::V13 | Self::V14 | Self::V15 | Self::V17)
    }
}

impl fmt::Display for Major {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.number())
    }
}
