//! Files that commands write.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

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
    /// Opens a file to be written, or standard output where none is named. Whether it is to be on the disk in the end makes no difference
    /// to standard output, devices and pipes.
    pub(crate) fn open(path: Option<&Path>, is_synced: bool) -> anyhow::Result<Self> {
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
        PartFile::create(path, is_synced).map(Self::Part)
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
    pub(crate) fn finish(self) -> anyhow::Result<()> {
        match self {
            Self::Stdout | Self::Special(_) => Ok(()),
            Self::Part(part) => part.finish(),
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
    /// Where it is to be on the disk in the end.
    syncing: Option<SyncAhead>,
}

impl PartFile {
    fn create(path: &Path, is_synced: bool) -> anyhow::Result<Self> {
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
        let syncing = is_synced.then(|| SyncAhead::begin(&file)).transpose()?;
        Ok(Self {
            file,
            part,
            path: path.to_owned(),
            is_finished: false,
            syncing,
        })
    }

    /// Brings the file to the disk, if that is wanted, then gives it its name.
    fn finish(mut self) -> anyhow::Result<()> {
        let syncing = self.syncing.take();
        let is_synced = syncing.is_some();
        if let Some(syncing) = syncing {
            syncing
                .end()
                .and_then(|()| self.file.sync_all())
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

/// Brings a file to the disk while it is being written, so that little is left to wait for in the end.
struct SyncAhead {
    ending: Sender<()>,
    thread: JoinHandle<io::Result<()>>,
}

impl SyncAhead {
    const EVERY: Duration = Duration::from_millis(250);

    fn begin(file: &File) -> io::Result<Self> {
        let file = file.try_clone()?;
        let (ending, ended) = mpsc::channel();
        let thread = thread::Builder::new().name("sync".into()).spawn(move || {
            while ended.recv_timeout(Self::EVERY) == Err(RecvTimeoutError::Timeout) {
                file.sync_data()?;
            }
            Ok(())
        })?;
        Ok(Self { ending, thread })
    }

    /// Stops, and tells whether something could not be brought to the disk: the system tells that once alone.
    fn end(self) -> io::Result<()> {
        drop(self.ending);
        self.thread
            .join()
            .unwrap_or_else(|_| Err(io::Error::other("the thread that syncs it is gone")))
    }
}
