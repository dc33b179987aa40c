//! The wishes with their defaults: what is going to be dialled.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bstr::{BStr, BString, ByteSlice};
use pgark_wire::{Methods, ProtocolVersion, Secret, Startup};

use crate::host::{self, Host};
use crate::keepalive::KeepAlive;
use crate::keyword::{self, Support};
use crate::passfile::{self, Found};
use crate::prompt::Prompt;
use crate::session_attributes::SessionAttributes;
use crate::tls::TlsOptions;
use crate::value::{bad, choice, integer, path};
use crate::{Config, Error, PasswordProvider, Result, provider, require_auth};

/// libpq waits for ever; a backup that hangs is not noticed.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

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
    /// Whether to try hosts and addresses in random order.
    pub(crate) is_balanced: bool,
    pub(crate) attributes: SessionAttributes,
    pub(crate) user: BString,
    pub(crate) database: BString,
    password: Option<Secret>,
    passfile: Option<PathBuf>,
    pub(crate) prompt: Option<Prompt>,
    /// Who makes the password, in place of all others.
    pub(crate) provider: Option<Arc<dyn PasswordProvider>>,
    /// For one address; `None` is for ever.
    pub(crate) timeout: Option<Duration>,
    pub(crate) keepalive: KeepAlive,
    /// The owner that a socket must have.
    pub(crate) peer: Option<BString>,
    pub(crate) methods: Methods,
    pub(crate) binding: Binding,
    pub(crate) tls: TlsOptions,
    /// The least and the wanted version.
    protocol: (ProtocolVersion, ProtocolVersion),
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
        let passfile = match path(config, "passfile")? {
            Some(path) => Some(path),
            None => std::env::home_dir().map(|home| home.join(".pgpass")),
        };
        let balance = [("disable", false), ("random", true)];
        let bindings = [
            ("prefer", Binding::Prefer),
            ("disable", Binding::Disable),
            ("require", Binding::Require),
        ];
        let mut target = Self {
            hosts: host::hosts(config)?,
            is_balanced: choice(config, "load_balance_hosts", &balance)?.unwrap_or(false),
            attributes: SessionAttributes::of(config)?,
            user,
            database,
            password: password.or_else(|| config.prompt.as_ref()?.answered()),
            passfile,
            prompt: config.prompt.clone(),
            provider: config.provider.clone(),
            timeout: timeout(config)?,
            keepalive: KeepAlive::of(config)?,
            peer: config.get("requirepeer").map(BStr::to_owned),
            methods: require_auth::methods(config)?,
            binding: choice(config, "channel_binding", &bindings)?.unwrap_or(Binding::Prefer),
            tls: TlsOptions::of(config)?,
            protocol: protocol(config)?,
            parameters: parameters(config),
        };
        if target.provider.is_some() {
            target.prompt = None;
            provider::examine(&mut target, config)?;
        }
        Ok(target)
    }

    /// The first message to the server.
    pub(crate) fn startup(&self) -> Startup {
        let (least, wanted) = self.protocol;
        let startup = Startup::new(&self.user, &self.database).protocol(least, wanted);
        self.parameters
            .iter()
            .fold(startup, |startup, (name, value)| {
                startup.parameter(name, value)
            })
    }

    /// Whether the session is one for replication that has SQL as well (`replication=database`); `None` if it is for
    /// replication alone.
    pub(crate) fn replication(&self) -> Option<bool> {
        let said = self
            .parameters
            .iter()
            .find(|(name, _)| *name == "replication");
        match said {
            None => Some(false),
            Some((_, value)) if value == "database" => Some(true),
            // Any other value is a boolean (source: ProcessStartupPacket, backend_startup.c), and if it is false, a
            // session like any other is only not looked at.
            Some(_) => None,
        }
    }

    pub(crate) fn set_password(&mut self, password: Secret) {
        self.password = Some(password);
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
        let support = keyword::find(name.as_bytes()).map(|keyword| &keyword.support);
        if let Some(Support::Refused) = support
            && !value.is_empty()
        {
            return Err(Error::UnsupportedOption { name, value: None });
        }
        if value.contains(&0) {
            return Err(bad(name, value, "it contains a NUL byte"));
        }
    }
    // libpq goes without encryption by GSSAPI where there are no credentials for it.
    let encryption = [("disable", false), ("prefer", false), ("require", true)];
    if choice(config, "gssencmode", &encryption)? == Some(true) {
        return Err(Error::UnsupportedOption {
            name: "gssencmode",
            value: Some("require"),
        });
    }
    Ok(())
}

/// The time for one address; 0 and less mean no limit, as for libpq.
fn timeout(config: &Config) -> Result<Option<Duration>> {
    let Some(seconds) = integer(config, "connect_timeout")? else {
        return Ok(Some(DEFAULT_TIMEOUT));
    };
    Ok(u64::try_from(seconds)
        .ok()
        .filter(|seconds| *seconds > 0)
        .map(Duration::from_secs))
}

/// The versions of the protocol: 3.0 is asked for as by libpq 18, unless that is not enough, because not every server
/// and pooler in use can negotiate.
fn protocol(config: &Config) -> Result<(ProtocolVersion, ProtocolVersion)> {
    let words = [
        ("3.0", ProtocolVersion::V3_0),
        ("3.2", ProtocolVersion::V3_2),
        ("latest", ProtocolVersion::V3_2),
    ];
    let least = choice(config, "min_protocol_version", &words)?.unwrap_or(ProtocolVersion::V3_0);
    let wanted = choice(config, "max_protocol_version", &words)?.unwrap_or(least);
    if least > wanted {
        return Err(bad(
            "max_protocol_version",
            config.get("max_protocol_version").unwrap_or_default(),
            format!("min_protocol_version is greater ({least})"),
        ));
    }
    Ok((least, wanted))
}

/// What the startup message carries beside user and database.
fn parameters(config: &Config) -> Vec<(&'static str, BString)> {
    let names = [
        "options",
        "application_name",
        "client_encoding",
        "replication",
    ];
    let mut parameters: Vec<(&'static str, BString)> = names
        .into_iter()
        .filter_map(|name| Some((name, config.get(name)?.to_owned())))
        .collect();
    for (name, value) in &mut parameters {
        // libpq takes it from the locale; what reads here reads UTF-8.
        if *name == "client_encoding" && value == "auto" {
            *value = "UTF8".into();
        }
    }
    if config.get("application_name").is_none() {
        let fallback = config.get("fallback_application_name");
        parameters.extend(fallback.map(|name| ("application_name", name.to_owned())));
    }
    parameters
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

#[cfg(test)]
mod tests;
