//! When something of a database was read.

use pgark_connect::Session;
use serde::Serialize;

use crate::error::{Error, Result};

/// When a snapshot was taken, by the server's clock and by its log.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Moment {
    /// The time just before: RFC 3339 with microseconds, in UTC.
    pub time: String,
    /// Where the log stood then, such as `0/15C7F38`; that of a standby is what it has replayed.
    pub lsn: String,
}

impl Moment {
    /// What [`SQL`](Self::SQL) asks for.
    pub(crate) const WHAT: &str = "the position in the log";

    /// Asks for time and position. To be asked before the transaction whose snapshot it is about: servers that keep no log of the
    /// usual kind refuse it.
    pub(crate) const SQL: &str = "select \
        pg_catalog.to_char(pg_catalog.timezone('UTC', pg_catalog.clock_timestamp()), 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), \
        (case when pg_catalog.pg_is_in_recovery() then pg_catalog.pg_last_wal_replay_lsn() \
           else pg_catalog.pg_current_wal_lsn() end)::pg_catalog.text";

    /// The moment of the snapshot that the session takes next, unless the server refuses to tell.
    pub(crate) async fn fetch(session: &mut Session) -> Result<Option<Self>> {
        let rows = match session.rows(Self::SQL).await {
            Ok(rows) => rows,
            Err(source) if source.is_connection_lost() => {
                let doing = "ask for the position in the log";
                return Err(Error::Session { doing, source });
            }
            Err(error) => {
                tracing::info!("the server does not tell {}: {error}", Self::WHAT);
                return Ok(None);
            }
        };
        let text = |column| {
            let value = rows.row(0).and_then(|row| row.get(column));
            value.unwrap_or_default().to_string()
        };
        Ok(Some(Self {
            time: text(0),
            lsn: text(1),
        }))
    }
}
