//! The command line of pg_dumpall, which pgark takes where it is called so.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use super::{LoginArguments, OmitArguments, RowArguments, StorageArguments};

/// Dump a whole cluster as one SQL script: roles, tablespaces, databases.
#[derive(Debug, Args)]
#[command(disable_help_flag = true, args_override_self = true)]
pub(crate) struct PgDumpAllArguments {
    /// The way to the server: a connection string or a URI.
    #[arg(short, long, value_name = "CONNSTR", overrides_with = "dbname")]
    pub(crate) dbname: Option<OsString>,
    #[command(flatten)]
    pub(crate) login: LoginArguments,
    /// The database where roles and tablespaces are read; postgres or template1 where it is not given.
    #[arg(short = 'l', long, value_name = "DBNAME")]
    pub(crate) database: Option<OsString>,
    /// The script; standard output where it is not given.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// Dump roles and tablespaces, no databases.
    #[arg(short, long, conflicts_with_all = ["roles_only", "tablespaces_only", "excluded"])]
    pub(crate) globals_only: bool,
    /// Dump roles alone.
    #[arg(short, long, conflicts_with_all = ["tablespaces_only", "excluded"])]
    pub(crate) roles_only: bool,
    /// Dump tablespaces alone.
    #[arg(short, long, conflicts_with = "excluded")]
    pub(crate) tablespaces_only: bool,
    /// Dump definitions, no data.
    #[arg(short, long, conflicts_with = "data_only")]
    pub(crate) schema_only: bool,
    /// Dump data, no definitions.
    #[arg(short = 'a', long, conflicts_with = "clean")]
    pub(crate) data_only: bool,
    /// Drop what is there first.
    #[arg(short, long)]
    pub(crate) clean: bool,
    /// Drop with IF EXISTS.
    #[arg(long, requires = "clean")]
    pub(crate) if_exists: bool,
    /// Do not dump the databases that match; a PATTERN is one of psql's.
    #[arg(long = "exclude-database", value_name = "PATTERN")]
    pub(crate) excluded: Vec<OsString>,
    /// Dump roles without their passwords.
    #[arg(long)]
    pub(crate) no_role_passwords: bool,
    /// Become the owner to make an object, instead of ALTER … OWNER.
    #[arg(long)]
    pub(crate) use_set_session_authorization: bool,
    /// Disable triggers while data alone is restored.
    #[arg(long)]
    pub(crate) disable_triggers: bool,
    /// The superuser who disables them.
    #[arg(short = 'S', long, value_name = "ROLE")]
    pub(crate) superuser: Option<OsString>,
    /// The encoding of the dumps; that of each database where it is not given.
    #[arg(short = 'E', long, value_name = "ENCODING")]
    pub(crate) encoding: Option<OsString>,
    /// Act as this role once logged in.
    #[arg(long, value_name = "ROLE")]
    pub(crate) role: Option<OsString>,
    /// Fail if locking tables takes longer; milliseconds, or a number with a unit.
    #[arg(long, value_name = "TIMEOUT")]
    pub(crate) lock_wait_timeout: Option<OsString>,
    /// Quote all identifiers, also those that are no key words.
    #[arg(long)]
    pub(crate) quote_all_identifiers: bool,
    /// How precisely floating-point numbers are written, -15 to 3.
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true, value_parser = clap::value_parser!(i8).range(-15..=3))]
    pub(crate) extra_float_digits: Option<i8>,
    /// The key of psql's \restrict, of letters and digits; otherwise one that nobody can guess.
    #[arg(long, value_name = "KEY")]
    pub(crate) restrict_key: Option<pgark_archive::RestrictKey>,
    /// Do not wait until the script is safely on the disk.
    #[arg(long)]
    pub(crate) no_sync: bool,
    #[command(flatten)]
    pub(crate) rows: RowArguments,
    #[command(flatten)]
    pub(crate) storage: StorageArguments,
    /// Print help.
    #[arg(long, action = clap::ArgAction::HelpShort)]
    help: Option<bool>,
    #[command(flatten)]
    pub(crate) omit: OmitArguments,
}
