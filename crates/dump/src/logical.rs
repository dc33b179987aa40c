//! One database into one archive.

use std::collections::HashMap;

use bstr::BString;
use pgark_archive::{CreationTime, Header, TocEntry, Version};
use pgark_catalog::{Catalog, Definitions, Details};
use pgark_connect::Config;
use pgark_sql::{Encoding, Quoter, text};

use crate::data::{self, CopyJob};
use crate::dialect::Dialect;
use crate::emit::{Emitter, copy_columns};
use crate::error::{Error, Result};
use crate::options::Options;
use crate::plan::{Object, Plan, Selection};
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

    let jobs = copy_jobs(&plan, &selection, &emission.entries, quoter)?;
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
        tables: jobs.len(),
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

/// The COPY statements for the entries that hold rows, in the order of the archive.
fn copy_jobs(
    plan: &Plan<'_>,
    selection: &Selection,
    entries: &[TocEntry],
    quoter: Quoter,
) -> Result<Vec<CopyJob>> {
    let catalog = plan.catalog;
    let conditions = selection.config_tables(catalog);
    let tables: HashMap<i32, usize> = plan
        .order
        .iter()
        .filter_map(|id| match plan.node(*id).object {
            Object::Data(relation) => Some((id.dump_id().0, relation)),
            _ => None,
        })
        .collect();
    let mut jobs = Vec::new();
    for entry in entries.iter().filter(|entry| entry.had_dumper) {
        let Some(place) = tables.get(&entry.dump_id.0) else {
            continue;
        };
        let relation = &catalog.relations[*place];
        let table = quoter.qualified(Some(&catalog.schema(relation.schema)?.name), &relation.name);
        let columns = copy_columns(quoter, plan.details.columns_of(relation.id.oid));
        let statement = match conditions.get(place).cloned().flatten() {
            // The user's rows of an extension's table.
            Some(condition) => {
                let columns = columns
                    .strip_prefix(b"(")
                    .and_then(|columns| columns.strip_suffix(b")"))
                    .unwrap_or(b"*");
                text!(
                    "COPY (SELECT ",
                    columns,
                    " FROM ",
                    table,
                    " ",
                    condition,
                    ") TO stdout;"
                )
            }
            None => text!("COPY ", table, " ", columns, " TO stdout;"),
        };
        jobs.push(CopyJob {
            id: entry.dump_id,
            table,
            statement,
        });
    }
    Ok(jobs)
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
