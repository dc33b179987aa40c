//! The command line as it is typed.

#[cfg(feature = "aws")]
mod aws;
mod cluster;
mod dump;
mod pg_dumpall;
pub(crate) mod physical;
mod restore;
mod script;

use std::ffi::OsString;
use std::num::{NonZeroU64, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use pgark_archive::Compression;

#[cfg(feature = "aws")]
pub(crate) use aws::{AwsArguments, TokenArguments};
pub(crate) use cluster::{DumpAllArguments, DumpedGlobals, GlobalsArguments, ManifestArguments};
pub(crate) use dump::{ContentArguments, NameArguments, OmitArguments, SessionArguments};
pub(crate) use pg_dumpall::PgDumpAllArguments;
pub(crate) use restore::{
    ChoiceArguments, NewName, PreflightChoice, RenamingArguments, RestoreArguments, SectionName,
};
use script::dump_format;
pub(crate) use script::{DumpFormat, RowArguments, ScriptArguments, StorageArguments};

/// Back up and restore PostgreSQL without PostgreSQL's client programs.
#[derive(Debug, Parser)]
#[command(
    after_help = "pgark COMMAND --help tells more; --version --json tells programs what they need to know."
)]
#[command(version, propagate_version = true, disable_help_subcommand = true)]
pub(crate) struct Arguments {
    /// Say more about what is done; twice: every query that is made.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    // In the order in which --help lists them.
    Dump(Box<DumpArguments>),
    Restore(Box<RestoreArguments>),
    #[command(name = "dumpall")]
    DumpAll(Box<DumpAllArguments>),
    Globals(Box<GlobalsArguments>),
    Manifest(ManifestArguments),
    #[command(name = "basebackup")]
    BaseBackup(Box<physical::BaseBackupArguments>),
    Relink(physical::RelinkArguments),
    Verify(physical::VerifyArguments),
    List(ListArguments),
    Inspect(InspectArguments),
    Ping(PingArguments),
    #[cfg(feature = "aws")]
    Token(TokenArguments),
    Plugin(PluginArguments),
    Completions(CompletionsArguments),
    Man(ManArguments),
    /// What is done where the program is called by that name.
    #[command(skip)]
    PgDumpAll(Box<PgDumpAllArguments>),
}

/// Dump a database as an archive for pg_restore, or as an SQL script.
#[derive(Debug, Args)]
#[command(disable_help_flag = true, args_override_self = true)]
#[command(
    after_help = "Examples:\n  pgark dump -d postgres://app@db.example.com/shop -f shop.dump\n  pgark dump -n public -T '*_log' -Z zstd -j 4 -f shop.dump shop\n  pgark dump -F p -C shop | psql -d postgres"
)]
pub(crate) struct DumpArguments {
    #[command(flatten)]
    pub(crate) connection: ConnectionArguments,
    /// The archive; standard output where it is not given.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// c(ustom), an archive for pg_restore and pgark restore, or p(lain), an SQL script.
    #[arg(short = 'F', long, value_name = "FORMAT", default_value = "c", value_parser = dump_format)]
    pub(crate) format: DumpFormat,
    /// none, gzip, lz4 or zstd, of which archives take the last two for servers of 16 or later; a colon and a level may follow (1 to 9, 1 to 12, -7 to 22), and then for zstd `,long`; a number alone is a level of gzip, 0 being none. Archives are compressed with gzip unless told otherwise; scripts are not.
    #[arg(short = 'Z', long, value_name = "METHOD")]
    pub(crate) compress: Option<Compression>,
    /// How many sessions read side by side; as many as there are processors, but no more than 4, where it is not given.
    #[arg(short, long, value_name = "COUNT")]
    pub(crate) jobs: Option<NonZeroUsize>,
    /// How much of what was read may wait to be written: a number of kB, or with the unit kB, MB or GB. The archive is the same.
    #[arg(long, value_name = "SIZE", default_value = "32MB", value_parser = size)]
    pub(crate) memory: NonZeroUsize,
    /// How much is read of rows in a second at most: a number of kB, or with the unit kB, MB or GB.
    #[arg(long, value_name = "SIZE", value_parser = rate)]
    pub(crate) max_rate: Option<NonZeroU64>,
    /// Fail if the dump takes longer: a number of seconds, or with the unit ms, s, min, h or d.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) max_duration: Option<Duration>,
    #[command(flatten)]
    pub(crate) telling: TellingArguments,
    #[command(flatten)]
    pub(crate) rows: RowArguments,
    #[command(flatten)]
    pub(crate) script: ScriptArguments,
    #[command(flatten)]
    pub(crate) storage: StorageArguments,
    /// Dump a server that is newer than pgark knows as if it were the newest that it knows, with a warning.
    #[arg(long)]
    pub(crate) allow_newer_server: bool,
    /// Do not wait until the archive is safely on the disk.
    #[arg(long)]
    pub(crate) no_sync: bool,
    /// Print help.
    #[arg(long, action = clap::ArgAction::HelpShort)]
    help: Option<bool>,
    #[command(flatten)]
    pub(crate) content: ContentArguments,
    #[command(flatten)]
    pub(crate) names: NameArguments,
    #[command(flatten)]
    pub(crate) omit: OmitArguments,
    #[command(flatten)]
    pub(crate) session: SessionArguments,
}

/// Reads a size in PostgreSQL's units.
fn size(text: &str) -> Result<NonZeroUsize, String> {
    let units = [
        ("", 1 << 10),
        ("kB", 1 << 10),
        ("MB", 1 << 20),
        ("GB", 1 << 30),
    ];
    usize::try_from(quantity(text, &units)?)
        .ok()
        .and_then(NonZeroUsize::new)
        .ok_or_else(|| "out of range".into())
}

/// Reads a size in PostgreSQL's units, of what passes in a second.
fn rate(text: &str) -> Result<NonZeroU64, String> {
    Ok(NonZeroU64::try_from(size(text)?).unwrap_or(NonZeroU64::MAX))
}

/// Reads a time in PostgreSQL's units.
fn duration(text: &str) -> Result<Duration, String> {
    let units = [
        ("", 1000),
        ("ms", 1),
        ("s", 1000),
        ("min", 60_000),
        ("h", 3_600_000),
        ("d", 86_400_000),
    ];
    match quantity(text, &units)? {
        0 => Err("out of range".into()),
        milliseconds => Ok(Duration::from_millis(milliseconds)),
    }
}

/// A number and its unit, which may be left out.
fn quantity(text: &str, units: &[(&str, u64)]) -> Result<u64, String> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let unit = &text[digits.len()..];
    let Some((_, factor)) = units.iter().find(|(name, _)| *name == unit) else {
        let names: Vec<&str> = units.iter().map(|(name, _)| *name).skip(1).collect();
        let names = names.join(", ");
        return Err(format!("unknown unit \"{unit}\", expected one of {names}"));
    };
    let number: u64 = digits.parse().map_err(|error| format!("{error}"))?;
    number
        .checked_mul(*factor)
        .ok_or_else(|| "out of range".into())
}

/// What is told of a run.
#[derive(Debug, Args)]
pub(crate) struct TellingArguments {
    /// Write what was done, and what not, to FILE as JSON.
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    /// Show how far it is: auto is a bar on a terminal.
    #[arg(long, value_name = "STYLE", default_value = "auto")]
    pub(crate) progress: ProgressStyle,
}

/// How progress is shown.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum ProgressStyle {
    /// A bar where standard error is a terminal.
    Auto,
    /// A JSON object a line.
    Json,
    /// Not at all.
    None,
}

/// Which database, and who asks. Of what is said twice the last counts, as for PostgreSQL's own programs.
#[derive(Debug, Args)]
pub(crate) struct ConnectionArguments {
    /// A database name, a connection string or a URI.
    #[arg(value_name = "DBNAME", conflicts_with = "dbname")]
    pub(crate) database: Option<OsString>,
    /// A database name, a connection string or a URI.
    #[arg(
        short,
        long,
        value_name = "DBNAME",
        overrides_with = "dbname",
        help_heading = "Connection"
    )]
    pub(crate) dbname: Option<OsString>,
    #[command(flatten)]
    pub(crate) login: LoginArguments,
}

/// Which server, and who asks.
#[derive(Debug, Default, Args)]
pub(crate) struct LoginArguments {
    /// Server name, address or folder of the socket.
    #[arg(
        short,
        long,
        value_name = "HOST",
        overrides_with = "host",
        help_heading = "Connection"
    )]
    pub(crate) host: Option<OsString>,
    /// Port.
    #[arg(
        short,
        long,
        value_name = "PORT",
        overrides_with = "port",
        help_heading = "Connection"
    )]
    pub(crate) port: Option<OsString>,
    /// Role to log in as.
    #[arg(
        short = 'U',
        long,
        value_name = "ROLE",
        overrides_with = "username",
        help_heading = "Connection"
    )]
    pub(crate) username: Option<OsString>,
    /// Ask for the password on the terminal before connecting.
    #[arg(
        short = 'W',
        long,
        conflicts_with = "no_password",
        help_heading = "Connection"
    )]
    #[cfg_attr(feature = "aws", arg(conflicts_with = "aws_iam"))]
    pub(crate) password: bool,
    /// Never ask for a password.
    #[arg(short = 'w', long, help_heading = "Connection")]
    pub(crate) no_password: bool,
    #[cfg(feature = "aws")]
    #[command(flatten)]
    pub(crate) aws: AwsArguments,
}

/// Log in, and tell what the server is and how the connection is protected.
#[derive(Debug, Args)]
#[command(disable_help_flag = true)]
#[command(
    after_help = "Examples:\n  pgark ping -d \"host=db.example.com user=app dbname=shop sslmode=verify-full\"\n  pgark ping --json shop"
)]
pub(crate) struct PingArguments {
    #[command(flatten)]
    pub(crate) connection: ConnectionArguments,
    /// One JSON object.
    #[arg(long)]
    pub(crate) json: bool,
    /// Print help.
    #[arg(long, action = clap::ArgAction::HelpShort)]
    help: Option<bool>,
}

/// List the entries of an archive.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  pgark list shop.dump\n  pgark list shop.dump > entries; pgark restore -L entries -d shop_copy shop.dump"
)]
pub(crate) struct ListArguments {
    /// The archive; standard input where it is - or not given.
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// One JSON object with the header and all entries.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Tell what of an archive runs with more rights, or at other times, than one may think.
#[derive(Debug, Args)]
pub(crate) struct InspectArguments {
    /// The archive; standard input where it is - or not given.
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// One JSON array.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Print what has a shell complete the command line.
#[derive(Debug, Args)]
pub(crate) struct CompletionsArguments {
    /// The shell.
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

/// Write the manual pages: of each command, and of the options that Plakar takes.
#[derive(Debug, Args)]
pub(crate) struct ManArguments {
    /// Where to write them; it is made if it is not there.
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
}

/// Serve Plakar, which starts this itself.
#[derive(Debug, Args)]
pub(crate) struct PluginArguments {
    /// The connector.
    #[arg(value_enum)]
    pub(crate) role: PluginRole,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum PluginRole {
    Exporter,
    Importer,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_times_have_units() {
        for (text, expected) in [
            ("64", Some(64 << 10)),
            ("1kB", Some(1 << 10)),
            ("3MB", Some(3 << 20)),
            ("2GB", Some(2 << 30)),
            ("0", None),
            ("1M", None),
            ("MB", None),
            ("-1", None),
            ("99999999999GB", None),
        ] {
            assert_eq!(size(text).ok().map(NonZeroUsize::get), expected, "{text}");
        }
        for (text, seconds) in [
            ("90", Some(90.0)),
            ("250ms", Some(0.25)),
            ("2min", Some(120.0)),
            ("1d", Some(86400.0)),
            ("0s", None),
            ("1m", None),
        ] {
            let read = duration(text).ok().map(|time| time.as_secs_f64());
            assert_eq!(read, seconds, "{text}");
        }
    }
}
