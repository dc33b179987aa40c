//! `pgark plugin`

use std::process::ExitCode;

use anyhow::Context;
use pgark_plugin::Role;

use crate::arguments::{PluginArguments, PluginRole};

/// Serves Plakar on standard input and output until it hangs up.
pub(crate) async fn run(arguments: &PluginArguments) -> anyhow::Result<ExitCode> {
    let role = match arguments.role {
        PluginRole::Exporter => Role::Exporter,
        PluginRole::Importer => Role::Importer,
    };
    pgark_plugin::serve(role)
        .await
        .context("could not serve Plakar")?;
    Ok(ExitCode::SUCCESS)
}
