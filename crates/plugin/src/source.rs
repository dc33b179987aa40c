//! What the importer needs of a server.

use std::future::Future;
use std::io::Write;

use bstr::{BStr, BString};
use bytes::Bytes;
use pgark_dump::cluster::Choice;

use crate::Error;

/// A server to back up. Each call makes connections of its own and leaves none behind.
pub(crate) trait Source: Send + Sync + 'static {
    /// Connects, logs in and goes.
    fn ping(&self) -> impl Future<Output = Result<(), Error>> + Send;

    /// The content of `/manifest.json`, which tells most cheaply of what has been dumped before.
    fn manifest(&self) -> impl Future<Output = Result<Bytes, Error>> + Send;

    /// The content of `/00000-globals.sql`.
    fn globals(&self) -> impl Future<Output = Result<Bytes, Error>> + Send;

    /// The names of the databases to dump, in byte order.
    fn databases(
        &self,
        choice: &Choice,
    ) -> impl Future<Output = Result<Vec<BString>, Error>> + Send;

    /// Whether the dump of one of them is over soon, so that it may begin before the host asks for it.
    fn is_small(&self, database: &BStr) -> bool;

    /// How many such dumps may be made ahead.
    fn ahead(&self) -> usize;

    /// Writes the archive of `database` to `sink`, whole where the result is `Ok`.
    ///
    /// The future is dropped when the host wants no more of it; the dump's connections must close
    /// then.
    fn dump(
        &self,
        database: &BStr,
        sink: Box<dyn Write + Send>,
    ) -> impl Future<Output = Result<(), Error>> + Send;
}
