//! `pgark manifest`

use std::io::{self, Write};
use std::process::ExitCode;

use pgark_connect::Config;
use pgark_dump::manifest::{Detail, ManifestOptions, SCHEMA};
use pgark_dump::{Cluster, Options};

use super::cluster;
use super::list::written_out;
use crate::arguments::ManifestArguments;

/// Prints the manifest on standard output, or the schema of manifests.
pub(crate) async fn run(arguments: &ManifestArguments) -> anyhow::Result<ExitCode> {
    if arguments.jsonschema {
        return print(SCHEMA.as_bytes());
    }
    let connection = &arguments.connection;
    let named = connection.dbname.as_ref().or(connection.database.as_ref());
    let (config, is_named) = cluster::way(named, &connection.login)?;
    let jobs = arguments.jobs.unwrap_or_else(Options::default_jobs);
    let options = ManifestOptions {
        database: is_named.then(|| config.dbname()).transpose()?,
        detail: if arguments.basic {
            Detail::Basic
        } else {
            Detail::Full
        },
        ..place(&config)?
    };
    let cluster = Cluster::new(
        config,
        is_named,
        Options {
            jobs,
            ..Options::default()
        },
        1,
    );
    let mut manifest = cluster.manifest(&options, Vec::new()).await?.encode();
    manifest.push(b'\n');
    print(&manifest)
}

/// Where the server is, for a manifest.
pub(super) fn place(config: &Config) -> Result<ManifestOptions, pgark_connect::Error> {
    Ok(ManifestOptions {
        host: config.host()?,
        port: config.port()?.to_string(),
        ..ManifestOptions::default()
    })
}

fn print(text: &[u8]) -> anyhow::Result<ExitCode> {
    let mut out = io::stdout().lock();
    written_out(out.write_all(text).and_then(|()| out.flush()))
}
