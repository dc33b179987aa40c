//! What makes a backup a standby of the server it comes from: `-R`.
//!
//! Source: recovery_gen.c.

use bstr::{BStr, BString, ByteSlice};
use pgark_connect::Config;

use crate::Result;

/// The file that makes a server a standby.
pub(crate) const SIGNAL: &str = "standby.signal";
/// The settings that a server reads last.
pub(crate) const SETTINGS: &str = "postgresql.auto.conf";

/// What is written into a backup so that it becomes a standby.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovery {
    /// Lines for `postgresql.auto.conf`.
    pub settings: BString,
}

/// What a standby needs to know to connect, in libpq's words; those of a session's own are missing.
const KEYWORDS: &[&str] = &[
    "user",
    "password",
    "passfile",
    "require_auth",
    "channel_binding",
    "connect_timeout",
    "host",
    "hostaddr",
    "port",
    "options",
    "application_name",
    "client_encoding",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_count",
    "tcp_user_timeout",
    "sslmode",
    "sslnegotiation",
    "sslcompression",
    "sslcert",
    "sslkey",
    "sslcertmode",
    "sslrootcert",
    "sslcrl",
    "sslcrldir",
    "sslsni",
    "requirepeer",
    "ssl_min_protocol_version",
    "ssl_max_protocol_version",
    "gssencmode",
    "krbsrvname",
    "gsslib",
    "target_session_attrs",
    "load_balance_hosts",
    "dbname",
];

/// The settings that lead a standby to the server of `config`, and to a slot there. A password that `config` holds is
/// written only where that is asked for; without it the standby needs a password file.
pub fn recovery_settings(
    config: &Config,
    slot: Option<&str>,
    with_password: bool,
) -> Result<Recovery> {
    let (user, port) = (config.user()?, BString::from(config.port()?.to_string()));
    let host = BString::from(config.host()?);
    let mut pairs = Vec::new();
    for keyword in KEYWORDS {
        let value = match *keyword {
            "user" => Some(user.as_bstr()),
            "port" if config.get("port").is_none() => Some(port.as_bstr()),
            "host" if config.get("host").is_none() && config.get("hostaddr").is_none() => {
                Some(host.as_bstr())
            }
            "password" if !with_password => None,
            keyword => config.get(keyword),
        };
        if let Some(value) = value {
            let mut pair = BString::from(format!("{keyword}="));
            pair.extend(quoted_value(value));
            pairs.push(pair);
        }
    }
    let mut settings = BString::from("primary_conninfo = '");
    settings.extend(escaped(&bstr::join(" ", pairs)));
    settings.extend_from_slice(b"'\n");
    if let Some(slot) = slot {
        // A slot's name has been checked, and needs no quoting.
        settings.extend_from_slice(format!("primary_slot_name = '{slot}'\n").as_bytes());
    }
    Ok(Recovery { settings })
}

/// A value of a connection string (appendConnStrVal, string_utils.c).
fn quoted_value(value: &BStr) -> Vec<u8> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.';
    if !value.is_empty() && value.bytes().all(is_plain) {
        return value.to_vec();
    }
    let mut quoted = vec![b'\''];
    for byte in value.bytes() {
        if byte == b'\'' || byte == b'\\' {
            quoted.push(b'\\');
        }
        quoted.push(byte);
    }
    quoted.push(b'\'');
    quoted
}

/// The inside of a string in a configuration file (escape_single_quotes_ascii, quotes.c).
fn escaped(text: &[u8]) -> Vec<u8> {
    text.iter()
        .flat_map(|byte| {
            std::iter::repeat_n(*byte, if matches!(byte, b'\'' | b'\\') { 2 } else { 1 })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_standby_is_led_to_its_server() {
        let config = Config::parse(r"host=/tmp/a\'b port=5433 user='back up' password=s3cret sslmode=require replication=true dbname=x").unwrap();
        let settings = |slot, with_password| {
            recovery_settings(&config, slot, with_password)
                .unwrap()
                .settings
        };
        assert_eq!(
            settings(None, false),
            "primary_conninfo = 'user=''back up'' host=''/tmp/a\\\\''b'' port=5433 sslmode=require dbname=x'\n"
        );
        let with_slot = settings(Some("one"), true);
        assert!(with_slot.contains_str("password=s3cret"));
        assert!(with_slot.ends_with(b"'\nprimary_slot_name = 'one'\n"));
    }
}
