//! A Plakar with pgark's package installed, and a store.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use crate::{Ran, Scratch, observe, pgark, plakar, run};
use anyhow::{Context, Result, ensure};

/// The programs besides its own that Plakar finds on its PATH.
const PROGRAMS: [&str; 6] = ["bash", "cat", "env", "ls", "sh", "true"];

/// Arguments that leave Plakar's helper running for as long as a test may take.
///
/// Left to itself it ends after five idle seconds, and then resets the connection of a command that comes in just that
/// moment (`subcommands/cached/cached.go` of Plakar: `Watcher` closes the listener, whatever waits in it).
pub const STAYING_HELPER: [&str; 3] = ["cached", "-teardown", "10m"];

/// Everything of one Plakar: home, settings, caches, store, all in a temporary folder that nobody else uses.
pub struct Host {
    scratch: Scratch,
}

impl Host {
    /// Installs the package and makes an empty store without encryption.
    ///
    /// The package is made by the first host of a program; those after it get a copy.
    ///
    /// # Errors
    /// If the program is not built, or plakar refuses any of it.
    pub fn new() -> Result<Self> {
        let scratch = Scratch::new()?;
        for folder in ["home", "path"] {
            fs::create_dir(scratch.join(folder))?;
        }
        for program in PROGRAMS {
            symlink(found_program(program)?, scratch.join("path").join(program))?;
        }
        let host = Self { scratch };
        host.run(&["-disable-security-check"])?;
        // It would hold on to the pipes of `run`.
        let started = host
            .plakar(STAYING_HELPER)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()?;
        ensure!(started.success(), "plakar's helper: {started}");
        lay_out(&host.plugin_folder())?;
        let package = host.made_package()?;
        host.run(&["pkg", "add", &package.to_string_lossy()])?;
        let store = host.store();
        host.run(&["at", &store, "create", "-plaintext"])?;
        Ok(host)
    }

    /// A name in the temporary folder.
    pub fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.scratch.join(name)
    }

    /// The folder that the package was made of.
    pub fn plugin_folder(&self) -> PathBuf {
        self.join("plugin")
    }

    /// The package, made here or copied from the host that made it.
    fn made_package(&self) -> Result<PathBuf> {
        static MADE: OnceLock<(OsString, Vec<u8>)> = OnceLock::new();
        let make = || -> Result<_> {
            self.run(&["pkg", "create", "./plugin/manifest.yaml", "v1.0.0"])?;
            let file = self.package()?;
            let name = file.file_name().context("a package has a name")?;
            Ok((name.to_owned(), fs::read(&file)?))
        };
        let (name, content) =
            MADE.get_or_init(|| make().unwrap_or_else(|error| panic!("{error:#}")));
        let file = self.join(name);
        if !file.is_file() {
            fs::write(&file, content)?;
        }
        Ok(file)
    }

    /// The package's file.
    pub fn package(&self) -> Result<PathBuf> {
        let files = fs::read_dir(self.scratch.path())?.collect::<Result<Vec<_>, _>>()?;
        let mut packages = files.into_iter().map(|file| file.path());
        packages
            .find(|file| {
                file.extension()
                    .is_some_and(|extension| extension == "ptar")
            })
            .context("plakar has made no package")
    }

    fn home(&self) -> PathBuf {
        self.join("home")
    }

    /// Where the store is.
    pub fn store(&self) -> String {
        self.join("store").display().to_string()
    }

    /// `plakar` with nothing of this process's environment.
    pub fn plakar<A: AsRef<std::ffi::OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Command {
        let home = self.home();
        let mut command = plakar();
        command
            .env_clear()
            .env("HOME", &home)
            .env("XDG_CACHE_HOME", home.join(".cache"))
            .env("XDG_CONFIG_HOME", home.join(".config"))
            .env("XDG_DATA_HOME", home.join(".local/share"))
            .env("TMPDIR", self.scratch.path())
            .env("PATH", self.join("path"))
            .current_dir(self.scratch.path())
            .args(args);
        command
    }

    /// Runs plakar to success and returns what it printed.
    pub fn run(&self, args: &[&str]) -> Result<Vec<u8>> {
        run(&mut self.plakar(args))
    }

    /// As [`run`](Self::run), on the store.
    pub fn run_at_store(&self, args: &[&str]) -> Result<Vec<u8>> {
        run(self.plakar(["at", &self.store()]).args(args))
    }

    /// `plakar backup` of `source`, an option `KEY=VALUE` each of `options`; one record after the other.
    pub fn backup_command(&self, source: &str, options: &[&str]) -> Command {
        let store = self.store();
        let mut command = self.plakar(["-concurrency", "1", "at", &store, "backup"]);
        for option in options {
            command.args(["-o", option]);
        }
        command.arg(source);
        command
    }

    /// Runs a backup to its end, whatever that is.
    pub fn try_backup(&self, source: &str, options: &[&str]) -> Result<Ran> {
        observe(&mut self.backup_command(source, options))
    }

    /// A backup that succeeds and leaves one snapshot more.
    pub fn backup(&self, source: &str, options: &[&str]) -> Result<Backup<'_>> {
        let before = self.snapshots()?;
        let ran = self.try_backup(source, options)?;
        ran.expect_code(0)?;
        let mut new = self.snapshots()?;
        new.retain(|snapshot| !before.contains(snapshot));
        ensure!(new.len() == 1, "{new:?} are new after {}", ran.command);
        Ok(Backup {
            host: self,
            snapshot: new.remove(0),
            ran,
        })
    }

    /// A backup that fails: exit code 1, no new snapshot, `words` in what plakar says, which is returned.
    pub fn expect_failure(&self, source: &str, options: &[&str], words: &[&str]) -> Result<String> {
        let before = self.snapshots()?;
        let ran = self.try_backup(source, options)?;
        expect_refusal(&ran, words)?;
        ensure!(
            self.snapshots()? == before,
            "a failed backup has left a snapshot: {}",
            ran.command
        );
        Ok(told(&ran))
    }

    /// The snapshots in the store.
    pub fn snapshots(&self) -> Result<Vec<String>> {
        let listing = String::from_utf8(self.run_at_store(&["ls"])?)?;
        let names = listing
            .lines()
            .map(|line| line.split_whitespace().nth(1).map(ToOwned::to_owned));
        names
            .collect::<Option<_>>()
            .with_context(|| format!("no snapshots in {listing:?}"))
    }

    /// This host's processes: `plakar` itself, its plugins and its helper `cached`.
    pub fn processes(&self) -> Result<Vec<Process>> {
        processes_at(&self.home())
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        end_processes_at(&self.home());
    }
}

/// The processes with `home` in their environment.
fn processes_at(home: &Path) -> Result<Vec<Process>> {
    let home = format!("HOME={}", home.display());
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let entry = entry?;
        let Ok(id) = entry.file_name().to_string_lossy().parse() else {
            continue;
        };
        // A process may end while it is looked at.
        let Ok(environment) = fs::read(entry.path().join("environ")) else {
            continue;
        };
        if environment
            .split(|byte| *byte == 0)
            .any(|item| item == home.as_bytes())
        {
            let words = fs::read(entry.path().join("cmdline")).unwrap_or_default();
            let command = String::from_utf8_lossy(&words).replace('\0', " ");
            found.push(Process { id, command });
        }
    }
    Ok(found)
}

/// Ends what Plakar has left running with `home` as its home; what cannot be ended now ends by itself.
pub fn end_processes_at(home: &Path) {
    for process in processes_at(home).unwrap_or_default() {
        let _ = Command::new("sh")
            .args(["-c", r#"kill "$0""#, &process.id.to_string()])
            .status();
    }
}

/// All that plakar and the plugin said: plakar tells its errors on stdout.
pub fn told(ran: &Ran) -> String {
    String::from_utf8_lossy(&ran.stdout).into_owned() + &ran.stderr
}

/// An error unless plakar has failed and said all of `words`.
pub fn expect_refusal(ran: &Ran, words: &[&str]) -> Result<()> {
    let told = told(ran);
    ensure!(
        ran.code == Some(1),
        "{}: {:?}\n{told}",
        ran.command,
        ran.code
    );
    for word in words {
        ensure!(
            told.contains(word),
            "{}: no {word:?} in\n{told}",
            ran.command
        );
    }
    Ok(())
}

/// A process of a host.
#[derive(Debug)]
pub struct Process {
    /// Its id.
    pub id: u32,
    /// Its command line.
    pub command: String,
}

/// A backup that was made, with its snapshot.
pub struct Backup<'a> {
    host: &'a Host,
    snapshot: String,
    /// What plakar said.
    pub ran: Ran,
}

impl Backup<'_> {
    /// The snapshot's name.
    pub fn snapshot(&self) -> &str {
        &self.snapshot
    }

    /// The files in the snapshot, by name.
    pub fn files(&self) -> Result<Vec<String>> {
        let root = format!("{}:/", self.snapshot);
        let listing = String::from_utf8(self.host.run_at_store(&["ls", "-recursive", &root])?)?;
        let mut files = Vec::new();
        for line in listing.lines() {
            // Nothing before the name has a slash in it.
            let place = line
                .find('/')
                .with_context(|| format!("no name in {line:?}"))?;
            ensure!(
                line.contains(" -r--r--r-- "),
                "not a file that is for reading only: {line:?}"
            );
            files.push(line[place..].to_owned());
        }
        Ok(files)
    }

    /// The records in the order in which plakar has dealt with them.
    pub fn order(&self) -> Vec<String> {
        let told = String::from_utf8_lossy(&self.ran.stdout);
        let names = told.lines().filter_map(|line| line.split_once(": OK ✓ "));
        names.map(|(_, name)| name.to_owned()).collect()
    }

    /// A file's content.
    pub fn cat(&self, file: &str) -> Result<Vec<u8>> {
        self.host
            .run_at_store(&["cat", &format!("{}:{file}", self.snapshot)])
    }

    /// Writes a file of the snapshot to a file of this machine.
    pub fn take(&self, file: &str, to: &Path) -> Result<()> {
        fs::write(to, self.cat(file)?).with_context(|| format!("cannot write {}", to.display()))
    }

    /// The manifest.
    pub fn manifest(&self) -> Result<serde_json::Value> {
        serde_json::from_slice(&self.cat("/manifest.json")?).context("the manifest is not JSON")
    }

    /// Has plakar restore the snapshot to a destination, and waits for its end, whatever that is.
    pub fn restore(&self, to: &str, options: &[&str]) -> Result<Ran> {
        let store = self.host.store();
        let mut command = self.host.plakar(["at", &store, "restore", "-to", to]);
        for option in options {
            command.args(["-o", option]);
        }
        observe(command.arg(&self.snapshot))
    }

    /// Has plakar check the snapshot.
    pub fn check(&self) -> Result<()> {
        self.host.run_at_store(&["check", &self.snapshot]).map(drop)
    }
}

/// Lays out a plugin's folder, as `make build` does, around the program under test.
pub fn lay_out(folder: &Path) -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .context("tests/ stands in the project's folder")?;
    run(Command::new("make")
        .args(["--no-print-directory", "-s", "-C"])
        .arg(root)
        .arg("plugin-folder")
        .arg(format!("PGARK={}", pgark().get_program().display()))
        .arg(format!("DIST={}", folder.display())))
    .map(drop)
}

fn found_program(name: &str) -> Result<PathBuf> {
    let path = env::var_os("PATH").context("PATH is not set")?;
    env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
        .with_context(|| format!("{name} is not on the PATH"))
}
