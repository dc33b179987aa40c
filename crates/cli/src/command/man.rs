//! `pgark man`

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use clap::CommandFactory;
use pgark_plugin::package::{CONNECTORS, Connector};
use roff::{Roff, bold, italic, roman};
use serde_json::Value;

use crate::arguments::{Arguments, ManArguments};

/// Writes the manual pages: one of each command, made of what its --help is made of, and one of the connectors, made of the schemas of
/// their options.
pub(crate) fn run(arguments: &ManArguments) -> anyhow::Result<ExitCode> {
    let folder = &arguments.folder;
    let writing = || format!("could not write manual pages into \"{}\"", folder.display());
    fs::create_dir_all(folder).with_context(writing)?;
    clap_mangen::generate_to(Arguments::command(), folder).with_context(writing)?;
    write_page(folder, "plakar-postgresql.7", &connectors()?).with_context(writing)?;
    Ok(ExitCode::SUCCESS)
}

fn write_page(folder: &Path, name: &str, page: &Roff) -> anyhow::Result<()> {
    let mut file = File::create(folder.join(name))?;
    file.write_all(page.render().as_bytes())?;
    Ok(())
}

/// plakar-postgresql(7)
fn connectors() -> anyhow::Result<Roff> {
    let mut page = Roff::new();
    page.control(
        "TH",
        [
            "plakar-postgresql",
            "7",
            "",
            concat!("pgark ", env!("CARGO_PKG_VERSION")),
        ],
    );
    page.control("SH", ["NAME"]);
    page.text([roman(
        "plakar-postgresql - back up and restore PostgreSQL through Plakar",
    )]);
    page.control("SH", ["SYNOPSIS"]);
    for connector in CONNECTORS {
        let protocol = connector.protocol;
        let line = if connector.is_importer {
            [
                bold("plakar backup"),
                roman(" [-o "),
                italic("OPTION=VALUE"),
                roman(format!("]... {protocol}://[USER@]HOST[:PORT][/DATABASE]")),
            ]
        } else {
            [
                bold("plakar restore"),
                roman(format!(
                    " -to {protocol}://[USER@]HOST[:PORT][/DATABASE] [-o "
                )),
                italic("OPTION=VALUE"),
                roman("]... SNAPSHOT"),
            ]
        };
        page.text(line);
        page.control("br", []);
    }
    for connector in CONNECTORS {
        options(&mut page, &connector)?;
    }
    page.control("SH", ["SEE ALSO"]);
    page.text([bold("pgark"), roman("(1), "), bold("plakar"), roman("(1)")]);
    Ok(page)
}

fn options(page: &mut Roff, connector: &Connector) -> anyhow::Result<()> {
    let what = if connector.is_importer {
        "BACKUP"
    } else {
        "RESTORE"
    };
    page.control("SH", [&*format!("{what}, {}://", connector.protocol)]);
    let schema: Value = serde_json::from_str(connector.schema)?;
    let properties = schema["properties"].as_object();
    let required: Vec<&str> = schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    for (name, property) in properties.context("a schema without properties")? {
        page.control("TP", []);
        let mut title = vec![bold(name)];
        if required.contains(&name.as_str()) {
            title.push(roman(" (required)"));
        }
        page.text(title);
        page.text([roman(described(property))]);
    }
    Ok(())
}

/// What an option is, with what it takes and what it is where nothing is said.
fn described(property: &Value) -> String {
    let mut text = property["description"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    if let Some(values) = property["enum"].as_array() {
        let values: Vec<&str> = values.iter().filter_map(Value::as_str).collect();
        text += ". One of ";
        text += &values.join(", ");
    }
    let default = match &property["default"] {
        Value::Null => return text,
        Value::String(default) => default.clone(),
        default => default.to_string(),
    };
    text += ". Default: ";
    text += &default;
    text
}
