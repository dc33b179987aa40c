//! `pgark ping`

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use pgark_connect::{OneLine, Ping, Pooler};
use serde_json::{Value, json};

use super::connection;
use crate::arguments::PingArguments;
use crate::exit;
use crate::output::say;

/// Logs in, and tells on standard output how that went.
pub(crate) async fn run(arguments: &PingArguments) -> anyhow::Result<ExitCode> {
    let config = connection::config(&arguments.connection)?;
    let ping = pgark_connect::ping(&config).await?;
    let told = if arguments.json {
        format!("{:#}\n", as_json(&ping))
    } else {
        as_text(&ping)
    };
    let mut out = io::stdout().lock();
    out.write_all(told.as_bytes())
        .and_then(|()| out.flush())
        .context("could not write to standard output")?;
    Ok(match ping.pooler {
        Pooler::Statement => {
            say(
                "error: no backup can be made through a pooler in statement mode: it allows no transactions of several statements",
            );
            ExitCode::from(exit::CANNOT_CONNECT)
        }
        Pooler::Transaction => {
            say(
                "warning: through a pooler in transaction mode, a command works only if it makes all its settings inside its transactions",
            );
            ExitCode::SUCCESS
        }
        _ => ExitCode::SUCCESS,
    })
}

fn as_text(ping: &Ping) -> String {
    let tls = ping.tls.as_ref().map_or_else(
        || "none".to_owned(),
        |tls| format!("{}, {}", tls.version, tls.cipher),
    );
    let role = match ping.is_standby {
        Some(true) => " (standby)",
        _ => "",
    };
    [
        ("server", ping.server.clone()),
        ("server version", format!("{}{role}", ping.server_version)),
        ("database", ping.database.to_string()),
        ("user", ping.user.to_string()),
        ("protocol", ping.protocol.to_string()),
        ("TLS", tls),
        ("authentication", ping.method.to_string()),
        (
            "channel binding",
            channel_binding(ping).unwrap_or("none").to_owned(),
        ),
        ("pooler", ping.pooler.to_string()),
        (
            "latency",
            format!(
                "{:.3} ms (connected in {:.3} ms)",
                milliseconds(ping.latency),
                milliseconds(ping.connect_time)
            ),
        ),
    ]
    .map(|(name, value)| format!("{name:<16} {}\n", OneLine(&value)))
    .concat()
}

fn as_json(ping: &Ping) -> Value {
    json!({
        "server": ping.server,
        "server_version": ping.server_version.to_string(),
        "standby": ping.is_standby,
        "database": ping.database.to_string(),
        "user": ping.user.to_string(),
        "protocol": ping.protocol.to_string(),
        "tls": ping.tls.as_ref().map(|tls| json!({"version": tls.version, "cipher": tls.cipher})),
        "authentication": ping.method.name(),
        "channel_binding": channel_binding(ping),
        "pooler": ping.pooler.to_string(),
        "latency_ms": milliseconds(ping.latency),
        "connect_ms": milliseconds(ping.connect_time),
    })
}

/// The type of the binding: there is but one (RFC 5929).
fn channel_binding(ping: &Ping) -> Option<&'static str> {
    ping.is_channel_bound.then_some("tls-server-end-point")
}

/// Rounded to microseconds.
fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}
