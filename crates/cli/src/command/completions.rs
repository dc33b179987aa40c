//! `pgark completions`

use std::io;
use std::process::ExitCode;

use clap::CommandFactory;

use crate::arguments::{Arguments, CompletionsArguments};

/// Prints what has a shell complete the command line.
pub(crate) fn run(arguments: &CompletionsArguments) -> ExitCode {
    let mut command = Arguments::command();
    clap_complete::generate(arguments.shell, &mut command, "pgark", &mut io::stdout());
    ExitCode::SUCCESS
}
