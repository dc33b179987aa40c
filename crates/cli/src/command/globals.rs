//! `pgark globals`

use std::fs;
use std::io::{self, Read};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use pgark_dump::globals::{GlobalsOptions, Scope};
use pgark_dump::{Cluster, Options};
use pgark_restore::{GlobalsOptions as RestoreOptions, OntoRds, Watch};

use super::cluster::LeftOut;
use super::dump::bytes;
use super::restore::database;
use super::{cluster, connection};
use crate::arguments::{DumpedGlobals, GlobalsArguments};
use crate::output_file::OutputFile;

/// Writes the script of roles and tablespaces, or runs one.
pub(crate) async fn run(arguments: &GlobalsArguments) -> anyhow::Result<ExitCode> {
    match &arguments.restore {
        Some(script) => restore(arguments, script).await,
        None => dump(arguments).await,
    }
}

async fn dump(arguments: &GlobalsArguments) -> anyhow::Result<ExitCode> {
    let (connection, dumped) = (&arguments.connection, &arguments.dumped);
    let named = connection.dbname.as_ref().or(connection.database.as_ref());
    let (config, is_named) = cluster::way(named, &connection.login)?;
    let cluster = Cluster::new(config, is_named, Options::default(), 1);
    let options = options(dumped);
    cluster::check_passwords(&cluster, &options).await?;
    let script = cluster.globals(&options).await?;
    let output = OutputFile::open(dumped.file.as_deref(), !dumped.no_sync)?;
    write(&output, &script)?;
    output.finish()?;
    Ok(ExitCode::SUCCESS)
}

/// Writes a script.
pub(super) fn write(output: &OutputFile, script: &[u8]) -> anyhow::Result<()> {
    let mut writer = output.writer()?;
    let written = writer.write_all(script).and_then(|()| writer.flush());
    written.context("could not write the script")
}

fn options(dumped: &DumpedGlobals) -> GlobalsOptions {
    let left_out = LeftOut {
        role_passwords: dumped.no_role_passwords,
        privileges: dumped.no_privileges,
        comments: dumped.no_comments,
        security_labels: dumped.no_security_labels,
        tablespaces: dumped.no_tablespaces,
    };
    GlobalsOptions {
        scope: match (dumped.roles_only, dumped.tablespaces_only) {
            (true, _) => Scope::Roles,
            (false, true) => Scope::Tablespaces,
            (false, false) => Scope::All,
        },
        clean: dumped.clean,
        if_exists: dumped.if_exists,
        omit: left_out.flags(),
        role: dumped.role.clone().map(bytes),
        restrict_key: dumped.restrict_key.clone(),
        quote_all_identifiers: dumped.quote_all_identifiers,
        drop_databases: false,
    }
}

async fn restore(arguments: &GlobalsArguments, path: &Path) -> anyhow::Result<ExitCode> {
    let config = connection::config(&arguments.connection)?;
    let read = if path == Path::new("-") {
        let mut script = Vec::new();
        io::stdin().read_to_end(&mut script).map(|_| script)
    } else {
        fs::read(path)
    };
    let script = read.with_context(|| format!("could not read \"{}\"", path.display()))?;
    let watch = Arc::new(Watch::default());
    let options = RestoreOptions {
        exit_on_error: arguments.exit_on_error,
        rds: if arguments.rds {
            OntoRds::Yes
        } else {
            OntoRds::No
        },
    };
    let report = pgark_restore::restore_globals(&config, &script, options, watch).await?;
    database::end(&report, "statement", arguments.report.as_deref())
}
