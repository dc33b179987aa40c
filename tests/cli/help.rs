//! What the program tells of itself.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use support::{Scratch, observe, pgark, run, run_with_input};

/// The commands that `pgark --help` lists.
fn commands() -> Result<Vec<String>> {
    let help = String::from_utf8(run(pgark().arg("--help"))?)?;
    let (_, list) = help.split_once("Commands:\n").context("no commands")?;
    let (list, _) = list.split_once("\n\n").context("no end of the commands")?;
    let names = list.lines().filter_map(|line| {
        let line = line.strip_prefix("  ")?;
        let name = line.split(' ').next()?;
        (!name.is_empty()).then(|| name.to_owned())
    });
    let names: Vec<String> = names.collect();
    ensure!(names.len() > 12, "{names:?}");
    Ok(names)
}

#[test]
fn every_command_has_its_help_and_its_manual_page() -> Result<()> {
    let scratch = Scratch::new()?;
    let folder = scratch.join("man");
    run(pgark().arg("man").arg(&folder))?;
    let page = |name: &str| {
        fs::read_to_string(folder.join(name)).with_context(|| format!("no manual page {name}"))
    };
    ensure!(page("pgark.1")?.contains(".SH NAME"));
    for command in commands()? {
        let help = String::from_utf8(run(pgark().args([&command, "--help"]))?)?;
        ensure!(help.contains("Usage: pgark "), "{help}");
        let wide = help.lines().find(|line| line.chars().count() > 100);
        ensure!(wide.is_none(), "{command}: {wide:?}");
        let page = page(&format!("pgark-{command}.1"))?;
        let options = help
            .split_whitespace()
            .filter(|word| word.starts_with("--"));
        for option in options.filter(|word| word[2..].chars().all(|c| c.is_ascii_lowercase())) {
            ensure!(
                page.contains(&option.replace('-', r"\-")),
                "{command}: no {option}"
            );
        }
    }
    Ok(())
}

#[test]
fn the_manual_page_of_the_connectors_has_their_options() -> Result<()> {
    let scratch = Scratch::new()?;
    run(pgark().arg("man").arg(scratch.path()))?;
    let page = fs::read_to_string(scratch.join("plakar-postgresql.7"))?;
    let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/plugin/package");
    let mut options = 0;
    for entry in fs::read_dir(package)? {
        let schema = entry?.path().join("schema.json");
        if !schema.is_file() {
            continue;
        }
        let schema: Value = serde_json::from_slice(&fs::read(schema)?)?;
        for name in schema["properties"]
            .as_object()
            .context("properties")?
            .keys()
        {
            ensure!(page.contains(&format!("\\fB{name}\\fR")), "no {name}");
            options += 1;
        }
    }
    ensure!(options > 80, "{options} options");
    Ok(())
}

#[test]
fn shells_take_the_completions() -> Result<()> {
    for shell in ["bash", "zsh", "fish"] {
        let script = run(pgark().args(["completions", shell]))?;
        let text = String::from_utf8(script.clone())?;
        for command in commands()? {
            ensure!(text.contains(&command), "{shell}: no {command}");
        }
        if shell == "bash" {
            run_with_input(std::process::Command::new("bash").arg("-n"), &script)?;
        }
    }
    Ok(())
}

#[test]
fn programs_are_told_the_version() -> Result<()> {
    let told: Value = serde_json::from_slice(&run(pgark().args(["--version", "--json"]))?)?;
    ensure!(
        told["name"] == "pgark" && told["version"] == env!("CARGO_PKG_VERSION"),
        "{told}"
    );
    ensure!(
        told["servers"] == serde_json::json!([13, 14, 15, 16, 17, 18]),
        "{told}"
    );
    Ok(())
}

#[test]
fn what_is_mistyped_is_guessed() -> Result<()> {
    for (args, guess) in [
        (&["dmp"][..], "dump"),
        (&["dump", "--shema-only"], "--schema-only"),
        (&["restore", "--exit-on-eror"], "--exit-on-error"),
        (&["dump", "-Z", "gzp"], "gzip"),
    ] {
        observe(pgark().args(args))?
            .expect_code(2)?
            .expect_words([guess])?;
    }
    Ok(())
}
