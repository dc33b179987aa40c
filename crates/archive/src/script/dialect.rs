//! What pg_restore of each major writes otherwise than that of the others.

use bstr::ByteSlice;

use crate::Header;

/// The ways of the pg_restore that belongs to the server that was dumped.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dialect {
    major: u32,
}

impl Dialect {
    pub(super) fn of(header: &Header) -> Self {
        let version = header.server_version.as_ref().and_then(|version| {
            let digits = version.bytes().take_while(u8::is_ascii_digit).count();
            version[..digits].to_str().ok()?.parse().ok()
        });
        Self {
            major: version.unwrap_or_else(|| header.version.first_server_major()),
        }
    }

    /// The ways of the pg_restore of a major.
    pub(super) fn of_major(major: u32) -> Self {
        Self { major }
    }

    /// The major whose keywords are quoted.
    pub(super) fn major(self) -> u32 {
        self.major
    }

    /// The server has transaction_timeout.
    pub(super) fn has_transaction_timeout(self) -> bool {
        self.major >= 17
    }

    /// The owner of a view or a sequence is changed by a statement of its own kind, not by ALTER TABLE.
    pub(super) fn names_kind_of_relation(self) -> bool {
        self.major >= 16
    }
}
