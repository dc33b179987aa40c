//! A PostgreSQL that asks for tokens of AWS IAM, as RDS does.

mod directory;
mod token;

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Result;

pub use directory::Shown;
pub use token::{TokenRules, digest, signature};

use crate::{Certificates, Major, Scratch, Server, pgark};
use directory::{Book, PREFIX};

/// Who every server of RDS belongs to.
const SUPERUSER: &str = "rdsadmin";

/// The file with the certificate to verify it by.
const ROOT: &str = "root.crt";

/// A server of PostgreSQL 15 that asks all but its superuser, `rdsadmin`, for a token over TLS, and leaves the verdict to a
/// directory of ours that examines it. Its superuser is trusted.
#[derive(Debug)]
pub struct Rds {
    server: Server,
    book: Arc<Mutex<Book>>,
    files: Scratch,
}

impl Rds {
    /// The region that it is in.
    pub const REGION: &'static str = "eu-central-1";
    /// A key that tokens may be signed with.
    pub const KEY: &'static str = "AKIDEXAMPLE";
    /// The secret of the key.
    pub const SECRET: &'static str = "wJalr/XUtnFEMI+K7MDENG";

    /// Starts it.
    ///
    /// # Errors
    /// Where the judge is not installed, or cannot ask a directory.
    pub fn start() -> Result<Self> {
        let keys = [(Self::KEY.to_owned(), (Self::SECRET.to_owned(), None))];
        let book = Arc::new(Mutex::new(Book {
            rules: TokenRules {
                host: "127.0.0.1".to_owned(),
                port: 0,
                region: Self::REGION.to_owned(),
                lifetime: Duration::from_mins(15),
                keys: HashMap::from(keys),
            },
            shown: Vec::new(),
        }));
        let port = directory::serve(&book)?;
        let by_token = format!(
            "127.0.0.1/32 ldap ldapserver=127.0.0.1 ldapport={port} ldapprefix=\"{PREFIX}\"\n"
        );
        let certificates = Certificates::generate()?;
        let hba = format!(
            "host all {SUPERUSER} 127.0.0.1/32 trust\nhostssl all all {by_token}hostssl replication all {by_token}"
        );
        let server = Server::with(Major::V15)
            .superuser(SUPERUSER)
            .tls(&certificates)
            .hba(&hba)
            .start()?;
        let files = Scratch::new()?;
        files.write(ROOT, &certificates.root)?;
        let rds = Self {
            server,
            book,
            files,
        };
        rds.book().rules.port = rds.server.port();
        Ok(rds)
    }

    /// The server.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// The file with the certificate to verify it by.
    pub fn root_certificate(&self) -> PathBuf {
        self.files.join(ROOT)
    }

    /// Has tokens be good for a time from now on.
    pub fn set_lifetime(&self, lifetime: Duration) {
        self.book().rules.lifetime = lifetime;
    }

    /// The tokens of a role that have been shown so far.
    pub fn shown(&self, role: &str) -> Vec<Shown> {
        let book = self.book();
        let shown = book.shown.iter().filter(|shown| shown.role == role);
        shown.cloned().collect()
    }

    /// The conninfo string of a role for the database `db`, with the certificate to verify the server by.
    pub fn conninfo(&self, role: &str, db: &str) -> String {
        format!(
            "host=127.0.0.1 port={} user={role} dbname={db} sslrootcert={}",
            self.server.port(),
            self.root_certificate().display()
        )
    }

    /// A built `pgark` with the key in its environment, and nothing else of AWS.
    pub fn pgark() -> Command {
        let mut command = without_aws(pgark());
        command
            .env("AWS_ACCESS_KEY_ID", Self::KEY)
            .env("AWS_SECRET_ACCESS_KEY", Self::SECRET);
        command
    }

    /// Has `pgark` log in to the database `db` as a role by a token.
    pub fn login(&self, command: &str, role: &str, db: &str) -> Command {
        let mut pgark = Self::pgark();
        pgark
            .args([command, "--aws-iam", "--aws-region", Self::REGION, "-d"])
            .arg(self.conninfo(role, db));
        pgark
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A command with no variable of AWS, no home folder with configuration files, and no instance to ask.
pub fn without_aws(mut command: Command) -> Command {
    for (name, _) in std::env::vars_os() {
        let name_shown = name.to_string_lossy().to_ascii_uppercase();
        if name_shown.starts_with("AWS_") || name_shown.ends_with("_PROXY") {
            command.env_remove(name);
        }
    }
    command
        .env("HOME", "/nonexistent")
        .env("AWS_EC2_METADATA_DISABLED", "true");
    command
}
