//! Leaving root's account, under which PostgreSQL refuses to run.

use std::process::{Command, ExitCode};
use std::{env, fs};

use anyhow::{Context, Result};
use support::{Scratch, User, kept_folder, pgark, send_signal};

/// Runs this program again as `user`, ends it when it is `stopped`, and returns its exit code.
///
/// It runs on copies, of itself and of pgark, in a folder that is also its home: the user may not be able to enter the one
/// that they were built in.
pub(crate) async fn run_again_as(user: &User, stopped: impl Future) -> Result<ExitCode> {
    let home = Scratch::new()?;
    let demo = home.join("pgark-demo");
    fs::copy(env::current_exe()?, &demo)?;
    fs::copy(pgark().get_program(), home.join("pgark"))?;
    // Root makes it, for the user may not.
    crate::server::installations()?;

    let mut command = Command::new(&demo);
    command
        .env("HOME", home.path())
        .env("PGARK", home.join("pgark"))
        .env("PGARK_CACHE", kept_folder());
    command
        .current_dir(home.path())
        .args(env::args_os().skip(1));
    user.lend_to(&mut command);
    let mut child = tokio::process::Command::from(command)
        .spawn()
        .with_context(|| format!("cannot run the demonstration as user {}", user.name))?;
    let status = tokio::select! {
        status = child.wait() => status?,
        _ = stopped => {
            // At a terminal it knows already.
            if let Some(pid) = child.id() {
                send_signal(pid, "TERM")?;
            }
            child.wait().await?
        }
    };
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
