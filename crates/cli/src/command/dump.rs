//! `pgark dump`

mod options;

use std::path::Path;
use std::process::ExitCode;

use pgark_dump::Report;

use super::connection;
use crate::arguments::{DumpArguments, DumpFormat};
use crate::output::say;
use crate::output_file::OutputFile;

/// Dumps one database to a file or to standard output.
pub(crate) async fn run(arguments: DumpArguments, verbose: bool) -> anyhow::Result<ExitCode> {
    let config = connection::config(&arguments.connection)?;
    // As with pg_dump, a script can go to "-", and an archive into a file of that name.
    let is_plain = arguments.format == DumpFormat::Plain;
    let path = arguments.file.clone();
    let path = path.filter(|path| !(is_plain && path == Path::new("-")));
    let is_synced = !arguments.no_sync;
    let options = options::options(arguments, verbose)?;
    let output = OutputFile::open(path.as_deref())?;
    let report = pgark_dump::dump(&config, &options, output.sink()?).await?;
    output.finish(is_synced)?;
    tell(&report);
    Ok(ExitCode::SUCCESS)
}

fn tell(report: &Report) {
    for warning in &report.warnings {
        say(format!("warning: {warning}"));
    }
}
