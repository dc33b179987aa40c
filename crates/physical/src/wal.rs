//! The log that comes with a backup.

pub(crate) mod folder;
pub(crate) mod reader;
pub(crate) mod stream;
pub(crate) mod tar;

use crate::{Result, SegmentSize};

/// Where streamed log goes, a file after the other.
pub trait WalTarget: Send {
    /// A file of the log begins.
    fn open(&mut self, name: &str, size: SegmentSize) -> Result<()>;

    /// The file's next bytes.
    fn write(&mut self, bytes: &[u8]) -> Result<()>;

    /// The file ends. What it lacks of its size is filled with zeros; if it lacks nothing it is marked as archived, lest the
    /// server that is started on the backup archives it once more.
    fn close(&mut self) -> Result<()>;

    /// A timeline's history file, whole.
    fn history(&mut self, name: &str, content: &[u8]) -> Result<()>;

    /// All has come.
    fn finish(self: Box<Self>) -> Result<()>;
}
