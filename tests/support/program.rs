//! Running programs.

use std::env;
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::thread;

use anyhow::{Context, Result, ensure};

use crate::kept_folder;

/// The built `pgark`, with none of this process's `PG*` variables: the program named by `PGARK`, else the one in the
/// target folder that this test program stands in (`make test` builds it first).
///
/// # Panics
/// Where it is not built.
pub fn pgark() -> Command {
    let program = env::var_os("PGARK").map_or_else(built_pgark, PathBuf::from);
    assert!(
        program.is_file(),
        "{} is not there: `cargo build -p pgark` first, or name a program in PGARK",
        program.display()
    );
    clean_command(&program)
}

/// [`pgark`] called by the name of one of PostgreSQL's own programs.
///
/// # Panics
/// As [`pgark`].
pub fn pgark_as(tool: &str) -> Command {
    let mut command = pgark();
    command.arg0(tool);
    command
}

fn built_pgark() -> PathBuf {
    let this = env::current_exe().expect("the path of this program");
    // A test stands in <target>/<profile>/deps, any other program in <target>/<profile>.
    let profile = this
        .ancestors()
        .find(|folder| folder.join(".fingerprint").is_dir());
    profile
        .expect("this program stands in a target folder of cargo")
        .join("pgark")
}

/// The `plakar` of the tests: the program named by `PLAKAR`, else the one on the PATH, else the one that `make prerequisites`
/// builds into the kept folder.
///
/// # Panics
/// Where there is none.
pub fn plakar() -> Command {
    let on_path = || {
        env::split_paths(&env::var_os("PATH")?)
            .map(|folder| folder.join("plakar"))
            .find(|file| file.is_file())
    };
    let program = env::var_os("PLAKAR")
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
        .or_else(on_path);
    let program = program.unwrap_or_else(|| kept_folder().join("bin/plakar"));
    assert!(
        program.is_file(),
        "{} is not there: run `make prerequisites`, or name a program in PLAKAR",
        program.display()
    );
    clean_command(&program)
}

/// Python's interpreter itself: what the PATH has under its name may be a script that looks for it, ten times as slow.
pub fn python() -> Command {
    static INTERPRETER: OnceLock<PathBuf> = OnceLock::new();
    Command::new(INTERPRETER.get_or_init(|| {
        let asked = Command::new("python3")
            .args(["-c", "import sys; print(sys.executable)"])
            .output();
        let path = asked.map(|told| String::from_utf8_lossy(&told.stdout).trim().to_owned());
        // Whoever starts it tells that it is not there.
        path.ok()
            .filter(|path| !path.is_empty())
            .map_or_else(|| "python3".into(), PathBuf::from)
    }))
}

/// A command that no `PG*` variable leads to another server and no locale into another language.
pub(crate) fn clean_command(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("PG") {
            command.env_remove(name);
        }
    }
    command
        .env("LC_ALL", "C")
        .env("TZ", "UTC")
        .stdin(Stdio::null());
    command
}

/// A command as one would type it, without its environment (which may hold a password).
pub fn command_line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let quoted = words.map(|word| {
        let word = word.to_string_lossy();
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./=:,+@%".contains(&byte);
        if !word.is_empty() && word.bytes().all(plain) {
            word.into_owned()
        } else {
            format!("'{}'", word.replace('\'', r"'\''"))
        }
    });
    quoted.collect::<Vec<_>>().join(" ")
}

/// Runs `command` to its end and returns what it wrote to stdout. Anything but exit code 0 is an error with the command and
/// all that it wrote to stderr.
pub fn run(command: &mut Command) -> Result<Vec<u8>> {
    let name = command_line(command);
    checked(&name, command.output())
}

/// As [`run`], with `input` on the command's stdin.
pub fn run_with_input(command: &mut Command, input: &[u8]) -> Result<Vec<u8>> {
    let name = command_line(command);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command
        .spawn()
        .with_context(|| format!("cannot run {name}"))?;
    let mut stdin = child.stdin.take().context("the child has a stdin")?;
    let output = thread::scope(|scope| {
        // A command that stops reading has its say through its exit code.
        scope.spawn(move || stdin.write_all(input).ok());
        child.wait_with_output()
    });
    checked(&name, output)
}

fn checked(name: &str, output: io::Result<Output>) -> Result<Vec<u8>> {
    let output = output.with_context(|| format!("cannot run {name}"))?;
    let told = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "{name}: {}\n{}",
        output.status,
        told.trim_end()
    );
    Ok(output.stdout)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_line_can_be_pasted_into_a_shell() {
        let mut command = Command::new("psql");
        command
            .args(["-d", "dbname='a b'", "", "-X"])
            .env("PGPASSWORD", "secret");
        assert_eq!(
            command_line(&command),
            r"psql -d 'dbname='\''a b'\''' '' -X"
        );
    }

    #[test]
    fn a_failed_command_tells_what_it_wrote_to_stderr() {
        let failed = |result: Result<Vec<u8>>| format!("{:#}", result.expect_err("it fails"));
        let script = ["-c", "cat; echo no such thing >&2; exit 3"];
        for told in [
            failed(run(Command::new("sh").args(script).stdin(Stdio::null()))),
            failed(run_with_input(Command::new("sh").args(script), b"input")),
        ] {
            assert!(
                told.contains("exit status: 3") && told.ends_with("no such thing"),
                "{told}"
            );
        }
    }

    #[test]
    fn more_input_and_output_than_a_pipe_holds_passes() {
        let input = vec![b'x'; 1 << 20];
        let output = run_with_input(&mut Command::new("cat"), &input).expect("cat works");
        assert_eq!(output, input);
    }
}
