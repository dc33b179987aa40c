//! The description of a cluster that lies beside its dumps: what was there, for people and programs that look into a backup
//! without restoring it. Nothing in it is needed to restore.
//!
//! It is JSON as Go's `json.MarshalIndent` writes it, in the layout (version 2) that Plakar's tools read.

mod cluster;
mod database;
mod failures;
mod fields;
mod json;
mod model;
mod relation;

use std::collections::HashMap;
use std::num::NonZeroUsize;

use bstr::BString;
use futures_util::{StreamExt, stream};
use pgark_connect::Config;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio_postgres::Client;

use crate::error::{Error, Result};
use crate::report::Report;
use crate::session::{SAFE, SETTINGS};
pub(crate) use database::{Content, describe_in};
use failures::Failures;
use fields::query_one;
use model::{Database, DumpOptions};

/// What the manifest says that the server does not know.
#[derive(Debug, Clone)]
pub struct ManifestOptions {
    /// The server's host as the user gave it.
    pub host: String,
    /// The server's port as the user gave it.
    pub port: String,
    /// The one database that is dumped; all where `None`.
    pub database: Option<BString>,
    /// The dumps hold no data.
    pub schema_only: bool,
    /// The dumps hold data only.
    pub data_only: bool,
    /// The dumps are compressed.
    pub compress: bool,
    /// How much is told.
    pub detail: Detail,
    /// How many databases are looked at side by side, each by a session.
    pub sessions: NonZeroUsize,
}

impl Default for ManifestOptions {
    /// All databases, by one session after the other.
    fn default() -> Self {
        Self {
            host: String::new(),
            port: String::new(),
            database: None,
            schema_only: false,
            data_only: false,
            compress: false,
            detail: Detail::Full,
            sessions: NonZeroUsize::MIN,
        }
    }
}

/// How much a manifest tells.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Detail {
    /// Everything.
    #[default]
    Full,
    /// Of databases what the cluster knows of them, not what is in them.
    Basic,
}

/// A manifest that was gathered.
#[derive(Debug)]
pub struct Manifest(model::Manifest);

impl Manifest {
    /// Gathers the manifest of a logical dump. What `dumps` tell of their databases is taken from them.
    ///
    /// `config` leads to any database of the cluster; the others are visited side by side. What cannot be read is left out, with a
    /// warning for each failure, however many databases have it.
    ///
    /// # Errors
    /// Where `config`'s database cannot be reached or does not tell the server's version.
    ///
    /// # Cancel safety
    /// Dropping the future closes its connections.
    pub async fn logical(
        config: &Config,
        options: &ManifestOptions,
        dumps: Vec<(BString, Report)>,
    ) -> Result<Self> {
        let failures = Failures::default();
        let mut manifest = begin(config, options, &failures).await?;
        manifest.connector = "postgresql".into();
        manifest.pg_dump_version = program("pg_dump", &manifest.server_version);
        manifest.database = options.database.as_ref().map(ToString::to_string);
        manifest.dump_format = "custom".into();
        manifest.options = Some(DumpOptions {
            schema_only: options.schema_only,
            data_only: options.data_only,
            compress: options.compress,
        });
        if let Some(name) = &options.database {
            let found = |database: &Database| database.raw_name == *name;
            manifest.databases.retain(found);
        }
        describe(config, &mut manifest, options, &failures, dumps).await;
        Ok(Self(manifest))
    }

    /// Gathers the manifest of a base backup. Of `options` what is said of dumps does not count.
    ///
    /// # Errors
    /// As [`logical`](Self::logical).
    ///
    /// # Cancel safety
    /// Dropping the future closes its connections.
    pub async fn physical(config: &Config, options: &ManifestOptions) -> Result<Self> {
        let failures = Failures::default();
        let mut manifest = begin(config, options, &failures).await?;
        manifest.connector = "postgresql+bin".into();
        manifest.pg_basebackup_version = program("pg_basebackup", &manifest.server_version);
        manifest.dump_format = "basebackup".into();
        let options = ManifestOptions {
            database: None,
            ..options.clone()
        };
        describe(config, &mut manifest, &options, &failures, Vec::new()).await;
        Ok(Self(manifest))
    }

    /// The manifest as JSON.
    pub fn encode(&self) -> Vec<u8> {
        json::encode(&self.0)
    }
}

/// The JSON Schema of manifests (draft 2020-12).
pub const SCHEMA: &str = include_str!("manifest/schema.json");

/// The line that a program of the server's version tells of itself.
fn program(name: &str, server_version: &str) -> String {
    format!(
        "{name} (PostgreSQL) {}",
        crate::version::dumped_by(server_version)
    )
}

/// What the cluster as a whole is.
async fn begin(
    config: &Config,
    options: &ManifestOptions,
    failures: &Failures,
) -> Result<model::Manifest> {
    let client = open(config).await?;
    let server = "select pg_catalog.current_setting('server_version'), \
                  pg_catalog.current_setting('server_version_num')::pg_catalog.int4";
    let (server_version, server_version_num) = query_one(&client, "server version", server, |f| {
        Ok((f.text()?, f.take()?))
    })
    .await?;
    let mut manifest = model::Manifest {
        version: model::VERSION,
        created_at: now(),
        host: options.host.clone(),
        port: options.port.clone(),
        server_version,
        server_version_num,
        ..model::Manifest::default()
    };
    cluster::fill(&client, &mut manifest, failures).await;
    Ok(manifest)
}

/// Adds what is in the databases, in the one that is dumped or in those that a whole backup is about, and warns of what is missing.
async fn describe(
    config: &Config,
    manifest: &mut model::Manifest,
    options: &ManifestOptions,
    failures: &Failures,
    dumps: Vec<(BString, Report)>,
) {
    let is_described = |database: &Database| {
        options.detail == Detail::Full
            && (options.database.is_some() || (database.allow_conn && !database.is_template))
    };
    let mut contents: HashMap<usize, Content> = HashMap::new();
    for (name, report) in dumps {
        let mut databases = manifest.databases.iter_mut().enumerate();
        let Some((place, database)) = databases.find(|(_, known)| known.raw_name == name) else {
            continue;
        };
        if let Some(moment) = report.moment {
            database.set_moment(moment);
        }
        if is_described(database) {
            contents.extend(report.content.map(|content| (place, content)));
        }
    }
    let databases = manifest.databases.iter().enumerate();
    let visited: Vec<_> = databases
        .filter(|(place, database)| is_described(database) && !contents.contains_key(place))
        .collect();
    let sessions = options.sessions.get();
    let each = sessions / visited.len().clamp(1, sessions);
    let looks = visited.into_iter().map(|(place, database)| async move {
        let config = config.with_dbname(&database.raw_name);
        (place, database::describe(&config, each).await)
    });
    // Not lazily, lest the stream's future depend on lifetimes that nobody can name.
    let looks: Vec<_> = looks.collect();
    let visited: Vec<_> = stream::iter(looks)
        .buffer_unordered(sessions)
        .collect()
        .await;
    contents.extend(visited);
    let mut missing = vec![("the cluster".to_owned(), failures.take())];
    for (place, database) in manifest.databases.iter_mut().enumerate() {
        if let Some(content) = contents.remove(&place) {
            let of = format!("database \"{}\"", database.name);
            missing.push((of, content.add_to(database)));
        }
    }
    for warning in failures::warnings(missing) {
        tracing::warn!("{warning}");
    }
}

/// The time in RFC 3339, with the fraction of the second.
fn now() -> String {
    let now = OffsetDateTime::now_utc().format(&Rfc3339);
    now.expect("a year of four digits has a form in RFC 3339")
}

/// Has the client get names as they are where the database says nothing about their encoding: the server refuses to show those that
/// are not UTF-8 to a client that asks for UTF-8, as tokio-postgres does.
const ENCODING: &str = "select pg_catalog.set_config('client_encoding', 'SQL_ASCII', false) \
                        where pg_catalog.getdatabaseencoding() = 'SQL_ASCII'";

/// A client for which the server's own operators count and that gets values as a dump does, whatever the database's settings say.
async fn open(config: &Config) -> Result<Client> {
    let client = pgark_connect::client(config).await?;
    set_up(&client, &[SAFE, SETTINGS, ENCODING]).await?;
    Ok(client)
}

async fn set_up(client: &Client, settings: &[&str]) -> Result<()> {
    let what = "the session's settings";
    let set = client.batch_execute(&settings.join("; ")).await;
    set.map_err(|source| Error::Read { what, source })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A manifest that the Go plugin wrote has the same fields in the same order, the same ones left out, and the same look.
    #[test]
    fn the_layout_is_that_of_the_go_plugin() {
        let golden = include_str!("../../../fixtures/plakar/manifest.json");
        let manifest: model::Manifest = serde_json::from_str(golden).unwrap();
        assert_eq!(manifest.databases.len(), 6);
        assert_eq!(String::from_utf8(json::encode(&manifest)).unwrap(), golden);
    }
}
