//! The connection options: their names, their environment variables, and what is done with each.
//!
//! Names and variables as in the manual, "Database Connection Control Functions" and "Environment Variables".

use bstr::ByteSlice;

/// A connection option that libpq 18 knows.
pub(crate) struct Keyword {
    pub(crate) name: &'static str,
    /// The environment variable that sets it.
    pub(crate) variable: Option<&'static str>,
    pub(crate) support: Support,
}

impl Keyword {
    /// Whether its value may be shown to people.
    pub(crate) fn is_shown(&self) -> bool {
        // Among those that are never accepted are passwords and keys too.
        !matches!(self.support, Support::Secret | Only(&[]))
    }
}

/// What is done with an option.
pub(crate) enum Support {
    Full,
    /// As [`Full`](Self::Full), and its value is never shown.
    Secret,
    /// Accepted and without effect, because nothing depends on it.
    Ignored,
    /// Refused, except for these values, which ask for what happens anyway.
    Only(&'static [&'static str]),
}

use Support::{Full, Ignored, Only};

const fn keyword(name: &'static str, variable: &'static str, support: Support) -> Keyword {
    Keyword {
        name,
        variable: Some(variable),
        support,
    }
}

const fn without_variable(name: &'static str, support: Support) -> Keyword {
    Keyword {
        name,
        variable: None,
        support,
    }
}

/// Every option that libpq 18 knows.
pub(crate) static KEYWORDS: &[Keyword] = &[
    keyword("host", "PGHOST", Full),
    keyword("hostaddr", "PGHOSTADDR", Full),
    keyword("port", "PGPORT", Full),
    keyword("dbname", "PGDATABASE", Full),
    keyword("user", "PGUSER", Full),
    keyword("password", "PGPASSWORD", Support::Secret),
    keyword("passfile", "PGPASSFILE", Full),
    keyword("connect_timeout", "PGCONNECT_TIMEOUT", Full),
    keyword("options", "PGOPTIONS", Full),
    keyword("application_name", "PGAPPNAME", Full),
    without_variable("fallback_application_name", Full),
    keyword("client_encoding", "PGCLIENTENCODING", Full),
    keyword("sslmode", "PGSSLMODE", Full),
    keyword("sslrootcert", "PGSSLROOTCERT", Full),
    keyword("sslcert", "PGSSLCERT", Full),
    keyword("sslkey", "PGSSLKEY", Full),
    keyword("channel_binding", "PGCHANNELBINDING", Full),
    without_variable("replication", Full),
    without_variable("keepalives", Ignored),
    without_variable("keepalives_idle", Ignored),
    without_variable("keepalives_interval", Ignored),
    without_variable("keepalives_count", Ignored),
    without_variable("tcp_user_timeout", Ignored),
    keyword("sslcompression", "PGSSLCOMPRESSION", Ignored),
    keyword("gsslib", "PGGSSLIB", Ignored),
    keyword("krbsrvname", "PGKRBSRVNAME", Ignored),
    keyword("gssdelegation", "PGGSSDELEGATION", Ignored),
    keyword("gssencmode", "PGGSSENCMODE", Only(&["disable", "prefer"])),
    keyword("service", "PGSERVICE", Only(&[])),
    keyword("servicefile", "PGSERVICEFILE", Ignored),
    without_variable("sslpassword", Only(&[])),
    keyword("sslnegotiation", "PGSSLNEGOTIATION", Only(&["postgres"])),
    keyword("sslcertmode", "PGSSLCERTMODE", Only(&["allow"])),
    keyword("sslcrl", "PGSSLCRL", Only(&[])),
    keyword("sslcrldir", "PGSSLCRLDIR", Only(&[])),
    keyword("sslsni", "PGSSLSNI", Only(&["1"])),
    keyword("requirepeer", "PGREQUIREPEER", Only(&[])),
    keyword("require_auth", "PGREQUIREAUTH", Only(&[])),
    keyword(
        "ssl_min_protocol_version",
        "PGSSLMINPROTOCOLVERSION",
        Only(&["TLSv1.2"]),
    ),
    keyword(
        "ssl_max_protocol_version",
        "PGSSLMAXPROTOCOLVERSION",
        Only(&["TLSv1.3"]),
    ),
    keyword(
        "min_protocol_version",
        "PGMINPROTOCOLVERSION",
        Only(&["3.0"]),
    ),
    keyword(
        "max_protocol_version",
        "PGMAXPROTOCOLVERSION",
        Only(&["3.0"]),
    ),
    keyword(
        "target_session_attrs",
        "PGTARGETSESSIONATTRS",
        Only(&["any"]),
    ),
    keyword(
        "load_balance_hosts",
        "PGLOADBALANCEHOSTS",
        Only(&["disable"]),
    ),
    without_variable("sslkeylogfile", Only(&[])),
    without_variable("scram_client_key", Only(&[])),
    without_variable("scram_server_key", Only(&[])),
    without_variable("oauth_issuer", Only(&[])),
    without_variable("oauth_client_id", Only(&[])),
    without_variable("oauth_client_secret", Only(&[])),
    without_variable("oauth_scope", Only(&[])),
];

/// The option of a name.
pub(crate) fn find(name: &[u8]) -> Option<&'static Keyword> {
    KEYWORDS
        .iter()
        .find(|keyword| keyword.name.as_bytes() == name)
}

/// The option whose name is nearest to a wrong one, if it is near enough to have been meant.
pub(crate) fn nearest(name: &[u8]) -> Option<&'static str> {
    let name = name.to_str_lossy().to_lowercase();
    KEYWORDS
        .iter()
        .map(|keyword| (distance(&name, keyword.name), keyword.name))
        .min()
        .filter(|(distance, _)| *distance <= name.chars().count().div_ceil(3))
        .map(|(_, name)| name)
}

/// How many characters must be added, taken away or replaced to make one word of another.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    // A longer word than this is no slip of the pen, and would cost time.
    for (i, a) in from.chars().take(100).enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, b) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_option_is_the_one_that_was_meant() {
        for (wrong, meant) in [
            ("hots", Some("host")),
            ("databse", None),
            ("dbnam", Some("dbname")),
            ("SSLMODE", Some("sslmode")),
            ("ssl_mode", Some("sslmode")),
            ("pasword", Some("password")),
            ("nonsense", None),
            ("", None),
        ] {
            assert_eq!(nearest(wrong.as_bytes()), meant, "{wrong}");
        }
    }
}
