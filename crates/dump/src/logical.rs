//! One database into one archive.

use bstr::BString;
use pgark_archive::{CreationTime, Header, Version};
use pgark_catalog::{Catalog, Definitions, Details};
use pgark_connect::Config;
use pgark_sql::{Encoding, Quoter};

use crate::data::{self, jobs};
use crate::dialect::Dialect;
use crate::emit::Emitter;
use crate::error::{Error, Result};
use crate::options::Options;
use crate::plan::{Plan, Selection};
use crate::session;
use crate::sink::Sink;
use crate::version::dumped_by;

/// What a dump did.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Report {
    /// How many entries the archive holds.
    pub entries: usize,
    /// How many tables' rows it holds.
    pub tables: usize,
    /// What the user should know.
    pub warnings: Vec<String>,
    /// Objects that the archive lacks because pgark does not write their kinds yet; only with [`Options::allow_incomplete`].
    pub missing: Vec<String>,
}

/// Dumps the database that `config` names into `sink`.
///
/// # Errors
/// [`Error::Unwritten`] with a list of all objects that cannot be dumped yet, before anything is written; else what went wrong first.
/// After an error the sink holds an archive without an end, or nothing.
///
/// # Cancel safety
/// Dropping the future closes the connection and leaves the sink as after an error.
pub async fn dump(config: &Config, options: &Options, sink: Sink) -> Result<Report> {
    let mut session = session::open(config).await?;
    let catalog = Catalog::fetch(&mut session).await?;
    let server = &catalog.server;
    let mut options = options.clone();
    // A standby holds no rows of unlogged tables.
    options.unlogged_table_data &= !server.in_recovery;
    let dialect = Dialect::new(server.major());
    let quoter = Quoter {
        std_strings: server.std_strings,
        ..Quoter::new(server.major(), Encoding::from_name(&server.encoding)?)
    };

    let selection = Selection::choose(&catalog);
    session::lock_tables(&mut session, &catalog, &selection, quoter).await?;
    let details = Details::fetch(
        &mut session,
        &catalog,
        &selection.details_of(&catalog, &options),
    )
    .await?;
    let mut plan = Plan::build(&catalog, &details, &selection, &options, dialect);
    plan.order();
    let definitions = Definitions::fetch(
        &mut session,
        &catalog,
        &quoter,
        &plan.wanted_definitions(&options),
    )
    .await?;
    let emission = Emitter::new(&plan, &definitions, &options, dialect, quoter).emit()?;
    if !emission.unwritten.is_empty() && !options.allow_incomplete {
        return Err(Error::Unwritten(emission.unwritten));
    }

    let jobs = jobs(&plan, &selection, &emission.entries, quoter)?;
    let header = Header {
        database: Some(catalog.database.name.clone()),
        server_version: Some(server.version.clone()),
        dump_version: Some(dumped_by(&server.version)),
        ..Header::new(
            Version::of_server_major(server.major()),
            options.compression,
            CreationTime::now()?,
        )
    };
    let report = Report {
        entries: emission.entries.len(),
        tables: jobs.iter().filter(|job| job.is_table()).count(),
        warnings: plan.warnings.clone(),
        missing: emission.unwritten,
    };
    data::write_archive(&mut session, sink, header, emission.entries, jobs).await?;
    session.close().await.map_err(|source| Error::Session {
        doing: "end the session",
        source,
    })?;
    Ok(report)
}

/// The databases that take connections, by name.
///
/// # Errors
/// What the server said.
///
/// # Cancel safety
/// Dropping the future closes the connection.
pub async fn databases(config: &Config) -> Result<Vec<BString>> {
    let mut session = pgark_connect::connect(config).await?;
    let sql = "select datname from pg_catalog.pg_database where datallowconn order by datname";
    let rows = session.rows(sql).await.map_err(|source| Error::Session {
        doing: "list the databases",
        source,
    })?;
    Ok(rows
        .iter()
        .filter_map(|row| row.get(0).map(ToOwned::to_owned))
        .collect())
}
