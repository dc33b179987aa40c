//! `pgark basebackup`

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Context;
use pgark_compression::Compression;
use pgark_connect::Config;
use pgark_physical::{
    Checkpoint, Error, ManifestWish, Options, Plain, PlainOptions, Progress, Recovery, Report,
    Slot, TablespaceMap, TarFolder, TarFolderOptions, TarStream, WalMethod, backup,
    recovery_settings,
};
use tokio::time::timeout;

use super::connection;
use crate::arguments::physical::{
    BackupFormat, BaseBackupArguments, CheckpointChoice, CompressionChoice, WalChoice,
};
use crate::exit;

/// Makes a base backup, in a task: so the thread that sees that data has come is the one that takes it.
pub(crate) async fn run(arguments: BaseBackupArguments) -> anyhow::Result<ExitCode> {
    let has_to_clear = !arguments.is_to_stdout();
    let mut task = tokio::spawn(make(arguments));
    let ended = tokio::select! {
        ended = &mut task => ended,
        () = exit::interrupted() => {
            task.abort();
            // What writes to a full pipe cannot be waited for.
            if has_to_clear && let Ok(Ok(made)) = timeout(exit::CLEARING, task).await {
                // It was too late to give it up.
                return made;
            }
            return Err(exit::Cancelled.into());
        }
    };
    ended.context("the backup has ended by a fault of this program")?
}

async fn make(arguments: BaseBackupArguments) -> anyhow::Result<ExitCode> {
    let config = connection::config(&arguments.connection)?;
    let to_stdout = arguments.is_to_stdout();
    let format = match arguments.format {
        _ if to_stdout => BackupFormat::Tar,
        format => format.unwrap_or(BackupFormat::Plain),
    };
    check(&arguments, format, to_stdout)?;
    let options = options(&arguments, format, to_stdout);
    let recovery = recovery(&arguments, &config, &options)?;
    let mut shown = Shown::new(arguments.progress);
    let mut progress = |progress: Progress| shown.show(progress);
    let (no_sync, no_clean) = (arguments.no_sync, arguments.no_clean);
    let report = if to_stdout {
        let stdout = File::from(
            io::stdout()
                .as_fd()
                .try_clone_to_owned()
                .context("could not use standard output")?,
        );
        let mut stream = TarStream::new(stdout, client_compression(&arguments), recovery)?;
        let report = backup(&config, &options, None, &mut stream, &mut progress).await?;
        stream.commit(&report)?;
        report
    } else if format == BackupFormat::Tar {
        let mut folder = TarFolder::new(
            &arguments.pgdata,
            TarFolderOptions {
                compression: client_compression(&arguments),
                server_compression: options
                    .server_compression
                    .as_ref()
                    .map(|compression| compression.algorithm),
                recovery,
                no_sync,
                no_clean,
            },
        )?;
        let wal = (options.wal == WalMethod::Stream)
            .then(|| folder.wal())
            .transpose()?;
        let report = backup(&config, &options, wal, &mut folder, &mut progress).await?;
        folder.commit(&report)?;
        report
    } else {
        let mut folder = Plain::new(
            &arguments.pgdata,
            PlainOptions {
                mappings: arguments.tablespace_mapping.clone(),
                wal_folder: arguments.waldir.clone(),
                recovery,
                no_sync,
                no_clean,
            },
        )?;
        let wal = (options.wal == WalMethod::Stream).then(|| folder.wal());
        let report = backup(&config, &options, wal, &mut folder, &mut progress).await?;
        folder.commit(&report)?;
        report
    };
    shown.end();
    tell(&report);
    Ok(ExitCode::SUCCESS)
}

/// Refuses options that do not go together, in the words of this command.
fn check(
    arguments: &BaseBackupArguments,
    format: BackupFormat,
    to_stdout: bool,
) -> Result<(), Error> {
    let is_server_side = matches!(arguments.compress, Some(CompressionChoice::Server(_)));
    let compresses = is_server_side || client_compression(arguments) != Compression::None;
    let is_tar = format == BackupFormat::Tar;
    let fetches = matches!(
        arguments.wal_method,
        Some(WalChoice::Fetch | WalChoice::None)
    ) || to_stdout;
    for (is_wrong, why) in [
        (
            to_stdout && arguments.format == Some(BackupFormat::Plain),
            "standard output gets a tar archive, no data directory",
        ),
        (
            to_stdout && arguments.wal_method == Some(WalChoice::Stream),
            "streamed log cannot go to standard output beside the files: take -X fetch",
        ),
        (
            to_stdout && is_server_side,
            "what goes to standard output cannot be compressed by the server",
        ),
        (
            compresses && !is_tar && !is_server_side,
            "only tar archives are compressed",
        ),
        (
            is_tar && arguments.waldir.is_some(),
            "--waldir is for data directories only",
        ),
        (
            is_tar && !arguments.tablespace_mapping.is_empty(),
            "-T is for data directories only: archives hold tablespaces by their OIDs",
        ),
        (
            arguments.slot.is_some() && fetches,
            "-S is for streamed log only; -X fetch has a temporary slot of its own",
        ),
    ] {
        if is_wrong {
            return Err(Error::Options(why.into()));
        }
    }
    Ok(())
}

fn options(arguments: &BaseBackupArguments, format: BackupFormat, to_stdout: bool) -> Options {
    let slot = match (&arguments.slot, arguments.create_slot) {
        (Some(name), true) => Slot::Create(name.clone()),
        (Some(name), false) => Slot::Existing(name.clone()),
        (None, _) if arguments.no_slot => Slot::None,
        (None, _) => Slot::Temporary,
    };
    let defaults = Options::default();
    Options {
        label: arguments.label.clone().unwrap_or(defaults.label),
        wal: match arguments.wal_method {
            Some(WalChoice::None) => WalMethod::None,
            Some(WalChoice::Fetch) => WalMethod::Fetch,
            None if to_stdout => WalMethod::Fetch,
            Some(WalChoice::Stream) | None => WalMethod::Stream,
        },
        slot,
        checkpoint: match arguments.checkpoint {
            CheckpointChoice::Fast => Checkpoint::Fast,
            CheckpointChoice::Spread => Checkpoint::Spread,
        },
        max_rate: arguments.max_rate,
        verify_checksums: !arguments.no_verify_checksums,
        manifest: if arguments.no_manifest {
            ManifestWish::None
        } else {
            ManifestWish::With {
                checksums: arguments.manifest_checksums,
                force_encode: arguments.manifest_force_encode,
            }
        },
        progress: arguments.progress,
        tablespace_map: match format {
            BackupFormat::Plain => TablespaceMap::Never,
            // Its links lead from one part of the archive to another.
            BackupFormat::Tar if to_stdout => TablespaceMap::IfEmpty,
            // Archives are unpacked where links would not fit.
            BackupFormat::Tar => TablespaceMap::Always,
        },
        server_compression: match &arguments.compress {
            Some(CompressionChoice::Server(compression)) => Some(compression.clone()),
            _ => None,
        },
    }
}

fn client_compression(arguments: &BaseBackupArguments) -> Compression {
    match arguments.compress {
        Some(CompressionChoice::Client(compression)) => compression,
        _ if arguments.gzip => Compression::DEFAULT,
        _ => Compression::None,
    }
}

fn recovery(
    arguments: &BaseBackupArguments,
    config: &Config,
    options: &Options,
) -> Result<Option<Recovery>, Error> {
    if !arguments.write_recovery_conf {
        return Ok(None);
    }
    let slot = match &options.slot {
        Slot::Existing(name) | Slot::Create(name) => Some(name.as_str()),
        Slot::Temporary | Slot::None => None,
    };
    recovery_settings(config, slot, arguments.write_recovery_password).map(Some)
}

fn tell(report: &Report) {
    tracing::info!(
        "the backup needs the log from {} to {} on timeline {}",
        report.start,
        report.end,
        report.timeline
    );
    if let Some(files) = report.verified_files {
        tracing::info!("{files} files are what the manifest says");
    }
    if let Some(bytes) = report.retained_bytes {
        tracing::info!(
            "the replication slot has kept {} kB of log at the server",
            bytes / 1024
        );
    }
}

/// Progress on standard error, once a second: one line on a terminal, a line each elsewhere.
pub(super) struct Shown {
    is_wanted: bool,
    is_terminal: bool,
    last: Option<Instant>,
    line: String,
}

impl Shown {
    pub(super) fn new(is_wanted: bool) -> Self {
        Self {
            is_wanted,
            is_terminal: io::stderr().is_terminal(),
            last: None,
            line: String::new(),
        }
    }

    pub(super) fn show(&mut self, progress: Progress) {
        if !self.is_wanted {
            return;
        }
        self.line = line(progress);
        if self
            .last
            .is_none_or(|last| last.elapsed() >= Duration::from_secs(1))
        {
            self.last = Some(Instant::now());
            self.write(if self.is_terminal { "\r" } else { "\n" });
        }
    }

    /// Shows the last state.
    pub(super) fn end(&mut self) {
        if self.is_wanted && !self.line.is_empty() {
            self.write("\n");
        }
    }

    fn write(&self, end: &str) {
        // That nobody sees it changes nothing.
        let _ = write!(io::stderr(), "{}{end}", self.line);
    }
}

fn line(progress: Progress) -> String {
    let kilobytes = progress.bytes / 1024;
    match progress.total {
        Some(total) if total > 0 => {
            let total = (total / 1024).max(kilobytes).max(1);
            format!("{kilobytes}/{total} kB ({}%)", kilobytes * 100 / total)
        }
        _ => format!("{kilobytes} kB"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_never_exceeds_the_whole() {
        for (bytes, total, expected) in [
            (1 << 20, Some(4 << 20), "1024/4096 kB (25%)"),
            (8 << 20, Some(4 << 20), "8192/8192 kB (100%)"),
            (5000, None, "4 kB"),
            (0, Some(0), "0 kB"),
        ] {
            assert_eq!(line(Progress { bytes, total }), expected);
        }
    }
}
