//! A server that records are restored into.

use std::io::Read;
use std::sync::Arc;

use bstr::{BString, ByteSlice};
use bytes::Bytes;
use pgark_archive::{Filter, RestrictKey, ScriptOptions, Selection};
use pgark_restore::{
    Archive, GlobalsOptions, OntoRds, Options, Outcome, Report, Watch, restore, restore_globals,
};
use tokio::sync::mpsc::Receiver;
use tokio::task::spawn_blocking;

use crate::Error;
use crate::options::{RestoreMode, RestoreOptions};
use crate::restorable::Restorable;
use crate::restoring::PieceReader;

/// The database that is there to connect to, and never dropped.
const MAINTENANCE: &str = "postgres";

/// The most of a script of globals that is taken.
const SCRIPT_LIMIT: u64 = 256 << 20;

/// Where to and how records are restored.
#[derive(Clone, Debug)]
pub(crate) struct Destination {
    options: Arc<RestoreOptions>,
}

impl Destination {
    pub(crate) fn new(options: RestoreOptions) -> Self {
        Self {
            options: Arc::new(options),
        }
    }

    /// Tries to reach the server.
    pub(crate) async fn ping(&self) -> Result<(), Error> {
        let session = pgark_connect::connect(&self.options.config).await?;
        // It was reached; how it parts changes nothing.
        let _ = session.close().await;
        Ok(())
    }

    pub(crate) fn ignores_errors(&self) -> bool {
        self.options.ignore_errors
    }

    pub(crate) fn exits_on_error(&self) -> bool {
        self.options.exit_on_error
    }

    /// Restores a record's content; why it failed, if it did.
    pub(crate) async fn restore(
        &self,
        content: Restorable,
        pieces: Receiver<Bytes>,
    ) -> Option<String> {
        let restored = match content {
            Restorable::Nothing => return None,
            Restorable::Globals if self.options.no_globals => return None,
            Restorable::Globals => self.restore_globals(pieces).await,
            Restorable::Archive { name } => self.restore_archive(name, pieces).await,
        };
        match restored {
            Ok(None) => None,
            Ok(Some(report)) => failure(&report),
            Err(error) => Some(error.report()),
        }
    }

    async fn restore_globals(&self, pieces: Receiver<Bytes>) -> Result<Option<Report>, Error> {
        let reading = spawn_blocking(move || {
            let mut script = Vec::new();
            let mut reader = PieceReader::new(pieces).take(SCRIPT_LIMIT + 1);
            reader.read_to_end(&mut script).map(|_| script)
        });
        let script = reading.await.map_err(|_| Error::Aborted)?;
        let script = script.map_err(|error| Error::Host(error.to_string()))?;
        if script.len() as u64 > SCRIPT_LIMIT {
            return Err(Error::Host("the globals are longer than 256 MiB".into()));
        }
        let config = self.options.config.with_dbname(MAINTENANCE);
        let watch = Arc::new(Watch::default());
        let options = GlobalsOptions {
            exit_on_error: self.options.exit_on_error,
            rds: OntoRds::AsFound,
        };
        let report = restore_globals(&config, &script, options, watch).await?;
        for warning in &report.warnings {
            tracing::warn!("globals: {warning}");
        }
        Ok(Some(report))
    }

    async fn restore_archive(
        &self,
        name: BString,
        pieces: Receiver<Bytes>,
    ) -> Result<Option<Report>, Error> {
        let opening = spawn_blocking(move || Archive::stream(PieceReader::new(pieces)));
        let archive = opening.await.map_err(|_| Error::Aborted)??;
        let original = archive.header().database.clone().unwrap_or(name);
        if !self.options.takes(original.as_bstr()) {
            return Ok(None);
        }
        let target = self.options.database.as_ref().unwrap_or(&original);
        let creates = self.options.mode == RestoreMode::Recreate && *target != MAINTENANCE;
        // Made anew, a database has the name that it had.
        let dbname = if creates {
            MAINTENANCE.into()
        } else {
            target.clone()
        };
        let filter = Filter {
            schema: !self.options.data_only,
            data: !self.options.schema_only,
            statistics: !self.options.schema_only && !self.options.data_only,
            create_database: creates,
            ..Filter::default()
        };
        let selection = Selection::choose(archive.toc(), &filter, None)?;
        let is_clean = self.options.mode != RestoreMode::Plain;
        let script = ScriptOptions {
            schema: filter.schema,
            clean: is_clean,
            if_exists: is_clean,
            create: creates,
            no_owner: self.options.no_owner,
            ..ScriptOptions::new(RestrictKey::random()?)
        };
        let options = Options {
            exit_on_error: self.options.exit_on_error,
            ..Options::new(script)
        };
        let config = self.options.config.with_dbname(&dbname);
        let watch = Arc::new(Watch::default());
        let report = restore(&config, archive, &selection, options, watch).await?;
        for warning in &report.warnings {
            tracing::warn!("database \"{target}\": {warning}");
        }
        Ok(Some(report))
    }
}

/// What of a restore is missing, in a text that fits into a record's result.
fn failure(report: &Report) -> Option<String> {
    const SHOWN: usize = 5;
    if report.outcome() == Outcome::All {
        return None;
    }
    let mut parts = vec![format!(
        "restored {} of {}, {} errors",
        report.restored,
        report.wanted,
        report.failures.len()
    )];
    let failures = report.failures.iter().take(SHOWN);
    parts.extend(failures.map(ToString::to_string));
    let skipped = report.skipped.iter().take(SHOWN);
    parts.extend(skipped.map(|skipped| format!("left out: {}: {}", skipped.entry, skipped.why)));
    if report.failures.is_empty() && report.skipped.is_empty() {
        parts.push(format!("{:?}", report.ended));
    }
    let text = parts.join("; ");
    Some(text.split_whitespace().collect::<Vec<_>>().join(" "))
}
