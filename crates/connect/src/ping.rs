//! Seeing whether a server can be logged in to, and how.

use std::time::{Duration, Instant};

use bstr::BString;
use pgark_wire::{Method, ProtocolVersion};

use crate::{Config, Error, LoginError, Pooler, Result, TlsDetails, login, pooler};

/// How often the latency is measured; the least counts.
const ROUND_TRIPS: usize = 5;

/// What a login came to.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Ping {
    /// Host, address and port, or the socket.
    pub server: String,
    /// The server's version as it says it, such as `17.10 (Debian 17.10-1)`.
    pub server_version: BString,
    /// Who has logged in.
    pub user: BString,
    /// The database.
    pub database: BString,
    /// The version of the protocol.
    pub protocol: ProtocolVersion,
    /// TLS, if there is TLS.
    pub tls: Option<TlsDetails>,
    /// How the login was done.
    pub method: Method,
    /// Whether the login was bound to the TLS connection.
    pub is_channel_bound: bool,
    /// Whether the server is a standby, if it says so.
    pub is_standby: Option<bool>,
    /// Who hands statements to the server.
    pub pooler: Pooler,
    /// The time from the first packet to the end of the login, failed attempts included.
    pub connect_time: Duration,
    /// The least time from a statement without content to its answer.
    pub latency: Duration,
}

/// Logs in, measures the way there and back, and leaves.
///
/// A pooler is reported in any mode. No answer of more than 64 KiB is taken.
///
/// # Errors
/// As [`connect`](crate::connect). After the login the server has `connect_timeout` once more.
///
/// Cancel safe: dropping the future closes what it has opened.
pub async fn ping(config: &Config) -> Result<Ping> {
    let started = Instant::now();
    let (target, mut session, server) = login::open(config).await?;
    let connect_time = started.elapsed();

    let failed = |source| {
        Error::Login(Box::new(LoginError {
            server: server.clone(),
            user: target.user.clone(),
            database: target.database.clone(),
            source,
            note: String::new(),
        }))
    };
    let measure = async {
        let mut latency = Duration::MAX;
        for _ in 0..ROUND_TRIPS {
            let sent = Instant::now();
            session.execute("").await.map_err(failed)?;
            latency = latency.min(sent.elapsed());
        }
        let pooler = pooler::find(&target, &mut session).await.map_err(failed)?;
        Ok((latency, pooler))
    };
    let (latency, pooler) = login::within(target.timeout, &server, measure).await?;

    let parameter = |name| session.parameter(name).map(ToOwned::to_owned);
    let ping = Ping {
        server_version: parameter("server_version").unwrap_or_default(),
        protocol: session.protocol(),
        tls: session.stream().tls(),
        method: session.method(),
        is_channel_bound: session.is_channel_bound(),
        is_standby: parameter("in_hot_standby").map(|value| value == "on"),
        pooler,
        connect_time,
        latency,
        user: target.user.clone(),
        database: target.database.clone(),
        server: server.clone(),
    };
    // What was to be known is known.
    let _ = login::within(target.timeout, &server, async {
        session.close().await.map_err(failed)
    })
    .await;
    Ok(ping)
}
