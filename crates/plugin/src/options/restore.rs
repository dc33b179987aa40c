//! What the user said about a destination.

use std::collections::HashMap;

use bstr::{BStr, BString};
use pgark_connect::Config;

use super::list::names;
use super::{Protocol, aws, connection, exclusive, flag, look_up, sections};
use crate::Error;

/// Options that are read here; [`connection`] has more.
const OWN: &[&str] = &[
    "clean",
    "data_only",
    "databases",
    "exit_on_error",
    "ignore_errors",
    "no_globals",
    "no_owner",
    "pg_bin_dir",
    "recreate",
    "schema_only",
];

/// What becomes of what is there.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum RestoreMode {
    /// It stays; a database must be there.
    Plain,
    /// What is restored is dropped before.
    Clean,
    /// The database is dropped before, and made anew.
    Recreate,
}

/// All that was said about a destination.
#[derive(Clone, Debug)]
pub(crate) struct RestoreOptions {
    pub(crate) protocol: Protocol,
    /// Leads to the database named, or to the one called `postgres`.
    pub(crate) config: Config,
    /// The server's host.
    pub(crate) origin: String,
    /// The one database that everything goes into.
    pub(crate) database: Option<BString>,
    /// The databases to restore; all where there is none.
    databases: Vec<BString>,
    pub(crate) mode: RestoreMode,
    pub(crate) no_globals: bool,
    pub(crate) no_owner: bool,
    pub(crate) schema_only: bool,
    pub(crate) data_only: bool,
    /// Stop at the first error, within a record and for all that follow.
    pub(crate) exit_on_error: bool,
    /// A record that fails is told, and does not make the restore fail.
    pub(crate) ignore_errors: bool,
}

impl RestoreOptions {
    /// Reads the options that the host passes on, as those of a source are read.
    pub(crate) fn parse(protocol: &str, options: &HashMap<String, String>) -> Result<Self, Error> {
        let (protocol, own) = match Protocol::parse(protocol)? {
            protocol @ Protocol::Postgres => (protocol, &[OWN][..]),
            protocol @ Protocol::PostgresAws => (protocol, &[OWN, aws::OWN][..]),
            // A server's files are restored as files.
            Protocol::PostgresBin => return Err(Error::Protocol(protocol.to_owned())),
        };
        let said = look_up(options, own);
        let flag = |key| flag(&said, key);
        let (schema_only, data_only) = sections(&said)?;
        let mode = match (flag("clean")?, flag("recreate")?) {
            (true, true) => return Err(exclusive("clean", "recreate")),
            (true, false) => RestoreMode::Clean,
            (false, true) => RestoreMode::Recreate,
            (false, false) => RestoreMode::Plain,
        };
        let (exit_on_error, ignore_errors) = (flag("exit_on_error")?, flag("ignore_errors")?);
        if exit_on_error && ignore_errors {
            return Err(exclusive("exit_on_error", "ignore_errors"));
        }
        let (config, database) = connection::parse(protocol, &said)?;
        Ok(Self {
            protocol,
            origin: config.host()?,
            config,
            database,
            databases: names(said("databases")),
            mode,
            no_globals: flag("no_globals")?,
            no_owner: flag("no_owner")?,
            schema_only,
            data_only,
            exit_on_error,
            ignore_errors,
        })
    }

    /// Whether a database is to be restored.
    pub(crate) fn takes(&self, database: &BStr) -> bool {
        self.databases.is_empty() || self.databases.iter().any(|name| name == database)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(options: &[(&str, &str)]) -> Result<RestoreOptions, Error> {
        let pairs = options
            .iter()
            .map(|(key, value)| ((*key).into(), (*value).into()));
        RestoreOptions::parse("postgres", &pairs.collect())
    }

    #[test]
    fn options_are_read_as_they_are_meant() {
        let options = parse(&[
            ("location", "postgres://u@h/db"),
            ("recreate", "true"),
            ("databases", "a, b-c"),
            ("no_owner", "1"),
        ])
        .unwrap();
        assert_eq!(options.mode, RestoreMode::Recreate);
        assert_eq!(options.database, Some("db".into()));
        assert!(options.no_owner && !options.no_globals && !options.exit_on_error);
        for (name, taken) in [("a", true), ("b-c", true), ("db", false)] {
            assert_eq!(options.takes(name.into()), taken, "{name}");
        }
        assert!(parse(&[]).unwrap().takes("any".into()));
    }

    #[test]
    fn options_that_exclude_each_other_are_refused() {
        for pair in [
            ["clean", "recreate"],
            ["schema_only", "data_only"],
            ["exit_on_error", "ignore_errors"],
        ] {
            let error = parse(&pair.map(|key| (key, "true"))).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("{} and {} are mutually exclusive", pair[0], pair[1])
            );
        }
    }
}
