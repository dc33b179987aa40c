//! The log as an archive.

use std::path::PathBuf;
use std::time::SystemTime;

use tar::Header;

use super::WalTarget;
use crate::archive::{ArchiveWriter, header};
use crate::error::Doing;
use crate::output::{self, Output};
use crate::{Error, Kind, Result, SegmentSize};

/// The log in `pg_wal.tar`, as pg_basebackup makes it.
pub(crate) struct WalArchive {
    /// The archive's name, for messages.
    path: PathBuf,
    archive: Option<ArchiveWriter<Output>>,
    /// The file that is being written, and what it lacks.
    current: Option<(String, u64)>,
    is_synced: bool,
}

impl WalArchive {
    pub(crate) fn new(path: PathBuf, output: Output, is_synced: bool) -> Self {
        Self {
            path,
            archive: Some(ArchiveWriter::new(output)),
            current: None,
            is_synced,
        }
    }

    fn with(
        &mut self,
        write: impl FnOnce(&mut ArchiveWriter<Output>) -> std::io::Result<()>,
    ) -> Result<()> {
        let archive = self
            .archive
            .as_mut()
            .ok_or(Error::Aborted("the log's archive"))?;
        write(archive).doing("write file", &self.path)
    }

    fn mark_done(&mut self, name: &str) -> Result<()> {
        let done = now(&format!("archive_status/{name}.done"), 0);
        self.with(|archive| archive.file(&done, &[]))
    }
}

fn now(name: &str, size: u64) -> Header {
    let mut header = header(name.as_bytes(), &Kind::File(size));
    header.set_mtime(
        SystemTime::UNIX_EPOCH
            .elapsed()
            .unwrap_or_default()
            .as_secs(),
    );
    header.set_cksum();
    header
}

impl WalTarget for WalArchive {
    fn open(&mut self, name: &str, size: SegmentSize) -> Result<()> {
        self.current = Some((name.to_owned(), size.bytes()));
        let header = now(name, size.bytes());
        self.with(|archive| archive.begin(&header))
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        if let Some((_, rest)) = &mut self.current {
            *rest = rest.saturating_sub(bytes.len() as u64);
        }
        self.with(|archive| archive.data(bytes))
    }

    fn close(&mut self) -> Result<()> {
        let Some((name, mut rest)) = self.current.take() else {
            return Ok(());
        };
        let is_whole = rest == 0;
        let zeros = [0; 8192];
        while rest > 0 {
            let length = usize::try_from(rest).map_or(zeros.len(), |rest| rest.min(zeros.len()));
            self.with(|archive| archive.data(&zeros[..length]))?;
            rest -= length as u64;
        }
        self.with(ArchiveWriter::end)?;
        if is_whole {
            self.mark_done(&name)
        } else {
            Ok(())
        }
    }

    fn history(&mut self, name: &str, content: &[u8]) -> Result<()> {
        let header = now(name, content.len() as u64);
        self.with(|archive| archive.file(&header, content))?;
        self.mark_done(name)
    }

    fn finish(mut self: Box<Self>) -> Result<()> {
        self.close()?;
        let archive = self
            .archive
            .take()
            .ok_or(Error::Aborted("the log's archive"))?;
        let output = archive.finish().doing("write file", &self.path)?;
        output::finish(output, self.is_synced).doing("write file", &self.path)
    }
}
