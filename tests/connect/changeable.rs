//! A server whose certificate is changed while it runs.

use std::cell::Cell;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use support::{Certificates, Major, Options, Server, run};

use crate::world::{Authority, PASSWORD, for_hosts};

pub(crate) struct Changeable {
    pub(crate) server: Server,
    reloads: Cell<usize>,
}

impl Changeable {
    /// Starts a server, with a certificate that is none of those to come.
    pub(crate) fn start(options: Options) -> Result<Self> {
        let authority = Authority::new("first")?;
        let first: Certificates =
            authority.certificates(authority.sign(&for_hosts(&["localhost"])?)?);
        Ok(Self {
            server: options.tls(&first).start()?,
            reloads: Cell::new(0),
        })
    }

    /// Starts one with a role `scram` that has the password.
    pub(crate) fn with_password() -> Result<Self> {
        let changeable = Self::start(Server::with(Major::V17).hba(
            "local all all trust\nhost all postgres all trust\nhost all scram all scram-sha-256\n",
        ))?;
        let password = PASSWORD.replace('\'', "''");
        changeable.server.psql(
            "postgres",
            format!("create role scram login password '{password}'"),
        )?;
        Ok(changeable)
    }

    /// Gives it another certificate (with those that it sends beside) and key.
    pub(crate) fn change(&self, certificates: &str, key: &str) -> Result<()> {
        for (name, content) in [("server.crt", certificates), ("server.key", key)] {
            // The old file stays as it is, owner and mode.
            fs::write(self.server.data_dir().join(name), content)?;
        }
        self.reload()?;
        ensure!(
            !self.server.log()?.contains("could not load"),
            "the server cannot use the certificate:\n{}",
            self.server.log()?
        );
        Ok(())
    }

    /// Sets one of its parameters.
    pub(crate) fn set(&self, parameter: &str, value: &str) -> Result<()> {
        self.say(&format!("alter system set {parameter} = {value}"))?;
        self.reload()
    }

    /// Has it read its files again.
    fn reload(&self) -> Result<()> {
        self.reloads.set(self.reloads.get() + 1);
        self.say("select pg_reload_conf()")?;
        let started = Instant::now();
        // The server says so, then reads the files, which must not change meanwhile, then takes the next connection.
        while self.server.log()?.matches("received SIGHUP").count() < self.reloads.get() {
            ensure!(
                started.elapsed() < Duration::from_secs(10),
                "the server does not read its certificate"
            );
            std::thread::sleep(Duration::from_millis(10));
        }
        self.say("select")
    }

    /// Runs a statement, whatever TLS is like.
    fn say(&self, statement: &str) -> Result<()> {
        let mut psql = self.server.tool("psql");
        psql.args(["-X", "-h"]).arg(self.server.socket_dir());
        run(psql.args(["-d", "postgres", "-c", statement])).map(drop)
    }

    pub(crate) fn string(&self, host: &str, root: &Path, rest: &str) -> String {
        format!(
            "host={host} hostaddr=127.0.0.1 port={} dbname=postgres sslrootcert='{}' {rest}",
            self.server.port(),
            root.display()
        )
    }
}
