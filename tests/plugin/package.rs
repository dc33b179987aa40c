//! The plugin's folder and the package made of it.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use support::{Host, lay_out};

/// The options of every connector.
const COMMON: [&str; 12] = [
    "host",
    "location",
    "pg_bin_dir",
    "port",
    "ssl_cert",
    "ssl_cert_data",
    "ssl_key",
    "ssl_key_data",
    "ssl_mode",
    "ssl_root_cert",
    "ssl_root_cert_data",
    "username",
];

const PASSWORD: &[&str] = &["password"];

/// Those of tokens in the place of a password.
const TOKEN: &[&str] = &["iam_host", "profile", "region"];

/// Those that a backup and a restore of databases share.
const LOGICAL: &[&str] = &["data_only", "database", "schema_only"];

const BACKUP: &[&str] = &[
    "compress",
    "compression",
    "exclude_databases",
    "exclude_table_data",
    "exclude_tables",
    "jobs",
    "lock_wait_timeout",
    "manifest",
    "no_role_passwords",
    "schemas",
];

const RESTORE: &[&str] = &[
    "clean",
    "databases",
    "exit_on_error",
    "ignore_errors",
    "no_globals",
    "no_owner",
    "recreate",
];

const PHYSICAL: &[&str] = &["checkpoint", "label", "manifest", "max_rate", "slot", "wal"];

/// The options of a connector besides, by its folder.
const OWN: [(&str, &[&[&str]]); 5] = [
    ("postgresqlImporter", &[PASSWORD, LOGICAL, BACKUP]),
    ("postgresqlAWSImporter", &[TOKEN, LOGICAL, BACKUP]),
    ("postgresqlBinImporter", &[PASSWORD, PHYSICAL]),
    ("postgresqlExporter", &[PASSWORD, LOGICAL, RESTORE]),
    ("postgresqlAWSExporter", &[TOKEN, LOGICAL, RESTORE]),
];

#[test]
fn the_folder_holds_what_its_manifest_names_and_nothing_else() -> Result<()> {
    let scratch = support::Scratch::new()?;
    let folder = scratch.join("deep/down/plugin");
    // What an earlier build left goes.
    fs::create_dir_all(folder.join("old"))?;
    fs::write(folder.join("old/file"), "")?;
    lay_out(&folder)?;

    let manifest = fs::read_to_string(folder.join("manifest.yaml"))?;
    let values = |key: &str| -> Vec<String> {
        let lines = manifest
            .lines()
            .filter_map(|line| line.trim().strip_prefix(key));
        lines.map(|value| value.trim().to_owned()).collect()
    };
    ensure!(!values("executable:").is_empty() && !values("validator:").is_empty());
    ensure!(values("name:") == ["postgresql"], "{manifest}");
    ensure!(values("license:") == ["MIT OR Apache-2.0"], "{manifest}");
    let mut named: BTreeSet<String> = ["manifest.yaml".to_owned()].into();
    named.extend(values("executable:"));
    named.extend(values("validator:"));
    ensure!(
        files(&folder)? == named,
        "{:?} where {named:?} is named",
        files(&folder)?
    );
    for program in values("executable:") {
        ensure!(program == "pgark", "a program {program}");
        let mode = fs::metadata(folder.join(&program))?.permissions().mode();
        ensure!(mode & 0o7777 == 0o755, "{program} has mode {mode:o}");
    }
    for path in values("validator:") {
        let (connector, file) = path.split_once('/').context("a folder")?;
        ensure!(file == "schema.json", "a schema {path}");
        let schema: Value = serde_json::from_slice(&fs::read(folder.join(&path))?)?;
        ensure!(schema["additionalProperties"] == false, "{schema:#}");
        let properties = schema["properties"].as_object().context("properties")?;
        let known: BTreeSet<_> = properties.keys().map(String::as_str).collect();
        let own = OWN.iter().find(|(name, _)| *name == connector);
        let (_, own) = own.with_context(|| format!("an unknown connector {connector}"))?;
        let expected: BTreeSet<_> = COMMON
            .iter()
            .chain(own.iter().copied().flatten())
            .copied()
            .collect();
        ensure!(known == expected, "the schema {path} knows {known:?}");
    }
    Ok(())
}

#[test]
fn plakar_installs_the_package_with_every_file() -> Result<()> {
    let host = Host::new()?;
    let shown = String::from_utf8(host.run(&["pkg", "show"])?)?;
    ensure!(shown.trim() == "postgresql@v1.0.0", "{shown}");
    let name = host.package()?;
    let name = name
        .file_stem()
        .context("a name")?
        .to_string_lossy()
        .into_owned();
    ensure!(name.starts_with("postgresql_v1.0.0_linux_"), "{name}");
    let installed = host.join("home/.cache/plakar/plugins/v1.1.0").join(name);
    ensure!(
        files(&installed)? == files(&host.plugin_folder())?,
        "{:?}",
        files(&installed)?
    );
    Ok(())
}

/// The files below `folder`, by their paths in it.
fn files(folder: &Path) -> Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    let mut open = vec![folder.to_owned()];
    while let Some(path) = open.pop() {
        for entry in fs::read_dir(&path).with_context(|| path.display().to_string())? {
            let path = entry?.path();
            if path.is_dir() {
                open.push(path);
            } else {
                found.insert(path.strip_prefix(folder)?.display().to_string());
            }
        }
    }
    Ok(found)
}
