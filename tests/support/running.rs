//! Programs whose outcome is what a test looks at.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::{command_line, is_long_run, run};

/// How long a program may take. One that takes longer hangs, and is killed.
const LIMIT: Duration = Duration::from_mins(2);

/// How a program ended and what it wrote.
#[derive(Debug, Clone)]
pub struct Ran {
    /// The command as one would type it.
    pub command: String,
    /// The exit code; `None` where a signal ended it.
    pub code: Option<i32>,
    /// What it wrote to stdout; empty where stdout led elsewhere.
    pub stdout: Vec<u8>,
    /// What it wrote to stderr.
    pub stderr: String,
}

impl Ran {
    /// An error with all that is known, unless the exit code is `code`.
    pub fn expect_code(&self, code: i32) -> Result<&Self> {
        ensure!(
            self.code == Some(code),
            "{}: exit code {:?} where {code} is right; stderr:\n{}",
            self.command,
            self.code,
            self.stderr
        );
        Ok(self)
    }

    /// An error unless stderr holds exactly one line and this has all of `words` in it.
    pub fn expect_one_line<W: AsRef<str>>(
        &self,
        words: impl IntoIterator<Item = W>,
    ) -> Result<&Self> {
        ensure!(
            self.stderr.lines().count() == 1 && self.stderr.ends_with('\n'),
            "{}: not one line on stderr:\n{}",
            self.command,
            self.stderr
        );
        self.expect_words(words)
    }

    /// An error unless stderr has all of `words` in it.
    pub fn expect_words<W: AsRef<str>>(&self, words: impl IntoIterator<Item = W>) -> Result<&Self> {
        for word in words {
            ensure!(
                self.stderr.contains(word.as_ref()),
                "{}: no {:?} on stderr:\n{}",
                self.command,
                word.as_ref(),
                self.stderr
            );
        }
        Ok(self)
    }

    /// An error unless the exit code is 0 and stderr empty.
    pub fn expect_silence(&self) -> Result<&Self> {
        self.expect_code(0)?;
        ensure!(
            self.stderr.is_empty(),
            "{}: on stderr:\n{}",
            self.command,
            self.stderr
        );
        Ok(self)
    }
}

/// Sends the process `pid` a signal, by the name that `kill` knows it by.
pub fn send_signal(pid: u32, name: &str) -> Result<()> {
    // The shell's own `kill`: not every system has a program of that name.
    let status = Command::new("sh")
        .args(["-c", r#"kill -s "$0" "$1""#, name, &pid.to_string()])
        .status()?;
    ensure!(status.success(), "cannot send {name} to process {pid}");
    Ok(())
}

/// Interrupts programs at moments spread over the time that one takes to its end, ten or in a long run a hundred, and has each result
/// looked at. `command` makes the program that writes what is called so; `check` gets that name, and whether the program came to its end.
///
/// # Errors
/// Those of `check`; where a program ends otherwise than well or cancelled, or none was cancelled.
pub fn interrupt_at_any_moment(
    command: impl Fn(&str) -> Command,
    check: impl Fn(&str, bool) -> Result<()>,
) -> Result<()> {
    let moments: u32 = if is_long_run() { 100 } else { 10 };
    let started = Instant::now();
    run(&mut command("first"))?;
    let takes = started.elapsed();
    let mut whole = 0;
    for moment in 0..moments {
        let name = moment.to_string();
        let running = Running::start(&mut command(&name))?;
        thread::sleep(takes * (moment + 1) / moments);
        running.signal("INT")?;
        let ran = running.finish()?;
        let is_whole = ran.code == Some(0);
        whole += u32::from(is_whole);
        // Before the program has come to handle signals they end it.
        ensure!(
            is_whole || matches!(ran.code, None | Some(5)),
            "{}",
            ran.stderr
        );
        check(&name, is_whole).with_context(|| format!("moment {moment} of {moments}"))?;
    }
    ensure!(whole < moments, "no program was interrupted");
    Ok(())
}

/// A program that runs while the test goes on; killed when dropped.
#[derive(Debug)]
pub struct Running {
    command: String,
    child: Child,
    output: Receiver<(Vec<u8>, String)>,
}

impl Running {
    /// Starts `command` with its stderr read, and its stdout too unless the command leads it elsewhere by `stdout_elsewhere`.
    fn start_with(command: &mut Command, stdout_elsewhere: bool) -> Result<Self> {
        let name = command_line(command);
        command.stderr(Stdio::piped());
        if !stdout_elsewhere {
            command.stdout(Stdio::piped());
        }
        let mut child = command
            .spawn()
            .with_context(|| format!("cannot run {name}"))?;
        // Our own end of a pipe would keep its reader waiting.
        command.stdout(Stdio::null());
        let (stdout, stderr) = (
            child.stdout.take().filter(|_| !stdout_elsewhere),
            child.stderr.take(),
        );
        let (sender, output) = channel();
        thread::spawn(move || {
            let told = thread::spawn(move || read_all(stderr));
            let written = read_all(stdout);
            let told = told.join().unwrap_or_default();
            // Nobody waits any more where the test has failed meanwhile.
            let _ = sender.send((written, String::from_utf8_lossy(&told).into_owned()));
        });
        Ok(Self {
            command: name,
            child,
            output,
        })
    }

    /// Starts `command` and reads its stdout and stderr.
    pub fn start(command: &mut Command) -> Result<Self> {
        Self::start_with(command, false)
    }

    /// Starts `command`, whose stdout leads where the command says, and reads its stderr.
    pub fn start_led(command: &mut Command, stdout: impl Into<Stdio>) -> Result<Self> {
        Self::start_with(command.stdout(stdout), true)
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> Result<bool> {
        Ok(self.child.try_wait()?.is_some())
    }

    /// Sends it a signal, by the name that `kill` knows it by.
    pub fn signal(&self, name: &str) -> Result<()> {
        send_signal(self.pid(), name)
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// Where it does not end within two minutes.
    pub fn finish(mut self) -> Result<Ran> {
        let (stdout, stderr) = match self.output.recv_timeout(LIMIT) {
            Ok(output) => output,
            Err(RecvTimeoutError::Timeout) => {
                bail!(
                    "{}: still running after {} s",
                    self.command,
                    LIMIT.as_secs()
                )
            }
            Err(RecvTimeoutError::Disconnected) => {
                bail!("{}: its output was not read", self.command)
            }
        };
        let code = self.child.wait()?.code();
        Ok(Ran {
            command: std::mem::take(&mut self.command),
            code,
            stdout,
            stderr,
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail where it has ended, which is as well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read_all(source: Option<impl Read>) -> Vec<u8> {
    let mut all = Vec::new();
    if let Some(mut source) = source {
        // What was read up to an error is what there is to judge.
        let _ = source.read_to_end(&mut all);
    }
    all
}

/// Runs `command` to its end, whatever that is.
pub fn observe(command: &mut Command) -> Result<Ran> {
    Running::start(command)?.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_program_did_is_told() -> Result<()> {
        let ran =
            observe(Command::new("sh").args(["-c", "echo out; echo no such thing >&2; exit 3"]))?;
        assert_eq!((ran.code, &ran.stdout[..]), (Some(3), &b"out\n"[..]));
        ran.expect_code(3)?.expect_one_line(["no such", "thing"])?;
        assert!(ran.expect_code(0).is_err() && ran.expect_silence().is_err());
        assert!(ran.expect_one_line(["another"]).is_err());
        let two = observe(Command::new("sh").args(["-c", "echo a >&2; echo b >&2"]))?;
        assert!(two.expect_one_line(["a"]).is_err() && two.expect_silence().is_err());
        Ok(())
    }

    #[test]
    fn a_signal_reaches_a_running_program() -> Result<()> {
        let mut running = Running::start(Command::new("sleep").arg("60"))?;
        assert!(!running.has_ended()?);
        running.signal("TERM")?;
        assert_eq!(running.finish()?.code, None);
        Ok(())
    }
}
