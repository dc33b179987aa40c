//! `pgark relink`

use std::process::ExitCode;

use crate::arguments::physical::RelinkArguments;
use crate::output::say;

/// Makes links absolute, and tells which.
pub(crate) fn run(arguments: &RelinkArguments) -> anyhow::Result<ExitCode> {
    for (link, place) in pgark_physical::relink(&arguments.folder)? {
        say(format!(
            "\"{}\" leads to \"{}\"",
            link.display(),
            place.display()
        ));
    }
    Ok(ExitCode::SUCCESS)
}
