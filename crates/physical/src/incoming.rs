//! From the server's answers to BASE_BACKUP to the members of its archives.
//!
//! Manual: "Streaming Replication Protocol", BASE_BACKUP. Servers before 15 send an archive a COPY, in the order of the
//! tablespaces, then the manifest; later ones send one COPY whose messages begin with a letter.

use std::io;

use bstr::{BString, ByteSlice};
use pgark_compression::Unpacker;
use pgark_wire::{Reply, Rows};

use crate::error::malformed;
use crate::member::{Kind, Member, Members, Step};
use crate::sink::{Archive, Sink, Tablespace};
use crate::tally::Tally;
use crate::{Algorithm, Error, Lsn, Result, TimelineId};

/// How far the server's answer has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    /// Nothing that anybody else has to know.
    None,
    /// The backup has begun.
    Started(Lsn, TimelineId),
    /// The tablespaces are known; [`Incoming::tablespaces`] has them.
    Listed,
    /// The backup has ended.
    Ended(Lsn, TimelineId),
}

/// What is asked of the answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expected {
    /// Whether there is one COPY for everything.
    pub(crate) is_framed: bool,
    pub(crate) has_manifest: bool,
    /// Whether the log's files come with the others.
    pub(crate) has_wal: bool,
    /// Whether tablespaces are named in a file, so that there are no links.
    pub(crate) has_tablespace_map: bool,
    pub(crate) compression: Option<Algorithm>,
}

/// What the bytes that come belong to.
enum Current {
    Nothing,
    Archive {
        archive: Archive,
        members: Box<Members>,
        unpacker: Option<Box<Unpacker>>,
    },
    Manifest,
}

fn badly_compressed(error: &io::Error) -> Error {
    malformed(format!("an archive that is not compressed well ({error})"))
}

/// The state of an answer that is being received.
pub(crate) struct Incoming {
    expected: Expected,
    results: usize,
    pub(crate) tablespaces: Vec<Tablespace>,
    pub(crate) size_kb: Option<u64>,
    /// The archives that have begun.
    seen: Vec<Archive>,
    copies: usize,
    current: Current,
    pub(crate) tally: Tally,
    pub(crate) manifest: Option<Vec<u8>>,
    /// How many bytes have come.
    pub(crate) bytes: u64,
}

impl Incoming {
    pub(crate) fn new(expected: Expected, tally: Tally) -> Self {
        Self {
            expected,
            results: 0,
            tablespaces: Vec::new(),
            size_kb: None,
            seen: Vec::new(),
            copies: 0,
            current: Current::Nothing,
            tally,
            manifest: None,
            bytes: 0,
        }
    }

    /// Deals with one part of the answer.
    pub(crate) async fn take<S: Sink>(&mut self, reply: Reply<'_>, sink: &mut S) -> Result<Signal> {
        match reply {
            Reply::Rows(rows) => return self.result(&rows),
            Reply::CopyOut => self.copy_begins(sink).await?,
            Reply::CopyData(bytes) if self.expected.is_framed => self.message(bytes, sink).await?,
            Reply::CopyData(bytes) => self.data(bytes, sink).await?,
            Reply::CopyDone => self.end_current(sink).await?,
        }
        Ok(Signal::None)
    }

    fn result(&mut self, rows: &Rows) -> Result<Signal> {
        self.results += 1;
        match self.results {
            1 => position(rows).map(|(lsn, timeline)| Signal::Started(lsn, timeline)),
            2 => self.list(rows).map(|()| Signal::Listed),
            3 if matches!(self.current, Current::Nothing) => {
                self.check_complete()?;
                position(rows).map(|(lsn, timeline)| Signal::Ended(lsn, timeline))
            }
            // That the command is complete.
            4 if rows.columns().is_empty() => Ok(Signal::None),
            _ => Err(malformed("a result that belongs to no base backup")),
        }
    }

    /// Reads the list of tablespaces; the data directory is the row without an OID.
    fn list(&mut self, rows: &Rows) -> Result<()> {
        let mut has_base = false;
        let mut size = Some(0u64);
        for row in rows {
            let kilobytes = row
                .get(2)
                .and_then(|text| text.to_str().ok()?.parse::<u64>().ok());
            size = size
                .zip(kilobytes)
                .and_then(|(size, more)| size.checked_add(more));
            let (Some(oid), Some(location)) = (row.get(0), row.get(1)) else {
                if std::mem::replace(&mut has_base, true) {
                    return Err(malformed("two data directories"));
                }
                continue;
            };
            let oid = oid
                .to_str()
                .ok()
                .and_then(|text| text.parse().ok())
                .filter(|oid| *oid > 0);
            let oid = oid.ok_or_else(|| malformed("a tablespace without an OID"))?;
            if self.tablespaces.iter().any(|known| known.oid == oid) {
                return Err(malformed(format!("tablespace {oid} twice")));
            }
            if location.is_empty() || location.contains(&0) {
                return Err(malformed(format!("tablespace {oid} without a location")));
            }
            let tablespace = Tablespace {
                oid,
                location: location.into(),
            };
            if !tablespace.is_reachable() {
                return Err(Error::Refused(format!(
                    "the server's tablespace {oid} is behind the relative link \"{location}\", and of those it sends nothing: \
                     make it absolute there by pgark relink"
                )));
            }
            self.tablespaces.push(tablespace);
        }
        if !has_base {
            return Err(malformed("no data directory"));
        }
        self.size_kb = size;
        Ok(())
    }

    async fn copy_begins<S: Sink>(&mut self, sink: &mut S) -> Result<()> {
        self.copies += 1;
        if self.results != 2 {
            return Err(malformed("data before its description"));
        }
        if self.expected.is_framed {
            return if self.copies == 1 {
                Ok(())
            } else {
                Err(malformed("data after the backup's end"))
            };
        }
        // The data directory is the last in the list, and so of the archives.
        let archive = match self.tablespaces.get(self.copies - 1) {
            Some(tablespace) => Archive::Tablespace(tablespace.oid),
            None if self.copies == self.tablespaces.len() + 1 => Archive::Base,
            None => return self.manifest_begins(),
        };
        self.archive_begins(archive, sink).await
    }

    async fn message<S: Sink>(&mut self, bytes: &[u8], sink: &mut S) -> Result<()> {
        match bytes.split_first() {
            Some((b'd', data)) => self.data(data, sink).await,
            Some((b'n', names)) => {
                self.end_current(sink).await?;
                let archive = self.named(names)?;
                self.archive_begins(archive, sink).await
            }
            Some((b'm', [])) => {
                self.end_current(sink).await?;
                self.manifest_begins()
            }
            // How much has been sent, which is counted here too.
            Some((b'p', progress)) if progress.len() == 8 => Ok(()),
            _ => Err(malformed("a message that belongs to no base backup")),
        }
    }

    /// The archive that a message names: `base.tar` or `OID.tar`, and where it comes from.
    fn named(&self, names: &[u8]) -> Result<Archive> {
        let name = names.split(|byte| *byte == 0).next().unwrap_or_default();
        let suffix = self.expected.compression.map_or("", Algorithm::suffix);
        let stem = name.strip_suffix(format!(".tar{suffix}").as_bytes());
        if stem == Some(b"base") {
            return Ok(Archive::Base);
        }
        let found = self
            .tablespaces
            .iter()
            .find(|tablespace| stem == Some(tablespace.oid.to_string().as_bytes()));
        match found {
            Some(tablespace) => Ok(Archive::Tablespace(tablespace.oid)),
            None => Err(malformed(format!(
                "an archive with the name \"{}\"",
                name.as_bstr()
            ))),
        }
    }

    async fn archive_begins<S: Sink>(&mut self, archive: Archive, sink: &mut S) -> Result<()> {
        if self.seen.contains(&archive) || self.manifest.is_some() {
            return Err(malformed("an archive where none is due"));
        }
        self.seen.push(archive);
        let unpacker = self.expected.compression.map(Algorithm::unpacker);
        self.current = Current::Archive {
            archive,
            members: Box::new(Members::new()),
            unpacker: unpacker
                .transpose()
                .map_err(|error| badly_compressed(&error))?
                .map(Box::new),
        };
        sink.begin_archive(archive).await
    }

    fn manifest_begins(&mut self) -> Result<()> {
        if self.manifest.is_some() || !self.expected.has_manifest {
            return Err(malformed("a manifest where none is due"));
        }
        self.manifest = Some(Vec::new());
        self.current = Current::Manifest;
        Ok(())
    }

    async fn data<S: Sink>(&mut self, bytes: &[u8], sink: &mut S) -> Result<()> {
        self.bytes += bytes.len() as u64;
        match &mut self.current {
            Current::Nothing => Err(malformed("data that belongs to nothing")),
            Current::Manifest => {
                let manifest = self.manifest.get_or_insert_default();
                if manifest.len() + bytes.len() > self.tally.manifest_limit() {
                    return Err(malformed("a manifest that is too long for its files"));
                }
                manifest.extend_from_slice(bytes);
                Ok(())
            }
            Current::Archive {
                archive,
                members,
                unpacker,
            } => {
                sink.raw(bytes)?;
                let mut passage = Passage {
                    archive: *archive,
                    expected: self.expected,
                    tablespaces: &self.tablespaces,
                    tally: &mut self.tally,
                    sink,
                };
                let Some(unpacker) = unpacker else {
                    return passage.pass(members, bytes).await;
                };
                let mut rest = bytes;
                while let Some(plain) = unpacker
                    .next(&mut rest)
                    .map_err(|error| badly_compressed(&error))?
                {
                    passage.pass(members, plain).await?;
                }
                Ok(())
            }
        }
    }

    async fn end_current<S: Sink>(&mut self, sink: &mut S) -> Result<()> {
        if let Current::Archive {
            archive,
            mut members,
            unpacker,
        } = std::mem::replace(&mut self.current, Current::Nothing)
        {
            if let Some(mut unpacker) = unpacker {
                let plain = unpacker
                    .finish()
                    .map_err(|error| badly_compressed(&error))?;
                let mut passage = Passage {
                    archive,
                    expected: self.expected,
                    tablespaces: &self.tablespaces,
                    tally: &mut self.tally,
                    sink,
                };
                passage.pass(&mut members, plain).await?;
            }
            members.finish()?;
            if let (Archive::Tablespace(oid), false) = (archive, members.has_begun()) {
                return Err(Error::Refused(format!(
                    "the server has sent nothing of its tablespace {oid}"
                )));
            }
            sink.end_archive(members.is_terminated()).await?;
        }
        Ok(())
    }

    fn check_complete(&self) -> Result<()> {
        if self.seen.len() != self.tablespaces.len() + 1 {
            return Err(malformed("a backup with archives missing"));
        }
        if self.expected.has_manifest && self.manifest.is_none() {
            return Err(malformed("a backup without its manifest"));
        }
        Ok(())
    }
}

/// The members of one archive on their way.
struct Passage<'a, S> {
    archive: Archive,
    expected: Expected,
    tablespaces: &'a [Tablespace],
    tally: &'a mut Tally,
    sink: &'a mut S,
}

impl<S: Sink> Passage<'_, S> {
    async fn pass(&mut self, members: &mut Members, mut bytes: &[u8]) -> Result<()> {
        while let Some(step) = members.next(&mut bytes)? {
            match step {
                Step::Begin(member) => {
                    let path = self.check(&member)?;
                    self.tally.begin(path, &member)?;
                    self.sink.begin(&member).await?;
                }
                Step::Data(data) => {
                    self.tally.data(data);
                    self.sink.data(data).await?;
                }
                Step::End => {
                    self.tally.end();
                    self.sink.end().await?;
                }
            }
        }
        Ok(())
    }

    /// Refuses a member that no server sends; its name below the data directory.
    fn check(&self, member: &Member) -> Result<BString> {
        let path = &member.path;
        let refuse = |what: &str| Err(malformed(format!("{what} \"{path}\"")));
        if let Archive::Tablespace(oid) = self.archive {
            return if matches!(member.kind, Kind::Link(_)) || !is_version_folder(path) {
                refuse("in a tablespace")
            } else {
                // Not by format!, which would replace what is no UTF-8.
                let mut whole = BString::from(format!("pg_tblspc/{oid}/"));
                whole.extend_from_slice(path);
                Ok(whole)
            };
        }
        let in_tablespaces = path.strip_prefix(b"pg_tblspc/");
        match (&member.kind, in_tablespaces) {
            (Kind::Link(_), Some(name))
                if !self.expected.has_tablespace_map && self.is_tablespace(name) => {}
            (Kind::Link(_), _) => return refuse("the symbolic link"),
            (Kind::Folder, Some(name)) if self.is_tablespace(name) => {}
            (_, Some(_)) => return refuse("outside the data directory,"),
            (Kind::File(_), None) if path == crate::manifest::FILE_NAME => {
                return refuse("a file with the name");
            }
            (Kind::File(_), None) if path.starts_with(b"pg_wal/") && !self.expected.has_wal => {
                return refuse("log that was not asked for,");
            }
            _ => {}
        }
        Ok(path.clone())
    }

    fn is_tablespace(&self, name: &[u8]) -> bool {
        self.tablespaces
            .iter()
            .any(|tablespace| tablespace.oid.to_string().as_bytes() == name)
    }
}

/// Whether a name in a tablespace is in the folder of a version, such as `PG_15_202209061`.
fn is_version_folder(path: &[u8]) -> bool {
    let first = path.split(|byte| *byte == b'/').next().unwrap_or_default();
    first.strip_prefix(b"PG_").is_some_and(|rest| {
        !rest.is_empty()
            && rest
                .iter()
                .all(|byte| byte.is_ascii_digit() || *byte == b'_')
    })
}

/// The position in a result of one row.
fn position(rows: &Rows) -> Result<(Lsn, TimelineId)> {
    let lsn = crate::server::field(rows, 0, "a position in the log")?;
    let timeline = crate::server::field(rows, 1, "a timeline")?;
    if timeline == 0 {
        return Err(malformed("timeline 0"));
    }
    Ok((lsn, TimelineId(timeline)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_folder_of_a_version_is_in_a_tablespace() {
        for (path, expected) in [
            ("PG_15_202209061", true),
            ("PG_15_202209061/5/16390", true),
            ("PG_", false),
            ("PG_x/5", false),
            (".ssh/authorized_keys", false),
            ("PG_15_1.d/x", false),
        ] {
            assert_eq!(is_version_folder(path.as_bytes()), expected, "{path}");
        }
    }
}
