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
    let shown = Mutex::new(Shown::new(arguments.progress));
    let show = |bytes, total| {
        let mut shown = shown.lock().unwrap_or_else(PoisonError::into_inner);
        shown.show(Progress {
            bytes,
            total: Some(total),
        });
    };
    let (findings, success) = if archive::is_archive(&arguments.backup) {
        let damage = archive::damage(arguments, &show)?;
        let findings = damage.iter().map(ToString::to_string).collect();
        (findings, "archive successfully read to its end")
    } else {
        (damage(arguments, &show)?, "backup successfully verified")
    };
    shown.lock().unwrap_or_else(PoisonError::into_inner).end();
    for finding in &findings {
        say(format!("error: {finding}"));
    }
    if findings.is_empty() {
        if !arguments.quiet {
            say(success);
        }
        return Ok(ExitCode::SUCCESS);
    }
    Ok(ExitCode::from(exit::NOT_VERIFIED))
}

/// What is wrong with a base backup.
fn damage(
    arguments: &VerifyArguments,
    show: &(dyn Fn(u64, u64) + Sync),
) -> anyhow::Result<Vec<String>> {
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
    let findings = verify(&arguments.backup, &options, show)?;
    Ok(findings.iter().map(ToString::to_string).collect())
}
