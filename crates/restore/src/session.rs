//! Sessions that restore.

use bstr::ByteSlice;
use pgark_connect::{Config, Session};

use crate::{Error, Result, Watch};

/// Before anything else, lest a name be found where somebody put it for us, or time run out: a session may have nothing to do for as
/// long as another makes an index. Then those settings that change what rows and expressions mean, or may fail a session for what another
/// does, and that the archive's own (`_doSetFixedOutputState` in src/bin/pg_dump/pg_backup_archiver.c) leave out.
const SAFE: &str = "select pg_catalog.set_config('search_path', '', false); set statement_timeout = 0; \
    select pg_catalog.set_config(name, '0', false) from pg_catalog.pg_settings where name = 'idle_session_timeout'; \
    set array_nulls = on; set transform_null_equals = off; set default_transaction_isolation = 'read committed'";

/// What is to be known.
const FACTS: &str = "select pg_catalog.current_setting('server_version_num'), pg_catalog.current_setting('wal_level')";

/// What is to be known of a server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Server {
    pub(crate) major: u32,
    /// Rows that are copied into a table that the same transaction has made or emptied need not be logged.
    pub(crate) has_minimal_wal: bool,
}

/// Opens a session and learns what server it is.
pub(crate) async fn open(config: &Config, watch: &Watch) -> Result<(Session, Server)> {
    let mut session = pgark_connect::connect(config).await?;
    watch.add_session(session.cancel_key());
    execute(&mut session, "secure the session", SAFE).await?;
    let rows = session.rows(FACTS).await.map_err(|source| Error::Session {
        doing: "learn the server's version",
        source,
    })?;
    let value = |column| rows.row(0).and_then(|row| row.get(column));
    let version = value(0).and_then(|version| version.to_str().ok()?.parse::<u32>().ok());
    let version =
        version.ok_or_else(|| Error::Options("the server does not say its version".to_owned()))?;
    let server = Server {
        major: version / 10_000,
        has_minimal_wal: value(1).is_some_and(|level| level == "minimal"),
    };
    Ok((session, server))
}

/// Runs statements without which a session is of no use.
pub(crate) async fn execute(
    session: &mut Session,
    doing: &'static str,
    sql: impl AsRef<[u8]>,
) -> Result<()> {
    session
        .execute(sql)
        .await
        .map_err(|source| Error::Session { doing, source })
}
