//! The commands, one a file.

pub(crate) mod basebackup;
pub(crate) mod cluster;
pub(crate) mod completions;
pub(crate) mod connection;
pub(crate) mod dump;
pub(crate) mod dumpall;
pub(crate) mod filter;
pub(crate) mod globals;
pub(crate) mod inspect;
pub(crate) mod list;
pub(crate) mod man;
pub(crate) mod manifest;
pub(crate) mod password;
pub(crate) mod pg_dumpall;
pub(crate) mod ping;
pub(crate) mod plugin;
mod progress;
pub(crate) mod relink;
pub(crate) mod restore;
#[cfg(feature = "aws")]
pub(crate) mod token;
pub(crate) mod verify;
