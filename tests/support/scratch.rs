//! Temporary folders.

use std::env;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use tempfile::TempDir;

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
        let folder = tempfile::Builder::new()
            .prefix("pgark-")
            .permissions(Permissions::from_mode(0o755))
            .tempdir_in(parent)
            .with_context(|| format!("cannot make a folder in {}", parent.display()))?;
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

/// Makes the servers' user the owner of `path`, where that is another user.
pub(crate) fn give_to_server_user(path: &Path) -> Result<()> {
    let Some(user) = server_user() else {
        return Ok(());
    };
    chown(path, Some(user.uid), Some(user.gid))
        .with_context(|| format!("cannot give {} to user {}", path.display(), user.name))
}
