//! Options of `dump` that choose what is dumped and how the server is asked.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use super::SectionName;

/// Which parts of the database.
#[derive(Debug, Args)]
#[command(next_help_heading = "What is dumped")]
pub(crate) struct ContentArguments {
    /// Dump definitions, no data.
    #[arg(short, long, conflicts_with_all = ["data_only", "no_schema", "foreign_data"])]
    pub(crate) schema_only: bool,
    /// Dump data, no definitions.
    #[arg(short = 'a', long, conflicts_with = "no_data")]
    pub(crate) data_only: bool,
    /// Do not dump data.
    #[arg(long)]
    pub(crate) no_data: bool,
    /// Do not dump definitions.
    #[arg(long)]
    pub(crate) no_schema: bool,
    /// Dump the planner's statistics too, for a server of PostgreSQL 18 or later.
    #[arg(long, conflicts_with_all = ["schema_only", "data_only", "no_statistics"])]
    pub(crate) statistics: bool,
    /// Dump the planner's statistics alone.
    #[arg(long, conflicts_with_all = ["schema_only", "data_only", "no_statistics"])]
    pub(crate) statistics_only: bool,
    /// Do not dump the planner's statistics, which is so without this too.
    #[arg(long)]
    pub(crate) no_statistics: bool,
    /// Dump the positions of sequences even where no data is dumped.
    #[arg(long)]
    pub(crate) sequence_data: bool,
    /// Dump this section alone; more than one can be named.
    #[arg(long, value_name = "SECTION")]
    pub(crate) section: Vec<SectionName>,
    /// Dump large objects also where only some objects are dumped.
    #[arg(short = 'b', long, visible_alias = "blobs")]
    pub(crate) large_objects: bool,
    /// Do not dump large objects.
    #[arg(short = 'B', long, visible_alias = "no-blobs")]
    pub(crate) no_large_objects: bool,
}

/// Which objects. Patterns are those of psql: * and ? are wildcards, letters outside double quotes are folded to lower case.
#[derive(Debug, Args)]
#[command(next_help_heading = "Which objects (a PATTERN is one of psql's)")]
pub(crate) struct NameArguments {
    /// Dump these schemas and what they contain.
    #[arg(short = 'n', long = "schema", value_name = "PATTERN")]
    pub(crate) schemas: Vec<OsString>,
    /// Do not dump these schemas.
    #[arg(short = 'N', long = "exclude-schema", value_name = "PATTERN")]
    pub(crate) excluded_schemas: Vec<OsString>,
    /// Dump these tables, views, sequences and foreign tables.
    #[arg(short = 't', long = "table", value_name = "PATTERN")]
    pub(crate) tables: Vec<OsString>,
    /// The same with their partitions and children.
    #[arg(long = "table-and-children", value_name = "PATTERN")]
    pub(crate) tables_and_children: Vec<OsString>,
    /// Do not dump these tables.
    #[arg(short = 'T', long = "exclude-table", value_name = "PATTERN")]
    pub(crate) excluded_tables: Vec<OsString>,
    /// Nor these, their partitions and children.
    #[arg(long = "exclude-table-and-children", value_name = "PATTERN")]
    pub(crate) excluded_tables_and_children: Vec<OsString>,
    /// Do not dump the data of these tables.
    #[arg(long = "exclude-table-data", value_name = "PATTERN")]
    pub(crate) excluded_data: Vec<OsString>,
    /// Nor that of these, their partitions and children.
    #[arg(long = "exclude-table-data-and-children", value_name = "PATTERN")]
    pub(crate) excluded_data_and_children: Vec<OsString>,
    /// Dump these extensions.
    #[arg(short = 'e', long = "extension", value_name = "PATTERN")]
    pub(crate) extensions: Vec<OsString>,
    /// Do not dump these extensions.
    #[arg(long = "exclude-extension", value_name = "PATTERN")]
    pub(crate) excluded_extensions: Vec<OsString>,
    /// Dump the rows of the foreign tables of these servers.
    #[arg(long = "include-foreign-data", value_name = "PATTERN")]
    pub(crate) foreign_data: Vec<OsString>,
    /// Take such options from a file; - is standard input.
    #[arg(long = "filter", value_name = "FILE")]
    pub(crate) filters: Vec<PathBuf>,
    /// Fail if a pattern of what is to be dumped matches nothing.
    #[arg(long)]
    pub(crate) strict_names: bool,
}

/// What is left out.
#[derive(Debug, Args)]
#[command(next_help_heading = "What is left out")]
pub(crate) struct OmitArguments {
    /// Do not dump privileges.
    #[arg(short = 'x', long, visible_alias = "no-acl")]
    pub(crate) no_privileges: bool,
    /// Do not dump comments.
    #[arg(long)]
    pub(crate) no_comments: bool,
    /// Do not dump publications.
    #[arg(long)]
    pub(crate) no_publications: bool,
    /// Do not dump subscriptions.
    #[arg(long)]
    pub(crate) no_subscriptions: bool,
    /// Do not dump security labels.
    #[arg(long)]
    pub(crate) no_security_labels: bool,
    /// Do not dump row security and its policies.
    #[arg(long)]
    pub(crate) no_policies: bool,
    /// Do not dump how columns are compressed.
    #[arg(long)]
    pub(crate) no_toast_compression: bool,
    /// Do not dump the rows of unlogged tables.
    #[arg(long)]
    pub(crate) no_unlogged_table_data: bool,
}

/// How the server is asked.
#[derive(Debug, Args)]
#[command(next_help_heading = "How the server is asked")]
pub(crate) struct SessionArguments {
    /// The encoding of the dump; the database's where it is not given.
    #[arg(short = 'E', long, value_name = "ENCODING")]
    pub(crate) encoding: Option<OsString>,
    /// Act as this role once logged in.
    #[arg(long, value_name = "ROLE")]
    pub(crate) role: Option<OsString>,
    /// Dump what this exported snapshot shows.
    #[arg(long, value_name = "SNAPSHOT")]
    pub(crate) snapshot: Option<OsString>,
    /// Wait until the dump can be sure to see no serialization anomaly.
    #[arg(long)]
    pub(crate) serializable_deferrable: bool,
    /// Fail if locking tables takes longer; milliseconds, or a number with a unit.
    #[arg(long, value_name = "TIMEOUT")]
    pub(crate) lock_wait_timeout: Option<OsString>,
    /// Quote all identifiers, also those that are no key words.
    #[arg(long)]
    pub(crate) quote_all_identifiers: bool,
    /// Dump the rows that the role may see, where row security hides others; without this that is an error.
    #[arg(long)]
    pub(crate) enable_row_security: bool,
    /// How precisely floating-point numbers are written, -15 to 3.
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true, value_parser = clap::value_parser!(i8).range(-15..=3))]
    pub(crate) extra_float_digits: Option<i8>,
}
