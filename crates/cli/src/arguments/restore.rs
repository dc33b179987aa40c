//! The command line of `pgark restore`; the letters are those of pg_restore.

use std::ffi::OsString;
use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use pgark_archive::Section;

use super::{ScriptArguments, StorageArguments};

/// Write an archive as an SQL script, as pg_restore of the server's version does. Restoring into a server is for pg_restore, for now.
#[derive(Debug, Args)]
#[command(disable_help_flag = true, args_override_self = true)]
pub(crate) struct RestoreArguments {
    /// The archive; standard input where it is - or not given.
    #[arg(value_name = "ARCHIVE")]
    pub(crate) archive: Option<PathBuf>,
    /// The script; - for standard output.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// List the chosen entries instead, on standard output or in FILE.
    #[arg(short, long)]
    pub(crate) list: bool,
    /// The database to restore into, which is not there yet.
    #[arg(
        short,
        long,
        value_name = "DBNAME",
        hide = true,
        conflicts_with = "file"
    )]
    pub(crate) dbname: Option<OsString>,
    #[command(flatten)]
    pub(crate) choice: ChoiceArguments,
    #[command(flatten)]
    pub(crate) script: ScriptArguments,
    #[command(flatten)]
    pub(crate) omit: StorageArguments,
    /// The role that restores.
    #[arg(long, value_name = "ROLE")]
    pub(crate) role: Option<OsString>,
    /// Let row security apply to what is restored.
    #[arg(long)]
    pub(crate) enable_row_security: bool,
    /// Put it all into one transaction.
    #[arg(short = '1', long, conflicts_with_all = ["create", "transaction_size"])]
    pub(crate) single_transaction: bool,
    /// Commit after every N objects.
    #[arg(long, value_name = "N")]
    pub(crate) transaction_size: Option<NonZeroU32>,
    /// Print help.
    #[arg(long, action = clap::ArgAction::Help)]
    help: Option<bool>,
}

/// What of an archive is wanted.
#[derive(Debug, Args)]
pub(crate) struct ChoiceArguments {
    /// Definitions, no data.
    #[arg(short, long, conflicts_with = "data_only")]
    pub(crate) schema_only: bool,
    /// Data, no definitions.
    #[arg(short = 'a', long)]
    pub(crate) data_only: bool,
    /// Statistics alone.
    #[arg(long, conflicts_with_all = ["schema_only", "data_only"])]
    pub(crate) statistics_only: bool,
    /// Statistics too, which is so without this unless other options leave them out.
    #[arg(long, conflicts_with_all = ["schema_only", "data_only", "no_statistics"])]
    pub(crate) statistics: bool,
    /// Leave definitions out.
    #[arg(long, conflicts_with = "schema_only")]
    pub(crate) no_schema: bool,
    /// Leave data out.
    #[arg(long, conflicts_with = "data_only")]
    pub(crate) no_data: bool,
    /// Leave statistics out.
    #[arg(long, conflicts_with = "statistics_only")]
    pub(crate) no_statistics: bool,
    /// pre-data, data or post-data; may be repeated.
    #[arg(long, value_name = "SECTION")]
    pub(crate) section: Vec<SectionName>,
    /// Only objects of this schema; may be repeated, as the options down to -T.
    #[arg(short = 'n', long, value_name = "NAME")]
    pub(crate) schema: Vec<OsString>,
    /// No objects of this schema.
    #[arg(short = 'N', long, value_name = "NAME")]
    pub(crate) exclude_schema: Vec<OsString>,
    /// This table, view, sequence or the like.
    #[arg(short, long, value_name = "NAME")]
    pub(crate) table: Vec<OsString>,
    /// This index.
    #[arg(short = 'I', long, value_name = "NAME")]
    pub(crate) index: Vec<OsString>,
    /// This function, with its arguments as listed.
    #[arg(short = 'P', long, value_name = "NAME(ARGS)")]
    pub(crate) function: Vec<OsString>,
    /// This trigger, with its table as listed.
    #[arg(short = 'T', long, value_name = "TABLE TRIGGER")]
    pub(crate) trigger: Vec<OsString>,
    /// Each name must be that of something in the archive.
    #[arg(long)]
    pub(crate) strict_names: bool,
    /// Only the entries of this list, in its order.
    #[arg(short = 'L', long, value_name = "FILE")]
    pub(crate) use_list: Option<PathBuf>,
    /// Leave privileges out.
    #[arg(short = 'x', long, alias = "no-acl")]
    pub(crate) no_privileges: bool,
    /// Leave comments out.
    #[arg(long)]
    pub(crate) no_comments: bool,
    /// Leave row security out.
    #[arg(long)]
    pub(crate) no_policies: bool,
    /// Leave publications out.
    #[arg(long)]
    pub(crate) no_publications: bool,
    /// Leave security labels out.
    #[arg(long)]
    pub(crate) no_security_labels: bool,
    /// Leave subscriptions out.
    #[arg(long)]
    pub(crate) no_subscriptions: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum SectionName {
    PreData,
    Data,
    PostData,
}

impl From<SectionName> for Section {
    fn from(name: SectionName) -> Self {
        match name {
            SectionName::PreData => Self::PreData,
            SectionName::Data => Self::Data,
            SectionName::PostData => Self::PostData,
        }
    }
}
