//! Why a dump failed.

use std::time::Duration;

use bstr::BString;
use pgark_wire::Error as WireError;

/// A failed dump.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The server could not be reached, or refused the login.
    #[error(transparent)]
    Connect(#[from] pgark_connect::Error),
    /// The catalogues could not be read.
    #[error(transparent)]
    Catalog(#[from] pgark_catalog::Error),
    /// A typed query failed; `what` says what was being read.
    #[error("could not read {what}: {source}")]
    Read {
        /// What was being read.
        what: &'static str,
        /// The failure.
        #[source]
        source: tokio_postgres::Error,
    },
    /// The server refused a command of the session, or the connection broke.
    #[error("could not {doing}: {source}")]
    Session {
        /// What was being done, such as `begin the transaction`.
        doing: &'static str,
        /// The failure.
        #[source]
        source: WireError,
    },
    /// The rows of a table could not be read.
    #[error("could not dump the rows of table {table}: {source}")]
    Table {
        /// The table, quoted.
        table: BString,
        /// The failure.
        #[source]
        source: WireError,
    },
    /// Large objects could not be read.
    #[error("could not dump large objects {of}: {source}")]
    LargeObjects {
        /// Their OIDs.
        of: String,
        /// The failure.
        #[source]
        source: WireError,
    },
    /// A pattern of names has more parts than a name has.
    #[error(transparent)]
    Pattern(pgark_sql::Error),
    /// A pattern names another database than the one that is dumped.
    #[error("cross-database references are not implemented: {0}")]
    OtherDatabase(BString),
    /// Nothing has a name that was asked for.
    #[error("no matching {what} were found{}", for_pattern(.pattern.as_ref()))]
    NoMatch {
        /// What was looked for, such as `tables`.
        what: &'static str,
        /// The pattern, where each must match.
        pattern: Option<BString>,
    },
    /// The catalogues hold a value that has no meaning as SQL.
    #[error("could not write {object} as SQL: {source}")]
    Sql {
        /// The object.
        object: String,
        /// The failure.
        #[source]
        source: pgark_sql::Error,
    },
    /// The server names an encoding that pgark does not know.
    #[error(transparent)]
    Encoding(#[from] pgark_sql::Error),
    /// The archive could not be written.
    #[error(transparent)]
    Archive(#[from] pgark_archive::Error),
    /// An object was dropped while it was being dumped.
    #[error("{0} was dropped while the dump was running")]
    Dropped(String),
    /// An object has a property that no known version of PostgreSQL gives it.
    #[error("{object} has an unknown {what}, \"{found}\"")]
    Unknown {
        /// The object.
        object: String,
        /// The property.
        what: &'static str,
        /// Its letter in the catalogue.
        found: char,
    },
    /// A table was dropped, rewritten, truncated or altered after the dump had begun and before the table was locked.
    #[error(
        "table \"{0}\" was dropped, rewritten, truncated or altered by another session while the dump was starting"
    )]
    Changed(BString),
    /// The database holds privileges by default for a kind of object that pgark does not know. Nothing was written.
    #[error("{0} are for a kind of object that pgark does not know")]
    UnknownKind(String),
    /// No order of GRANT statements gives every grantor its right before using it.
    #[error("could not find an order for the grants of role \"{0}\"")]
    MembershipOrder(BString),
    /// It was not done in the time that it was given.
    #[error("the dump took longer than {} s, the most that it may take", .0.as_secs_f64())]
    TookTooLong(Duration),
    /// The one database asked for is not there.
    #[error("database \"{0}\" not found or not connectable")]
    NoDatabase(BString),
    /// One database of several could not be dumped.
    #[error("could not dump database \"{database}\": {source}")]
    Database {
        /// Its name.
        database: BString,
        /// The failure.
        source: Box<Error>,
    },
    /// There is something where the dump is to go.
    #[error("{0}")]
    Refused(String),
    /// A file of the dump could not be written.
    #[error("could not {doing}: {source}")]
    Io {
        /// What was being done, with the file's name.
        doing: String,
        /// The failure.
        #[source]
        source: std::io::Error,
    },
    /// A part of the dump that runs beside the others ended without an answer.
    #[error("the writer of the archive stopped: {0}")]
    Stopped(String),
}

/// The crate's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// Whether the server refused for want of a privilege (SQLSTATE 42501).
    pub fn is_permission_denied(&self) -> bool {
        const INSUFFICIENT_PRIVILEGE: &str = "42501";
        self.sqlstate() == Some(INSUFFICIENT_PRIVILEGE)
    }

    /// Whether another session dropped, renamed or rewrote something that the snapshot shows, so that another snapshot may do better.
    pub(crate) fn is_changed_meanwhile(&self) -> bool {
        // What the server says of a name or an OID that is gone: undefined table, column, schema, object, function, wrong kind of
        // object; and an internal error where one of its functions looked up what the catalogues hold no more.
        const GONE: [&str; 7] = [
            "42P01", "42703", "3F000", "42704", "42883", "42809", "XX000",
        ];
        match self {
            Self::Dropped(_)
            | Self::Changed(_)
            | Self::Catalog(
                pgark_catalog::Error::Dropped { .. } | pgark_catalog::Error::Dangling { .. },
            ) => true,
            _ => self.sqlstate().is_some_and(|code| GONE.contains(&code)),
        }
    }

    /// The code of the server's error, where it is one.
    fn sqlstate(&self) -> Option<&str> {
        match self {
            Self::Catalog(pgark_catalog::Error::Query { source, .. })
            | Self::Session { source, .. }
            | Self::Table { source, .. }
            | Self::LargeObjects { source, .. } => match source {
                WireError::Server(error) => Some(&error.sqlstate),
                _ => None,
            },
            Self::Read { source, .. } => Some(source.code()?.code()),
            _ => None,
        }
    }

    /// Whether the connection broke while the dump was running.
    pub fn is_connection_lost(&self) -> bool {
        match self {
            Self::Catalog(pgark_catalog::Error::Query { source, .. })
            | Self::Session { source, .. }
            | Self::Table { source, .. }
            | Self::LargeObjects { source, .. } => source.is_connection_lost(),
            Self::Read { source, .. } => source.is_closed(),
            _ => false,
        }
    }
}

fn for_pattern(pattern: Option<&BString>) -> String {
    pattern.map_or(String::new(), |pattern| {
        format!(" for pattern \"{pattern}\"")
    })
}

#[cfg(test)]
mod tests {
    use pgark_wire::{Error as WireError, ServerError};

    use super::Error;

    #[test]
    fn another_snapshot_helps_against_what_others_changed_alone() {
        let of_server = |sqlstate: &str| {
            let mut error = ServerError::default();
            error.sqlstate = sqlstate.into();
            Error::Session {
                doing: "lock tables",
                source: WireError::Server(Box::new(error)),
            }
        };
        for (error, expected) in [
            (Error::Dropped("view \"v\"".into()), true),
            (Error::Changed("t".into()), true),
            (
                Error::Catalog(pgark_catalog::Error::Dropped {
                    kind: "index",
                    name: "i".into(),
                }),
                true,
            ),
            (of_server("42P01"), true),
            (of_server("XX000"), true),
            (of_server("42501"), false),
            (of_server("57P01"), false),
            (Error::UnknownKind("x".into()), false),
        ] {
            assert_eq!(error.is_changed_meanwhile(), expected, "{error}");
        }
    }
}
