//! One database into one archive.

use std::sync::Arc;
use std::time::Instant;

use futures_util::future::join;
use pgark_archive::{CreationTime, Header, Version};
use pgark_catalog::{Catalog, Definitions, Details, Server, Sessions};
use pgark_connect::Config;
use pgark_sql::Quoter;
use tokio::time::timeout;

use crate::data::{self, Contents, Limits, jobs};
use crate::dialect::Dialect;
use crate::emit::Emitter;
use crate::error::{Error, Result};
use crate::manifest::describe_in;
use crate::names::Names;
use crate::options::{Omit, Options};
use crate::plan::{Plan, Selection};
use crate::report::Report;
use crate::session::{self, Opening};
use crate::sink::Sink;
use crate::version::dumped_by;
use crate::watch::Watch;

/// How often a dump is begun at most because other sessions drop or rewrite what it is about to read.
const ATTEMPTS: u32 = 4;

/// Dumps the database that `config` names into `sink`; `watch` tells how far it is.
///
/// Where another session drops or rewrites something between the snapshot and the locks, the dump begins anew with a new snapshot,
/// so that it shows the database as it is afterwards.
///
/// # Errors
/// What went wrong first; [`Error::TookTooLong`] where that was the clock. After an error the sink holds an archive without an end, or nothing.
///
/// # Cancel safety
/// Dropping the future closes the connection and leaves the sink as after an error.
pub async fn dump(
    config: &Config,
    options: &Options,
    sink: Sink,
    watch: &Arc<Watch>,
) -> Result<Report> {
    let begun = Instant::now();
    let dumping = dump_unbounded(config, options, sink, watch);
    let mut report = match options.max_duration {
        Some(most) => timeout(most, dumping)
            .await
            .map_err(|_| Error::TookTooLong(most))??,
        None => dumping.await?,
    };
    report.seconds = begun.elapsed().as_secs_f64();
    Ok(report)
}

async fn dump_unbounded(
    config: &Config,
    options: &Options,
    sink: Sink,
    watch: &Arc<Watch>,
) -> Result<Report> {
    // The user's own snapshot would show the same again.
    let attempts = if options.session.snapshot.is_some() {
        1
    } else {
        ATTEMPTS
    };
    let mut attempt = 1;
    let prepared = loop {
        match Box::pin(Prepared::new(config, options, watch)).await {
            Err(error) if error.is_changed_meanwhile() && attempt < attempts => {
                tracing::info!("{error}; the dump begins anew");
                attempt += 1;
            }
            prepared => break prepared?,
        }
    };
    prepared.write(config, sink, options, watch).await
}

/// A dump of which nothing is written yet.
struct Prepared {
    sessions: Sessions,
    opening: Option<Opening>,
    contents: Contents,
    report: Report,
}

impl Prepared {
    /// Takes the snapshot and the locks, and makes all entries.
    async fn new(config: &Config, options: &Options, watch: &Watch) -> Result<Self> {
        let session::Opened {
            mut sessions,
            opening,
            moment,
        } = session::open(config, &options.session, options.jobs).await?;
        watch.begin_catalog();
        let quoter = session::quoter(&sessions.first)?;
        let database = config.dbname()?;
        let names = Names::find(
            &mut sessions.first,
            database.as_ref(),
            &options.names,
            quoter,
        )
        .await?;
        let catalog = Catalog::fetch(&mut sessions, options.allow_newer_server).await?;
        let server = &catalog.server;
        let mut options = options.clone();
        if server.in_recovery {
            options.omit |= Omit::UNLOGGED_TABLE_DATA;
        }
        let dialect = Dialect::of(server);
        let quoter = Quoter {
            major: server.major(),
            quote_all: options.session.quote_all_identifiers,
            ..quoter
        };

        let selection = Selection::choose(&catalog, names, dialect);
        let timeout = options.session.lock_wait_timeout.as_ref();
        session::lock_tables(&mut sessions.first, &catalog, &selection, quoter, timeout).await?;
        let details = Details::fetch(
            &mut sessions,
            &catalog,
            &selection.details_of(&catalog, &options),
        )
        .await?;
        let tables = selection.tables_with_rows(&catalog, &options);
        let sizes = Catalog::table_sizes(&mut sessions.first, tables);
        let planned = async {
            let mut plan = Plan::build(&catalog, &details, &selection, &options, dialect);
            plan.order();
            plan
        };
        // The server looks for the sizes while the plan is made, which never waits.
        let (sizes, plan) = join(sizes, planned).await;
        let sizes = sizes?;
        let definitions = Definitions::fetch(
            &mut sessions,
            &catalog,
            &quoter,
            plan.wanted_definitions(&options),
        )
        .await?;
        let entries = Emitter::new(&plan, &definitions, &options, dialect, quoter).emit()?;
        let jobs = jobs(&plan, &selection, &entries, &options, quoter)?;
        let mut warnings = plan.warnings.clone();
        let newest = Server::NEWEST.to_string();
        let dump_version = if server.is_newer() {
            warnings.push(format!(
                "server version {} is newer than pgark knows and was dumped as if it were PostgreSQL {newest}",
                server.version
            ));
            dumped_by(&newest)
        } else {
            dumped_by(&server.version)
        };
        let header = Header {
            database: Some(catalog.database.name.clone()),
            server_version: Some(server.version.clone()),
            dump_version: Some(dump_version),
            ..Header::new(
                Version::of_server_major(server.major()),
                options.compression,
                CreationTime::now()?,
            )
        };
        let report = Report {
            entries: entries.len(),
            tables: jobs.iter().filter(|job| job.is_table()).count(),
            moment,
            warnings,
            ..Report::default()
        };
        Ok(Self {
            sessions,
            opening,
            contents: Contents {
                header,
                entries,
                jobs,
                sizes,
                format: options.format,
                has_digests: options.digests,
            },
            report,
        })
    }

    /// Writes the archive, and looks what is in the database where that is wanted.
    async fn write(
        self,
        config: &Config,
        sink: Sink,
        options: &Options,
        watch: &Arc<Watch>,
    ) -> Result<Report> {
        let limits = Limits {
            memory: options.memory,
            bytes_per_second: options.max_rate,
        };
        let (sessions, watch) = (self.sessions, Arc::clone(watch));
        let writing =
            data::write_archive(sessions, self.opening, sink, self.contents, limits, watch);
        let (first, written) = Box::pin(writing).await?;
        let content = if options.describes {
            Some(describe_in(first, config).await)
        } else {
            session::close(first).await?;
            None
        };
        Ok(Report {
            content,
            rows: written.data.iter().map(|data| data.rows).sum(),
            bytes: written.data.iter().map(|data| data.bytes).sum(),
            written_bytes: written.bytes,
            data: written.data,
            ..self.report
        })
    }
}
