//! A real server, by way of pgark-dump.

use std::io::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bstr::{BStr, BString};
use bytes::Bytes;
use pgark_archive::Compression;
use pgark_dump::cluster::Choice;
use pgark_dump::globals::{GlobalsOmit, GlobalsOptions};
use pgark_dump::manifest::{Detail, ManifestOptions};
use pgark_dump::{Cluster, Content, Report, SessionOptions};

use crate::Error;
use crate::options::Options;
use crate::source::Source;

/// A server with the options of its backup.
pub(crate) struct Postgres {
    cluster: Cluster,
    no_role_passwords: bool,
    manifest: ManifestOptions,
    /// What the dumps so far tell of their databases.
    reports: Mutex<Vec<(BString, Report)>>,
}

impl Postgres {
    /// Prepares the server that `options` name for so many dumps side by side; nothing is dialled yet.
    pub(crate) fn open(options: &Options, lanes: usize) -> Result<Self, Error> {
        let database = options.selection.database();
        let dump = pgark_dump::Options {
            content: match (options.schema_only, options.data_only) {
                (true, _) => Content::SchemaOnly,
                (false, true) => Content::DataOnly,
                (false, false) => Content::All,
            },
            compression: options.compression,
            jobs: options.jobs,
            names: options.names.clone(),
            describes: options.manifest == Detail::Full,
            session: SessionOptions {
                lock_wait_timeout: options.lock_wait_timeout.clone(),
                ..SessionOptions::default()
            },
            ..pgark_dump::Options::default()
        };
        let config = options.config.clone();
        Ok(Self {
            no_role_passwords: options.no_role_passwords,
            manifest: ManifestOptions {
                host: options.origin.clone(),
                port: config.port()?.to_string(),
                database: database.cloned(),
                schema_only: options.schema_only,
                data_only: options.data_only,
                compress: options.compression != Compression::None,
                detail: options.manifest,
                ..ManifestOptions::default()
            },
            cluster: Cluster::new(config, database.is_some(), dump, lanes),
            reports: Mutex::default(),
        })
    }

    fn reports(&self) -> MutexGuard<'_, Vec<(BString, Report)>> {
        self.reports.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Source for Postgres {
    async fn ping(&self) -> Result<(), Error> {
        self.cluster.reach().await?;
        Ok(())
    }

    async fn manifest(&self) -> Result<Bytes, Error> {
        let reports = std::mem::take(&mut *self.reports());
        let manifest = self.cluster.manifest(&self.manifest, reports).await?;
        Ok(manifest.encode().into())
    }

    async fn globals(&self) -> Result<Bytes, Error> {
        let mut options = GlobalsOptions::default();
        if self.no_role_passwords {
            options.omit |= GlobalsOmit::ROLE_PASSWORDS;
        } else if !self.cluster.may_read_passwords(&options).await? {
            tracing::warn!(
                "roles are backed up without their passwords: this user lacks the privilege SELECT on pg_authid"
            );
            options.omit |= GlobalsOmit::ROLE_PASSWORDS;
        }
        Ok(self.cluster.globals(&options).await?.into())
    }

    async fn databases(&self, choice: &Choice) -> Result<Vec<BString>, Error> {
        Ok(self.cluster.databases(choice).await?)
    }

    fn is_small(&self, database: &BStr) -> bool {
        self.cluster.is_small(database)
    }

    fn ahead(&self) -> usize {
        self.cluster.sessions()
    }

    async fn dump(&self, database: &BStr, sink: Box<dyn Write + Send>) -> Result<(), Error> {
        let sink = pgark_dump::Sink::Stream(sink);
        let report = self.cluster.dump(database, sink).await?;
        for warning in Cluster::warnings(database, &report) {
            tracing::warn!("{warning}");
        }
        self.reports().push((database.to_owned(), report));
        Ok(())
    }
}
