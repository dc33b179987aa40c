//! A cluster's dump as a folder.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use super::target::Target;
use crate::error::{Error, Result};

/// A folder with a file a record. It is called `NAME.part` until it is whole and, if that is wanted, on the disk; it goes when this is
/// dropped before.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    part: PathBuf,
    is_synced: bool,
    is_finished: bool,
}

impl Folder {
    /// Makes a folder that nobody but this user can enter. One of the name `path` may be there if it is empty.
    ///
    /// # Errors
    /// [`Error::Refused`] where there is something already; [`Error::Io`].
    pub fn create(path: &Path, is_synced: bool) -> Result<Self> {
        let doing = |what: &str| format!("{what} folder \"{}\"", path.display());
        // Of a link it is the target that is meant.
        let path = match fs::canonicalize(path) {
            Ok(found) => {
                let mut entries = fs::read_dir(&found).map_err(|source| Error::Io {
                    doing: doing("use"),
                    source,
                })?;
                if entries.next().is_some() {
                    return Err(Error::Refused(format!(
                        "folder \"{}\" is not empty",
                        path.display()
                    )));
                }
                found
            }
            // Without what follows the name, such as a slash.
            Err(_) => path.components().collect(),
        };
        let mut part = path.clone().into_os_string();
        part.push(".part");
        let part = PathBuf::from(part);
        DirBuilder::new()
            .mode(0o700)
            .create(&part)
            .map_err(|source| {
                if source.kind() == io::ErrorKind::AlreadyExists {
                    return Error::Refused(format!(
                        "\"{}\" is there, of a dump that runs or has not come to its end",
                        part.display()
                    ));
                }
                Error::Io {
                    doing: format!("create folder \"{}\"", part.display()),
                    source,
                }
            })?;
        Ok(Self {
            path,
            part,
            is_synced,
            is_finished: false,
        })
    }

    fn sync(&self, path: &Path) -> Result<()> {
        if !self.is_synced {
            return Ok(());
        }
        let synced = File::open(path).and_then(|folder| folder.sync_all());
        synced.map_err(|source| Error::Io {
            doing: format!("write folder \"{}\"", path.display()),
            source,
        })
    }
}

impl Target for Folder {
    fn create(&mut self, name: &str) -> Result<File> {
        let path = self.part.join(name);
        let mut options = File::options();
        let created = options.read(true).write(true).create_new(true).open(&path);
        created.map_err(|source| Error::Io {
            doing: format!("create file \"{}\"", path.display()),
            source,
        })
    }

    fn add(&mut self, name: &str, file: File) -> Result<()> {
        if !self.is_synced {
            return Ok(());
        }
        file.sync_all().map_err(|source| Error::Io {
            doing: format!("write file \"{}\"", self.part.join(name).display()),
            source,
        })
    }

    fn finish(&mut self) -> Result<()> {
        self.sync(&self.part)
    }

    fn commit(mut self) -> Result<()> {
        fs::rename(&self.part, &self.path).map_err(|source| Error::Io {
            doing: format!(
                "rename folder \"{}\" to \"{}\"",
                self.part.display(),
                self.path.display()
            ),
            source,
        })?;
        self.is_finished = true;
        let above = self.path.parent();
        let above = above.filter(|above| !above.as_os_str().is_empty());
        self.sync(above.unwrap_or(Path::new(".")))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.is_finished {
            return;
        }
        // The dump has failed already; what stays is worth a word, no more.
        if let Err(error) = fs::remove_dir_all(&self.part) {
            tracing::warn!(
                "could not remove what is left of the dump in \"{}\": {error}",
                self.part.display()
            );
        }
    }
}
