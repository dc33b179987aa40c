//! Making a cluster and bringing its server up.

use std::fmt::Write as _;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use super::Options;
use super::supervisor::{Supervisor, as_server_user};
use crate::scratch::give_to_server_user;
use crate::{Major, Scratch, kept_folder, run};

const START_LIMIT: Duration = Duration::from_mins(1);
/// Durability is worth nothing to a server that lives for one test, nor is log that nobody reads again.
const CONF: &str = "fsync = off\nfull_page_writes = off\nsynchronous_commit = off\nautovacuum = off\njit = off\n\
    max_wal_size = 256MB\n";

/// The folder of this major's programs.
///
/// # Errors
/// Where it is not there, with what brings it.
pub fn judge_folder(major: Major) -> Result<PathBuf> {
    let bin = kept_folder().join(format!("pg/{major}/bin"));
    ensure!(
        bin.join("postgres").is_file(),
        "PostgreSQL {major} is not in {}: run `make prerequisites`",
        bin.display()
    );
    Ok(bin)
}

pub(super) fn initdb(bin: &Path, folder: &Scratch, options: &Options) -> Result<()> {
    let mut command = as_server_user(bin.join("initdb"));
    command.args([
        "--no-sync",
        "--auth=trust",
        "--encoding=UTF8",
        "--locale=C.UTF-8",
    ]);
    if options.major >= Major::V14 {
        command.arg("--no-instructions");
    }
    command
        .arg("--username")
        .arg(&options.superuser)
        .arg("--pgdata")
        .arg(folder.join("data"));
    if let Some(password) = &options.password {
        command
            .arg("--pwfile")
            .arg(folder.write("password", password)?);
    }
    run(command.args(&options.initdb)).map(drop)
}

pub(super) fn configure(folder: &Scratch, options: &Options) -> Result<()> {
    let data = folder.join("data");
    let mut conf = format!(
        "{CONF}listen_addresses = '127.0.0.1'\nunix_socket_directories = '{}'\n",
        folder.path().display()
    );
    if let Some(certificates) = &options.certificates {
        fs::write(data.join("server.crt"), &certificates.server)?;
        let key = data.join("server.key");
        fs::write(&key, &certificates.server_key)?;
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600))?;
        give_to_server_user(&key)?;
        conf.push_str("ssl = on\n");
    }
    for line in &options.conf {
        writeln!(conf, "{line}")?;
    }
    let path = data.join("postgresql.conf");
    let defaults =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    fs::write(&path, defaults + &conf)?;
    if let Some(hba) = &options.hba {
        fs::write(data.join("pg_hba.conf"), hba)?;
    }
    Ok(())
}

/// Starts the server on a free port, on another if that one is taken meanwhile.
pub(super) fn launch_patiently(
    major: Major,
    bin: &Path,
    folder: &Scratch,
) -> Result<(Supervisor, u16)> {
    let mut attempts = 3;
    loop {
        attempts -= 1;
        match launch(bin, folder)? {
            Ok(launched) => return Ok(launched),
            // Another process took the port between its choice and the server's bind.
            Err(log) if attempts > 0 && log.contains("could not bind") => {}
            Err(log) => bail!("PostgreSQL {major} does not start:\n{log}"),
        }
    }
}

/// Starts the server on a free port and waits until it takes connections. The inner error is the log of a server that ended.
fn launch(bin: &Path, folder: &Scratch) -> Result<Result<(Supervisor, u16), String>> {
    let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
    let (data, log) = (folder.join("data"), folder.join("log"));
    let args = [
        "-D".to_owned(),
        data.display().to_string(),
        "-p".to_owned(),
        port.to_string(),
        // A restored server's own settings lead to where it was.
        "-k".to_owned(),
        folder.path().display().to_string(),
    ];
    let mut supervisor = Supervisor::start(folder.path(), &log, &bin.join("postgres"), &args)?;
    let started = Instant::now();
    while !is_ready(&data) {
        if supervisor.has_ended()? {
            return Ok(Err(String::from_utf8_lossy(
                &fs::read(&log).unwrap_or_default(),
            )
            .into_owned()));
        }
        ensure!(
            started.elapsed() < START_LIMIT,
            "the server is not ready after {} s",
            START_LIMIT.as_secs()
        );
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(Ok((supervisor, port)))
}

/// Whether the server says so in the eighth line of postmaster.pid (src/include/utils/pidfile.h, LOCK_FILE_LINE_PM_STATUS).
fn is_ready(data: &Path) -> bool {
    let status = fs::read_to_string(data.join("postmaster.pid"));
    status.is_ok_and(|lines| {
        lines
            .lines()
            .nth(7)
            .is_some_and(|status| status.trim() == "ready")
    })
}
