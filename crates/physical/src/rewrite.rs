//! An archive that is written anew from the members of others: under other names, as a standby.

use std::io;

use bstr::{BString, ByteSlice};

use crate::archive::{ArchiveWriter, header};
use crate::output::{self, Output};
use crate::recovery::{Recovery, SETTINGS, SIGNAL};
use crate::{Kind, Member};

/// The most that is held of the settings, which are held whole.
const SETTINGS_BYTES: u64 = 16 << 20;

/// An archive in the making.
pub(crate) struct Rewriter {
    archive: ArchiveWriter<Output>,
    /// What stands before the names of the data directory's members.
    base: &'static str,
    recovery: Option<Recovery>,
    /// The settings, until what is added to them is known to be the end.
    held: Option<(Member, Vec<u8>)>,
    has_settings: bool,
}

impl Rewriter {
    pub(crate) fn new(output: Output, recovery: Option<Recovery>) -> Self {
        Self {
            archive: ArchiveWriter::new(output),
            base: "",
            recovery,
            held: None,
            has_settings: false,
        }
    }

    /// Puts the data directory into a folder of the archive.
    pub(crate) fn move_base(&mut self, folder: &'static str) {
        self.base = folder;
    }

    /// A folder that no server sends.
    pub(crate) fn folder(&mut self, name: &str) -> io::Result<()> {
        let header = header(format!("{name}/").as_bytes(), &Kind::Folder);
        self.archive.file(&header, &[])
    }

    /// A link with another target.
    pub(crate) fn link(&mut self, path: &BString, target: String) -> io::Result<()> {
        let name = [self.base.as_bytes(), path, b"/"].concat();
        let header = header(&name, &Kind::Link(target.into()));
        self.archive.file(&header, &[])
    }

    /// Begins a member of the data directory.
    pub(crate) fn begin_base(&mut self, member: &Member) -> io::Result<()> {
        let is_settings = self.recovery.is_some() && member.path == SETTINGS;
        if self.recovery.is_some() && member.path == SIGNAL {
            // A standby's own; ours follows.
            self.held = Some((member.clone(), Vec::new()));
            return Ok(());
        }
        if is_settings {
            if matches!(member.kind, Kind::File(size) if size > SETTINGS_BYTES) {
                return Err(io::Error::other(format!(
                    "{SETTINGS} is too large to be changed"
                )));
            }
            self.has_settings = true;
            self.held = Some((member.clone(), Vec::new()));
            return Ok(());
        }
        if self.base.is_empty() {
            return self.archive.begin(&member.header);
        }
        let name = [self.base.as_bytes(), &member.path].concat();
        self.archive.begin_as(member, &name)
    }

    /// Begins a member with another name.
    pub(crate) fn begin_as(&mut self, member: &Member, name: &[u8]) -> io::Result<()> {
        self.archive.begin_as(member, name)
    }

    pub(crate) fn data(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.held {
            Some((_, data)) => {
                data.extend_from_slice(bytes);
                Ok(())
            }
            None => self.archive.data(bytes),
        }
    }

    pub(crate) fn end(&mut self) -> io::Result<()> {
        let Some((mut member, mut data)) = self.held.take() else {
            return self.archive.end();
        };
        if member.path == SIGNAL {
            return Ok(());
        }
        if let Some(recovery) = &self.recovery {
            data.extend_from_slice(&recovery.settings);
        }
        member.header.set_size(data.len() as u64);
        member.header.set_cksum();
        let name = [self.base.as_bytes(), &member.path].concat();
        self.archive.begin_as(&member, &name)?;
        self.archive.data(&data)?;
        self.archive.end()
    }

    /// Ends the data directory: adds what makes it a standby.
    pub(crate) fn end_base(&mut self) -> io::Result<()> {
        if let Some(recovery) = self.recovery.take() {
            if !self.has_settings {
                self.add(SETTINGS, recovery.settings.as_bytes())?;
            }
            self.add(SIGNAL, b"")?;
        }
        Ok(())
    }

    /// Adds a file to the data directory.
    pub(crate) fn add(&mut self, name: &str, data: &[u8]) -> io::Result<()> {
        let name = format!("{}{name}", self.base);
        let mut header = header(name.as_bytes(), &Kind::File(data.len() as u64));
        let now = std::time::SystemTime::UNIX_EPOCH
            .elapsed()
            .unwrap_or_default();
        header.set_mtime(now.as_secs());
        header.set_cksum();
        self.archive.file(&header, data)
    }

    pub(crate) fn finish(self, is_synced: bool) -> io::Result<()> {
        output::finish(self.archive.finish()?, is_synced)
    }
}
