//! `pgark verify`

mod archive;
mod restored;

use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};

use anyhow::Context;
use pgark_physical::{Progress, VerifyOptions, verify};

use super::basebackup::Shown;
use crate::arguments::physical::VerifyArguments;
use crate::exit;
use crate::output::say;

/// Verifies a base backup, or a dump by reading or restoring it, and tells what is wrong with it.
pub(crate) async fn run(arguments: VerifyArguments) -> anyhow::Result<ExitCode> {
    if let Some(folder) = &arguments.restore_with {
        // It cleans up by itself when the user stops it.
        return restored::run(&arguments, folder.as_ref()).await;
    }
    tokio::select! {
        result = verify_files(arguments) => result,
        () = exit::interrupted() => Err(exit::Cancelled.into()),
    }
}

async fn verify_files(arguments: VerifyArguments) -> anyhow::Result<ExitCode> {
    let work = tokio::task::spawn_blocking(move || verified(&arguments));
    work.await
        .context("the verification has ended by a fault of this program")?
}

fn verified(arguments: &VerifyArguments) -> anyhow::Result<ExitCode> {
    let is_archive = archive::is_archive(&arguments.backup);
    let options = VerifyOptions {
        exit_on_error: arguments.exit_on_error,
        ignore: arguments
            .ignore
            .iter()
            .map(|name| name.as_str().into())
            .collect(),
        manifest: arguments.manifest_path.clone(),
        no_parse_wal: arguments.no_parse_wal,
        skip_checksums: arguments.skip_checksums,
        wal_folder: arguments.wal_directory.clone(),
    };
    let shown = Mutex::new(Shown::new(arguments.progress));
    let show = |bytes, total| {
        let mut shown = shown.lock().unwrap_or_else(PoisonError::into_inner);
        shown.show(Progress {
            bytes,
            total: Some(total),
        });
    };
    let findings: Vec<String> = if is_archive {
        let damage = archive::damage(arguments, &show)?;
        damage.iter().map(ToString::to_string).collect()
    } else {
        let findings = verify(&arguments.backup, &options, &show)?;
        findings.iter().map(ToString::to_string).collect()
    };
    shown.lock().unwrap_or_else(PoisonError::into_inner).end();
    for finding in &findings {
        say(format!("error: {finding}"));
    }
    if findings.is_empty() {
        if !arguments.quiet {
            say(if is_archive {
                "archive successfully read to its end"
            } else {
                "backup successfully verified"
            });
        }
        return Ok(ExitCode::SUCCESS);
    }
    Ok(ExitCode::from(exit::NOT_VERIFIED))
}
