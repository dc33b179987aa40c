//! What the user said about a source: the location and the options beside it.

mod boolean;
mod connection;
mod physical;
mod restore;

use std::collections::HashMap;
use std::num::NonZeroUsize;

use bstr::{BStr, BString};
use pgark_archive::Compression;
use pgark_connect::Config;

use crate::Error;

pub(crate) use restore::{RestoreMode, RestoreOptions};

/// Options of a logical backup; [`connection`] and [`physical`] have more.
const OWN: &[&str] = &[
    "compress",
    "compression",
    "data_only",
    "exclude_databases",
    "jobs",
    "pg_bin_dir",
    "schema_only",
];

/// A protocol in a location, before the `://`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// A server that is dumped logically, by password or certificate.
    Postgres,
    /// A server whose files are backed up.
    PostgresBin,
}

impl Protocol {
    fn parse(name: &str) -> Result<Self, Error> {
        match name {
            "postgres" => Ok(Self::Postgres),
            "postgres+bin" => Ok(Self::PostgresBin),
            _ => Err(Error::Protocol(name.to_owned())),
        }
    }

    /// What Plakar calls the kind of source; snapshots of one kind and origin form a line.
    pub(crate) fn kind(self) -> &'static str {
        match self {
            Self::Postgres => "postgresql",
            Self::PostgresBin => "postgres+bin",
        }
    }

    /// What a location begins with.
    fn scheme(self) -> &'static str {
        match self {
            Self::Postgres => "postgres://",
            Self::PostgresBin => "postgres+bin://",
        }
    }
}

/// What is taken of a server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Selection {
    /// This database alone; all where `None`.
    pub(crate) database: Option<BString>,
    /// Databases that are left out of all.
    pub(crate) exclude: Vec<BString>,
    /// Whether roles and tablespaces are dumped.
    pub(crate) globals: bool,
}

impl Selection {
    /// Whether the database is to be dumped.
    pub(crate) fn takes(&self, database: &BStr) -> bool {
        match &self.database {
            Some(only) => only == database,
            None => !self.exclude.iter().any(|excluded| excluded == database),
        }
    }
}

/// All that was said about a source.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    pub(crate) protocol: Protocol,
    /// Leads to the selected database, or to the one called `postgres`.
    pub(crate) config: Config,
    /// The server's host; what Plakar shows as the snapshot's origin.
    pub(crate) origin: String,
    pub(crate) selection: Selection,
    /// How the dumps are compressed.
    pub(crate) compression: Compression,
    /// How many sessions dump a database.
    pub(crate) jobs: NonZeroUsize,
    pub(crate) schema_only: bool,
    pub(crate) data_only: bool,
    /// What a base backup is asked for.
    pub(crate) physical: pgark_physical::Options,
}

impl Options {
    /// Reads the options that the host passes on: those of the location first, the others win over them, and an empty one
    /// counts as none. Options that do not exist get a warning, since hosts may have some of their own.
    pub(crate) fn parse(protocol: &str, options: &HashMap<String, String>) -> Result<Self, Error> {
        let protocol = Protocol::parse(protocol)?;
        let own = match protocol {
            Protocol::Postgres => OWN,
            Protocol::PostgresBin => physical::OWN,
        };
        let said = look_up(options, own);
        let (schema_only, data_only) = sections(&said)?;

        let (config, database) = connection::parse(protocol, &said)?;
        let selection = Selection {
            database,
            exclude: names(said("exclude_databases")),
            globals: !data_only,
        };
        Ok(Self {
            protocol,
            origin: config.host()?,
            config,
            selection,
            compression: compression(&said)?,
            jobs: jobs(said("jobs"))?,
            schema_only,
            data_only,
            physical: physical::parse(&said)?,
        })
    }
}

/// Looks options up; an empty one counts as none. Options that do not exist get a warning, since hosts may have some of their own.
fn look_up<'a>(
    options: &'a HashMap<String, String>,
    own: &[&str],
) -> impl Fn(&str) -> Option<&'a str> {
    let mut unknown: Vec<_> = options
        .keys()
        .filter(|key| !own.contains(&key.as_str()) && !connection::is_option(key))
        .collect();
    unknown.sort();
    for key in unknown {
        tracing::warn!("option {key} does not exist and is ignored");
    }
    let said = |key: &str| {
        options
            .get(key)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    };
    if said("pg_bin_dir").is_some() {
        tracing::info!("option pg_bin_dir is ignored: no PostgreSQL program is needed");
    }
    said
}

fn flag<'a>(said: impl Fn(&str) -> Option<&'a str>, key: &str) -> Result<bool, Error> {
    said(key).map_or(Ok(false), |value| boolean::parse(key, value))
}

/// How dumps are compressed. Left as they are, Plakar finds data again, and compresses too.
fn compression<'a>(said: impl Fn(&str) -> Option<&'a str>) -> Result<Compression, Error> {
    match (flag(&said, "compress")?, said("compression")) {
        (true, Some(_)) => Err(exclusive("compress", "compression")),
        (true, None) => Ok(Compression::DEFAULT),
        (false, None) => Ok(Compression::None),
        (false, Some(value)) => value
            .parse()
            .map_err(|error| Error::Option(format!("compression: {error}"))),
    }
}

fn jobs(said: Option<&str>) -> Result<NonZeroUsize, Error> {
    said.map_or_else(
        || Ok(pgark_dump::Options::default_jobs()),
        |value| {
            value.parse().map_err(|_| {
                let reason = format!("jobs: invalid value \"{value}\" (accepted: 1 and more)");
                Error::Option(reason)
            })
        },
    )
}

/// Whether definitions alone, or data alone.
fn sections<'a>(said: impl Fn(&str) -> Option<&'a str>) -> Result<(bool, bool), Error> {
    let sections = (flag(&said, "schema_only")?, flag(&said, "data_only")?);
    if sections == (true, true) {
        return Err(exclusive("schema_only", "data_only"));
    }
    Ok(sections)
}

/// Names that are separated by commas.
fn names(list: Option<&str>) -> Vec<BString> {
    list.unwrap_or_default()
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(BString::from)
        .collect()
}

fn exclusive(one: &str, other: &str) -> Error {
    Error::Option(format!("{one} and {other} are mutually exclusive"))
}

#[cfg(test)]
mod tests;
