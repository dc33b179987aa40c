//! Restoring into a database, and telling how it went.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use pgark_restore::{Archive, Ended, Failure, Options, Outcome, Preflight, Report, Watch};
use serde_json::{Value, json};

use crate::arguments::{PreflightChoice, RestoreArguments};
use crate::command::{connection, progress};
use crate::exit;
use crate::output::{self, say};
use crate::output_file;

/// The server's code for a name that nothing has.
const UNDEFINED_OBJECT: &str = "42704";

/// Restores an archive into a database.
pub(crate) async fn run(arguments: &RestoreArguments) -> anyhow::Result<ExitCode> {
    let server = &arguments.server;
    let config = connection::config_of(server.dbname.as_ref(), &server.login)?;
    let (file, name) = super::open(arguments)?;
    let needs_file = server.jobs.get() > 1;
    let opening = tokio::task::spawn_blocking(move || {
        if needs_file && !file.metadata().is_ok_and(|metadata| metadata.is_file()) {
            Archive::spooled(file)
        } else {
            Archive::open(file)
        }
    });
    let mut archive = opening
        .await?
        .with_context(|| format!("could not restore archive {name}"))?;
    let renaming = super::renaming(&arguments.renaming);
    if !renaming.is_empty() {
        archive.rename(&renaming)?;
    }
    let (selection, warnings) = super::choose(arguments, archive.toc())?;
    for warning in warnings {
        say(format!("warning: {warning}"));
    }
    let options = Options {
        jobs: server.jobs,
        exit_on_error: server.exit_on_error,
        no_data_for_failed_tables: server.no_data_for_failed_tables,
        preflight: match server.preflight {
            PreflightChoice::On => Preflight::On,
            PreflightChoice::Off => Preflight::Off,
            PreflightChoice::Only => Preflight::Only,
        },
        ..Options::new(super::options(arguments, false)?)
    };
    let watch = Arc::new(Watch::default());
    let shown = progress::show(server.telling.progress, Arc::clone(&watch));
    let restoring = pgark_restore::restore(&config, archive, &selection, options, watch.clone());
    let stopping = async {
        exit::interrupted().await;
        watch.stop();
        // A second signal ends it at once.
        exit::interrupted().await;
    };
    let report = tokio::select! {
        report = restoring => report,
        () = stopping => return Err(exit::Cancelled.into()),
    };
    shown.end().await;
    let report = report.with_context(|| format!("could not restore archive {name}"))?;
    end(&report, "entry", server.telling.report.as_deref())
}

/// Tells how a restore went, and gives the exit code that says so.
pub(crate) fn end(report: &Report, unit: &str, path: Option<&Path>) -> anyhow::Result<ExitCode> {
    let code = code(report);
    tell(report, unit);
    if let Some(path) = path {
        output_file::write_json(path, &told(report, code)?)?;
    }
    Ok(ExitCode::from(code))
}

fn code(report: &Report) -> u8 {
    match (&report.ended, report.outcome()) {
        (Ended::Preflight, _) if report.foreseen.is_empty() => 0,
        (Ended::Preflight, _) => exit::REFUSED,
        (_, Outcome::All) => 0,
        (Ended::Cancelled, _) => exit::CANCELLED,
        (Ended::ConnectionLost(_), _) => exit::CANNOT_CONNECT,
        (_, Outcome::Part) => exit::PARTIAL,
        (_, Outcome::None) => exit::FAILED,
    }
}

/// Says what failed, what was left out, and how many there are of each.
fn tell(report: &Report, unit: &str) {
    for warning in &report.warnings {
        say(format!("warning: {warning}"));
    }
    let mut strangers: BTreeMap<&str, Vec<&Failure>> = BTreeMap::new();
    for failure in &report.failures {
        if is_absent_owner(failure) {
            strangers.entry(&failure.message).or_default().push(failure);
        } else {
            say(format!("error: {failure}"));
        }
    }
    for (message, failures) in strangers {
        let names = failures.iter().filter_map(|failure| failure.entry.as_ref());
        let first = names.map(ToString::to_string).next().unwrap_or_default();
        say(format!(
            "error: {message}: {} stay with the role that restored them, such as {first}",
            count(failures.len(), "object")
        ));
    }
    for skipped in &report.skipped {
        say(format!("left out: {}: {}", skipped.entry, skipped.why));
    }
    for entry in &report.unknown {
        say(format!(
            "unknown: {entry}: the connection was lost while it was being restored"
        ));
    }
    match &report.ended {
        Ended::Complete => {}
        Ended::AtError => say("stopped at the first error"),
        Ended::RolledBack => say("stopped at the first error; everything was rolled back"),
        Ended::Preflight => say("nothing was changed"),
        Ended::Cancelled => say("cancelled"),
        Ended::ConnectionLost(why) => say(format!("error: {why}")),
        Ended::Archive(why) => say(format!("error: the archive cannot be read on: {why}")),
        other => say(format!("ended: {other:?}")),
    }
    // Where pg_restore would be silent, so is what is called by its name.
    if code(report) != 0 || !output::has_other_name() {
        say(summary(report, unit));
    }
}

fn is_absent_owner(failure: &Failure) -> bool {
    failure.sqlstate.as_deref() == Some(UNDEFINED_OBJECT)
        && failure.statement.contains(" OWNER TO ")
        && failure.message.starts_with("role ")
        && failure.statement.starts_with("ALTER ")
}

fn summary(report: &Report, unit: &str) -> String {
    let mut counts = vec![format!(
        "restored {} of {}",
        report.restored,
        count(report.wanted, unit)
    )];
    let others = [
        (report.failed, "failed"),
        (report.skipped.len(), "left out"),
        (report.unknown.len(), "unknown"),
        (report.not_reached(), "not come to"),
    ];
    let others = others.into_iter().filter(|(number, _)| *number > 0);
    counts.extend(others.map(|(number, what)| format!("{number} {what}")));
    let errors = match report.failures.len() {
        0 => String::new(),
        errors => format!(" ({})", count(errors, "error")),
    };
    counts.join(", ") + &errors
}

fn count(number: usize, what: &str) -> String {
    match (number, what.strip_suffix('y')) {
        (1, _) => format!("1 {what}"),
        (_, Some(stem)) => format!("{number} {stem}ies"),
        (_, None) => format!("{number} {what}s"),
    }
}

/// The report for programs.
fn told(report: &Report, code: u8) -> anyhow::Result<Value> {
    let mut value = serde_json::to_value(report)?;
    if let Some(fields) = value.as_object_mut() {
        fields.insert("outcome".into(), serde_json::to_value(report.outcome())?);
        fields.insert("not_reached".into(), json!(report.not_reached()));
        fields.insert("exit_code".into(), json!(code));
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_has_every_count_that_is_not_zero() {
        let report = Report {
            wanted: 9,
            restored: 5,
            failed: 1,
            ..Report::default()
        };
        assert_eq!(
            summary(&report, "entry"),
            "restored 5 of 9 entries, 1 failed, 3 not come to"
        );
        assert_eq!(
            summary(&Report::default(), "entry"),
            "restored 0 of 0 entries"
        );
        assert_eq!(count(1, "entry"), "1 entry");
    }
}
