//! Where the members of a backup go.

use std::future::Future;

use bstr::BString;

use crate::{Lsn, Member, Result, SegmentSize, TimelineId};

/// What is known of a backup before its first byte.
#[derive(Debug, Clone)]
pub struct Start {
    /// The log is needed from here.
    pub lsn: Lsn,
    /// The timeline that the server is on.
    pub timeline: TimelineId,
    /// The size of the log's files.
    pub segment_size: SegmentSize,
    /// Of the server.
    pub system_identifier: u64,
    /// Whether the server lets its group read the data directory.
    pub has_group_access: bool,
    /// The user's tablespaces.
    pub tablespaces: Vec<Tablespace>,
    /// How many kilobytes there are, as far as is known.
    pub size_kb: Option<u64>,
}

/// A user's tablespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tablespace {
    /// Its OID.
    pub oid: u32,
    /// The folder that it is in at the server, as the server says it.
    pub location: BString,
}

impl Tablespace {
    /// Whether it lies in the data directory itself, where links usually are (`allow_in_place_tablespaces`).
    pub fn is_in_place(&self) -> bool {
        self.location == format!("pg_tblspc/{}", self.oid)
    }

    /// Whether the server finds its files when it makes a backup. It looks for relative locations from the data directory,
    /// where links are relative to `pg_tblspc`, and takes what it does not find for empty (sendTablespace, basebackup.c).
    pub(crate) fn is_reachable(&self) -> bool {
        self.location.starts_with(b"/") || self.is_in_place()
    }
}

/// One of the archives that a backup arrives in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Archive {
    /// The data directory.
    Base,
    /// The tablespace of an OID.
    Tablespace(u32),
}

/// What becomes of a backup's members.
///
/// Each archive is begun and ended; in between, [`raw`](Self::raw) gets its bytes as they come, before they are looked at,
/// and the other methods the members in them. Names have been checked, and no file comes twice.
pub trait Sink: Send {
    /// The backup begins.
    fn start(&mut self, start: &Start) -> impl Future<Output = Result<()>> + Send;

    /// An archive begins.
    fn begin_archive(&mut self, archive: Archive) -> impl Future<Output = Result<()>> + Send;

    /// Bytes of the archive as the server sent them, compressed if it was asked to.
    fn raw(&mut self, bytes: &[u8]) -> Result<()> {
        let _ = bytes;
        Ok(())
    }

    /// A member begins.
    fn begin(&mut self, member: &Member) -> impl Future<Output = Result<()>> + Send;

    /// Data of the file that has begun.
    fn data(&mut self, bytes: &[u8]) -> impl Future<Output = Result<()>> + Send;

    /// The member ends.
    fn end(&mut self) -> impl Future<Output = Result<()>> + Send;

    /// The archive ends; whether the server has marked its end, which it does since version 15.
    fn end_archive(&mut self, is_terminated: bool) -> impl Future<Output = Result<()>> + Send;

    /// The manifest, which comes last and has been checked.
    fn manifest(&mut self, bytes: &[u8]) -> impl Future<Output = Result<()>> + Send;
}
