//! A backup that the user gives up.

use std::process::Command;

use anyhow::{Result, ensure};
use support::{Host, Major, Process, Server, run, wait_until};

use crate::big;

#[test]
fn nothing_goes_on_when_plakar_is_interrupted() -> Result<()> {
    let server = Server::start(Major::V17)?;
    big::load(&server)?;
    let host = Host::new()?;
    // A signal to plakar alone, and one to all processes of its terminal.
    for (signal, target) in [("INT", ""), ("TERM", ""), ("INT", "-")] {
        let running = big::start_backup(&host, &server, &server.uri(""))?;
        ensure!(plugins(&host)?.len() == 1, "{:?}", host.processes()?);
        run(Command::new("sh").args([
            "-c",
            r#"kill -s "$0" -- "$1""#,
            signal,
            &format!("{target}{}", running.pid()),
        ]))?;
        let ran = running.finish()?;
        ensure!(ran.code != Some(0), "plakar has succeeded: {ran:?}");
        ensure!(host.snapshots()?.is_empty(), "a snapshot is left");
        wait_until("the plugin's process has ended", || {
            Ok(plugins(&host)?.is_empty())
        })?;
        let sessions = "select count(*) from pg_stat_activity \
                        where backend_type = 'client backend' and pid <> pg_backend_pid()";
        wait_until("the server has no session", || {
            Ok(server.psql("postgres", sessions)? == "0")
        })?;
    }
    Ok(())
}

/// The plugin's processes.
fn plugins(host: &Host) -> Result<Vec<Process>> {
    let mut processes = host.processes()?;
    processes.retain(|process| process.command.contains("plugin importer"));
    Ok(processes)
}
