//! Poolers between this side and the server, such as PgBouncer.
//!
//! A pooler hands out cancel keys of its own, so that the process id in a session's key is not the server's. That is
//! how it is found, whatever its make. Which of PgBouncer's modes it is in (its manual: `pool_mode`) shows when two
//! sessions are open at once.

use std::fmt;
use std::time::Duration;

use crate::target::Target;
use crate::{Result, Session, login};

/// How long a second session may wait for one of the server's. Others than ours are soon given back, or there are
/// more to be had.
const PATIENCE: Duration = Duration::from_secs(2);

const PROCESS_ID: &str = "select pg_catalog.pg_backend_pid()";

/// Who hands a session's statements to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Pooler {
    /// Nobody: the session is one with the server itself, as far as can be seen.
    None,
    /// A pooler that keeps one of the server's sessions for this one until its end.
    Session,
    /// A pooler that may choose another of the server's sessions for every transaction: settings stay behind in
    /// one that somebody else gets next.
    Transaction,
    /// A pooler that allows no transactions of several statements.
    Statement,
}

impl fmt::Display for Pooler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Session => "session",
            Self::Transaction => "transaction",
            Self::Statement => "statement",
        })
    }
}

/// Finds out who stands before the server. Costs one statement; where there is a pooler, a second session and some
/// statements more. A busy pooler in transaction mode may be taken for one in session mode, if it happens to choose
/// the same session of the server time and again.
pub(crate) async fn find(
    target: &Target,
    session: &mut Session,
) -> Result<Pooler, pgark_wire::Error> {
    let Some(own) = process_id(session).await? else {
        return Ok(Pooler::None);
    };
    if session.cancel_key().map(|key| key.process_id()) == Some(own) {
        return Ok(Pooler::None);
    }
    match tokio::time::timeout(PATIENCE, is_shared(target, own)).await {
        Ok(Ok(true)) => return Ok(Pooler::Transaction),
        Ok(Ok(false)) => {}
        Ok(Err(error)) if error.is_connection_lost() => return Ok(Pooler::Statement),
        Ok(Err(error)) => return Err(error),
        // Nobody else can have a session of the server while this one keeps the last.
        Err(_) => return Ok(Pooler::Session),
    }
    Ok(match process_id(session).await? {
        again if again == Some(own) => Pooler::Session,
        _ => Pooler::Transaction,
    })
}

/// Whether another session gets the one of the server that ours should be keeping.
async fn is_shared(target: &Target, own: i32) -> Result<bool, pgark_wire::Error> {
    // Whether there is another one to be had says nothing about the pooler's mode.
    let Ok((mut other, _)) = login::log_in(target).await else {
        return Ok(false);
    };
    other.execute("begin").await?;
    let held = process_id(&mut other).await?;
    // It has done what it was there for.
    let _ = other.close().await;
    Ok(held == Some(own))
}

/// The process id of the server's session, if the server says it.
async fn process_id(session: &mut Session) -> Result<Option<i32>, pgark_wire::Error> {
    let results = session.query(PROCESS_ID).await?;
    Ok(results
        .first()
        .and_then(|rows| rows.row(0)?.get(0)?.to_string().parse().ok()))
}
