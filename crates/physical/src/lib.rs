//! Base backups of whole PostgreSQL clusters, over the replication protocol, and their verification.
//!
//! [`backup()`] asks a server for a base backup and hands the members of its archives to a [`Sink`] as they arrive: into a
//! folder ([`Plain`]), as archives in a folder ([`TarFolder`]), as one archive into a stream ([`TarStream`]), or into what a
//! caller makes of them. The log that the backup needs comes with the files or over a connection of its own
//! ([`WalTarget`]), kept at the server by a replication slot that is watched. Sizes and checksums are held against the
//! backup's manifest while the bytes pass. [`verify()`] does that again later, with a folder or archives, and reads the log
//! as well.
//!
//! Nothing that a server sends is trusted: names that lead out of the target are refused, as are links, devices and members
//! that no server sends.
//!
//! Not here: what the command line looks like, and restoring, which is starting a server on a backup.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use pgark_physical::{Options, Plain, PlainOptions, backup};
//!
//! let config = pgark_connect::Config::parse("host=db.example.com user=backup")?.with_environment()?;
//! let mut folder = Plain::new("/srv/backup/monday", PlainOptions::default())?;
//! let wal = folder.wal();
//! let report = backup(&config, &Options::default(), Some(wal), &mut folder, &mut |_| {}).await?;
//! folder.commit(&report)?;
//! # Ok(())
//! # }
//! ```

mod archive;
mod backup;
mod checksum;
mod command;
mod companion;
mod error;
mod folder;
#[cfg(fuzzing)]
pub mod fuzzing;
mod incoming;
mod lsn;
mod manifest;
mod member;
mod options;
mod output;
mod plain;
mod recovery;
mod relink;
mod rewrite;
mod server;
mod sink;
mod tablespace;
mod tally;
mod tar_folder;
mod tar_stream;
mod verify;
mod wal;

pub use backup::{Progress, Report, backup};
pub use checksum::ChecksumAlgorithm;
pub use error::{Error, Result};
pub use lsn::{Lsn, SegmentSize, TimelineId};
pub use manifest::{Manifest, ManifestFile, WalRange};
pub use member::{Kind, Member};
pub use options::{
    Checkpoint, ManifestWish, Options, ServerCompression, Slot, TablespaceMap, WalMethod,
    parse_rate,
};
pub use output::Algorithm;
pub use plain::{Plain, PlainOptions};
pub use recovery::{Recovery, recovery_settings};
pub use relink::relink;
pub use server::reach;
pub use sink::{Archive, Sink, Start, Tablespace};
pub use tablespace::Mapping;
pub use tar_folder::{TarFolder, TarFolderOptions};
pub use tar_stream::TarStream;
pub use verify::{Finding, VerifyOptions, verify};
pub use wal::WalTarget;
