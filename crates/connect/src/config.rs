//! The user's wishes: what was said, before defaults.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::os::unix::ffi::OsStringExt;

use bstr::{BStr, BString, ByteSlice};
use pgark_wire::Secret;

use crate::keyword::{self, KEYWORDS};
use crate::target::Target;
use crate::{Error, Result, conninfo, uri};

/// Where a server is and how to log in, as far as the user has said it; the rest are libpq's defaults.
///
/// Sources in their order: what is set by methods wins over a connection string or URI ([`parse`](Self::parse)),
/// which wins over the environment ([`with_environment`](Self::with_environment)), which wins over the
/// defaults (the password file being the last place where a password is looked for). An empty value counts
/// as none. `Debug` shows no secrets.
#[derive(Clone, Default)]
pub struct Config {
    settings: BTreeMap<&'static str, BString>,
    pub(crate) root_certificate: Option<Vec<u8>>,
    pub(crate) client_certificate: Option<(Vec<u8>, Secret)>,
}

impl Config {
    /// Nothing said: the defaults alone.
    pub fn new() -> Self {
        Self::default()
    }

    /// What stands behind `-d`: a URI (`postgres://`, `postgresql://`), a connection string if there is a `=` in
    /// it, a database name otherwise.
    ///
    /// A name that comes from a server, a file or an archive must not pass here, since it could say where to
    /// connect to; [`set_dbname`](Self::set_dbname) and [`with_dbname`](Self::with_dbname) take it as it is.
    ///
    /// # Errors
    /// [`Error::Syntax`] and [`Error::UnknownOption`].
    pub fn parse(text: impl AsRef<[u8]>) -> Result<Self> {
        let text = text.as_ref();
        let mut config = Self::new();
        if let Some(rest) = uri::strip_scheme(text) {
            uri::parse(rest, &mut config)?;
        } else if text.contains(&b'=') {
            conninfo::parse(text, &mut config)?;
        } else {
            config.set_dbname(text);
        }
        Ok(config)
    }

    /// Sets an option by its libpq name, such as `sslmode`. The value is examined when connecting, or by
    /// [`check`](Self::check).
    ///
    /// # Errors
    /// [`Error::UnknownOption`].
    pub fn set(&mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Result<()> {
        let name = name.as_ref();
        let Some(keyword) = keyword::find(name) else {
            return Err(Error::UnknownOption {
                name: name.to_str_lossy().into_owned(),
                nearest: keyword::nearest(name),
            });
        };
        self.put(keyword.name, value.as_ref());
        Ok(())
    }

    /// Sets the host name, the IP address or the folder of the Unix socket.
    pub fn set_host(&mut self, host: impl AsRef<[u8]>) {
        self.put("host", host.as_ref());
    }

    /// Sets the port.
    pub fn set_port(&mut self, port: u16) {
        self.put("port", port.to_string().as_bytes());
    }

    /// Sets the user name.
    pub fn set_user(&mut self, user: impl AsRef<[u8]>) {
        self.put("user", user.as_ref());
    }

    /// Sets the database name, whatever characters it has.
    pub fn set_dbname(&mut self, dbname: impl AsRef<[u8]>) {
        self.put("dbname", dbname.as_ref());
    }

    /// Sets the password.
    pub fn set_password(&mut self, password: &Secret) {
        self.put("password", password.expose());
    }

    /// Trusts the certificates of a PEM text instead of a file; stands for `sslrootcert`.
    pub fn set_root_certificate_pem(&mut self, pem: impl Into<Vec<u8>>) {
        self.root_certificate = Some(pem.into());
    }

    /// Presents the certificate chain of a PEM text with its key, instead of files; stands for `sslcert` and
    /// `sslkey`.
    pub fn set_client_certificate_pem(&mut self, chain: impl Into<Vec<u8>>, key: Secret) {
        self.client_certificate = Some((chain.into(), key));
    }

    /// The same server and login with another database, whatever characters its name has.
    #[must_use]
    pub fn with_dbname(&self, dbname: impl AsRef<[u8]>) -> Self {
        let mut config = self.clone();
        config.set_dbname(dbname);
        config
    }

    /// Fills what has not been said from the `PG*` environment variables.
    #[must_use]
    pub fn with_environment(self) -> Self {
        self.with_variables(|name| std::env::var_os(name))
    }

    pub(crate) fn with_variables(mut self, variable: impl Fn(&str) -> Option<OsString>) -> Self {
        for keyword in KEYWORDS {
            if self.settings.contains_key(keyword.name) {
                continue;
            }
            if let Some(value) = keyword.variable.and_then(&variable) {
                self.put(keyword.name, &value.into_vec());
            }
        }
        self
    }

    /// Examines all values, so that a mistake is found before anything is done.
    ///
    /// # Errors
    /// [`Error::BadOption`].
    pub fn check(&self) -> Result<()> {
        Target::of(self).map(drop)
    }

    /// An option's value, if one has been said.
    pub fn get(&self, name: &str) -> Option<&BStr> {
        self.settings.get(name).map(|value| value.as_bstr())
    }

    /// The host that is going to be dialled: a name, an address or the folder of a socket (the first, where
    /// there are several).
    ///
    /// # Errors
    /// [`Error::BadOption`] as [`check`](Self::check); so the three below.
    pub fn host(&self) -> Result<String> {
        Ok(Target::of(self)?.hosts[0].shown_host())
    }

    /// The port that is going to be dialled.
    pub fn port(&self) -> Result<u16> {
        Ok(Target::of(self)?.hosts[0].port)
    }

    /// The user that is going to log in.
    pub fn user(&self) -> Result<BString> {
        Ok(Target::of(self)?.user)
    }

    /// The database that is going to be logged in to.
    pub fn dbname(&self) -> Result<BString> {
        Ok(Target::of(self)?.database)
    }

    /// All that has been said.
    pub(crate) fn settings(&self) -> impl Iterator<Item = (&'static str, &BStr)> {
        self.settings
            .iter()
            .map(|(name, value)| (*name, value.as_bstr()))
    }

    fn put(&mut self, name: &'static str, value: &[u8]) {
        if !value.is_empty() {
            self.settings.insert(name, value.into());
        }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Config");
        for (name, value) in &self.settings {
            let secret = keyword::find(name.as_bytes()).is_none_or(|keyword| !keyword.is_shown());
            shown.field(name, if secret { &"***" } else { value });
        }
        if self.root_certificate.is_some() {
            shown.field("root_certificate", &"(PEM)");
        }
        if self.client_certificate.is_some() {
            shown.field("client_certificate", &"(PEM)");
        }
        shown.finish()
    }
}
