//! Files that commands write.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use pgark_dump::Sink;
use serde_json::Value;

use crate::output::say;

/// Where a command's output goes.
pub(crate) enum OutputFile {
    Stdout,
    /// A device or pipe: it is written to where it stands, and cannot be gone back in.
    Special(File),
    Part(PartFile),
}

impl OutputFile {
    /// Opens a file to be written, or standard output where none is named.
    pub(crate) fn open(path: Option<&Path>) -> anyhow::Result<Self> {
        let Some(path) = path else {
            return Ok(Self::Stdout);
        };
        if is_special(path) {
            let file = File::options()
                .write(true)
                .open(path)
                .with_context(|| format!("could not open file \"{}\"", path.display()))?;
            return Ok(Self::Special(file));
        }
        PartFile::create(path).map(Self::Part)
    }

    /// Where a dump goes.
    pub(crate) fn sink(&self) -> anyhow::Result<Sink> {
        Ok(match self {
            Self::Part(part) => Sink::File(part.file.try_clone()?),
            _ => Sink::Stream(self.writer()?),
        })
    }

    /// Where text goes.
    pub(crate) fn writer(&self) -> anyhow::Result<Box<dyn Write + Send>> {
        Ok(match self {
            Self::Stdout => Box::new(io::stdout()),
            Self::Special(file) => Box::new(file.try_clone()?),
            Self::Part(part) => Box::new(part.file.try_clone()?),
        })
    }

    /// Gives the file its name, now that all is written, once it is on the disk if that is wanted.
    pub(crate) fn finish(self, is_synced: bool) -> anyhow::Result<()> {
        match self {
            Self::Stdout | Self::Special(_) => Ok(()),
            Self::Part(part) => part.finish(is_synced),
        }
    }
}

/// Writes a report for programs.
pub(crate) fn write_json(path: &Path, report: &Value) -> anyhow::Result<()> {
    let text = serde_json::to_string_pretty(report)? + "\n";
    fs::write(path, text).with_context(|| format!("could not write report \"{}\"", path.display()))
}

fn is_special(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir())
}

/// A file that takes its name when it is whole. Until then it is called `NAME.part`, and goes when it is dropped.
pub(crate) struct PartFile {
    file: File,
    part: PathBuf,
    path: PathBuf,
    is_finished: bool,
}

impl PartFile {
    fn create(path: &Path) -> anyhow::Result<Self> {
        // Of a link it is the target that is replaced.
        let path = &fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let mut part = path.as_os_str().to_owned();
        part.push(".part");
        let part = PathBuf::from(part);
        let doing = || format!("could not create file \"{}\"", part.display());
        if path.is_dir() {
            return Err(io::Error::from(io::ErrorKind::IsADirectory))
                .with_context(|| format!("could not write file \"{}\"", path.display()));
        }
        let file = File::create(&part).with_context(doing)?;
        Ok(Self {
            file,
            part,
            path: path.to_owned(),
            is_finished: false,
        })
    }

    /// Brings the file to the disk, if that is wanted, then gives it its name.
    fn finish(mut self, is_synced: bool) -> anyhow::Result<()> {
        if is_synced {
            self.file
                .sync_all()
                .with_context(|| format!("could not write file \"{}\"", self.part.display()))?;
        }
        fs::rename(&self.part, &self.path).with_context(|| {
            format!(
                "could not rename file \"{}\" to \"{}\"",
                self.part.display(),
                self.path.display()
            )
        })?;
        self.is_finished = true;
        if !is_synced {
            return Ok(());
        }
        let folder = self
            .path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .with_context(|| format!("could not write folder \"{}\"", folder.display()))
    }
}

impl Drop for PartFile {
    fn drop(&mut self) {
        if !self.is_finished {
            // The dump has failed already; an unfinished file that stays is worth a word, no more.
            if let Err(error) = fs::remove_file(&self.part) {
                say(format!(
                    "warning: could not remove file \"{}\": {error}",
                    self.part.display()
                ));
            }
        }
    }
}
