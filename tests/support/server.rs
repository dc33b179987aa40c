//! Throwaway servers and the client programs that belong to them.

mod launch;
mod options;
mod restored;
mod shared;
mod supervisor;

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::Result;

pub use launch::judge_folder;
pub use options::Options;
pub use shared::shared_server;

use crate::program::clean_command;
use crate::{Major, Scratch, observe, run, run_with_input};
use supervisor::Supervisor;

/// How a server is told to stop (the words of `pg_ctl stop -m`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopMode {
    /// Sessions are cancelled, then the server shuts down in order.
    Fast,
    /// As a crash: nothing is finished.
    Immediate,
}

/// A running server of one major, on a free port of 127.0.0.1 and on a socket; stopped and removed when dropped.
#[derive(Debug)]
pub struct Server {
    supervisor: Supervisor,
    folder: Scratch,
    major: Major,
    bin: PathBuf,
    clients: PathBuf,
    port: u16,
    superuser: String,
    password: Option<String>,
}

impl Server {
    /// Starts an ordinary server (see [`Options`]).
    ///
    /// # Errors
    /// As [`Options::start`].
    pub fn start(major: Major) -> Result<Self> {
        Self::with(major).start()
    }

    /// The options of a server to start.
    pub fn with(major: Major) -> Options {
        Options::new(major)
    }

    fn start_with(options: Options) -> Result<Self> {
        let bin = judge_folder(options.major)?;
        let clients = judge_folder(options.major.clients())?;
        let folder = Scratch::of_server()?;
        launch::initdb(&bin, &folder, &options)?;
        launch::configure(&folder, &options)?;
        let (supervisor, port) = launch::launch_patiently(options.major, &bin, &folder)?;
        let Options {
            major,
            superuser,
            password,
            ..
        } = options;
        Ok(Self {
            supervisor,
            folder,
            major,
            bin,
            clients,
            port,
            superuser,
            password,
        })
    }

    /// The server's major.
    pub fn major(&self) -> Major {
        self.major
    }

    /// The address it listens on.
    pub fn host(&self) -> &'static str {
        "127.0.0.1"
    }

    /// The port, of TCP and of the socket's name.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The folder of its Unix socket.
    pub fn socket_dir(&self) -> &Path {
        self.folder.path()
    }

    /// Its data directory.
    pub fn data_dir(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// The superuser's name.
    pub fn superuser(&self) -> &str {
        &self.superuser
    }

    /// What it has logged so far.
    pub fn log(&self) -> Result<String> {
        Ok(String::from_utf8_lossy(&fs::read(self.folder.join("log"))?).into_owned())
    }

    /// The superuser's conninfo string for the database `db`, over TCP and without a password.
    pub fn conninfo(&self, db: &str) -> String {
        format!(
            "host={} port={} user={} dbname={}",
            self.host(),
            self.port,
            conninfo_value(&self.superuser),
            conninfo_value(db)
        )
    }

    /// The superuser's URI for the database `db`, over TCP and without a password.
    pub fn uri(&self, db: &str) -> String {
        format!(
            "postgres://{}@{}:{}/{}",
            percent(&self.superuser),
            self.host(),
            self.port,
            percent(db)
        )
    }

    /// The path of one of the server's own programs.
    pub fn bin(&self, tool: &str) -> PathBuf {
        self.bin.join(tool)
    }

    /// One of the client programs that serve this major ([`Major::clients`]), led to this server as its superuser by `PG*` variables.
    pub fn tool(&self, tool: &str) -> Command {
        self.led_here(&self.clients.join(tool))
    }

    fn led_here(&self, program: &Path) -> Command {
        let mut command = clean_command(program);
        command
            .env("PGHOST", self.host())
            .env("PGPORT", self.port.to_string())
            .env("PGUSER", &self.superuser);
        if let Some(password) = &self.password {
            command.env("PGPASSWORD", password);
        }
        command
    }

    /// Runs a script in the database `db` and returns the rows, unaligned, without headings and without the last line end.
    ///
    /// # Errors
    /// At the script's first error, or where the rows are not UTF-8.
    pub fn psql(&self, db: &str, script: impl AsRef<[u8]>) -> Result<String> {
        let rows = run_with_input(self.psql_command(db).args(["-f", "-"]), script.as_ref())?;
        Ok(String::from_utf8(rows)?.trim_end_matches('\n').to_owned())
    }

    /// Runs a script file in the database `db`.
    ///
    /// # Errors
    /// At the script's first error.
    pub fn psql_file(&self, db: &str, script: &Path) -> Result<()> {
        run(self.psql_command(db).arg("-f").arg(script)).map(drop)
    }

    /// Runs a script file in the database `db` whatever fails, and returns the lines that tell of errors.
    ///
    /// # Errors
    /// Where psql itself fails.
    pub fn psql_file_to_its_end(&self, db: &str, script: &Path) -> Result<Vec<String>> {
        // An older psql takes the statements of a function's body for statements of the script.
        let psql = judge_folder(self.major.max(Major::V15))?.join("psql");
        let mut command = self.led_here(&psql);
        command
            .args(["-X", "-q", "-d"])
            .arg(self.conninfo(db))
            .arg("-f")
            .arg(script);
        let ran = observe(&mut command)?;
        ran.expect_code(0)?;
        let errors = ran.stderr.lines().filter(|line| line.contains(" ERROR:  "));
        Ok(errors.map(ToOwned::to_owned).collect())
    }

    fn psql_command(&self, db: &str) -> Command {
        let mut command = self.tool("psql");
        command
            .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d"])
            .arg(self.conninfo(db));
        command
    }

    /// Creates the database `name`; `options` is the end of the statement, such as `template template0 encoding 'LATIN1' locale 'C'`.
    pub fn create_database(&self, name: &str, options: &str) -> Result<()> {
        let quoted = name.replace('"', "\"\"");
        self.psql(
            "postgres",
            format!("create database \"{quoted}\" {options}"),
        )
        .map(drop)
    }

    /// Creates an empty database that nobody else uses and returns its name, `PREFIX_N`.
    pub fn fresh_database(&self, prefix: &str, options: &str) -> Result<String> {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let name = format!("{prefix}_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        self.create_database(&name, options)?;
        Ok(name)
    }

    /// Dumps the database `db` with this major's pg_dump to the file `out`.
    pub fn pg_dump<A: AsRef<OsStr>>(
        &self,
        db: &str,
        args: impl IntoIterator<Item = A>,
        out: &Path,
    ) -> Result<()> {
        run(self
            .tool("pg_dump")
            .args(args)
            .arg("-f")
            .arg(out)
            .arg("-d")
            .arg(self.conninfo(db)))
        .map(drop)
    }

    /// Restores `archive` into the existing database `db` with this major's pg_restore, up to the first error.
    pub fn pg_restore<A: AsRef<OsStr>>(
        &self,
        db: &str,
        args: impl IntoIterator<Item = A>,
        archive: &Path,
    ) -> Result<()> {
        let mut command = self.tool("pg_restore");
        command
            .arg("--exit-on-error")
            .args(args)
            .arg("-d")
            .arg(self.conninfo(db))
            .arg(archive);
        run(&mut command).map(drop)
    }

    /// Whether the pg_dump and pg_dumpall that serve it write a restricted script, with a key that can be given.
    pub fn has_restrict_key(&self) -> Result<bool> {
        static KNOWN: [OnceLock<bool>; Major::servers().len()] =
            [const { OnceLock::new() }; Major::servers().len()];
        let known = &KNOWN[self.major as usize];
        if let Some(has) = known.get() {
            return Ok(*has);
        }
        let help = run(self.tool("pg_dump").arg("--help"))?;
        Ok(*known.get_or_init(|| String::from_utf8_lossy(&help).contains("--restrict-key")))
    }

    /// Stops the server; its data and log stay until it is dropped.
    pub fn stop(&mut self, mode: StopMode) -> Result<()> {
        self.supervisor.stop(mode)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // There is nobody to tell; the supervisor's own end is what frees the folder.
        let _ = self.supervisor.stop(StopMode::Immediate);
    }
}

fn conninfo_value(value: &str) -> String {
    format!("'{}'", value.replace('\\', r"\\").replace('\'', r"\'"))
}

/// Percent-encodes all but the unreserved characters.
fn percent(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(byte.into());
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_names_are_quoted_for_conninfo_and_uri() {
        assert_eq!(conninfo_value(r"a'b\ c"), r"'a\'b\\ c'");
        assert_eq!(percent("odd-name DB/é"), "odd-name%20DB%2F%C3%A9");
    }
}
