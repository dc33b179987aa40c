//! Commands about a whole cluster.

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use clap::Args;
use pgark_archive::{Compression, RestrictKey};

use super::{ConnectionArguments, LoginArguments, OmitArguments, size};

/// Dump a whole cluster into a folder or a tar archive: roles, tablespaces, every database.
#[derive(Debug, Args)]
#[command(disable_help_flag = true, args_override_self = true)]
#[command(
    after_help = "Examples:\n  pgark dumpall -d postgres://postgres@db.example.com backup\n  pgark dumpall - --exclude-database 'test*' > backup.tar"
)]
pub(crate) struct DumpAllArguments {
    /// The folder to be made; - for a tar archive on standard output.
    #[arg(value_name = "DIR")]
    pub(crate) target: PathBuf,
    /// The databases to dump; all that take connections where none is named.
    #[arg(value_name = "DATABASE")]
    pub(crate) databases: Vec<OsString>,
    /// Do not dump the databases that match; a PATTERN is one of psql's.
    #[arg(long = "exclude-database", value_name = "PATTERN")]
    pub(crate) excluded: Vec<OsString>,
    /// The way to the server: a connection string or a URI. A database in it is where roles and tablespaces are read; postgres or template1 where there is none.
    #[arg(short, long, value_name = "CONNSTR", overrides_with = "dbname")]
    pub(crate) dbname: Option<OsString>,
    #[command(flatten)]
    pub(crate) login: LoginArguments,
    /// How many sessions read at once, in all databases together; as many as there are processors, but no more than 4, where it is not given.
    #[arg(short, long, value_name = "COUNT")]
    pub(crate) jobs: Option<NonZeroUsize>,
    /// How much of what was read may wait to be written, in all databases together: a number of kB, or with the unit kB, MB or GB.
    #[arg(long, value_name = "SIZE", default_value = "32MB", value_parser = size)]
    pub(crate) memory: NonZeroUsize,
    /// How archives are compressed: none, gzip, lz4 or zstd, a level behind a colon, as for dump.
    #[arg(short = 'Z', long, value_name = "METHOD")]
    pub(crate) compress: Option<Compression>,
    /// Dump definitions, no data.
    #[arg(short, long, conflicts_with = "data_only")]
    pub(crate) schema_only: bool,
    /// Dump data, no definitions, roles or tablespaces.
    #[arg(short = 'a', long)]
    pub(crate) data_only: bool,
    /// Dump roles without their passwords.
    #[arg(long)]
    pub(crate) no_role_passwords: bool,
    /// Act as this role once logged in.
    #[arg(long, value_name = "ROLE")]
    pub(crate) role: Option<OsString>,
    /// Fail if locking tables takes longer; milliseconds, or a number with a unit.
    #[arg(long, value_name = "TIMEOUT")]
    pub(crate) lock_wait_timeout: Option<OsString>,
    /// Quote all identifiers, also those that are no key words.
    #[arg(long)]
    pub(crate) quote_all_identifiers: bool,
    /// Dump a server that is newer than pgark knows as if it were the newest that it knows, with a warning.
    #[arg(long)]
    pub(crate) allow_newer_server: bool,
    /// Do not wait until the folder is safely on the disk.
    #[arg(long)]
    pub(crate) no_sync: bool,
    /// Print help.
    #[arg(long, action = clap::ArgAction::HelpShort)]
    help: Option<bool>,
    #[command(flatten)]
    pub(crate) omit: OmitArguments,
}

impl DumpAllArguments {
    pub(crate) fn is_to_stdout(&self) -> bool {
        self.target == Path::new("-")
    }
}

/// Print what a server or a database holds, in JSON.
#[derive(Debug, Args)]
#[command(disable_help_flag = true)]
pub(crate) struct ManifestArguments {
    #[command(flatten)]
    pub(crate) connection: ConnectionArguments,
    /// Leave out what is in the databases.
    #[arg(long)]
    pub(crate) basic: bool,
    /// How many databases are looked at side by side; as many as there are processors, but no more than 4, where it is not given.
    #[arg(short, long, value_name = "COUNT")]
    pub(crate) jobs: Option<NonZeroUsize>,
    /// Print the JSON Schema of manifests instead.
    #[arg(long)]
    pub(crate) jsonschema: bool,
    /// Print help.
    #[arg(long, action = clap::ArgAction::HelpShort)]
    help: Option<bool>,
}

/// Dump roles and tablespaces as a script, or restore them from one.
#[derive(Debug, Args)]
#[command(disable_help_flag = true)]
#[command(
    after_help = "Examples:\n  pgark globals -d postgres://postgres@db.example.com -f globals.sql\n  pgark globals --restore globals.sql -d postgres://postgres@new.example.com"
)]
pub(crate) struct GlobalsArguments {
    #[command(flatten)]
    pub(crate) connection: ConnectionArguments,
    /// The script to restore; - for standard input.
    #[arg(long, value_name = "FILE", conflicts_with = "Dumped")]
    pub(crate) restore: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) dumped: DumpedGlobals,
    /// Restoring, stop at the first error.
    #[arg(short, long, requires = "restore")]
    pub(crate) exit_on_error: bool,
    /// Restoring, leave out what RDS refuses: its own roles and their grants, and the rights of superusers.
    #[arg(long, requires = "restore")]
    pub(crate) rds: bool,
    /// Restoring, write what was done, and what not, to FILE as JSON.
    #[arg(long, value_name = "FILE", requires = "restore")]
    pub(crate) report: Option<PathBuf>,
    /// Print help.
    #[arg(long, action = clap::ArgAction::HelpShort)]
    help: Option<bool>,
}

/// What of the globals is dumped, and how.
#[derive(Debug, Args)]
#[group(id = "Dumped", multiple = true)]
#[command(next_help_heading = "What is dumped")]
pub(crate) struct DumpedGlobals {
    /// The script; standard output where it is not given.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// Dump roles alone.
    #[arg(short, long, conflicts_with = "tablespaces_only")]
    pub(crate) roles_only: bool,
    /// Dump tablespaces alone.
    #[arg(short, long)]
    pub(crate) tablespaces_only: bool,
    /// Drop what is there first.
    #[arg(short, long)]
    pub(crate) clean: bool,
    /// Drop with IF EXISTS.
    #[arg(long, requires = "clean")]
    pub(crate) if_exists: bool,
    /// Dump roles without their passwords.
    #[arg(long)]
    pub(crate) no_role_passwords: bool,
    /// Do not dump privileges.
    #[arg(short = 'x', long, visible_alias = "no-acl")]
    pub(crate) no_privileges: bool,
    /// Do not dump comments.
    #[arg(long)]
    pub(crate) no_comments: bool,
    /// Do not dump security labels.
    #[arg(long)]
    pub(crate) no_security_labels: bool,
    /// Do not dump tablespaces.
    #[arg(long)]
    pub(crate) no_tablespaces: bool,
    /// Act as this role once logged in.
    #[arg(long, value_name = "ROLE")]
    pub(crate) role: Option<OsString>,
    /// The key of psql's \restrict, of letters and digits; otherwise one that nobody can guess.
    #[arg(long, value_name = "KEY")]
    pub(crate) restrict_key: Option<RestrictKey>,
    /// Quote all identifiers, also those that are no key words.
    #[arg(long)]
    pub(crate) quote_all_identifiers: bool,
    /// Do not wait until the script is safely on the disk.
    #[arg(long)]
    pub(crate) no_sync: bool,
}
