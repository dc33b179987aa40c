//! Programs that run beside the tests, as long as they are wanted.

use std::ffi::OsStr;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use support::python;

const START_LIMIT: Duration = Duration::from_secs(30);

/// A port of 127.0.0.1 that nobody uses now.
pub(crate) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// A program that listens on a port, run as the owner of a folder; stopped when dropped or when this process ends.
#[derive(Debug)]
pub(crate) struct Listening {
    process: Child,
}

impl Listening {
    /// Starts a program and waits until it takes connections.
    pub(crate) fn start(
        folder: &Path,
        port: u16,
        program: &OsStr,
        args: &[&OsStr],
    ) -> Result<Self> {
        let log = folder.join("log");
        let tool = Path::new(env!("CARGO_MANIFEST_DIR")).join("tools/supervise.py");
        let process = python()
            .arg(tool)
            .args([folder, &log])
            .arg(program)
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .context("cannot run python3")?;
        let mut listening = Self { process };
        let started = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let told = || fs::read_to_string(&log).unwrap_or_default();
            ensure!(
                listening.process.try_wait()?.is_none() && started.elapsed() < START_LIMIT,
                "{} does not start:\n{}",
                program.display(),
                told()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(listening)
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        // The closed pipe is what stops it.
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}
