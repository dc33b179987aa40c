//! `target_session_attrs`: which of several servers is wanted.
//!
//! Manual: "Parameter Key Words", target_session_attrs; source: PQconnectPoll, CONNECTION_CHECK_TARGET, fe-connect.c.

use crate::value::choice;
use crate::{Config, Result, Session};

/// What a session must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SessionAttributes {
    Any,
    ReadWrite,
    ReadOnly,
    Primary,
    Standby,
    PreferStandby,
}

impl SessionAttributes {
    pub(crate) fn of(config: &Config) -> Result<Self> {
        let words = [
            Self::Any,
            Self::ReadWrite,
            Self::ReadOnly,
            Self::Primary,
            Self::Standby,
            Self::PreferStandby,
        ]
        .map(|attributes| (attributes.name(), attributes));
        Ok(choice(config, "target_session_attrs", &words)?.unwrap_or(Self::Any))
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::ReadWrite => "read-write",
            Self::ReadOnly => "read-only",
            Self::Primary => "primary",
            Self::Standby => "standby",
            Self::PreferStandby => "prefer-standby",
        }
    }

    /// Why a session will not do, if it will not.
    pub(crate) async fn check(
        self,
        session: &mut Session,
    ) -> Result<Option<&'static str>, pgark_wire::Error> {
        Ok(match self {
            Self::Any => None,
            Self::ReadWrite => is_read_only(session)
                .await?
                .then_some("the session is read-only"),
            Self::ReadOnly => {
                (!is_read_only(session).await?).then_some("the session is not read-only")
            }
            Self::Primary => is_standby(session)
                .await?
                .then_some("the server is a standby"),
            Self::Standby | Self::PreferStandby => {
                (!is_standby(session).await?).then_some("the server is not a standby")
            }
        })
    }
}

/// A setting that servers report from 14 on.
fn reported(session: &Session, name: &str) -> Option<bool> {
    session.parameter(name).map(|value| value == "on")
}

async fn is_read_only(session: &mut Session) -> Result<bool, pgark_wire::Error> {
    match (
        reported(session, "default_transaction_read_only"),
        reported(session, "in_hot_standby"),
    ) {
        (Some(read_only), Some(standby)) => Ok(read_only || standby),
        _ => answer(session, "show transaction_read_only", "on").await,
    }
}

async fn is_standby(session: &mut Session) -> Result<bool, pgark_wire::Error> {
    match reported(session, "in_hot_standby") {
        Some(standby) => Ok(standby),
        None => answer(session, "select pg_catalog.pg_is_in_recovery()", "t").await,
    }
}

async fn answer(session: &mut Session, sql: &str, yes: &str) -> Result<bool, pgark_wire::Error> {
    let rows = session.rows(sql).await?;
    Ok(rows.row(0).and_then(|row| row.get(0)) == Some(yes.into()))
}
