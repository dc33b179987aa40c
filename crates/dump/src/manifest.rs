//! The description of a cluster that lies beside its dumps: what was there, for people and programs that look into a backup
//! without restoring it. Nothing in it is needed to restore.
//!
//! It is JSON as Go's `json.MarshalIndent` writes it, in the layout (version 2) that Plakar's tools read.

mod cluster;
mod database;
mod fields;
mod json;
mod model;
mod relation;

use bstr::BString;
use pgark_connect::Config;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio_postgres::Client;

use crate::error::{Error, Result};
use crate::session::{SAFE, SETTINGS};
use fields::{or_warn, query, query_one};
use model::{Database, DumpOptions, Manifest};

/// What the manifest says that the server does not know.
#[derive(Debug, Clone, Default)]
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

/// The manifest of a logical dump.
///
/// `config` leads to any database of the cluster; the others are visited one after the other. What the user may not see is
/// left out, with a warning for each kind of thing.
///
/// # Errors
/// Where `config`'s database cannot be reached or does not tell the server's version.
///
/// # Cancel safety
/// Dropping the future closes its connections.
pub async fn logical(config: &Config, options: &ManifestOptions) -> Result<Vec<u8>> {
    let (client, mut manifest) = begin(config, options).await?;
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
        manifest
            .databases
            .retain(|database| database.raw_name == *name);
    }
    drop(client);
    finish(config, manifest, options, options.database.is_some()).await
}

/// The manifest of a base backup. Of `options`, host, port and detail count.
///
/// # Errors
/// As [`logical`].
///
/// # Cancel safety
/// Dropping the future closes its connections.
pub async fn physical(config: &Config, options: &ManifestOptions) -> Result<Vec<u8>> {
    let (client, mut manifest) = begin(config, options).await?;
    manifest.connector = "postgresql+bin".into();
    manifest.pg_basebackup_version = program("pg_basebackup", &manifest.server_version);
    manifest.dump_format = "basebackup".into();
    drop(client);
    finish(config, manifest, options, false).await
}

/// The line that a program of the server's version tells of itself.
fn program(name: &str, server_version: &str) -> String {
    format!(
        "{name} (PostgreSQL) {}",
        crate::version::dumped_by(server_version)
    )
}

/// What the cluster as a whole is.
async fn begin(config: &Config, options: &ManifestOptions) -> Result<(Client, Manifest)> {
    let client = open(config).await?;
    let server = "select pg_catalog.current_setting('server_version'), \
                  pg_catalog.current_setting('server_version_num')::pg_catalog.int4";
    let (server_version, server_version_num) = query_one(&client, "server version", server, |f| {
        Ok((f.text()?, f.take()?))
    })
    .await?;
    let mut manifest = Manifest {
        version: model::VERSION,
        created_at: now(),
        host: options.host.clone(),
        port: options.port.clone(),
        server_version,
        server_version_num,
        ..Manifest::default()
    };
    cluster::fill(&client, &mut manifest).await;
    Ok((client, manifest))
}

/// Adds what is in the databases, in all of them or in those that a whole backup is about.
async fn finish(
    config: &Config,
    mut manifest: Manifest,
    options: &ManifestOptions,
    all: bool,
) -> Result<Vec<u8>> {
    for database in &mut manifest.databases {
        if options.detail == Detail::Basic {
            break;
        }
        if all || (database.allow_conn && !database.is_template) {
            let of = format!("database \"{}\"", database.name);
            or_warn(&of, details(config, database).await);
        }
    }
    Ok(json::encode(&manifest))
}

/// The time in RFC 3339, with the fraction of the second.
fn now() -> String {
    let now = OffsetDateTime::now_utc().format(&Rfc3339);
    now.expect("a year of four digits has a form in RFC 3339")
}

/// Fills in what is in a database.
async fn details(config: &Config, database: &mut Database) -> Result<()> {
    let client = open(&config.with_dbname(&database.raw_name)).await?;
    database::fill(&client, database).await
}

/// A client for which the server's own operators count and that gets values as a dump does, whatever the database's settings say.
/// It gets names as they are where the database says nothing about their encoding: the server refuses to show those that are not
/// UTF-8 to a client that asks for UTF-8, as tokio-postgres does.
async fn open(config: &Config) -> Result<Client> {
    let client = pgark_connect::client(config).await?;
    let what = "the session's settings";
    for settings in [SAFE, SETTINGS] {
        let set = client.batch_execute(settings).await;
        set.map_err(|source| Error::Read { what, source })?;
    }
    let sql = "select pg_catalog.set_config('client_encoding', 'SQL_ASCII', false) \
               where pg_catalog.getdatabaseencoding() = 'SQL_ASCII'";
    query(&client, "the database's encoding", sql, |_| Ok(())).await?;
    Ok(client)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A manifest that the Go plugin wrote has the same fields in the same order, the same ones left out, and the same look.
    #[test]
    fn the_layout_is_that_of_the_go_plugin() {
        let golden = include_str!("../../../fixtures/plakar/manifest.json");
        let manifest: Manifest = serde_json::from_str(golden).unwrap();
        assert_eq!(manifest.databases.len(), 6);
        assert_eq!(String::from_utf8(json::encode(&manifest)).unwrap(), golden);
    }
}
