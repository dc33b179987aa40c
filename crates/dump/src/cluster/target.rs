//! Where the dump of a whole cluster goes.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::sync::Arc;

use bstr::BString;
use tokio::task::JoinSet;

use super::{Choice, Cluster, record};
use crate::error::{Error, Result};
use crate::globals::GlobalsOptions;
use crate::manifest::ManifestOptions;
use crate::report::Report;
use crate::sink::Sink;

/// A place for the records of a whole cluster. Nothing of it is worth anything before it is committed.
pub trait Target: Sized + Send + 'static {
    /// A file in which a record is made, which can be gone back in.
    ///
    /// # Errors
    /// [`Error::Io`].
    fn create(&mut self, name: &str) -> Result<File>;

    /// Takes a record that is whole. This may block.
    ///
    /// # Errors
    /// [`Error::Io`].
    fn add(&mut self, name: &str, file: File) -> Result<()>;

    /// Everything has been added. This may block.
    ///
    /// # Errors
    /// [`Error::Io`].
    fn finish(&mut self) -> Result<()>;

    /// Makes it a dump that counts. This does not wait for anyone.
    ///
    /// # Errors
    /// [`Error::Io`].
    fn commit(self) -> Result<()>;
}

/// What is dumped of a whole cluster, beside what its dumps are like.
#[derive(Clone, Debug, Default)]
pub struct WholeOptions {
    /// The databases.
    pub choice: Choice,
    /// How the globals are dumped; they are left out where `None`.
    pub globals: Option<GlobalsOptions>,
    /// What the manifest says that the server does not know.
    pub manifest: ManifestOptions,
}

/// Dumps globals and databases into `target`, and a manifest that tells of each database when it was dumped. Returns what the user
/// should know.
///
/// Records are added in the order of their numbers, whatever is ready first; the manifest comes last.
///
/// # Errors
/// What went wrong first; the target is not committed then.
///
/// # Cancel safety
/// Dropping the future stops the dumps, and leaves the target as after an error.
pub async fn dump_whole<T: Target>(
    cluster: Arc<Cluster>,
    options: WholeOptions,
    target: T,
) -> Result<Vec<String>> {
    // First, so that a database that is not there is refused before anything is made.
    let databases = cluster.databases(&options.choice).await?;
    let mut target = Adding(target);
    if let Some(globals) = options.globals {
        let script = cluster.globals(&globals).await?;
        target = target.write(record::GLOBALS.to_owned(), script).await?;
    }
    let (mut warnings, mut reports) = (Vec::new(), Vec::new());
    let mut dumps = Dumps::new(Arc::clone(&cluster), databases);
    while let Some(dumped) = dumps.next(&mut target).await? {
        let (database, report) = (dumped.database, dumped.report);
        warnings.extend(Cluster::warnings(database.as_ref(), &report));
        reports.push((database, report));
        target = target.add(dumped.name, dumped.file).await?;
    }
    let manifest = cluster.manifest(&options.manifest, reports).await?;
    target = target
        .write(record::MANIFEST.to_owned(), manifest.encode())
        .await?;
    target = target.blocking(T::finish).await?;
    // Not beside this future: whoever drops it must find all of it or nothing.
    target.0.commit()?;
    Ok(warnings)
}

/// An archive that is whole.
struct Dumped {
    name: String,
    file: File,
    database: BString,
    report: Report,
}

/// The dumps of databases: as many as the cluster has lanes run, and so many more at most are ready before their turn.
struct Dumps {
    cluster: Arc<Cluster>,
    databases: Vec<BString>,
    /// How many have begun.
    begun: usize,
    running: JoinSet<Result<(usize, Dumped)>>,
    ready: BTreeMap<usize, Dumped>,
    /// Whose turn it is.
    turn: usize,
}

impl Dumps {
    fn new(cluster: Arc<Cluster>, databases: Vec<BString>) -> Self {
        Self {
            cluster,
            databases,
            begun: 0,
            running: JoinSet::new(),
            ready: BTreeMap::new(),
            turn: 0,
        }
    }

    /// The next one in order.
    async fn next<T: Target>(&mut self, target: &mut Adding<T>) -> Result<Option<Dumped>> {
        loop {
            while self.running.len() < self.cluster.lanes
                && self.begun < self.databases.len().min(self.turn + 2 * self.cluster.lanes)
            {
                self.begin(target)?;
            }
            if let Some(dumped) = self.ready.remove(&self.turn) {
                self.turn += 1;
                return Ok(Some(dumped));
            }
            let Some(ended) = self.running.join_next().await else {
                return Ok(None);
            };
            let (place, dumped) = ended.map_err(|error| Error::Stopped(error.to_string()))??;
            self.ready.insert(place, dumped);
        }
    }

    fn begin<T: Target>(&mut self, target: &mut Adding<T>) -> Result<()> {
        let place = self.begun;
        let database = self.databases[place].clone();
        let name = record::dump(place + 1, database.as_ref());
        let file = target.0.create(&name)?;
        let sink = Sink::File(file.try_clone().map_err(|source| Error::Io {
            doing: format!("use the file of \"{name}\""),
            source,
        })?);
        let cluster = Arc::clone(&self.cluster);
        self.running.spawn(async move {
            let dumped = cluster.dump(database.as_ref(), sink).await;
            let report = dumped.map_err(|source| Error::Database {
                database: database.clone(),
                source: Box::new(source),
            })?;
            let dumped = Dumped {
                name,
                file,
                database,
                report,
            };
            Ok((place, dumped))
        });
        self.begun += 1;
        Ok(())
    }
}

/// A target to which is added on threads that may block.
struct Adding<T>(T);

impl<T: Target> Adding<T> {
    async fn blocking(
        self,
        add: impl FnOnce(&mut T) -> Result<()> + Send + 'static,
    ) -> Result<Self> {
        let mut target = self.0;
        let added = tokio::task::spawn_blocking(move || add(&mut target).map(|()| target));
        let target = added
            .await
            .map_err(|error| Error::Stopped(error.to_string()))?;
        Ok(Self(target?))
    }

    async fn add(self, name: String, file: File) -> Result<Self> {
        self.blocking(move |target| target.add(&name, file)).await
    }

    async fn write(self, name: String, content: Vec<u8>) -> Result<Self> {
        self.blocking(move |target| {
            let mut file = target.create(&name)?;
            let written = file.write_all(&content);
            written.map_err(|source| Error::Io {
                doing: format!("write \"{name}\""),
                source,
            })?;
            target.add(&name, file)
        })
        .await
    }
}
