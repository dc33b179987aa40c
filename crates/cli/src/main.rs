//! `pgark` backs up and restores PostgreSQL without PostgreSQL's client programs.

mod arguments;
mod command;
mod exit;
mod output;
mod output_file;
mod tool;

use std::env;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use arguments::{Arguments, Command};
use tool::Tool;

fn main() -> ExitCode {
    let program = env::args_os().next();
    let tool = program.as_deref().and_then(Tool::called_as);
    if let Some(tool) = tool {
        output::call_myself(tool.name());
    }
    tool::exit_code(tool, run_program(tool))
}

fn run_program(tool: Option<Tool>) -> ExitCode {
    if tool.is_none() && output::is_version_as_json(env::args_os().skip(1)) {
        return output::version_as_json();
    }
    let parsed = match tool {
        Some(tool) => tool.parse(env::args_os()),
        None => Arguments::try_parse(),
    };
    let arguments = match parsed {
        Ok(arguments) => arguments,
        Err(error) => return exit::usage(&error),
    };
    output::start_log(arguments.verbose);
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            return exit::failure(
                &anyhow::Error::new(error).context("could not start the runtime"),
            );
        }
    };
    let grace = grace(&arguments.command);
    let stops_itself = stops_itself(&arguments.command);
    let result = runtime.block_on(async {
        let work = run(arguments.command, arguments.verbose > 0);
        if stops_itself {
            return work.await;
        }
        tokio::select! {
            result = work => result,
            () = exit::interrupted() => Err(exit::Cancelled.into()),
        }
    });
    runtime.shutdown_timeout(grace);
    match result {
        Ok(code) => code,
        Err(error) => exit::failure(&error),
    }
}

/// Whether a command sees to it itself when it is interrupted: what changes a server is stopped with care, and tells how it stands; a base
/// backup may be whole when it is to be stopped.
fn stops_itself(command: &Command) -> bool {
    matches!(
        command,
        Command::BaseBackup(_) | Command::Restore(_) | Command::Verify(_)
    )
}

/// How long threads may go on that still write when a run has ended: one that fills a pipe must not keep a cancelled run alive, one that
/// writes into a folder has to clear it away.
fn grace(command: &Command) -> Duration {
    match command {
        Command::DumpAll(arguments) if !arguments.is_to_stdout() => exit::CLEARING,
        _ => Duration::ZERO,
    }
}

async fn run(command: Command, verbose: bool) -> anyhow::Result<ExitCode> {
    match command {
        Command::BaseBackup(arguments) => command::basebackup::run(*arguments).await,
        Command::Completions(arguments) => Ok(command::completions::run(&arguments)),
        Command::Dump(arguments) => command::dump::run(*arguments, verbose).await,
        Command::DumpAll(arguments) => command::dumpall::run(*arguments).await,
        Command::Globals(arguments) => command::globals::run(&arguments).await,
        Command::Inspect(arguments) => command::inspect::run(&arguments),
        Command::List(arguments) => command::list::run(&arguments),
        Command::Man(arguments) => command::man::run(&arguments),
        Command::Manifest(arguments) => command::manifest::run(&arguments).await,
        Command::PgDumpAll(arguments) => command::pg_dumpall::run(*arguments, verbose).await,
        Command::Ping(arguments) => command::ping::run(&arguments).await,
        Command::Plugin(arguments) => command::plugin::run(&arguments).await,
        Command::Relink(arguments) => command::relink::run(&arguments),
        Command::Restore(arguments) => command::restore::run(*arguments, verbose).await,
        #[cfg(feature = "aws")]
        Command::Token(arguments) => command::token::run(arguments).await,
        Command::Verify(arguments) => command::verify::run(arguments).await,
    }
}
