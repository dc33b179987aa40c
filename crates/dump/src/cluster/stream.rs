//! A cluster's dump as one archive in a stream.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};

use pgark_archive::creation_seconds;

use super::target::Target;
use crate::error::{Error, Result};

/// A stream that gets one tar archive. Since a member's size stands before its content, each record is made in a temporary file, which
/// has no name.
pub struct TarStream {
    builder: tar::Builder<Box<dyn Write + Send>>,
    /// Seconds since 1970.
    modified: u64,
}

impl TarStream {
    /// Writes to a stream.
    ///
    /// # Errors
    /// [`Error::Archive`] where `SOURCE_DATE_EPOCH` is no time.
    pub fn new(out: Box<dyn Write + Send>) -> Result<Self> {
        Ok(Self {
            builder: tar::Builder::new(out),
            // What is older than 1970 is shown as of its beginning.
            modified: u64::try_from(creation_seconds()?).unwrap_or(0),
        })
    }
}

impl Target for TarStream {
    fn create(&mut self, name: &str) -> Result<File> {
        tempfile::tempfile().map_err(|source| Error::Io {
            doing: format!("make a temporary file for \"{name}\""),
            source,
        })
    }

    fn add(&mut self, name: &str, mut file: File) -> Result<()> {
        let append = || {
            let mut header = tar::Header::new_gnu();
            header.set_size(file.seek(SeekFrom::End(0))?);
            header.set_mode(0o600);
            header.set_mtime(self.modified);
            file.rewind()?;
            self.builder.append_data(&mut header, name, file)
        };
        let added = append();
        added.map_err(|source| Error::Io {
            doing: format!("write \"{name}\" to the archive"),
            source,
        })
    }

    fn finish(&mut self) -> Result<()> {
        let finished = self.builder.finish();
        let flushed = finished.and_then(|()| self.builder.get_mut().flush());
        flushed.map_err(|source| Error::Io {
            doing: "write the end of the archive".into(),
            source,
        })
    }

    fn commit(self) -> Result<()> {
        Ok(())
    }
}
