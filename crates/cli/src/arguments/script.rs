//! How a dump or a restore is written, where it is not an archive.

use std::ffi::OsString;
use std::num::NonZeroU32;

use clap::Args;
use pgark_archive::RestrictKey;

/// What a dump is written as.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum DumpFormat {
    Custom,
    Plain,
}

/// Reads the names and letters that pg_dump has for its formats.
pub(super) fn dump_format(name: &str) -> Result<DumpFormat, String> {
    match name.to_ascii_lowercase().as_str() {
        "c" | "custom" => Ok(DumpFormat::Custom),
        "p" | "plain" => Ok(DumpFormat::Plain),
        "d" | "directory" | "t" | "tar" => {
            Err("directories and tar files are not supported, only c(ustom) and p(lain)".into())
        }
        _ => Err("supported are c(ustom) and p(lain)".into()),
    }
}

/// Reads the names and letters that pg_restore has for the formats of archives: there is one that can be restored.
pub(super) fn archive_format(name: &str) -> Result<ArchiveFormat, String> {
    match dump_format(name)? {
        DumpFormat::Custom => Ok(ArchiveFormat),
        DumpFormat::Plain => Err("a script is restored by running it with psql".into()),
    }
}

/// The custom format.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ArchiveFormat;

/// How the rows of tables are written.
#[derive(Debug, Args)]
pub(crate) struct RowArguments {
    /// Write rows as INSERT statements.
    #[arg(long)]
    pub(crate) inserts: bool,
    /// Write rows as INSERT statements that name the columns.
    #[arg(long, alias = "attribute-inserts")]
    pub(crate) column_inserts: bool,
    /// Write so many rows with each INSERT statement.
    #[arg(long, value_name = "N")]
    pub(crate) rows_per_insert: Option<NonZeroU32>,
    /// Have INSERT statements pass over rows that are there already.
    #[arg(long)]
    pub(crate) on_conflict_do_nothing: bool,
    /// Have the rows of partitions restored through the partitioned table.
    #[arg(long)]
    pub(crate) load_via_partition_root: bool,
}

/// How a script is written.
#[derive(Debug, Args)]
pub(crate) struct ScriptArguments {
    /// Make the database and connect to it.
    #[arg(short = 'C', long)]
    pub(crate) create: bool,
    /// Drop what is there first.
    #[arg(short, long, conflicts_with = "data_only")]
    pub(crate) clean: bool,
    /// Drop with IF EXISTS.
    #[arg(long, requires = "clean")]
    pub(crate) if_exists: bool,
    /// Become the owner to make an object, instead of ALTER … OWNER.
    #[arg(long)]
    pub(crate) use_set_session_authorization: bool,
    /// Disable triggers while data alone is restored.
    #[arg(long)]
    pub(crate) disable_triggers: bool,
    /// The superuser who disables them.
    #[arg(short = 'S', long, value_name = "ROLE")]
    pub(crate) superuser: Option<OsString>,
    /// The key of psql's \restrict, of letters and digits; otherwise one that nobody can guess.
    #[arg(long, value_name = "KEY")]
    pub(crate) restrict_key: Option<RestrictKey>,
}

/// What a script need not say of objects.
#[derive(Debug, Args)]
pub(crate) struct StorageArguments {
    /// Leave objects to whoever runs the script. An archive names the owners all the same.
    #[arg(short = 'O', long)]
    pub(crate) no_owner: bool,
    /// Leave tablespaces out. An archive names those of tables and indexes all the same.
    #[arg(long)]
    pub(crate) no_tablespaces: bool,
    /// Leave table access methods out. An archive names them all the same.
    #[arg(long)]
    pub(crate) no_table_access_method: bool,
}
