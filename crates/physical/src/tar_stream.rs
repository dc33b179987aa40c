//! A backup as one archive in a stream.

use std::io::{self, Write};

use bstr::ByteSlice;
use pgark_compression::Compression;

use crate::backup::Report;
use crate::manifest::FILE_NAME;
use crate::output::{Output, Raw};
use crate::recovery::Recovery;
use crate::rewrite::Rewriter;
use crate::{Archive, Error, Kind, Member, Result, Sink, Start};

/// A stream that gets one archive: the data directory's members, the manifest among them, as pg_basebackup writes them to
/// standard output. Where there are tablespaces, which pg_basebackup refuses, the data directory is in a folder `data`, each
/// tablespace in `tablespaces/OID`, and the links between them are relative, so that the backup starts wherever it is
/// unpacked.
pub struct TarStream {
    rewriter: Option<Rewriter>,
    archive: Archive,
}

impl TarStream {
    /// Writes to a stream.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn new(
        out: impl Write + Send + 'static,
        compression: Compression,
        recovery: Option<Recovery>,
    ) -> Result<Self> {
        let output = Output::new(Raw::Stream(Box::new(out)), compression).map_err(written)?;
        Ok(Self {
            rewriter: Some(Rewriter::new(output, recovery)),
            archive: Archive::Base,
        })
    }

    /// Writes the archive's end: the backup is whole.
    ///
    /// # Errors
    /// [`Error::DamagedPages`] if the server found damage in its own files; [`Error::Io`].
    pub fn commit(mut self, report: &Report) -> Result<()> {
        let rewriter = self.rewriter.take().ok_or(Error::Aborted("the archive"))?;
        rewriter.finish(false).map_err(written)?;
        match &report.damaged_pages {
            Some(source) => Err(Error::DamagedPages {
                source: source.clone(),
                kept: None,
            }),
            None => Ok(()),
        }
    }

    fn with(&mut self, write: impl FnOnce(&mut Rewriter) -> io::Result<()>) -> Result<()> {
        let rewriter = self
            .rewriter
            .as_mut()
            .ok_or(Error::Aborted("the archive"))?;
        write(rewriter).map_err(written)
    }
}

fn written(source: io::Error) -> Error {
    Error::Io {
        doing: "write to standard output".into(),
        source,
    }
}

impl Sink for TarStream {
    async fn start(&mut self, start: &Start) -> Result<()> {
        let is_elsewhere = |tablespace: &&crate::Tablespace| !tablespace.is_in_place();
        let oids: Vec<u32> = start
            .tablespaces
            .iter()
            .filter(is_elsewhere)
            .map(|tablespace| tablespace.oid)
            .collect();
        if start.tablespaces.is_empty() {
            return Ok(());
        }
        self.with(|rewriter| {
            rewriter.move_base("data/");
            rewriter.folder("data")?;
            rewriter.folder("tablespaces")?;
            oids.iter()
                .try_for_each(|oid| rewriter.folder(&format!("tablespaces/{oid}")))
        })
    }

    async fn begin_archive(&mut self, archive: Archive) -> Result<()> {
        self.archive = archive;
        Ok(())
    }

    async fn begin(&mut self, member: &Member) -> Result<()> {
        match (self.archive, &member.kind) {
            (Archive::Tablespace(oid), _) => {
                let name = [format!("tablespaces/{oid}/").as_bytes(), &member.path].concat();
                self.with(|rewriter| rewriter.begin_as(member, &name))
            }
            (Archive::Base, Kind::Link(_)) => self.with(|rewriter| {
                let oid = member.path.trim_start_with(|c| !c.is_ascii_digit());
                rewriter.link(
                    &member.path,
                    format!("../../tablespaces/{}", bstr::BStr::new(oid)),
                )
            }),
            (Archive::Base, _) => self.with(|rewriter| rewriter.begin_base(member)),
        }
    }

    async fn data(&mut self, bytes: &[u8]) -> Result<()> {
        self.with(|rewriter| rewriter.data(bytes))
    }

    async fn end(&mut self) -> Result<()> {
        self.with(Rewriter::end)
    }

    async fn end_archive(&mut self, _is_terminated: bool) -> Result<()> {
        match self.archive {
            Archive::Base => self.with(Rewriter::end_base),
            Archive::Tablespace(_) => Ok(()),
        }
    }

    async fn manifest(&mut self, bytes: &[u8]) -> Result<()> {
        self.with(|rewriter| rewriter.add(FILE_NAME, bytes))
    }
}
