//! Restoring into a server: archives of pg_dump and pgark ([`restore`]), and scripts of roles and tablespaces ([`restore_globals`]).
//!
//! An [`Archive`] is read from a file or as it arrives; its chosen entries are turned into the statements that pg_restore would send,
//! many of which go in one message. A message that fails is repeated statement by statement, so that each fails or stays as it would
//! have by itself. Rows are decompressed on threads of their own. With several jobs a scheduler deals out what can be done side by
//! side; all that belongs to one tree of partitions is locked together, so that sessions never wait for each other in a circle.
//!
//! What went wrong stands in the [`Report`], entry by entry; only what ends a restore before anything is changed is an [`enum@Error`].
//! A [`Watch`] shows how far a restore is, and stops it.
//!
//! Not here: choosing entries and their SQL (`pgark-archive`), connections (`pgark-connect`).
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use pgark_archive::{RestrictKey, ScriptOptions, Selection};
//! use pgark_restore::{Archive, Options, Outcome, Watch, restore};
//!
//! let config = pgark_connect::Config::parse("host=db.example.com dbname=shop")?;
//! let archive = Archive::open(std::fs::File::open("shop.dump")?)?;
//! let selection = Selection::all(archive.toc());
//! let options = Options::new(ScriptOptions::new(RestrictKey::random()?));
//! let report = restore(&config, archive, &selection, options, Watch::default().into()).await?;
//! assert_eq!(report.outcome(), Outcome::All, "{report:?}");
//! # Ok(())
//! # }
//! ```

mod domain;
mod error;
mod feed;
mod globals;
mod graph;
mod inspect;
mod options;
mod parallel;
mod preflight;
mod rds;
mod report;
mod restore;
mod run;
mod secret;
mod serial;
mod session;
mod source;
mod watch;
mod worker;

pub use error::{Error, Result};
pub use globals::{GlobalsOptions, restore_globals};
pub use inspect::{Concern, Finding, inspect};
pub use options::Options;
pub use preflight::Preflight;
pub use rds::OntoRds;
pub use report::{Ended, Failure, Outcome, Report, Skipped};
pub use restore::restore;
pub use source::Archive;
pub use watch::{Phase, Progress, Watch};
