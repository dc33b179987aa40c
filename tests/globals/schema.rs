//! Manifests are what their JSON Schema says.

use anyhow::{Context, Result, ensure};
use pgark_dump::manifest::SCHEMA;
use serde_json::{Value, json};

/// An error with all that is wrong, unless the manifest is what the schema says.
pub(crate) fn expect_valid(manifest: &Value) -> Result<()> {
    let schema = serde_json::from_str(SCHEMA)?;
    let validator = jsonschema::draft202012::options()
        .should_validate_formats(true)
        .build(&schema)?;
    let wrong: Vec<_> = validator
        .iter_errors(manifest)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    ensure!(wrong.is_empty(), "{wrong:#?}");
    Ok(())
}

#[test]
fn manifests_of_the_go_plugin_are_valid_and_others_are_not() -> Result<()> {
    for golden in [
        include_str!("../../fixtures/plakar/manifest.json"),
        include_str!("../../fixtures/plakar/single.json"),
        include_str!("../../fixtures/plakar/physical.json"),
    ] {
        let golden: Value = serde_json::from_str(golden)?;
        expect_valid(&golden)?;
        for (place, value) in [
            ("/version", json!(3)),
            ("/created_at", json!("yesterday")),
            ("/roles/0/superuser", json!("no")),
            ("/roles/0/valid_until", json!(5)),
            ("/databases/0/relations/0/kind", json!("x")),
            ("/databases/0/relations/0/columns/0/position", json!(0)),
            ("/databases/0/relations/0/extra", json!(1)),
            ("/databases/0/relations", json!([])),
        ] {
            let mut wrong = golden.clone();
            let (above, field) = place.rsplit_once('/').context("a path")?;
            let above = wrong.pointer_mut(above).context("a place")?;
            above[field] = value;
            ensure!(expect_valid(&wrong).is_err(), "{place} goes unnoticed");
        }
    }
    Ok(())
}
