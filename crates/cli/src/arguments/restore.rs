//! The command line of `pgark restore`; the letters are those of pg_restore.

use std::ffi::{OsStr, OsString};
use std::num::{NonZeroU32, NonZeroUsize};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use bstr::BString;
use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{Args, ValueEnum};
use pgark_archive::Section;

use super::script::{ArchiveFormat, archive_format};
use super::{LoginArguments, ScriptArguments, StorageArguments, TellingArguments};

/// Restore an archive into a database, or write it as an SQL script.
#[derive(Debug, Args)]
#[command(disable_help_flag = true, args_override_self = true)]
#[command(
    after_help = "Examples:\n  pgark restore -d shop_copy -j 4 shop.dump\n  pgark restore -C -d postgres shop.dump\n  pgark restore -t orders -c --if-exists -d shop shop.dump\n  pgark restore -f - shop.dump | less"
)]
pub(crate) struct RestoreArguments {
    /// The archive; standard input where it is - or not given.
    #[arg(value_name = "ARCHIVE")]
    pub(crate) archive: Option<PathBuf>,
    /// The script; - for standard output.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// c(ustom), which is the one that there is.
    #[arg(short = 'F', long = "format", value_name = "FORMAT", value_parser = archive_format)]
    _format: Option<ArchiveFormat>,
    /// List the chosen entries instead, on standard output or in FILE.
    #[arg(short, long)]
    pub(crate) list: bool,
    #[command(flatten)]
    pub(crate) server: ServerArguments,
    #[command(flatten)]
    pub(crate) choice: ChoiceArguments,
    #[command(flatten)]
    pub(crate) script: ScriptArguments,
    #[command(flatten)]
    pub(crate) omit: StorageArguments,
    #[command(flatten)]
    pub(crate) renaming: RenamingArguments,
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
    #[arg(long, action = clap::ArgAction::HelpShort)]
    help: Option<bool>,
}

/// Roles and tablespaces under other names. A = in a name is written \=.
#[derive(Debug, Args)]
pub(crate) struct RenamingArguments {
    /// Restore what is of the role OLD as of NEW; may be repeated.
    #[arg(long, value_name = "OLD=NEW", value_parser = OsStringValueParser::new().try_map(|text| new_name(&text)))]
    pub(crate) map_role: Vec<NewName>,
    /// Restore what is in the tablespace OLD into NEW; may be repeated.
    #[arg(long, value_name = "OLD=NEW", value_parser = OsStringValueParser::new().try_map(|text| new_name(&text)))]
    pub(crate) map_tablespace: Vec<NewName>,
}

/// A name, and what takes its place.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct NewName {
    pub(crate) old: BString,
    pub(crate) new: BString,
}

fn new_name(text: &OsStr) -> Result<NewName, String> {
    let (mut names, mut name) = (Vec::new(), BString::default());
    let mut bytes = text.as_bytes().iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'=' => names.push(std::mem::take(&mut name)),
            b'\\' if bytes.peek() == Some(&b'=') => name.extend(bytes.next()),
            byte => name.push(byte),
        }
    }
    names.push(name);
    match <[BString; 2]>::try_from(names) {
        Ok([old, new]) if !old.is_empty() && !new.is_empty() => Ok(NewName { old, new }),
        _ => Err(format!("\"{}\" is not OLD=NEW", text.display())),
    }
}

/// Which database to restore into, and how.
#[derive(Debug, Args)]
pub(crate) struct ServerArguments {
    /// The database to restore into: its name, a connection string or a URI. With -C, the one to connect to first.
    #[arg(short, long, value_name = "DBNAME", conflicts_with = "file")]
    pub(crate) dbname: Option<OsString>,
    #[command(flatten)]
    pub(crate) login: LoginArguments,
    /// How many sessions restore side by side.
    #[arg(short, long, value_name = "COUNT", default_value = "1", conflicts_with_all = ["single_transaction", "transaction_size"])]
    pub(crate) jobs: NonZeroUsize,
    /// Stop at the first error.
    #[arg(short, long)]
    pub(crate) exit_on_error: bool,
    /// Leave out the data of tables that could not be made.
    #[arg(long)]
    pub(crate) no_data_for_failed_tables: bool,
    /// Whether to look first for what will not work: on warns and goes on, only stops then.
    #[arg(long, value_name = "WHEN", default_value = "on")]
    pub(crate) preflight: PreflightChoice,
    #[command(flatten)]
    pub(crate) telling: TellingArguments,
}

/// When to look for what will not work.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum PreflightChoice {
    On,
    Off,
    Only,
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
    /// What to restore is said in FILE, or on standard input where it is -.
    #[arg(long = "filter", value_name = "FILE")]
    pub(crate) filters: Vec<PathBuf>,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_names_are_read_with_their_escapes() {
        let name = |text: &str| new_name(text.as_ref()).map(|name| (name.old, name.new));
        assert_eq!(name("a=b"), Ok(("a".into(), "b".into())));
        assert_eq!(name(r"a\=\b=c\="), Ok((r"a=\b".into(), "c=".into())));
        for bad in ["", "a", "a=", "=b", "a=b=c"] {
            assert_eq!(name(bad), Err(format!("\"{bad}\" is not OLD=NEW")));
        }
    }
}
