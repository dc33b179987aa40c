//! Exit codes, and how a failure is told.

use std::process::ExitCode;
use std::time::Duration;
use std::{io, thread};

use pgark_dump::Error as DumpError;
use pgark_physical::Error as PhysicalError;
use pgark_restore::Error as RestoreError;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

use crate::output::say;

/// The run failed.
pub(crate) const FAILED: u8 = 1;
/// The command line makes no sense.
const USAGE: u8 = 2;
/// The server refused the login, or asked for one that is not safe.
const LOGIN_REFUSED: u8 = 3;
/// Refused before anything was done.
pub(crate) const REFUSED: u8 = 4;
/// Cancelled by a signal.
pub(crate) const CANCELLED: u8 = 5;
/// Part of what was asked for was done.
pub(crate) const PARTIAL: u8 = 7;
/// No connection, or it was lost.
pub(crate) const CANNOT_CONNECT: u8 = 8;

/// What was looked at is not what it should be.
pub(crate) const NOT_VERIFIED: u8 = 9;

/// The user stopped the run.
#[derive(Debug, thiserror::Error)]
#[error("cancelled")]
pub(crate) struct Cancelled;

/// What was asked for is not done, and nothing else was.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Refused(pub(crate) &'static str);

/// What the user asks for makes no sense.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Usage(pub(crate) String);

/// How long what is given up may take to clear away what it has written.
pub(crate) const CLEARING: Duration = Duration::from_secs(30);

/// Waits for the signals that end a program.
///
/// It does so on a thread of its own: where a task writes to a full pipe, the runtime's threads may all wait for something else.
pub(crate) async fn interrupted() {
    let (tell, told) = oneshot::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build()?;
        runtime.block_on(signalled())?;
        // Nobody waits any more where the program has come to its end.
        let _ = tell.send(());
        io::Result::Ok(())
    });
    if told.await.is_err() {
        // Without handlers the signals end the program by themselves.
        std::future::pending().await
    }
}

async fn signalled() -> io::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}

/// Tells what is wrong with the command line, or prints the help that was asked for.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    let code = if error.use_stderr() {
        ExitCode::from(USAGE)
    } else {
        ExitCode::SUCCESS
    };
    // There is nowhere else to tell that the terminal is gone.
    let _ = error.print();
    code
}

/// Tells what failed, once, and with what code the program ends.
pub(crate) fn failure(error: &anyhow::Error) -> ExitCode {
    let mut line = error.to_string();
    for cause in error.chain().skip(1) {
        let cause = cause.to_string();
        // Many errors say their cause themselves.
        if !line.contains(&cause) {
            line.push_str(": ");
            line.push_str(&cause);
        }
    }
    say(format!("error: {line}"));
    ExitCode::from(code(error))
}

fn code(error: &anyhow::Error) -> u8 {
    if error.is::<Cancelled>() {
        return CANCELLED;
    }
    if error.is::<Usage>() {
        return USAGE;
    }
    if error.is::<Refused>() {
        return REFUSED;
    }
    #[cfg(feature = "aws")]
    if let Some(error) = error.downcast_ref::<pgark_aws_iam::Error>() {
        return match error {
            pgark_aws_iam::Error::NoCredentials { .. } => LOGIN_REFUSED,
            _ => USAGE,
        };
    }
    let mut dump = error.downcast_ref::<DumpError>();
    // What happened to one database of many is as if it had happened to that alone.
    while let Some(DumpError::Database { source, .. }) = dump {
        dump = Some(source);
    }
    let physical = error.downcast_ref::<PhysicalError>();
    let restore = error.downcast_ref::<RestoreError>();
    let connect =
        error
            .downcast_ref::<pgark_connect::Error>()
            .or(match (dump, physical, restore) {
                (Some(DumpError::Connect(error)), _, _)
                | (_, Some(PhysicalError::Connect(error)), _)
                | (_, _, Some(RestoreError::Connect(error))) => Some(error),
                _ => None,
            });
    if let Some(error) = connect {
        return if error.is_bad_option() {
            USAGE
        } else if error.is_login_refused() {
            LOGIN_REFUSED
        } else if error.is_cannot_connect() {
            CANNOT_CONNECT
        } else {
            FAILED
        };
    }
    if let Some(error) = physical {
        return match error {
            PhysicalError::Options(_) => USAGE,
            PhysicalError::Refused(_) => REFUSED,
            PhysicalError::Mismatch(_) | PhysicalError::DamagedPages { .. } => NOT_VERIFIED,
            error if error.is_connection_lost() => CANNOT_CONNECT,
            _ => FAILED,
        };
    }
    if let Some(RestoreError::Options(_)) = restore {
        return USAGE;
    }
    match dump {
        Some(
            DumpError::UnknownKind(_)
            | DumpError::Refused(_)
            | DumpError::Catalog(pgark_catalog::Error::Version { .. }),
        ) => REFUSED,
        Some(DumpError::NoDatabase(_)) => CANNOT_CONNECT,
        Some(DumpError::Pattern(_)) => USAGE,
        Some(error) if error.is_connection_lost() => CANNOT_CONNECT,
        _ => FAILED,
    }
}
