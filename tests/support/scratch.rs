//! Temporary folders.

use std::collections::BTreeMap;
use std::env;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};
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
        Self::within(&env::temp_dir())
    }

    /// Makes an empty folder for a server: within the one that `PGARK_SERVERS` names, where it is set.
    pub(crate) fn of_server() -> Result<Self> {
        let named = env::var_os("PGARK_SERVERS").filter(|value| !value.is_empty());
        Self::within(&named.map_or_else(env::temp_dir, PathBuf::from))
    }

    fn within(parent: &Path) -> Result<Self> {
        let folder = folder_within(&process_folder(parent)?)?;
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

/// The folder in `parent` that holds all others of this process. A static is never dropped and a killed test program drops nothing, so a
/// shell removes it once the kernel has closed the pipe to its stdin; its servers, which end then too, may still write for a moment.
fn process_folder(parent: &Path) -> Result<PathBuf> {
    const REMOVE: &str =
        r#"read -r _; for _ in 1 2 3 4 5 6 7 8 9; do rm -rf "$0" && break; sleep 1; done"#;
    static FOLDERS: Mutex<BTreeMap<PathBuf, (PathBuf, Child)>> = Mutex::new(BTreeMap::new());
    let mut folders = FOLDERS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((folder, _)) = folders.get(parent) {
        return Ok(folder.clone());
    }
    let folder = folder_within(parent)?.keep();
    // A group of its own: an interrupt at the terminal reaches the test program alone.
    let remover = clean_command("sh")
        .args(["-c", REMOVE])
        .arg(&folder)
        .process_group(0)
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .context("cannot run sh")?;
    folders.insert(parent.to_owned(), (folder.clone(), remover));
    Ok(folder)
}

/// Makes the servers' user the owner of `path`, where that is another user.
pub(crate) fn give_to_server_user(path: &Path) -> Result<()> {
    let Some(user) = server_user() else {
        return Ok(());
    };
    chown(path, Some(user.uid), Some(user.gid))
        .with_context(|| format!("cannot give {} to user {}", path.display(), user.name))
}
