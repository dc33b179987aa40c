//! The user's wishes: what was said, before defaults.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::os::unix::ffi::OsStringExt;
use std::sync::Arc;

use bstr::{BStr, BString, ByteSlice};
use pgark_wire::Secret;

use crate::keyword::{self, KEYWORDS};
use crate::nearest::nearest;
use crate::prompt::Prompt;
use crate::target::Target;
use crate::{
    Asking, Error, PasswordProvider, PasswordRequest, Result, conninfo, provider, service, uri,
};

/// Where a server is and how to log in, as far as the user has said it; the rest are libpq's defaults.
///
/// Sources in their order: what is set by methods wins over a connection string or URI ([`parse`](Self::parse)),
/// which wins over the service file and then the environment ([`with_environment`](Self::with_environment)), which
/// win over the defaults (the password file being the last place where a password is looked for, before a
/// person is asked). To set an empty value is to set none; one in a string, a service file or a variable hides
/// what the sources below say, and leads to the default. `Debug` shows no secrets.
#[derive(Clone, Default)]
pub struct Config {
    settings: BTreeMap<&'static str, BString>,
    pub(crate) root_certificate: Option<Vec<u8>>,
    pub(crate) client_certificate: Option<(Vec<u8>, Secret)>,
    pub(crate) prompt: Option<Prompt>,
    pub(crate) provider: Option<Arc<dyn PasswordProvider>>,
    pub(crate) allows_transaction_pooling: bool,
}

impl Config {
    /// Nothing said: the defaults alone.
    pub fn new() -> Self {
        Self::default()
    }

    /// What stands behind `-d`: a URI (`postgres://`, `postgresql://`), a connection string if there is a `=` in
    /// it, a database name otherwise. An empty text says nothing.
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
        } else if uri::has_other_scheme(text) {
            // As a name it would be shown, with a password in it.
            return Err(Error::Syntax(
                "a connection URI begins with \"postgresql://\" or \"postgres://\"".into(),
            ));
        } else if text.contains(&b'=') {
            conninfo::parse(text, &mut config)?;
        } else {
            config.set_dbname(text);
        }
        Ok(config)
    }

    /// Sets an option by its libpq name, such as `sslmode`; an empty value changes nothing. The value is examined
    /// when connecting, or by [`check`](Self::check).
    ///
    /// # Errors
    /// [`Error::UnknownOption`].
    pub fn set(&mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Result<()> {
        let name = known(name.as_ref())?;
        self.put(name, value.as_ref());
        Ok(())
    }

    /// Sets an option that stands in a connection string or URI, where an empty value is one.
    pub(crate) fn store(&mut self, name: &[u8], value: &[u8]) -> Result<()> {
        let (name, value) = match name {
            // What sslmode was before there were more than two; libpq still takes it.
            b"requiressl" if value.starts_with(b"1") => ("sslmode", &b"require"[..]),
            b"requiressl" => ("sslmode", &b"prefer"[..]),
            name => (known(name)?, value),
        };
        self.settings.insert(name, value.into());
        Ok(())
    }

    /// Sets an option unless the connection string says it; an empty value changes nothing. So PostgreSQL's own
    /// programs treat their letters beside a connection string.
    ///
    /// # Errors
    /// [`Error::UnknownOption`].
    pub fn set_unless_said(
        &mut self,
        name: impl AsRef<[u8]>,
        value: impl AsRef<[u8]>,
    ) -> Result<()> {
        match value.as_ref() {
            b"" => Ok(()),
            value => self.fill(name.as_ref(), value),
        }
    }

    /// Sets an option unless it has been said already, be it empty.
    pub(crate) fn fill(&mut self, name: &[u8], value: &[u8]) -> Result<()> {
        self.settings
            .entry(known(name)?)
            .or_insert_with(|| value.into());
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

    /// Has a person asked for the password: `ask` is told who logs in where, and gives the password, or nothing. It
    /// is called once at most, its answer kept for all copies of this configuration, and the time that it takes is
    /// not counted. It may block.
    pub fn set_password_prompt(
        &mut self,
        asking: Asking,
        ask: impl Fn(&PasswordRequest) -> std::io::Result<Option<Secret>> + Send + Sync + 'static,
    ) {
        self.prompt = Some(Prompt::new(asking, ask));
    }

    /// Has a password made for each login, workers' and those after a lost connection included, in place of any that is
    /// known or asked for. It is made once there is TLS, and answers a request for the password itself alone.
    ///
    /// To be called when all else has been said, since it settles `sslmode`: `allow` and `prefer` become `require`, with
    /// a warning; where nothing is said it is `verify-full` if there are certificates to verify the server by (`sslrootcert`,
    /// PEM, or the file in the home folder), and `require` otherwise, with a warning.
    ///
    /// # Errors
    /// [`Error::BadOption`] where `sslmode` is `disable`. [`check`](Self::check) refuses a Unix socket, and a
    /// `require_auth` without `password`.
    pub fn with_password_provider(mut self, provider: Arc<dyn PasswordProvider>) -> Result<Self> {
        provider::settle_encryption(&mut self, &*provider)?;
        self.provider = Some(provider);
        Ok(self)
    }

    /// A password for a program that logs in by itself, where one is made for each login. It is for the first of several hosts.
    ///
    /// # Errors
    /// [`Error::BadOption`] and [`Error::Provider`].
    ///
    /// Cancel safe.
    pub async fn made_password(&self) -> Result<Option<Secret>> {
        let target = Target::of(self)?;
        let Some(maker) = provider::prepare(&target).await? else {
            return Ok(None);
        };
        let made = provider::make(&*maker, &target, &target.hosts[0])?;
        Ok(Some(made.password))
    }

    /// Accepts a pooler that may choose another of the server's sessions for every transaction, such as PgBouncer in
    /// transaction mode. Whoever does so makes all settings inside the transaction that needs them.
    pub fn allow_transaction_pooling(&mut self) {
        self.allows_transaction_pooling = true;
    }

    /// The same server and login with another database, whatever characters its name has.
    #[must_use]
    pub fn with_dbname(&self, dbname: impl AsRef<[u8]>) -> Self {
        let mut config = self.clone();
        config.set_dbname(dbname);
        config
    }

    /// Fills what has not been said from the service file, if a service has been named, and then from the `PG*`
    /// environment variables.
    ///
    /// # Errors
    /// [`Error::Service`] if the named service cannot be used.
    pub fn with_environment(self) -> Result<Self> {
        self.with_variables(|name| std::env::var_os(name))
    }

    pub(crate) fn with_variables(
        mut self,
        variable: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Self> {
        service::apply(&mut self, &variable)?;
        for keyword in KEYWORDS {
            if let Some(value) = keyword.variable.and_then(&variable) {
                self.fill(keyword.name.as_bytes(), &value.into_vec())?;
            }
        }
        // Of old; the newer variable goes before it.
        if variable("PGREQUIRESSL").is_some_and(|value| value.into_vec().starts_with(b"1")) {
            self.fill(b"sslmode", b"require")?;
        }
        Ok(self)
    }

    /// Examines all values, so that a mistake is found before anything is done.
    ///
    /// # Errors
    /// [`Error::BadOption`].
    pub fn check(&self) -> Result<()> {
        Target::of(self).map(drop)
    }

    /// An option's value, if one has been said that is not empty.
    pub fn get(&self, name: &str) -> Option<&BStr> {
        self.said(name).filter(|value| !value.is_empty())
    }

    /// An option's value, if one has been said.
    pub(crate) fn said(&self, name: &str) -> Option<&BStr> {
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

    /// The environment variables that lead libpq's programs to the same server, passwords among them. What libpq takes from no
    /// variable is left out.
    pub fn variables(&self) -> impl Iterator<Item = (&'static str, &BStr)> {
        let variable = |name: &str| keyword::find(name.as_bytes())?.variable;
        self.settings()
            .filter_map(move |(name, value)| Some((variable(name)?, value)))
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

/// The option of a name.
fn known(name: &[u8]) -> Result<&'static str> {
    match keyword::find(name) {
        Some(keyword) => Ok(keyword.name),
        None => Err(Error::UnknownOption {
            name: name.to_str_lossy().into_owned(),
            nearest: nearest(name, KEYWORDS.iter().map(|keyword| keyword.name)),
        }),
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
        if let Some(prompt) = &self.prompt {
            shown.field("prompt", prompt);
        }
        if let Some(provider) = &self.provider {
            shown.field("provider", provider);
        }
        if self.allows_transaction_pooling {
            shown.field("allows_transaction_pooling", &true);
        }
        shown.finish()
    }
}
