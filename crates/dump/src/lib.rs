//! Logical dumps of PostgreSQL databases, without PostgreSQL's client programs.
//!
//! [`dump`] writes one database as a custom-format archive, the one that pg_dump of the server's major would write: the same entries in
//! the same order with the same text. It goes in the steps of the design: read the skeleton of the catalogue, choose and lock, read
//! details, plan (a graph over the catalogue, put in order), read definitions, emit entries, copy data. [`globals`] writes what belongs to
//! the cluster, [`manifest`] tells what a backup holds, [`cluster`] dumps all of it.
//!
//! It does not restore, and it knows no files: an archive goes to a [`Sink`] that the caller opened.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use pgark_connect::Config;
//! use pgark_dump::{Options, Sink, Watch, dump};
//!
//! let config = Config::parse("postgres://localhost/shop")?.with_environment()?;
//! let archive = std::fs::File::create("shop.dump.part")?;
//! let sink = Sink::File(archive.try_clone()?);
//! dump(&config, &Options::default(), sink, &Watch::default().into()).await?;
//! archive.sync_all()?;
//! std::fs::rename("shop.dump.part", "shop.dump")?;
//! # Ok(())
//! # }
//! ```

pub mod cluster;
mod data;
mod dialect;
mod emit;
mod error;
pub mod globals;
mod logical;
pub mod manifest;
mod moment;
mod names;
mod options;
mod plan;
mod report;
mod session;
mod sink;
#[cfg(test)]
mod testing;
mod version;
mod wanted;
mod watch;

pub use cluster::Cluster;
pub use error::{Error, Result};
pub use logical::dump;
pub use moment::Moment;
pub use options::{
    Content, Format, Inserts, NameOptions, Omit, Options, Sections, SessionOptions, TablePattern,
};
pub use report::{EntryData, Report};
pub use sink::Sink;
pub use watch::{Phase, Progress, TableProgress, Watch};
