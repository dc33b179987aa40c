//! The log as files in a folder.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;

use super::WalTarget;
use crate::error::Doing;
use crate::{Error, Result, SegmentSize};

/// What is gathered before it is written: servers send pieces of any size.
const BUFFER_BYTES: usize = 1 << 20;

/// The log in `pg_wal`, as pg_basebackup leaves it there.
pub(crate) struct WalFolder {
    folder: PathBuf,
    mode: u32,
    current: Option<Current>,
    is_synced: bool,
}

struct Current {
    path: PathBuf,
    file: File,
    buffer: Vec<u8>,
    written: u64,
    size: u64,
}

impl WalFolder {
    pub(crate) fn new(folder: PathBuf, is_synced: bool) -> Self {
        Self {
            folder,
            mode: 0o600,
            current: None,
            is_synced,
        }
    }

    fn create(&self, path: &PathBuf) -> Result<File> {
        use std::os::unix::fs::OpenOptionsExt;
        File::options()
            .write(true)
            .create_new(true)
            .mode(self.mode)
            .open(path)
            .doing("create file", path)
    }

    /// Marks a file as archived.
    fn mark_done(&self, name: &std::ffi::OsStr) -> Result<()> {
        let mut done = name.to_owned();
        done.push(".done");
        self.create(&self.folder.join("archive_status").join(done))
            .map(drop)
    }

    fn end_file(&self, file: &File, path: &PathBuf) -> Result<()> {
        if self.is_synced {
            file.sync_all().doing("write file", path)
        } else {
            Ok(())
        }
    }
}

impl Current {
    fn flush(&mut self) -> Result<()> {
        self.file
            .write_all(&self.buffer)
            .doing("write file", &self.path)?;
        self.buffer.clear();
        Ok(())
    }
}

impl WalTarget for WalFolder {
    fn open(&mut self, name: &str, size: SegmentSize) -> Result<()> {
        let path = self.folder.join(name);
        self.current = Some(Current {
            file: self.create(&path)?,
            path,
            buffer: Vec::with_capacity(BUFFER_BYTES),
            written: 0,
            size: size.bytes(),
        });
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let current = self
            .current
            .as_mut()
            .ok_or(Error::Aborted("the log's receiver"))?;
        current.written += bytes.len() as u64;
        current.buffer.extend_from_slice(bytes);
        if current.buffer.len() >= BUFFER_BYTES {
            current.flush()
        } else {
            Ok(())
        }
    }

    fn close(&mut self) -> Result<()> {
        let Some(mut current) = self.current.take() else {
            return Ok(());
        };
        let is_whole = current.written == current.size;
        while current.written < current.size {
            let room = BUFFER_BYTES - current.buffer.len();
            let rest = current.size - current.written;
            let length = usize::try_from(rest).map_or(room, |rest| rest.min(room));
            current.buffer.resize(current.buffer.len() + length, 0);
            current.written += length as u64;
            current.flush()?;
        }
        current.flush()?;
        self.end_file(&current.file, &current.path)?;
        if let Some(name) = current.path.file_name().filter(|_| is_whole) {
            self.mark_done(name)?;
        }
        Ok(())
    }

    fn history(&mut self, name: &str, content: &[u8]) -> Result<()> {
        let path = self.folder.join(name);
        let mut file = self.create(&path)?;
        file.write_all(content).doing("write file", &path)?;
        self.end_file(&file, &path)?;
        self.mark_done(name.as_ref())
    }

    fn finish(mut self: Box<Self>) -> Result<()> {
        self.close()?;
        if self.is_synced {
            for folder in [self.folder.join("archive_status"), self.folder.clone()] {
                File::open(&folder)
                    .and_then(|opened| opened.sync_all())
                    .doing("write folder", &folder)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn files_have_their_whole_size_and_whole_ones_are_marked() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("archive_status")).unwrap();
        let mut wal = Box::new(WalFolder::new(folder.path().into(), true));
        let size = SegmentSize::new(1 << 20).unwrap();
        wal.history("00000002.history", b"1\t0/3000000\n").unwrap();
        wal.open("A", size).unwrap();
        wal.write(&vec![1; 1 << 20]).unwrap();
        wal.close().unwrap();
        wal.open("B", size).unwrap();
        wal.write(&[2; 5]).unwrap();
        wal.finish().unwrap();
        let read = |name: &str| fs::read(folder.path().join(name)).unwrap();
        assert_eq!(read("A"), vec![1; 1 << 20]);
        let partial = read("B");
        assert_eq!(
            (partial.len(), &partial[..6]),
            (1 << 20, &[2, 2, 2, 2, 2, 0][..])
        );
        assert!(partial[5..].iter().all(|byte| *byte == 0));
        assert_eq!(read("archive_status/A.done"), b"");
        assert_eq!(read("archive_status/00000002.history.done"), b"");
        assert!(!folder.path().join("archive_status/B.done").exists());
    }
}
