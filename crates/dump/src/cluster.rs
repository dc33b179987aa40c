//! A whole cluster: globals, manifest, and each database as an archive.
//!
//! Databases are dumped side by side by a number of sessions that they have together.

mod choice;
mod folder;
pub mod record;
mod script;
mod share;
mod stream;
mod target;

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use bstr::{BStr, BString, ByteSlice};
use pgark_connect::Config;
use tokio::sync::OnceCell;

use crate::error::Result;
use crate::globals::{self, GlobalsOptions};
use crate::logical::dump;
use crate::manifest::{Manifest, ManifestOptions};
use crate::options::Options;
use crate::report::Report;
use crate::sink::Sink;
use share::Sessions;

pub use choice::Choice;
pub use folder::Folder;
pub use script::dump_script;
pub use stream::TarStream;
pub use target::{Target, WholeOptions, dump_whole};

/// What a row of pg_database says of a database that can be dumped: it takes connections, and is none that a DROP DATABASE has left
/// half dropped.
pub(crate) const IS_DUMPED: &str = "datallowconn and datconnlimit <> -2";

/// SQLSTATE of a database that does not exist.
const NO_SUCH_DATABASE: &str = "3D000";

/// A server whose databases are dumped one by one or side by side.
pub struct Cluster {
    config: Config,
    /// Leads to a database that is there.
    reached: OnceCell<Config>,
    is_database_named: bool,
    options: Options,
    sessions: Sessions,
    /// How many dumps run side by side at most.
    lanes: usize,
    /// How many dumps have not begun.
    waiting: AtomicUsize,
    /// Databases that one session dumps in no time.
    small: OnceLock<HashSet<BString>>,
}

impl Cluster {
    /// Prepares the server that `config` leads to; nothing is dialled yet. Where its database is there because the user named it
    /// (`is_database_named`) no other is tried in its place.
    ///
    /// The sessions and the memory of `options` are what all dumps have together. `lanes` is how many dumps will run side by side.
    pub fn new(config: Config, is_database_named: bool, options: Options, lanes: usize) -> Self {
        Self {
            config,
            reached: OnceCell::new(),
            is_database_named,
            sessions: Sessions::new(options.jobs),
            options,
            lanes: lanes.max(1),
            waiting: AtomicUsize::new(0),
            small: OnceLock::new(),
        }
    }

    /// Where the cluster as a whole is read: in the named database, else in the one that the configuration leads to or, as pg_dumpall
    /// does, in `template1`, since the other may have been dropped. The first call connects.
    ///
    /// # Errors
    /// [`Error::Connect`](crate::Error::Connect).
    ///
    /// # Cancel safety
    /// Dropping the future closes the connection.
    pub async fn reach(&self) -> Result<&Config> {
        self.reached
            .get_or_try_init(|| async {
                let error = match pgark_connect::connect(&self.config).await {
                    Ok(session) => {
                        // What matters is that it could be opened.
                        let _ = session.close().await;
                        return Ok(self.config.clone());
                    }
                    Err(error) => error,
                };
                let is_gone = error
                    .server()
                    .is_some_and(|error| error.sqlstate == NO_SUCH_DATABASE);
                if self.is_database_named || !is_gone {
                    return Err(error.into());
                }
                Ok(self.config.with_dbname("template1"))
            })
            .await
    }

    /// The databases that are to be dumped, in the order of their names' bytes.
    ///
    /// # Errors
    /// Those of [`reach`](Self::reach), what the server said, and [`Error::NoDatabase`](crate::Error::NoDatabase) for a name that is not
    /// that of a database that takes connections.
    ///
    /// # Cancel safety
    /// Dropping the future closes the connection.
    pub async fn databases(&self, choice: &Choice) -> Result<Vec<BString>> {
        let (databases, small) = choice.find(self.reach().await?).await?;
        self.waiting.store(databases.len(), Ordering::Relaxed);
        self.small.get_or_init(|| small);
        Ok(databases)
    }

    /// Whether a database that was found is so small that its dump is over soon, whatever waits for it.
    pub fn is_small(&self, database: &BStr) -> bool {
        let small = self.small.get();
        small.is_some_and(|small| small.contains(database))
    }

    /// How many sessions the dumps have together.
    pub fn sessions(&self) -> usize {
        self.options.jobs.get()
    }

    /// The script of roles and tablespaces.
    ///
    /// # Errors
    /// Those of [`globals::dump`] and [`reach`](Self::reach).
    ///
    /// # Cancel safety
    /// Dropping the future closes the connection.
    pub async fn globals(&self, options: &GlobalsOptions) -> Result<Vec<u8>> {
        globals::dump(self.reach().await?, options).await
    }

    /// Whether the roles' passwords may be read.
    ///
    /// # Errors
    /// Those of [`globals::may_read_passwords`] and [`reach`](Self::reach).
    ///
    /// # Cancel safety
    /// Dropping the future closes the connection.
    pub async fn may_read_passwords(&self, options: &GlobalsOptions) -> Result<bool> {
        globals::may_read_passwords(self.reach().await?, options).await
    }

    /// The manifest of the dumps, by as many of the sessions as are free. Of the databases whose reports are given it tells what these
    /// say ([`Options::describes`]).
    ///
    /// # Errors
    /// Those of [`Manifest::logical`] and [`reach`](Self::reach).
    ///
    /// # Cancel safety
    /// Dropping the future closes the connections.
    pub async fn manifest(
        &self,
        options: &ManifestOptions,
        dumps: Vec<(BString, Report)>,
    ) -> Result<Manifest> {
        let share = self.sessions.take(1).await;
        let options = ManifestOptions {
            sessions: share.sessions(),
            ..options.clone()
        };
        Manifest::logical(self.reach().await?, &options, dumps).await
    }

    /// Dumps a database into `sink`, once there are sessions for it: the more, the fewer other dumps are to be expected beside it, and one
    /// for a small database.
    ///
    /// # Errors
    /// Those of [`dump`].
    ///
    /// # Cancel safety
    /// As for [`dump`].
    pub async fn dump(&self, database: &BStr, sink: Sink) -> Result<Report> {
        let waiting = self
            .waiting
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |waiting| {
                Some(waiting.saturating_sub(1))
            });
        let beside = if self.is_small(database) {
            self.sessions()
        } else {
            waiting
                .unwrap_or_else(|waiting| waiting)
                .clamp(1, self.lanes)
        };
        let share = self.sessions.take(beside).await;
        let options = Options {
            jobs: share.sessions(),
            memory: share.of(self.options.memory),
            ..self.options.clone()
        };
        let config = self.config.with_dbname(database);
        dump(&config, &options, sink, &Arc::default()).await
    }

    /// What a report warns of, each with the database's name.
    pub fn warnings(database: &BStr, report: &Report) -> Vec<String> {
        let database = database.to_str_lossy();
        let warnings = report.warnings.iter();
        warnings
            .map(|warning| format!("database \"{database}\": {warning}"))
            .collect()
    }
}
