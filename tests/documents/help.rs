//! The README's synopses beside `--help`.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use support::{pgark, run};

use crate::document::Document;

/// The lines of the README that tell how a command is called, each with its number; what is indented goes on with the line before.
fn synopses(readme: &Document) -> Vec<(usize, String)> {
    let mut synopses: Vec<(usize, String)> = Vec::new();
    for block in readme.blocks("text") {
        let mut is_synopsis = false;
        for (number, line) in &block.lines {
            if line.starts_with("pgark ") {
                is_synopsis = true;
                synopses.push((*number, line.clone()));
            } else if let (true, Some((_, last))) = (is_synopsis, synopses.last_mut()) {
                last.push_str(line);
            }
        }
    }
    synopses
}

/// The options that a synopsis names.
fn options(synopsis: &str) -> BTreeSet<String> {
    let words = synopsis.split(|c: char| c.is_whitespace() || "[]()|".contains(c));
    let options = words.filter(|word| word.starts_with('-') && word.len() > 1);
    options.map(ToOwned::to_owned).collect()
}

#[test]
fn every_option_of_a_synopsis_is_one_of_the_command() -> Result<()> {
    let readme = Document::read("README.md")?;
    let synopses = synopses(&readme);
    ensure!(synopses.len() >= 10, "{synopses:?}");
    for (number, synopsis) in synopses {
        let named = synopsis.split_whitespace().nth(1).unwrap_or_default();
        for command in named.split('|') {
            let help = String::from_utf8(run(pgark().args([command, "--help"]))?)?;
            let known: BTreeSet<&str> = help
                .split(|c: char| c.is_whitespace() || ",[]".contains(c))
                .collect();
            for option in options(&synopsis) {
                ensure!(
                    known.contains(option.as_str()),
                    "README.md:{number}: pgark {command} has no option {option}"
                );
            }
        }
    }
    Ok(())
}

#[test]
fn every_command_has_a_synopsis() -> Result<()> {
    let readme = Document::read("README.md")?;
    let synopses = synopses(&readme);
    let told: BTreeSet<&str> = synopses
        .iter()
        .filter_map(|(_, synopsis)| synopsis.split_whitespace().nth(1))
        .flat_map(|named| named.split('|'))
        .collect();
    let help = String::from_utf8(run(pgark().arg("--help"))?)?;
    let commands = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| line.starts_with("  "));
    // A command's explanation goes on in lines that are indented further.
    let names = commands
        .filter(|line| !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next());
    for name in names.filter(|name| !UNTOLD.contains(name)) {
        ensure!(
            told.contains(name),
            "README.md tells nothing of pgark {name}"
        );
    }
    Ok(())
}

/// Commands that need no synopsis: Plakar calls the first, the others have one argument.
const UNTOLD: [&str; 4] = ["plugin", "completions", "man", "help"];
