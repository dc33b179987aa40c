//! A real server, by way of pgark-dump.

use std::sync::Arc;

use bstr::{BStr, BString};
use bytes::Bytes;
use pgark_archive::Compression;
use pgark_connect::Config;
use pgark_dump::globals::{self, GlobalsOptions};
use pgark_dump::manifest::{Manifest, ManifestOptions};
use pgark_dump::{Content, SessionOptions};
use tokio::sync::OnceCell;

use crate::Error;
use crate::options::Options;
use crate::sink::Sink;
use crate::source::Source;

/// SQLSTATE of a database that does not exist.
const NO_SUCH_DATABASE: &str = "3D000";

/// A server with the options of its backup.
pub(crate) struct Postgres {
    config: Config,
    /// Leads to a database that is there.
    cluster: OnceCell<Config>,
    has_selected_database: bool,
    no_role_passwords: bool,
    manifest: ManifestOptions,
    dump: pgark_dump::Options,
}

impl Postgres {
    /// Prepares the server that `options` name; nothing is dialled yet.
    pub(crate) fn open(options: &Options) -> Result<Self, Error> {
        Ok(Self {
            cluster: OnceCell::new(),
            has_selected_database: options.selection.database.is_some(),
            no_role_passwords: options.no_role_passwords,
            manifest: ManifestOptions {
                host: options.origin.clone(),
                port: options.config.port()?.to_string(),
                database: options.selection.database.clone(),
                schema_only: options.schema_only,
                data_only: options.data_only,
                compress: options.compression != Compression::None,
                detail: options.manifest,
                sessions: options.jobs,
            },
            dump: pgark_dump::Options {
                content: match (options.schema_only, options.data_only) {
                    (true, _) => Content::SchemaOnly,
                    (false, true) => Content::DataOnly,
                    (false, false) => Content::All,
                },
                compression: options.compression,
                jobs: options.jobs,
                names: options.names.clone(),
                session: SessionOptions {
                    lock_wait_timeout: options.lock_wait_timeout.clone(),
                    ..SessionOptions::default()
                },
                ..pgark_dump::Options::default()
            },
            config: options.config.clone(),
        })
    }

    /// Where the cluster as a whole is read: in the selected database, else in `postgres` or, as pg_dumpall does, in
    /// `template1`, since the former may have been dropped.
    async fn cluster(&self) -> Result<&Config, Error> {
        self.cluster
            .get_or_try_init(|| async {
                let error = match pgark_connect::connect(&self.config).await {
                    Ok(session) => {
                        let _ = session.close().await;
                        return Ok(self.config.clone());
                    }
                    Err(error) => error,
                };
                let is_gone = error
                    .server()
                    .is_some_and(|error| error.sqlstate == NO_SUCH_DATABASE);
                if self.has_selected_database || !is_gone {
                    return Err(error.into());
                }
                Ok(self.config.with_dbname("template1"))
            })
            .await
    }
}

impl Source for Postgres {
    async fn ping(&self) -> Result<(), Error> {
        self.cluster().await.map(drop)
    }

    async fn manifest(&self) -> Result<Bytes, Error> {
        let manifest = Manifest::logical(self.cluster().await?, &self.manifest).await?;
        Ok(manifest.encode().into())
    }

    async fn globals(&self) -> Result<Bytes, Error> {
        let config = self.cluster().await?;
        let role_passwords = !self.no_role_passwords && globals::may_read_passwords(config).await?;
        if !role_passwords && !self.no_role_passwords {
            tracing::warn!(
                "roles are backed up without their passwords: this user may not read pg_authid"
            );
        }
        let options = GlobalsOptions {
            role_passwords,
            ..GlobalsOptions::default()
        };
        Ok(globals::dump(config, options).await?.into())
    }

    async fn databases(&self) -> Result<Vec<BString>, Error> {
        Ok(pgark_dump::databases(self.cluster().await?).await?)
    }

    async fn dump(&self, database: &BStr, sink: Sink) -> Result<(), Error> {
        let config = self.config.with_dbname(database);
        let sink = pgark_dump::Sink::Stream(Box::new(sink));
        let report = pgark_dump::dump(&config, &self.dump, sink, &Arc::default()).await?;
        for warning in report.warnings {
            tracing::warn!("database \"{database}\": {warning}");
        }
        Ok(())
    }
}
