//! What goes to standard error: what the user should know, and the log.

use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::OnceLock;

use pgark_catalog::Server;
use pgark_connect::OneLine;
use serde_json::json;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::EnvFilter;

/// What the program is called in front of its words.
static NAME: OnceLock<&str> = OnceLock::new();

/// Has the program call itself by another name than `pgark`.
pub(crate) fn call_myself(name: &'static str) {
    NAME.get_or_init(|| name);
}

/// Whether it does.
pub(crate) fn has_other_name() -> bool {
    NAME.get().is_some()
}

/// Whether the command line is `--version --json`.
pub(crate) fn is_version_as_json(words: impl Iterator<Item = OsString>) -> bool {
    let words: Vec<OsString> = words.collect();
    let has = |name: &str| words.iter().any(|word| word == name);
    words.len() == 2 && (has("--version") || has("-V")) && has("--json")
}

/// Tells programs which pgark this is, and what it knows.
pub(crate) fn version_as_json() -> ExitCode {
    let majors: Vec<u32> = (Server::OLDEST..=Server::NEWEST).collect();
    let told = json!({
        "name": "pgark",
        "version": env!("CARGO_PKG_VERSION"),
        "servers": majors,
        "features": if cfg!(feature = "aws") { vec!["aws"] } else { Vec::new() },
    });
    match writeln!(io::stdout(), "{told}") {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// Starts the log on standard error, with warnings alone, then what is done, then how.
pub(crate) fn start_log(verbose: u8) {
    let level = match verbose {
        0 => LevelFilter::WARN,
        1 => LevelFilter::INFO,
        _ => LevelFilter::DEBUG,
    };
    let is_colored = io::stderr().is_terminal()
        && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    // AWS's libraries tell in their own way what is told again where it fails, and more than anyone should read.
    let filter = EnvFilter::new(format!("{level},aws=error"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(is_colored)
        .with_target(false)
        .without_time()
        .init();
}

/// Writes a text of one line or several to standard error. That this fails changes nothing that could be told.
pub(crate) fn say(text: impl AsRef<str>) {
    let lines: Vec<String> = text
        .as_ref()
        .split('\n')
        .map(|line| OneLine(line).to_string())
        .collect();
    let name = NAME.get().unwrap_or(&"pgark");
    let _ = writeln!(io::stderr(), "{name}: {}", lines.join("\n"));
}
