//! Temporary folders.

use std::env;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::OnceLock;

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::program::clean_command;
use crate::user::server_user;

/// A temporary folder that everyone can read and the servers' user owns; removed when dropped.
#[derive(Debug)]
pub struct Scratch {
    folder: TempDir,
}

impl Scratch {
    /// Makes an empty folder. Its path is short: a Unix socket inside it must fit in 107 bytes.
    pub fn new() -> Result<Self> {
        Self::within(process_folder()?)
    }

    /// Makes an empty folder for a server: within the one that `PGARK_SERVERS` names, where it is set.
    pub(crate) fn of_server() -> Result<Self> {
        let named = env::var_os("PGARK_SERVERS").filter(|value| !value.is_empty());
        Self::within(&named.map_or_else(env::temp_dir, PathBuf::from))
    }

    fn within(parent: &Path) -> Result<Self> {
        let folder = folder_within(parent)?;
        give_to_server_user(folder.path())?;
        Ok(Self { folder })
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A name in the folder; nothing is made.
    pub fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file that everyone can read, and returns its path.
    pub fn write(&self, name: impl AsRef<Path>, content: impl AsRef<[u8]>) -> Result<PathBuf> {
        let path = self.join(name);
        fs::write(&path, content).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(path)
    }
}

fn folder_within(parent: &Path) -> Result<TempDir> {
    tempfile::Builder::new()
        .prefix("pgark-")
        .permissions(Permissions::from_mode(0o755))
        .tempdir_in(parent)
        .with_context(|| format!("cannot make a folder in {}", parent.display()))
}

/// The folder that holds all others of this process. A static is never dropped and a killed test program drops nothing, so a shell
/// removes it once the kernel has closed the pipe to its stdin.
fn process_folder() -> Result<&'static Path> {
    static FOLDER: OnceLock<Result<(PathBuf, Child), String>> = OnceLock::new();
    let make = || -> Result<_> {
        let folder = folder_within(&env::temp_dir())?.keep();
        // A group of its own: an interrupt at the terminal reaches the test program alone.
        let remover = clean_command("sh")
            .args(["-c", r#"read -r _; rm -rf "$0""#])
            .arg(&folder)
            .process_group(0)
            .stdin(Stdio::piped())
            .spawn()
            .context("cannot run sh")?;
        Ok((folder, remover))
    };
    match FOLDER.get_or_init(|| make().map_err(|error| format!("{error:#}"))) {
        Ok((folder, _)) => Ok(folder),
        Err(error) => bail!("{error}"),
    }
}

/// Makes the servers' user the owner of `path`, where that is another user.
pub(crate) fn give_to_server_user(path: &Path) -> Result<()> {
    let Some(user) = server_user() else {
        return Ok(());
    };
    chown(path, Some(user.uid), Some(user.gid))
        .with_context(|| format!("cannot give {} to user {}", path.display(), user.name))
}
