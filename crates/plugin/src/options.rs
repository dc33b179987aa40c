//! What the user said about a source: the location and the options beside it.

mod aws;
mod boolean;
mod connection;
mod list;
mod physical;
mod restore;

use std::collections::HashMap;
use std::num::NonZeroUsize;

use bstr::BString;
use pgark_archive::Compression;
use pgark_connect::Config;
use pgark_dump::cluster::Choice;
use pgark_dump::manifest::Detail;
use pgark_dump::{NameOptions, TablePattern};

use crate::Error;

pub(crate) use restore::{RestoreMode, RestoreOptions};

/// Options of a logical backup; [`connection`] and [`physical`] have more.
const OWN: &[&str] = &[
    "compress",
    "compression",
    "data_only",
    "exclude_databases",
    "exclude_table_data",
    "exclude_tables",
    "jobs",
    "lock_wait_timeout",
    "manifest",
    "no_role_passwords",
    "pg_bin_dir",
    "schema_only",
    "schemas",
];

/// A protocol in a location, before the `://`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// A server that is dumped logically, by password or certificate.
    Postgres,
    /// A server of RDS or Aurora that is dumped logically, by tokens of AWS IAM.
    PostgresAws,
    /// A server whose files are backed up.
    PostgresBin,
}

impl Protocol {
    fn parse(name: &str) -> Result<Self, Error> {
        match name {
            "postgres" => Ok(Self::Postgres),
            "postgres+aws" => Ok(Self::PostgresAws),
            "postgres+bin" => Ok(Self::PostgresBin),
            _ => Err(Error::Protocol(name.to_owned())),
        }
    }

    /// What Plakar calls the kind of source; snapshots of one kind and origin form a line.
    pub(crate) fn kind(self) -> &'static str {
        match self {
            Self::Postgres => "postgresql",
            Self::PostgresAws => "postgresql+aws",
            Self::PostgresBin => "postgres+bin",
        }
    }

    /// What a location begins with.
    fn scheme(self) -> &'static str {
        match self {
            Self::Postgres => "postgres://",
            Self::PostgresAws => "postgres+aws://",
            Self::PostgresBin => "postgres+bin://",
        }
    }
}

/// What is taken of a server.
#[derive(Debug, Clone, Default)]
pub(crate) struct Selection {
    /// The databases.
    pub(crate) choice: Choice,
    /// Whether roles and tablespaces are dumped.
    pub(crate) globals: bool,
}

impl Selection {
    /// The one database that is backed up, if it is one.
    pub(crate) fn database(&self) -> Option<&BString> {
        self.choice.named.first()
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
    /// How many sessions the dumps have together.
    pub(crate) jobs: NonZeroUsize,
    pub(crate) schema_only: bool,
    pub(crate) data_only: bool,
    /// Which objects of a database are dumped.
    pub(crate) names: NameOptions,
    /// How long a dump waits for locks on tables, in the server's words for a time; for ever where `None`.
    pub(crate) lock_wait_timeout: Option<BString>,
    /// Roles are dumped without their passwords, and without a warning.
    pub(crate) no_role_passwords: bool,
    /// How much the manifest tells.
    pub(crate) manifest: Detail,
    /// What a base backup is asked for.
    pub(crate) physical: pgark_physical::Options,
}

impl Options {
    /// Reads the options that the host passes on: those of the location first, the others win over them, and an empty one
    /// counts as none. Options that do not exist get a warning, since hosts may have some of their own.
    pub(crate) fn parse(protocol: &str, options: &HashMap<String, String>) -> Result<Self, Error> {
        let protocol = Protocol::parse(protocol)?;
        let own = match protocol {
            Protocol::Postgres => &[OWN][..],
            Protocol::PostgresAws => &[OWN, aws::OWN],
            Protocol::PostgresBin => &[physical::OWN],
        };
        let said = look_up(options, own);
        let (schema_only, data_only) = sections(&said)?;

        let (config, database) = connection::parse(protocol, &said)?;
        let exclude = match options.get("exclude_databases") {
            None if protocol == Protocol::PostgresAws => vec![aws::RESERVED_DATABASE.into()],
            said => list::names(said.map(String::as_str)),
        };
        let selection = Selection {
            choice: Choice {
                named: database.into_iter().collect(),
                excluded: exclude,
                excluded_patterns: Vec::new(),
            },
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
            names: objects(&said)?,
            lock_wait_timeout: lock_wait_timeout(said("lock_wait_timeout"))?,
            no_role_passwords: flag(&said, "no_role_passwords")?,
            manifest: manifest(said("manifest"))?,
            physical: physical::parse(&said)?,
        })
    }
}

/// Looks options up; an empty one counts as none. Options that do not exist get a warning, since hosts may have some of their own.
fn look_up<'a>(
    options: &'a HashMap<String, String>,
    own: &[&[&str]],
) -> impl Fn(&str) -> Option<&'a str> {
    let mut unknown: Vec<_> = options
        .keys()
        .filter(|key| {
            !own.iter().any(|own| own.contains(&key.as_str())) && !connection::is_option(key)
        })
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

/// How dumps are compressed: with gzip unless told otherwise. Plakar finds nearly as much of it again as of what is left as it is, and
/// keeps three fifths (benches/README.md).
fn compression<'a>(said: impl Fn(&str) -> Option<&'a str>) -> Result<Compression, Error> {
    let compress = said("compress").map(|value| boolean::parse("compress", value));
    match (compress.transpose()?, said("compression")) {
        (Some(true), Some(_)) => Err(exclusive("compress", "compression")),
        (Some(true) | None, None) => Ok(Compression::DEFAULT),
        (Some(false), None) => Ok(Compression::None),
        (Some(false) | None, Some(value)) => value
            .parse()
            .map_err(|error| Error::Option(format!("compression: {error}"))),
    }
}

fn jobs(said: Option<&str>) -> Result<NonZeroUsize, Error> {
    said.map_or_else(
        || Ok(pgark_dump::Options::default_jobs()),
        |value| {
            let jobs = value.parse();
            jobs.map_err(|_| refused("jobs", value, "1 and more"))
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

/// Which objects are dumped, by patterns as pg_dump takes them.
fn objects<'a>(said: impl Fn(&str) -> Option<&'a str>) -> Result<NameOptions, Error> {
    let patterns = |key| list::patterns(key, said(key));
    let tables = |key| -> Result<Vec<_>, Error> {
        let patterns = patterns(key)?.into_iter();
        Ok(patterns.map(TablePattern::alone).collect())
    };
    let schemas = patterns("schemas")?;
    Ok(NameOptions {
        is_partial: !schemas.is_empty(),
        schemas,
        excluded_tables: tables("exclude_tables")?,
        excluded_data: tables("exclude_table_data")?,
        ..NameOptions::default()
    })
}

/// A time as the server takes it, which is asked too late to be of help: when the first dump begins.
fn lock_wait_timeout(said: Option<&str>) -> Result<Option<BString>, Error> {
    let Some(value) = said else {
        return Ok(None);
    };
    let number = value.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = &value[number.len()..];
    let is_number = number.trim().parse().is_ok_and(|number: f64| number >= 0.0);
    if is_number && ["", "us", "ms", "s", "min", "h", "d"].contains(&unit) {
        return Ok(Some(value.into()));
    }
    Err(refused(
        "lock_wait_timeout",
        value,
        "milliseconds, or a number with us, ms, s, min, h or d",
    ))
}

/// How much the manifest tells.
fn manifest(said: Option<&str>) -> Result<Detail, Error> {
    match said {
        None | Some("full") => Ok(Detail::Full),
        Some("basic") => Ok(Detail::Basic),
        Some(value) => Err(refused("manifest", value, "full, basic")),
    }
}

fn refused(key: &str, value: &str, accepted: &str) -> Error {
    Error::Option(format!(
        "{key}: invalid value \"{value}\" (accepted: {accepted})"
    ))
}

fn exclusive(one: &str, other: &str) -> Error {
    Error::Option(format!("{one} and {other} are mutually exclusive"))
}

#[cfg(test)]
mod tests;
