//! The connection options: their names, their environment variables, and what is done with each.
//!
//! Names and variables as in the manual, "Database Connection Control Functions" and "Environment Variables".

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
        // Among those that are never accepted are keys.
        !matches!(self.support, Support::Secret | Refused)
    }
}

/// What is done with an option.
pub(crate) enum Support {
    Full,
    /// As [`Full`](Self::Full), and its value is never shown.
    Secret,
    /// Accepted and without effect, because nothing depends on it.
    Ignored,
    /// Known and not implemented.
    Refused,
}

use Support::{Full, Ignored, Refused};

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
    keyword("service", "PGSERVICE", Full),
    keyword("host", "PGHOST", Full),
    keyword("hostaddr", "PGHOSTADDR", Full),
    keyword("port", "PGPORT", Full),
    keyword("dbname", "PGDATABASE", Full),
    keyword("user", "PGUSER", Full),
    keyword("password", "PGPASSWORD", Support::Secret),
    keyword("passfile", "PGPASSFILE", Full),
    keyword("require_auth", "PGREQUIREAUTH", Full),
    keyword("channel_binding", "PGCHANNELBINDING", Full),
    keyword("connect_timeout", "PGCONNECT_TIMEOUT", Full),
    keyword("target_session_attrs", "PGTARGETSESSIONATTRS", Full),
    keyword("load_balance_hosts", "PGLOADBALANCEHOSTS", Full),
    keyword("options", "PGOPTIONS", Full),
    keyword("application_name", "PGAPPNAME", Full),
    without_variable("fallback_application_name", Full),
    keyword("client_encoding", "PGCLIENTENCODING", Full),
    without_variable("replication", Full),
    keyword("min_protocol_version", "PGMINPROTOCOLVERSION", Full),
    keyword("max_protocol_version", "PGMAXPROTOCOLVERSION", Full),
    without_variable("keepalives", Full),
    without_variable("keepalives_idle", Full),
    without_variable("keepalives_interval", Full),
    without_variable("keepalives_count", Full),
    without_variable("tcp_user_timeout", Full),
    keyword("requirepeer", "PGREQUIREPEER", Full),
    keyword("sslmode", "PGSSLMODE", Full),
    keyword("sslnegotiation", "PGSSLNEGOTIATION", Full),
    keyword("sslrootcert", "PGSSLROOTCERT", Full),
    keyword("sslcrl", "PGSSLCRL", Full),
    keyword("sslcrldir", "PGSSLCRLDIR", Full),
    keyword("sslcert", "PGSSLCERT", Full),
    keyword("sslkey", "PGSSLKEY", Full),
    // Keys that need it are refused.
    without_variable("sslpassword", Support::Secret),
    keyword("sslcertmode", "PGSSLCERTMODE", Full),
    keyword("sslsni", "PGSSLSNI", Full),
    keyword("ssl_min_protocol_version", "PGSSLMINPROTOCOLVERSION", Full),
    keyword("ssl_max_protocol_version", "PGSSLMAXPROTOCOLVERSION", Full),
    keyword("sslcompression", "PGSSLCOMPRESSION", Ignored),
    without_variable("sslkeylogfile", Refused),
    keyword("gssencmode", "PGGSSENCMODE", Full),
    keyword("gsslib", "PGGSSLIB", Ignored),
    keyword("krbsrvname", "PGKRBSRVNAME", Ignored),
    keyword("gssdelegation", "PGGSSDELEGATION", Ignored),
    without_variable("scram_client_key", Refused),
    without_variable("scram_server_key", Refused),
    // A server that asks for OAuth is refused.
    without_variable("oauth_issuer", Ignored),
    without_variable("oauth_client_id", Ignored),
    without_variable("oauth_client_secret", Support::Secret),
    without_variable("oauth_scope", Ignored),
];

/// The option of a name.
pub(crate) fn find(name: &[u8]) -> Option<&'static Keyword> {
    KEYWORDS
        .iter()
        .find(|keyword| keyword.name.as_bytes() == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_variables_are_there_once() {
        for (i, keyword) in KEYWORDS.iter().enumerate() {
            for other in &KEYWORDS[..i] {
                assert_ne!(keyword.name, other.name);
                assert!(keyword.variable.is_none() || keyword.variable != other.variable);
            }
        }
    }
}
