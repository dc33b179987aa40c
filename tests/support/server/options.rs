//! How a server is made.

use anyhow::Result;

use super::Server;
use crate::{Certificates, Major};

/// What a server of one's own differs in from the ordinary one (superuser `postgres`, everyone trusted, UTF8, locale C.UTF-8,
/// no durability, no autovacuum).
#[derive(Debug, Clone)]
pub struct Options {
    pub(super) major: Major,
    pub(super) superuser: String,
    pub(super) password: Option<String>,
    pub(super) initdb: Vec<String>,
    pub(super) conf: Vec<String>,
    pub(super) hba: Option<String>,
    pub(super) certificates: Option<Certificates>,
}

impl Options {
    pub(super) fn new(major: Major) -> Self {
        Self {
            major,
            superuser: "postgres".to_owned(),
            password: None,
            initdb: Vec::new(),
            conf: Vec::new(),
            hba: None,
            certificates: None,
        }
    }

    /// Names the superuser.
    #[must_use]
    pub fn superuser(mut self, name: &str) -> Self {
        name.clone_into(&mut self.superuser);
        self
    }

    /// Gives the superuser a password (kept as `scram-sha-256`). It is asked for only where [`auth`](Self::auth) or
    /// [`hba`](Self::hba) say so; the judges know it.
    #[must_use]
    pub fn password(mut self, password: &str) -> Self {
        self.password = Some(password.to_owned());
        self
    }

    /// Asks for authentication by `method` (`scram-sha-256`, `md5`, `password`, …) on every kind of connection.
    #[must_use]
    pub fn auth(self, method: &str) -> Self {
        self.initdb(&format!("--auth={method}"))
    }

    /// Adds an argument of initdb, such as `--encoding=LATIN1`.
    #[must_use]
    pub fn initdb(mut self, argument: &str) -> Self {
        self.initdb.push(argument.to_owned());
        self
    }

    /// Adds a line to postgresql.conf.
    #[must_use]
    pub fn conf(mut self, line: &str) -> Self {
        self.conf.push(line.to_owned());
        self
    }

    /// Replaces pg_hba.conf.
    #[must_use]
    pub fn hba(mut self, lines: &str) -> Self {
        self.hba = Some(lines.to_owned());
        self
    }

    /// Turns TLS on, with these certificates.
    #[must_use]
    pub fn tls(mut self, certificates: &Certificates) -> Self {
        self.certificates = Some(certificates.clone());
        self
    }

    /// Makes the server and starts it.
    ///
    /// # Errors
    /// Where the judge of this major is not installed, or initdb or the server fails, with what they said.
    pub fn start(self) -> Result<Server> {
        Server::start_with(self)
    }
}
