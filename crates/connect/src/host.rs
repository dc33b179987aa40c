//! The servers that may be tried, from `host`, `hostaddr` and `port`.

use std::path::{Path, PathBuf};

use bstr::ByteSlice;

use crate::value::bad;
use crate::{Config, Result};

/// Where Debian's servers have their socket, and its libpq looks for it.
const DEFAULT_SOCKET_FOLDER: &str = "/var/run/postgresql";

const DEFAULT_PORT: u16 = 5432;

/// A server that may be tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Host {
    /// The name given, for certificates, the password file and messages.
    pub(crate) name: Option<String>,
    pub(crate) place: Place,
    pub(crate) port: u16,
}

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// The folder of a Unix socket, or `@` and an abstract name.
    Socket(PathBuf),
    /// A name or an address for the resolver.
    Network(String),
}

impl Host {
    /// How it is named to the user.
    pub(crate) fn shown_host(&self) -> String {
        match (&self.name, &self.place) {
            (Some(name), _) => name.clone(),
            (None, Place::Network(address)) => address.clone(),
            (None, Place::Socket(folder)) => folder.display().to_string(),
        }
    }

    /// The path of the socket file, or the abstract name after a NUL byte.
    pub(crate) fn socket_path(&self, folder: &Path) -> PathBuf {
        let path = folder.join(format!(".s.PGSQL.{}", self.port));
        match path.to_str().and_then(|path| path.strip_prefix('@')) {
            Some(name) => PathBuf::from(format!("\0{name}")),
            None => path,
        }
    }

    /// The name to look for in the password file: the default socket counts as localhost.
    pub(crate) fn passfile_name(&self) -> String {
        match &self.place {
            Place::Socket(folder) if folder == Path::new(DEFAULT_SOCKET_FOLDER) => {
                "localhost".into()
            }
            _ => self.shown_host(),
        }
    }
}

/// The hosts from host, hostaddr and port, each a list with commas.
pub(crate) fn hosts(config: &Config) -> Result<Vec<Host>> {
    let list = |name: &'static str| -> Result<Vec<Option<String>>> {
        let Some(value) = config.get(name) else {
            return Ok(Vec::new());
        };
        value
            .split_str(",")
            .map(|part| match part.to_str() {
                Ok("") => Ok(None),
                Ok(part) => Ok(Some(part.to_owned())),
                Err(_) => Err(bad(name, value, "it is not UTF-8")),
            })
            .collect()
    };
    let (names, addresses, ports) = (list("host")?, list("hostaddr")?, list("port")?);
    if !names.is_empty() && !addresses.is_empty() && names.len() != addresses.len() {
        let problem = format!(
            "{} addresses do not fit {} host names",
            addresses.len(),
            names.len()
        );
        return Err(bad(
            "hostaddr",
            config.get("hostaddr").unwrap_or_default(),
            problem,
        ));
    }
    let count = names.len().max(addresses.len()).max(1);
    if ports.len() > 1 && ports.len() != count {
        let problem = format!("{} ports do not fit {count} hosts", ports.len());
        return Err(bad("port", config.get("port").unwrap_or_default(), problem));
    }
    (0..count)
        .map(|i| {
            let name = names.get(i).cloned().flatten();
            let address = addresses.get(i).cloned().flatten();
            let port = if ports.len() == 1 {
                ports.first()
            } else {
                ports.get(i)
            };
            let port = match port.cloned().flatten() {
                None => DEFAULT_PORT,
                Some(port) => match port.trim_ascii().parse() {
                    Ok(port) if port > 0 => port,
                    _ => {
                        return Err(bad(
                            "port",
                            port.as_bytes().as_bstr(),
                            "it is no number from 1 to 65535",
                        ));
                    }
                },
            };
            if let Some(address) = &address
                && address.parse::<std::net::IpAddr>().is_err()
            {
                return Err(bad(
                    "hostaddr",
                    address.as_bytes().as_bstr(),
                    "it is no IP address",
                ));
            }
            let place = match (&address, &name) {
                (Some(address), _) => Place::Network(address.clone()),
                (None, Some(name)) if name.starts_with(['/', '@']) => Place::Socket(name.into()),
                (None, Some(name)) => Place::Network(name.clone()),
                (None, None) if Path::new(DEFAULT_SOCKET_FOLDER).is_dir() => {
                    Place::Socket(DEFAULT_SOCKET_FOLDER.into())
                }
                (None, None) => Place::Network("localhost".into()),
            };
            Ok(Host { name, place, port })
        })
        .collect()
}
