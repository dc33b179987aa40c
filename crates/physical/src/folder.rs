//! Folders that a backup is put in: empty or new at first, gone or emptied again if it fails.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::backup::Report;
use crate::error::Doing;
use crate::{Error, Result};

/// The folders of one backup, which are cleared when this is dropped, unless the backup is whole.
#[derive(Debug)]
pub(crate) struct Folders {
    /// Each with whether it was there before.
    taken: Vec<(PathBuf, bool)>,
    /// Whether what was written stays in any case.
    is_kept: bool,
}

impl Folders {
    pub(crate) fn new(is_kept: bool) -> Self {
        Self {
            taken: Vec::new(),
            is_kept,
        }
    }

    /// Takes a folder for the backup: one that is empty, or a new one, with those above it.
    pub(crate) fn take(&mut self, path: &Path) -> Result<()> {
        match fs::read_dir(path) {
            Ok(mut entries) => {
                if entries.next().is_some() {
                    return Err(not_empty(path));
                }
                self.taken.push((path.to_owned(), true));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let created = DirBuilder::new().mode(0o700).recursive(true).create(path);
                created.doing("create folder", path)?;
                self.taken.push((path.to_owned(), false));
            }
            Err(error) => return Err(error).doing("use folder", path),
        }
        Ok(())
    }

    /// Checks that a folder can be taken, without doing so.
    pub(crate) fn check(path: &Path) -> Result<()> {
        match fs::read_dir(path) {
            Ok(mut entries) => match entries.next() {
                None => Ok(()),
                Some(_) => Err(not_empty(path)),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error).doing("use folder", path),
        }
    }

    /// Leaves everything as it is from now on.
    pub(crate) fn keep(&mut self) {
        self.is_kept = true;
    }
}

impl Drop for Folders {
    fn drop(&mut self) {
        if self.is_kept {
            return;
        }
        for (path, was_there) in self.taken.iter().rev() {
            if let Err(error) = clear(path, *was_there) {
                tracing::warn!(
                    "could not remove what is left of the backup in \"{}\": {error}",
                    path.display()
                );
            }
        }
    }
}

fn not_empty(path: &Path) -> Error {
    Error::Refused(format!("folder \"{}\" is not empty", path.display()))
}

fn clear(path: &Path, stays: bool) -> io::Result<()> {
    if !stays {
        return fs::remove_dir_all(path);
    }
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        // A link is removed, not what it leads to.
        if entry.file_type()?.is_dir() {
            fs::remove_dir_all(entry.path())?;
        } else {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Sets permissions, whatever the process would take off new files.
pub(crate) fn set_mode(path: &Path, mode: u32) -> Result<()> {
    fs::set_permissions(path, Permissions::from_mode(mode)).doing("set the permissions of", path)
}

/// The name beside a folder's for a backup of which something has to be known.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// The last thing to be done with a backup in a folder: one of files that are damaged at the server gets a name that says so.
///
/// # Errors
/// [`Error::DamagedPages`] then, with that name.
pub(crate) fn keep_apart_if_damaged(path: &Path, report: &Report) -> Result<()> {
    let Some(source) = &report.damaged_pages else {
        return Ok(());
    };
    let kept = beside(path, ".damaged");
    fs::rename(path, &kept).doing("rename folder", path)?;
    Err(Error::DamagedPages {
        source: source.clone(),
        kept: Some(kept),
    })
}

/// Brings everything below a folder to the disk, through links as well.
pub(crate) fn sync_tree(path: &Path) -> Result<()> {
    for entry in fs::read_dir(path).doing("read folder", path)? {
        let entry = entry.doing("read folder", path)?.path();
        if fs::metadata(&entry).doing("read", &entry)?.is_dir() {
            sync_tree(&entry)?;
        } else {
            fs::File::open(&entry)
                .and_then(|file| file.sync_all())
                .doing("write file", &entry)?;
        }
    }
    sync(path)
}

/// Brings a folder's own entries to the disk.
pub(crate) fn sync(path: &Path) -> Result<()> {
    fs::File::open(path)
        .and_then(|folder| folder.sync_all())
        .doing("write folder", path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_backup_leaves_the_folders_as_they_were() {
        let scratch = tempfile::tempdir().unwrap();
        let (old, new) = (scratch.path().join("old"), scratch.path().join("a/new"));
        let elsewhere = scratch.path().join("elsewhere");
        for folder in [&old, &elsewhere] {
            fs::create_dir(folder).unwrap();
        }
        fs::write(elsewhere.join("precious"), "").unwrap();
        let mut folders = Folders::new(false);
        for folder in [&old, &new] {
            folders.take(folder).unwrap();
            fs::create_dir(folder.join("base")).unwrap();
            fs::write(folder.join("base/1"), "x").unwrap();
            std::os::unix::fs::symlink(&elsewhere, folder.join("link")).unwrap();
        }
        assert!(
            folders
                .take(&old)
                .unwrap_err()
                .to_string()
                .contains("is not empty")
        );
        drop(folders);
        assert!(fs::read_dir(&old).unwrap().next().is_none() && !new.exists());
        assert!(elsewhere.join("precious").exists());

        let mut folders = Folders::new(false);
        folders.take(&new).unwrap();
        folders.keep();
        drop(folders);
        assert!(new.exists());
    }
}
