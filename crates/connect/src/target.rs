//! The wishes with their defaults: what is going to be dialled.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bstr::{BStr, BString, ByteSlice};
use pgark_wire::{Secret, Startup};

use crate::host::{self, Host};
use crate::keyword::{self, Support};
use crate::passfile::{self, Found};
use crate::tls::{Pem, TlsOptions};
use crate::{Config, Error, Result};

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// Whether and how a connection is encrypted (manual: "SSL Support", table of modes).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SslMode {
    Disable,
    Allow,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

/// Whether SCRAM binds the login to the TLS connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Binding {
    Disable,
    Prefer,
    Require,
}

/// All that dialling and logging in need.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) hosts: Vec<Host>,
    pub(crate) user: BString,
    pub(crate) database: BString,
    password: Option<Secret>,
    passfile: Option<PathBuf>,
    /// For one address; `None` is for ever.
    pub(crate) timeout: Option<Duration>,
    pub(crate) binding: Binding,
    pub(crate) tls: TlsOptions,
    parameters: Vec<(&'static str, BString)>,
}

impl Target {
    /// Fills in the defaults and examines every value.
    pub(crate) fn of(config: &Config) -> Result<Self> {
        check_support(config)?;
        let user = match config.get("user") {
            Some(user) => user.to_owned(),
            None => system_user()?,
        };
        let database = config
            .get("dbname")
            .map_or_else(|| user.clone(), BStr::to_owned);
        let password = config
            .get("password")
            .map(|password| Secret::new(password.as_bytes()));
        let passfile = match config.get("passfile") {
            Some(path) => Some(to_path("passfile", path)?),
            None => std::env::home_dir().map(|home| home.join(".pgpass")),
        };
        let named_parameters = [
            ("options", "options"),
            ("application_name", "application_name"),
            ("client_encoding", "client_encoding"),
            ("replication", "replication"),
        ];
        let mut parameters: Vec<(&'static str, BString)> = named_parameters
            .into_iter()
            .filter_map(|(option, parameter)| Some((parameter, config.get(option)?.to_owned())))
            .collect();
        if config.get("application_name").is_none() {
            let fallback = config.get("fallback_application_name");
            parameters.extend(fallback.map(|name| ("application_name", name.to_owned())));
        }
        Ok(Self {
            hosts: host::hosts(config)?,
            user,
            database,
            password,
            passfile,
            timeout: timeout(config)?,
            binding: choice(
                config,
                "channel_binding",
                &[
                    ("prefer", Binding::Prefer),
                    ("disable", Binding::Disable),
                    ("require", Binding::Require),
                ],
            )?
            .unwrap_or(Binding::Prefer),
            tls: tls_options(config)?,
            parameters,
        })
    }

    /// The first message to the server.
    pub(crate) fn startup(&self) -> Startup {
        let startup = Startup::new(&self.user, &self.database);
        self.parameters
            .iter()
            .fold(startup, |startup, (name, value)| {
                startup.parameter(name, value)
            })
    }

    /// The password for a host, and where it comes from or why there is none.
    pub(crate) fn password(&self, host: &Host) -> (Option<Secret>, String) {
        if self.password.is_some() {
            return (self.password.clone(), String::new());
        }
        let Some(path) = &self.passfile else {
            return (None, String::new());
        };
        let Found { password, problem } = passfile::look_up(
            path,
            host.passfile_name().as_bytes(),
            host.port,
            &self.database,
            &self.user,
        );
        let note = match (&password, problem) {
            (Some(_), _) => format!("; the password came from file \"{}\"", path.display()),
            (None, Some(problem)) => {
                tracing::warn!("{problem}");
                format!("; {problem}")
            }
            (None, None) => String::new(),
        };
        (password, note)
    }
}

fn check_support(config: &Config) -> Result<()> {
    for (name, value) in config.settings() {
        if let Some(Support::Only(allowed)) =
            keyword::find(name.as_bytes()).map(|keyword| &keyword.support)
            && !allowed.iter().any(|allowed| value == allowed)
        {
            return Err(Error::UnsupportedOption {
                name,
                allowed: allowed.first().copied(),
            });
        }
        if value.contains(&0) {
            return Err(bad(name, value, "it contains a NUL byte"));
        }
    }
    Ok(())
}

/// The time for one address; 0 and less mean no limit, as for libpq.
fn timeout(config: &Config) -> Result<Option<Duration>> {
    let Some(value) = config.get("connect_timeout") else {
        return Ok(Some(DEFAULT_TIMEOUT));
    };
    let seconds: i32 = value
        .to_str()
        .ok()
        .and_then(|text| text.trim().parse().ok())
        .ok_or_else(|| bad("connect_timeout", value, "it is no number of seconds"))?;
    Ok(u64::try_from(seconds)
        .ok()
        .filter(|seconds| *seconds > 0)
        .map(Duration::from_secs))
}

fn tls_options(config: &Config) -> Result<TlsOptions> {
    let mode = choice(
        config,
        "sslmode",
        &[
            ("disable", SslMode::Disable),
            ("allow", SslMode::Allow),
            ("prefer", SslMode::Prefer),
            ("require", SslMode::Require),
            ("verify-ca", SslMode::VerifyCa),
            ("verify-full", SslMode::VerifyFull),
        ],
    )?;
    let file = |name: &'static str| config.get(name).map(|path| to_path(name, path)).transpose();
    let root = match &config.root_certificate {
        Some(pem) => Some(Pem::Memory(Secret::new(pem.as_slice()))),
        None => file("sslrootcert")?.map(Pem::File),
    };
    let system_roots = matches!(&root, Some(Pem::File(path)) if path == Path::new("system"));
    let mode = match mode {
        None if system_roots => SslMode::VerifyFull,
        None => SslMode::Prefer,
        Some(mode) if system_roots && mode != SslMode::VerifyFull => {
            let problem = "with sslrootcert=system it must be verify-full";
            return Err(bad(
                "sslmode",
                config.get("sslmode").unwrap_or_default(),
                problem,
            ));
        }
        Some(mode) => mode,
    };
    let (certificate, key) = match &config.client_certificate {
        Some((chain, key)) => (
            Some(Pem::Memory(Secret::new(chain.as_slice()))),
            Some(Pem::Memory(key.clone())),
        ),
        None => (
            file("sslcert")?.map(Pem::File),
            file("sslkey")?.map(Pem::File),
        ),
    };
    Ok(TlsOptions {
        mode,
        root,
        certificate,
        key,
    })
}

/// An option whose value is one of several words.
fn choice<T: Copy>(config: &Config, name: &'static str, words: &[(&str, T)]) -> Result<Option<T>> {
    let Some(value) = config.get(name) else {
        return Ok(None);
    };
    if let Some((_, choice)) = words.iter().find(|(word, _)| value == word) {
        return Ok(Some(*choice));
    }
    let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
    let problem = format!("it must be one of {}", words.join(", "));
    Err(bad(name, value, problem))
}

fn to_path(name: &'static str, value: &BStr) -> Result<PathBuf> {
    match value.to_path() {
        Ok(path) => Ok(path.to_owned()),
        Err(_) => Err(bad(name, value, "it is no path")),
    }
}

fn system_user() -> Result<BString> {
    whoami::username().map(BString::from).map_err(|error| {
        bad(
            "user",
            "".into(),
            format!("the system's user name is not known: {error}"),
        )
    })
}

/// An option whose value cannot be used; a secret value is not shown.
pub(crate) fn bad(name: &'static str, value: &BStr, problem: impl Into<String>) -> Error {
    let shown = keyword::find(name.as_bytes()).is_some_and(keyword::Keyword::is_shown);
    Error::BadOption {
        name,
        value: if shown {
            value.to_string()
        } else {
            "***".into()
        },
        problem: problem.into(),
    }
}

#[cfg(test)]
mod tests;
