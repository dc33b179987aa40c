//! `pgark dump`

mod options;
mod watched;

pub(super) use options::{bytes, inserts, omit, omitted_storage};

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use pgark_dump::{Report, Watch};

use super::{connection, progress};
use crate::arguments::{DumpArguments, DumpFormat};
use crate::output::say;
use crate::output_file::{self, OutputFile};

/// Dumps one database to a file or to standard output.
pub(crate) async fn run(arguments: DumpArguments, verbose: bool) -> anyhow::Result<ExitCode> {
    let config = connection::config(&arguments.connection)?;
    // As with pg_dump, a script can go to "-", and an archive into a file of that name.
    let is_plain = arguments.format == DumpFormat::Plain;
    let path = arguments.file.clone();
    let path = path.filter(|path| !(is_plain && path == Path::new("-")));
    let is_synced = !arguments.no_sync;
    let (style, report_path) = (arguments.telling.progress, arguments.telling.report.clone());
    let options = options::options(arguments, verbose)?;
    let output = OutputFile::open(path.as_deref(), is_synced)?;
    let watch = Arc::new(Watch::default());
    let shown = progress::show(style, Arc::clone(&watch));
    let dumped = pgark_dump::dump(&config, &options, output.sink()?, &watch).await;
    shown.end().await;
    let report = dumped?;
    output.finish()?;
    tell(&report, verbose);
    if let Some(path) = report_path {
        output_file::write_json(&path, &serde_json::to_value(&report)?)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn tell(report: &Report, verbose: bool) {
    for warning in &report.warnings {
        say(format!("warning: {warning}"));
    }
    if !verbose {
        return;
    }
    let mut lines: Vec<String> = report
        .data
        .iter()
        .map(|data| format!("{}: {} rows, {} bytes", data.entry, data.rows, data.bytes))
        .collect();
    lines.push(format!(
        "dumped {} entries, {} rows, {} bytes in {:.1} s; {} bytes were written",
        report.entries, report.rows, report.bytes, report.seconds, report.written_bytes
    ));
    say(lines.join("\n"));
}
