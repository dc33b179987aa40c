//! `pgark inspect`

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use pgark_connect::OneLine;
use pgark_restore::{Finding, inspect};

use super::list::{open, written_out};
use crate::arguments::InspectArguments;

/// Tells on standard output what of an archive is worth a look.
pub(crate) fn run(arguments: &InspectArguments) -> anyhow::Result<ExitCode> {
    let archive = open(arguments.file.as_deref())?;
    let findings = inspect(archive.toc());
    let mut out = BufWriter::new(io::stdout().lock());
    let written = if arguments.json {
        serde_json::to_writer_pretty(&mut out, &findings)
            .map_err(io::Error::from)
            .and_then(|()| writeln!(out))
    } else {
        put(&findings, &mut out)
    };
    written_out(written.and_then(|()| out.flush()))
}

fn put(findings: &[Finding], out: &mut impl Write) -> io::Result<()> {
    for finding in findings {
        let entry = finding.entry.to_string();
        writeln!(out, "{}: {}", finding.concern.describe(), OneLine(&entry))?;
    }
    Ok(())
}
