//! A backup as a data directory.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use bstr::BStr;

use crate::backup::Report;
use crate::error::Doing;
use crate::folder::{Folders, keep_apart_if_damaged, set_mode, sync, sync_tree};
use crate::manifest::FILE_NAME;
use crate::recovery::{Recovery, SETTINGS, SIGNAL};
use crate::tablespace::{self, Mapping};
use crate::wal::WalTarget;
use crate::wal::folder::WalFolder;
use crate::{Archive, Error, Kind, Member, Result, Sink, Start};

/// Without this no server starts; until the backup is whole it has another name.
const CONTROL: &str = "global/pg_control";
const HELD_CONTROL: &str = "global/pg_control.part";
const HELD_MANIFEST: &str = "backup_manifest.tmp";

/// How a backup is laid out in a folder.
#[derive(Debug, Clone, Default)]
pub struct PlainOptions {
    /// Where tablespaces go that do not go to where they are at the server.
    pub mappings: Vec<Mapping>,
    /// The log's folder, where it is not `pg_wal` in the backup; an absolute path.
    pub wal_folder: Option<PathBuf>,
    /// Makes the backup a standby.
    pub recovery: Option<Recovery>,
    /// Whether it is left to the system when files are brought to the disk.
    pub no_sync: bool,
    /// Whether what has been written of a failed backup stays.
    pub no_clean: bool,
}

/// A folder that becomes a data directory.
///
/// Until [`commit`](Self::commit) neither pg_control nor the manifest have their names there, so that no server starts on it.
/// Dropped before, it is removed, with the folders of tablespaces and log; a folder that was there before is emptied.
#[derive(Debug)]
pub struct Plain {
    root: PathBuf,
    options: PlainOptions,
    folders: Folders,
    tablespaces: HashMap<u32, PathBuf>,
    archive: Archive,
    file: Option<(PathBuf, File)>,
}

impl Plain {
    /// Takes a folder, which is empty or does not exist yet.
    ///
    /// # Errors
    /// [`Error::Refused`] and [`Error::Io`].
    pub fn new(root: impl Into<PathBuf>, options: PlainOptions) -> Result<Self> {
        let root: PathBuf = root.into();
        let mut folders = Folders::new(options.no_clean);
        if let Some(folder) = &options.wal_folder {
            if !folder.is_absolute() {
                return Err(Error::Options(format!(
                    "the log's folder \"{}\" is not an absolute path",
                    folder.display()
                )));
            }
            Folders::check(folder)?;
        }
        folders.take(&root)?;
        let root = root.canonicalize().doing("use folder", &root)?;
        if let Some(folder) = &options.wal_folder {
            folders.take(folder)?;
        }
        Ok(Self {
            root,
            options,
            folders,
            tablespaces: HashMap::new(),
            archive: Archive::Base,
            file: None,
        })
    }

    /// Where streamed log goes.
    pub fn wal(&self) -> Box<dyn WalTarget> {
        Box::new(WalFolder::new(
            self.root.join("pg_wal"),
            !self.options.no_sync,
        ))
    }

    /// Makes the backup one that a server starts on: it is whole.
    ///
    /// # Errors
    /// [`Error::DamagedPages`] if the server found damage in its own files; the folder is then kept under a name that says
    /// so. [`Error::Io`] otherwise.
    pub fn commit(mut self, report: &Report) -> Result<()> {
        if let Some(recovery) = &self.options.recovery {
            self.recover(recovery)?;
        }
        if !self.options.no_sync {
            sync_tree(&self.root)?;
        }
        self.rename(HELD_CONTROL, CONTROL)?;
        if report.verified_files.is_some() {
            self.rename(HELD_MANIFEST, FILE_NAME)?;
        }
        if !self.options.no_sync {
            sync(&self.root.join("global"))?;
            sync(&self.root)?;
        }
        self.folders.keep();
        keep_apart_if_damaged(&self.root, report)
    }

    fn rename(&self, from: &str, to: &str) -> Result<()> {
        let from = self.root.join(from);
        fs::rename(&from, self.root.join(to)).doing("rename file", from)
    }

    fn recover(&self, recovery: &Recovery) -> Result<()> {
        let append = |name: &str, text: &[u8]| {
            let path = self.root.join(name);
            let opened = File::options()
                .append(true)
                .create(true)
                .mode(0o600)
                .open(&path);
            opened
                .and_then(|mut file| file.write_all(text))
                .doing("write file", &path)
        };
        append(SETTINGS, &recovery.settings)?;
        append(SIGNAL, b"")
    }

    /// Where a member of the current archive goes.
    fn place(&self, path: &BStr) -> Result<PathBuf> {
        let name = OsStr::from_bytes(path);
        match self.archive {
            Archive::Base if path == CONTROL => Ok(self.root.join(HELD_CONTROL)),
            Archive::Base => Ok(self.root.join(name)),
            Archive::Tablespace(oid) => {
                let folder = self
                    .tablespaces
                    .get(&oid)
                    .ok_or(Error::Aborted("the tablespaces' mapping"))?;
                Ok(folder.join(name))
            }
        }
    }

    fn make_wal_folder(&self, mode: u32) -> Result<()> {
        let folder = self.root.join("pg_wal");
        match &self.options.wal_folder {
            Some(elsewhere) => {
                symlink(elsewhere, &folder).doing("create symbolic link", &folder)?
            }
            None => make_folder(&folder, mode)?,
        }
        make_folder(&folder.join("archive_status"), mode)
    }
}

fn make_folder(path: &Path, mode: u32) -> Result<()> {
    match DirBuilder::new().mode(mode).create(path) {
        // The log's folders are made before the log comes, and those of tablespaces before these do.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => {}
        result => result.doing("create folder", path)?,
    }
    set_mode(path, mode)
}

impl Sink for Plain {
    async fn start(&mut self, start: &Start) -> Result<()> {
        let mode = if start.has_group_access { 0o750 } else { 0o700 };
        set_mode(&self.root, mode)?;
        let places = tablespace::places(&start.tablespaces, &self.options.mappings, &self.root)?;
        self.make_wal_folder(mode)?;
        make_folder(&self.root.join("pg_tblspc"), mode)?;
        for (oid, place) in places {
            self.folders.take(&place)?;
            set_mode(&place, mode)?;
            self.tablespaces.insert(oid, place);
        }
        Ok(())
    }

    async fn begin_archive(&mut self, archive: Archive) -> Result<()> {
        self.archive = archive;
        Ok(())
    }

    async fn begin(&mut self, member: &Member) -> Result<()> {
        let path = self.place(member.path.as_ref())?;
        match &member.kind {
            Kind::Folder => make_folder(&path, member.mode() & 0o777),
            Kind::Link(_) => {
                // The server's target is of no meaning here.
                let oid = path
                    .file_name()
                    .and_then(|name| name.to_str()?.parse().ok());
                let place = oid.and_then(|oid: u32| self.tablespaces.get(&oid));
                let place = place.ok_or(Error::Aborted("the tablespaces' mapping"))?;
                symlink(place, &path).doing("create symbolic link", &path)
            }
            Kind::File(_) => {
                let mode = member.mode() & 0o777;
                let file = File::options()
                    .write(true)
                    .create_new(true)
                    .mode(mode)
                    .open(&path);
                let file = file.doing("create file", &path)?;
                file.set_permissions(fs::Permissions::from_mode(mode))
                    .doing("set the permissions of", &path)?;
                self.file = Some((path, file));
                Ok(())
            }
        }
    }

    async fn data(&mut self, bytes: &[u8]) -> Result<()> {
        match &mut self.file {
            Some((path, file)) => file.write_all(bytes).doing("write file", path),
            None => Err(Error::Aborted("the writer of files")),
        }
    }

    async fn end(&mut self) -> Result<()> {
        self.file = None;
        Ok(())
    }

    async fn end_archive(&mut self, _is_terminated: bool) -> Result<()> {
        Ok(())
    }

    async fn manifest(&mut self, bytes: &[u8]) -> Result<()> {
        let path = self.root.join(HELD_MANIFEST);
        let file = File::options()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path);
        file.and_then(|mut file| file.write_all(bytes))
            .doing("write file", &path)
    }
}
