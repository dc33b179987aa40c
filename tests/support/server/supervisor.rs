//! The process between this one and a server, which stops the server when this one ends.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};

use super::StopMode;
use crate::program::{clean_command, python};
use crate::user::server_user;

const SCRIPT: &str = include_str!("../../tools/supervise.py");

/// A running supervise.py with its server below it.
///
/// A static is never dropped and a killed test program drops nothing, so the stop at the end hangs on what the kernel does in
/// every case: it closes the pipe to the supervisor's stdin.
#[derive(Debug)]
pub(super) struct Supervisor {
    process: Child,
}

impl Supervisor {
    /// Starts `program` with `args` as the owner of `folder`; what it prints goes to `log`. `folder` is removed if this
    /// process ends without having stopped the server.
    pub(super) fn start(
        folder: &Path,
        log: &Path,
        program: &Path,
        args: &[String],
    ) -> Result<Self> {
        let mut command = clean_command(python().get_program());
        command
            .arg("-c")
            .arg(SCRIPT)
            .arg(folder)
            .arg(log)
            .arg(program)
            .args(args);
        // A group of its own: an interrupt at the terminal reaches the test program, and through the pipe the supervisor.
        command
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::inherit());
        let process = command
            .spawn()
            .context("cannot run python3, which supervises the test servers")?;
        Ok(Self { process })
    }

    /// Whether the server has ended by itself.
    pub(super) fn has_ended(&mut self) -> Result<bool> {
        Ok(self.process.try_wait()?.is_some())
    }

    /// Stops the server and waits for its end.
    pub(super) fn stop(&mut self, mode: StopMode) -> Result<()> {
        if let Some(mut stdin) = self.process.stdin.take() {
            let word = match mode {
                StopMode::Fast => "fast",
                StopMode::Immediate => "immediate",
            };
            // The pipe is broken where the server has ended already.
            let _ = writeln!(stdin, "{word}");
            self.process.wait()?;
        }
        Ok(())
    }
}

/// A command that runs as the servers' user, in a folder that every user can enter.
pub(super) fn as_server_user(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = clean_command(program);
    if let Some(user) = server_user() {
        user.lend_to(&mut command);
    }
    command.current_dir("/");
    command
}
