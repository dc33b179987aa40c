//! A backup as archives in a folder.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use pgark_compression::Compression;

use crate::backup::Report;
use crate::error::Doing;
use crate::folder::{Folders, keep_apart_if_damaged, sync};
use crate::manifest::FILE_NAME;
use crate::member::BLOCK;
use crate::output::{self, Algorithm, Output, Raw};
use crate::recovery::Recovery;
use crate::rewrite::Rewriter;
use crate::wal::WalTarget;
use crate::wal::tar::WalArchive;
use crate::{Archive, Error, Member, Result, Sink, Start};

/// How archives are written.
#[derive(Debug, Clone, Default)]
pub struct TarFolderOptions {
    /// How they are compressed here.
    pub compression: Compression,
    /// How they come compressed, if they do, and stay.
    pub server_compression: Option<Algorithm>,
    /// Makes the backup a standby.
    pub recovery: Option<Recovery>,
    /// Whether it is left to the system when files are brought to the disk.
    pub no_sync: bool,
    /// Whether what has been written of a failed backup stays.
    pub no_clean: bool,
}

/// A folder that gets `base.tar`, an `OID.tar` a tablespace, the log as `pg_wal.tar`, and the manifest.
///
/// Until [`commit`](Self::commit) their names end in `.part`. Dropped before, they are removed.
pub struct TarFolder {
    root: PathBuf,
    options: TarFolderOptions,
    folders: Folders,
    /// The files, by their last names.
    names: Vec<String>,
    current: Option<Current>,
    has_manifest: bool,
}

/// The archive that is being written.
enum Current {
    /// Byte for byte as it comes.
    Copied(PathBuf, Output),
    /// With something changed in it.
    Rewritten(PathBuf, Box<Rewriter>),
}

impl TarFolder {
    /// Takes a folder, which is empty or does not exist yet.
    ///
    /// # Errors
    /// [`Error::Options`], [`Error::Refused`] and [`Error::Io`].
    pub fn new(root: impl Into<PathBuf>, options: TarFolderOptions) -> Result<Self> {
        if options.server_compression.is_some() && options.recovery.is_some() {
            return Err(Error::Options(
                "an archive that the server compresses cannot be made a standby's".into(),
            ));
        }
        let root = root.into();
        let mut folders = Folders::new(options.no_clean);
        folders.take(&root)?;
        Ok(Self {
            root,
            options,
            folders,
            names: Vec::new(),
            current: None,
            has_manifest: false,
        })
    }

    /// Where streamed log goes.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn wal(&mut self) -> Result<Box<dyn WalTarget>> {
        // As pg_basebackup does, which knows no other for the log (StartLogStreamer, pg_basebackup.c).
        let compression = match self.options.compression {
            gzip @ Compression::Gzip { .. } => gzip,
            _ => Compression::None,
        };
        let name = format!("pg_wal.tar{}", output::suffix(compression));
        let (path, output) = self.create(&name, compression)?;
        Ok(Box::new(WalArchive::new(
            path,
            output,
            !self.options.no_sync,
        )))
    }

    fn create(&mut self, name: &str, compression: Compression) -> Result<(PathBuf, Output)> {
        let path = self.root.join(format!("{name}.part"));
        let file = File::options()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path);
        let output = file.and_then(|file| Output::new(Raw::File(file), compression));
        let output = output.doing("create file", &path)?;
        self.names.push(name.to_owned());
        Ok((path, output))
    }

    /// Gives the archives their names: the backup is whole.
    ///
    /// # Errors
    /// [`Error::DamagedPages`] if the server found damage in its own files; the folder is then kept under a name that says
    /// so. [`Error::Io`] otherwise.
    pub fn commit(mut self, report: &Report) -> Result<()> {
        let manifest = self.has_manifest.then_some(FILE_NAME);
        for name in self.names.iter().map(String::as_str).chain(manifest) {
            let part = self.root.join(format!("{name}.part"));
            fs::rename(&part, self.root.join(name)).doing("rename file", &part)?;
        }
        if !self.options.no_sync {
            sync(&self.root)?;
        }
        self.folders.keep();
        keep_apart_if_damaged(&self.root, report)
    }

    /// Writes to the archive that is written anew, if it is one.
    fn rewrite(&mut self, write: impl FnOnce(&mut Rewriter) -> io::Result<()>) -> Result<()> {
        match &mut self.current {
            Some(Current::Rewritten(path, rewriter)) => write(rewriter).doing("write file", path),
            _ => Ok(()),
        }
    }
}

fn finish(path: &Path, finished: io::Result<()>) -> Result<()> {
    finished.doing("write file", path)
}

impl Sink for TarFolder {
    async fn start(&mut self, _start: &Start) -> Result<()> {
        Ok(())
    }

    async fn begin_archive(&mut self, archive: Archive) -> Result<()> {
        let stem = match archive {
            Archive::Base => "base".to_owned(),
            Archive::Tablespace(oid) => oid.to_string(),
        };
        let compression = self.options.compression;
        let suffix = match self.options.server_compression {
            Some(algorithm) => algorithm.suffix(),
            None => output::suffix(compression),
        };
        let (path, output) = self.create(&format!("{stem}.tar{suffix}"), compression)?;
        let recovery = self
            .options
            .recovery
            .clone()
            .filter(|_| archive == Archive::Base);
        self.current = Some(match recovery {
            Some(recovery) => {
                Current::Rewritten(path, Box::new(Rewriter::new(output, Some(recovery))))
            }
            None => Current::Copied(path, output),
        });
        Ok(())
    }

    fn raw(&mut self, bytes: &[u8]) -> Result<()> {
        match &mut self.current {
            Some(Current::Copied(path, output)) => {
                output.write_all(bytes).doing("write file", path)
            }
            _ => Ok(()),
        }
    }

    async fn begin(&mut self, member: &Member) -> Result<()> {
        self.rewrite(|rewriter| rewriter.begin_base(member))
    }

    async fn data(&mut self, bytes: &[u8]) -> Result<()> {
        self.rewrite(|rewriter| rewriter.data(bytes))
    }

    async fn end(&mut self) -> Result<()> {
        self.rewrite(Rewriter::end)
    }

    async fn end_archive(&mut self, is_terminated: bool) -> Result<()> {
        let is_synced = !self.options.no_sync;
        match self.current.take() {
            Some(Current::Copied(path, mut output)) => {
                if !is_terminated && self.options.server_compression.is_none() {
                    output
                        .write_all(&[0; 2 * BLOCK])
                        .doing("write file", &path)?;
                }
                finish(&path, output::finish(output, is_synced))
            }
            Some(Current::Rewritten(path, mut rewriter)) => {
                rewriter.end_base().doing("write file", &path)?;
                finish(&path, rewriter.finish(is_synced))
            }
            None => Err(Error::Aborted("the archive")),
        }
    }

    async fn manifest(&mut self, bytes: &[u8]) -> Result<()> {
        let path = self.root.join(format!("{FILE_NAME}.part"));
        let file = File::options()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path);
        let written = file.and_then(|mut file| {
            file.write_all(bytes)?;
            if self.options.no_sync {
                Ok(())
            } else {
                file.sync_all()
            }
        });
        self.has_manifest = true;
        written.doing("write file", &path)
    }
}
