//! The connectors' options: their schemas beside the README.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::document::Document;

/// The options in the schemas of all connectors.
fn known() -> Result<BTreeSet<String>> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/plugin/package");
    let mut known = BTreeSet::new();
    let mut schemas = 0;
    for entry in fs::read_dir(package)? {
        let path = entry?.path().join("schema.json");
        if path.is_file() {
            let schema: Value = serde_json::from_slice(&fs::read(&path)?)?;
            let properties = schema["properties"].as_object();
            let properties = properties.with_context(|| path.display().to_string())?;
            known.extend(properties.keys().cloned());
            schemas += 1;
        }
    }
    ensure!(schemas == 5, "{schemas} schemas");
    Ok(known)
}

/// The options in the README's tables of options.
fn told(readme: &str) -> BTreeSet<String> {
    let mut told = BTreeSet::new();
    let mut in_table = false;
    for line in readme.lines() {
        in_table = line == "| option | |" || in_table && line.starts_with('|');
        let cell = line.split('|').nth(1).filter(|_| in_table);
        let names = cell
            .into_iter()
            .flat_map(|cell| cell.split('`').skip(1).step_by(2));
        told.extend(names.map(ToOwned::to_owned));
    }
    told
}

#[test]
fn the_readme_tells_every_option_of_the_connectors_and_no_other() -> Result<()> {
    let told = told(&Document::read("README.md")?.text);
    assert_eq!(told, known()?);
    Ok(())
}
