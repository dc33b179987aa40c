//! `pgark globals`

use std::fs;
use std::io::{self, Read};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use pgark_restore::Watch;

use super::connection;
use super::restore::database;
use crate::arguments::GlobalsArguments;

/// Runs a script of roles and tablespaces.
pub(crate) async fn run(arguments: &GlobalsArguments) -> anyhow::Result<ExitCode> {
    let config = connection::config(&arguments.connection)?;
    let path = &arguments.restore;
    let read = if path == Path::new("-") {
        let mut script = Vec::new();
        io::stdin().read_to_end(&mut script).map(|_| script)
    } else {
        fs::read(path)
    };
    let script = read.with_context(|| format!("could not read \"{}\"", path.display()))?;
    let watch = Arc::new(Watch::default());
    let exit_on_error = arguments.exit_on_error;
    let report = pgark_restore::restore_globals(&config, &script, exit_on_error, watch).await?;
    database::end(&report, "statement", arguments.report.as_deref())
}
