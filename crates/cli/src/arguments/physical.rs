//! The commands about base backups, as they are typed; the letters are those of pg_basebackup and pg_verifybackup.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use pgark_compression::{Compression, InvalidCompression};
use pgark_physical::{Algorithm, ChecksumAlgorithm, Mapping, ServerCompression, parse_rate};

#[cfg(feature = "aws")]
use super::AwsArguments;
use super::ConnectionArguments;

/// Make a base backup of a whole server, verified while it arrives.
#[derive(Debug, Args)]
#[command(disable_help_flag = true)]
#[command(
    after_help = "Examples:\n  pgark basebackup -h db.example.com -U replicator -D backup -P\n  pgark basebackup -D standby -R -X stream\n  pgark basebackup -D - -z > backup.tar.gz"
)]
pub(crate) struct BaseBackupArguments {
    #[command(flatten)]
    pub(crate) connection: ConnectionArguments,
    /// The folder, empty or not there yet; - is standard output, which gets one tar archive.
    #[arg(short = 'D', long, value_name = "FOLDER")]
    pub(crate) pgdata: PathBuf,
    /// A data directory or tar archives; what goes to standard output is tar in any case.
    #[arg(short = 'F', long, value_name = "FORMAT", value_enum)]
    pub(crate) format: Option<BackupFormat>,
    /// Kilobytes a second at most; M behind the number makes it megabytes.
    #[arg(short = 'r', long, value_name = "RATE", value_parser = parse_rate)]
    pub(crate) max_rate: Option<u32>,
    /// Make the backup a standby of the server.
    #[arg(short = 'R', long)]
    pub(crate) write_recovery_conf: bool,
    /// Let -R write the password too.
    #[arg(long, requires = "write_recovery_conf")]
    pub(crate) write_recovery_password: bool,
    /// Put the tablespace in folder OLD of the server into folder NEW; may be given again.
    #[arg(short = 'T', long, value_name = "OLD=NEW")]
    pub(crate) tablespace_mapping: Vec<Mapping>,
    /// Put the log into another folder, by an absolute path.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) waldir: Option<PathBuf>,
    /// How the log comes that the backup needs: stream is the default, fetch that of standard output.
    #[arg(short = 'X', long, value_name = "METHOD", value_enum)]
    pub(crate) wal_method: Option<WalChoice>,
    /// Compress with gzip.
    #[arg(short = 'z', long, conflicts_with = "compress")]
    pub(crate) gzip: bool,
    /// How to compress: gzip, lz4 or zstd, with client- or server- before it (client- is meant otherwise) and :LEVEL behind it
    /// (for the server any detail that it knows); none; or a level of gzip alone.
    #[arg(short = 'Z', long, value_name = "METHOD", value_parser = parse_compression)]
    pub(crate) compress: Option<CompressionChoice>,
    /// Whether the server's checkpoint is done at once.
    #[arg(short = 'c', long, value_name = "WHEN", value_enum, default_value_t = CheckpointChoice::Fast)]
    pub(crate) checkpoint: CheckpointChoice,
    /// Make the replication slot that -S names; it stays.
    #[arg(short = 'C', long, requires = "slot")]
    pub(crate) create_slot: bool,
    /// What the backup is called.
    #[arg(short = 'l', long, value_name = "LABEL")]
    pub(crate) label: Option<String>,
    /// Leave what has been written when the backup fails.
    #[arg(short = 'n', long)]
    pub(crate) no_clean: bool,
    /// Do not wait until the files are on the disk.
    #[arg(short = 'N', long)]
    pub(crate) no_sync: bool,
    /// Show how far the backup is.
    #[arg(short = 'P', long)]
    pub(crate) progress: bool,
    /// Keep the log at the server by this replication slot instead of a temporary one.
    #[arg(short = 'S', long, value_name = "SLOT", conflicts_with = "no_slot")]
    pub(crate) slot: Option<String>,
    /// Keep the log at the server by no replication slot.
    #[arg(long)]
    pub(crate) no_slot: bool,
    /// Do not let the server check the checksums of pages.
    #[arg(long)]
    pub(crate) no_verify_checksums: bool,
    /// How the manifest sums files: NONE, CRC32C, SHA224, SHA256, SHA384 or SHA512.
    #[arg(long, value_name = "ALGORITHM", default_value_t = ChecksumAlgorithm::default())]
    pub(crate) manifest_checksums: ChecksumAlgorithm,
    /// No manifest: the backup can be verified neither now nor later.
    #[arg(long, conflicts_with = "manifest_force_encode")]
    pub(crate) no_manifest: bool,
    /// Write all names in the manifest in hexadecimal.
    #[arg(long)]
    pub(crate) manifest_force_encode: bool,
    /// Print help.
    #[arg(long, action = clap::ArgAction::HelpShort)]
    help: Option<bool>,
}

impl BaseBackupArguments {
    pub(crate) fn is_to_stdout(&self) -> bool {
        self.pgdata == Path::new("-")
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum BackupFormat {
    #[value(alias = "p")]
    Plain,
    #[value(alias = "t")]
    Tar,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum WalChoice {
    #[value(alias = "n")]
    None,
    #[value(alias = "f")]
    Fetch,
    #[value(alias = "s")]
    Stream,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CheckpointChoice {
    Fast,
    Spread,
}

/// Who compresses, and how hard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CompressionChoice {
    Client(Compression),
    Server(ServerCompression),
}

fn parse_compression(text: &str) -> Result<CompressionChoice, String> {
    let Some(text) = text.strip_prefix("server-") else {
        let compression = text.strip_prefix("client-").unwrap_or(text).parse();
        let compression = compression.map_err(|error: InvalidCompression| error.to_string());
        return compression.map(CompressionChoice::Client);
    };
    let (method, detail) = match text.split_once(':') {
        Some((method, detail)) => (method, Some(detail.to_owned())),
        None => (text, None),
    };
    let algorithm = match method {
        "gzip" => Algorithm::Gzip,
        "lz4" => Algorithm::Lz4,
        "zstd" => Algorithm::Zstd,
        _ => return Err(format!("there is no method \"server-{method}\"")),
    };
    // The server knows best what it can do.
    let compression = ServerCompression { algorithm, detail };
    Ok(CompressionChoice::Server(compression))
}

/// Verify a base backup, or a dump by reading or restoring it.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  pgark verify backup\n  pgark verify shop.dump\n  pgark verify --restore-with -d postgres shop.dump"
)]
pub(crate) struct VerifyArguments {
    /// A data directory, a folder of tar archives, one tar archive, or a dump.
    #[arg(value_name = "BACKUP")]
    pub(crate) backup: PathBuf,
    /// End at the first thing that is wrong.
    #[arg(short = 'e', long)]
    pub(crate) exit_on_error: bool,
    /// Do not look at this file or folder, by its name in the data directory; may be given again.
    #[arg(short = 'i', long, value_name = "NAME")]
    pub(crate) ignore: Vec<String>,
    /// The manifest, where it does not lie in the backup.
    #[arg(short = 'm', long, value_name = "FILE")]
    pub(crate) manifest_path: Option<PathBuf>,
    /// Do not read the log.
    #[arg(short = 'n', long)]
    pub(crate) no_parse_wal: bool,
    /// Show how far the verification is.
    #[arg(short = 'P', long, conflicts_with = "quiet")]
    pub(crate) progress: bool,
    /// Say nothing where all is well.
    #[arg(short = 'q', long)]
    pub(crate) quiet: bool,
    /// Do not read the files.
    #[arg(short = 's', long)]
    pub(crate) skip_checksums: bool,
    /// The log, where it does not lie in the backup.
    #[arg(short = 'w', long, value_name = "FOLDER")]
    pub(crate) wal_directory: Option<PathBuf>,
    /// Restore a dump twice, by the pg_restore of this folder or of the PATH and by pgark, and compare what comes out. Both databases are new ones of the server of -d, and dropped afterwards; subscriptions are left out.
    #[arg(
        long,
        value_name = "FOLDER",
        num_args = 0..=1,
        default_missing_value = "",
        requires = "dbname",
        conflicts_with_all = ["exit_on_error", "ignore", "manifest_path", "no_parse_wal", "progress", "skip_checksums", "wal_directory"]
    )]
    pub(crate) restore_with: Option<OsString>,
    /// Where to restore: a connection string or a URI, with a database to connect to first.
    #[arg(short, long, value_name = "DBNAME", requires = "restore_with")]
    pub(crate) dbname: Option<OsString>,
    #[cfg(feature = "aws")]
    #[command(flatten)]
    pub(crate) aws: AwsArguments,
}

/// Make the links to tablespaces absolute in an unpacked base backup.
#[derive(Debug, Args)]
pub(crate) struct RelinkArguments {
    /// The data directory, or the folder that has it as data.
    #[arg(value_name = "FOLDER")]
    pub(crate) folder: PathBuf,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_read_as_pg_basebackup_reads_them() {
        use CompressionChoice::{Client, Server};
        let gzip = |level| Some(Client(Compression::Gzip { level }));
        let zstd = |level| {
            let is_long = false;
            Some(Client(Compression::Zstd { level, is_long }))
        };
        let server = |algorithm, detail: Option<&str>| {
            Some(Server(ServerCompression {
                algorithm,
                detail: detail.map(ToOwned::to_owned),
            }))
        };
        for (text, choice) in [
            ("none", Some(Client(Compression::None))),
            ("0", Some(Client(Compression::None))),
            ("6", gzip(Some(6))),
            ("gzip", gzip(None)),
            ("client-gzip:9", gzip(Some(9))),
            ("lz4", Some(Client(Compression::Lz4 { level: None }))),
            ("zstd", zstd(None)),
            ("client-zstd:level=19,workers=2", zstd(Some(19))),
            (
                "server-gzip:level=1",
                server(Algorithm::Gzip, Some("level=1")),
            ),
            ("server-lz4", server(Algorithm::Lz4, None)),
            (
                "server-zstd:level=2,workers=2",
                server(Algorithm::Zstd, Some("level=2,workers=2")),
            ),
            ("gzip:10", None),
            ("10", None),
            ("lz4:13", None),
            ("zstd:23", None),
            ("bzip2", None),
            ("server-bzip2", None),
        ] {
            assert_eq!(parse_compression(text).ok(), choice, "{text}");
        }
    }
}
