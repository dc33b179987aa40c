//! Plakar's connectors for PostgreSQL.
//!
//! Plakar starts `pgark plugin ROLE` with two pipes as its standard input and output and speaks gRPC
//! over them, one HTTP/2 connection for the life of the process. [`serve`] is the other end. The
//! importer answers `postgres://`: it announces `/00000-globals.sql`, one `/NNNNN-DATABASE.dump` a
//! database and `/manifest.json`, and starts each dump when the host opens its record, that of a small
//! database a little earlier. A dump that fails fails the whole backup. For `postgres+bin://` it
//! announces `/manifest.json` and the members of a base backup as they arrive, below `/data` and
//! `/tablespaces/OID`.
//! The exporter takes the records of databases back, globals first, and restores each as it
//! arrives; a record that fails fails the whole restore, once all have been taken.
//!
//! What is in a manifest, in the globals and in an archive is decided by pgark-dump, what a base
//! backup is by pgark-physical; this crate has no SQL of its own.
//!
//! ```no_run
//! # async fn example() -> Result<(), pgark_plugin::Error> {
//! pgark_plugin::serve(pgark_plugin::Role::Importer).await
//! # }
//! ```

mod ahead;
mod backup;
mod content;
mod destination;
mod error;
mod exporter;
mod importer;
mod options;
pub mod package;
mod pending;
mod physical;
mod postgres;
mod proto;
mod record;
mod restorable;
mod restoring;
mod sink;
mod source;
mod stdio;
#[cfg(test)]
mod tests;

pub use error::Error;

/// Which of Plakar's services this process offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Role {
    /// The source of a backup.
    Importer,
    /// The destination of a restore.
    Exporter,
}

/// Serves `role` to the host that holds the other ends of standard input and output, until it
/// closes them.
///
/// Nothing else may write to standard output meanwhile. To be awaited on a multi-threaded runtime,
/// since dumps write their archives on blocking threads.
///
/// # Errors
/// [`Error::Stdio`] where standard input or output is neither a pipe nor a socket,
/// [`Error::Connection`] where the host does not speak HTTP/2. What goes wrong with a backup is told
/// to the host and is no error here.
///
/// # Cancel safety
/// Dropping the future closes the connection; the host sees its backup fail.
pub async fn serve(role: Role) -> Result<(), Error> {
    let host = stdio::open()?;
    match role {
        Role::Importer => stdio::serve(host, importer::service(postgres::Postgres::open)).await,
        Role::Exporter => stdio::serve(host, exporter::service()).await,
    }
}
