//! Sessions as pg_dump sets them up (`setup_connection` in src/bin/pg_dump/pg_dump.c).

use std::num::NonZeroUsize;

use bstr::BString;
use pgark_catalog::{Catalog, Sessions};
use pgark_connect::{Config, Session};
use pgark_sql::{Quoter, put, text};

use crate::error::{Error, Result};
use crate::plan::Selection;

/// Before anything else, lest a name be found where somebody put it for us, or time run out.
pub(crate) const SAFE: &str =
    "select pg_catalog.set_config('search_path', '', false); set statement_timeout = 0";

/// How values are shown, and that nothing may wait or be left out in silence.
pub(crate) const SETTINGS: &str = "set datestyle = iso; set intervalstyle = postgres; set extra_float_digits = 3; \
    set synchronize_seqscans = off; set row_security = off; \
    select pg_catalog.set_config(name, '0', false) from pg_catalog.pg_settings \
      where name in ('lock_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout'); \
    select pg_catalog.set_config(name, 'view, foreign-table', false) from pg_catalog.pg_settings \
      where name = 'restrict_nonsystem_relation_kind'; \
    set jit = off";

/// Opens sessions that share one snapshot, in which nothing can be written.
pub(crate) async fn open(config: &Config, jobs: NonZeroUsize) -> Result<Sessions> {
    let mut first = begin(config).await?;
    let mut others = Vec::new();
    if jobs.get() > 1 {
        let import = text!(
            "set transaction snapshot '",
            export_snapshot(&mut first).await?,
            "'"
        );
        for _ in 1..jobs.get() {
            let mut session = begin(config).await?;
            execute(&mut session, "take over the snapshot", &import).await?;
            others.push(session);
        }
    }
    Ok(Sessions { first, others })
}

/// The name by which other sessions take over the session's snapshot, as long as its transaction lasts.
async fn export_snapshot(session: &mut Session) -> Result<BString> {
    let sql = "select pg_catalog.pg_export_snapshot()";
    let rows = session.rows(sql).await.map_err(|source| Error::Session {
        doing: "export the snapshot",
        source,
    })?;
    let name = rows.row(0).and_then(|row| row.get(0));
    Ok(name.unwrap_or_default().to_owned())
}

/// Ends a session.
pub(crate) async fn close(session: Session) -> Result<()> {
    session.close().await.map_err(|source| Error::Session {
        doing: "end the session",
        source,
    })
}

/// Connects and begins a transaction.
async fn begin(config: &Config) -> Result<Session> {
    let mut session = pgark_connect::connect(config).await?;
    execute(&mut session, "secure the session", SAFE).await?;
    execute(&mut session, "set up the session", SETTINGS).await?;
    let begin = "begin; set transaction isolation level repeatable read, read only";
    execute(&mut session, "begin the transaction", begin).await?;
    Ok(session)
}

async fn execute(session: &mut Session, doing: &'static str, sql: impl AsRef<[u8]>) -> Result<()> {
    session
        .execute(sql)
        .await
        .map_err(|source| Error::Session { doing, source })
}

/// Locks the chosen tables against change, many to a statement.
pub(crate) async fn lock_tables(
    session: &mut Session,
    catalog: &Catalog,
    selection: &Selection,
    quoter: Quoter,
) -> Result<()> {
    const AT_ONCE: usize = 1000;
    let tables: Vec<usize> = selection.tables_to_lock(catalog).collect();
    for batch in tables.chunks(AT_ONCE) {
        let mut lock = text!("lock table ");
        for (i, table) in batch.iter().enumerate() {
            let relation = &catalog.relations[*table];
            let name: BString =
                quoter.qualified(Some(&catalog.schema(relation.schema)?.name), &relation.name);
            put!(lock, if i == 0 { "" } else { ", " }, name);
        }
        put!(lock, " in access share mode");
        execute(session, "lock tables", &lock).await?;
    }
    match catalog.find_changed(session, &tables).await? {
        None => Ok(()),
        Some(relation) => Err(Error::Changed(relation.name.clone())),
    }
}
