//! `pgark dumpall`

use std::io;
use std::process::ExitCode;
use std::sync::Arc;

use pgark_archive::Compression;
use pgark_dump::cluster::{Choice, Folder, TarStream, WholeOptions, dump_whole};
use pgark_dump::globals::GlobalsOptions;
use pgark_dump::manifest::ManifestOptions;
use pgark_dump::{Cluster, Content, Options, SessionOptions};

use super::cluster::{self, LeftOut};
use super::dump::{bytes, omit};
use super::manifest::place;
use crate::arguments::DumpAllArguments;
use crate::output::say;

/// Dumps a whole cluster into a folder or as a tar archive.
pub(crate) async fn run(arguments: DumpAllArguments) -> anyhow::Result<ExitCode> {
    let (config, is_named) = cluster::way(arguments.dbname.as_ref(), &arguments.login)?;
    let compression = arguments.compress.unwrap_or(Compression::DEFAULT);
    let manifest = ManifestOptions {
        schema_only: arguments.schema_only,
        data_only: arguments.data_only,
        compress: compression != Compression::None,
        ..place(&config)?
    };
    let globals = globals(&arguments);
    let (is_to_stdout, is_synced) = (arguments.is_to_stdout(), !arguments.no_sync);
    let target = arguments.target.clone();
    let choice = Choice {
        named: arguments.databases.iter().cloned().map(bytes).collect(),
        excluded: Vec::new(),
        excluded_patterns: arguments.excluded.iter().cloned().map(bytes).collect(),
    };
    let options = options(arguments, compression);
    let lanes = options.jobs.get();
    let cluster = Arc::new(Cluster::new(config, is_named, options, lanes));
    if let Some(globals) = &globals {
        cluster::check_passwords(&cluster, globals).await?;
    }
    let whole = WholeOptions {
        choice,
        globals,
        manifest,
    };
    let warnings = if is_to_stdout {
        dump_whole(cluster, whole, TarStream::new(Box::new(io::stdout()))?).await?
    } else {
        dump_whole(cluster, whole, Folder::create(&target, is_synced)?).await?
    };
    for warning in warnings {
        say(format!("warning: {warning}"));
    }
    Ok(ExitCode::SUCCESS)
}

/// Roles and tablespaces belong to definitions.
fn globals(arguments: &DumpAllArguments) -> Option<GlobalsOptions> {
    let left_out = LeftOut::of(&arguments.omit, arguments.no_role_passwords, false);
    (!arguments.data_only).then(|| GlobalsOptions {
        omit: left_out.flags(),
        role: arguments.role.clone().map(bytes),
        quote_all_identifiers: arguments.quote_all_identifiers,
        ..GlobalsOptions::default()
    })
}

fn options(arguments: DumpAllArguments, compression: Compression) -> Options {
    Options {
        content: match (arguments.schema_only, arguments.data_only) {
            (true, _) => Content::SchemaOnly,
            (false, true) => Content::DataOnly,
            (false, false) => Content::All,
        },
        jobs: arguments.jobs.unwrap_or_else(Options::default_jobs),
        memory: arguments.memory,
        omit: omit(&arguments.omit),
        session: SessionOptions {
            role: arguments.role.map(bytes),
            lock_wait_timeout: arguments.lock_wait_timeout.map(bytes),
            quote_all_identifiers: arguments.quote_all_identifiers,
            ..SessionOptions::default()
        },
        compression,
        describes: true,
        allow_newer_server: arguments.allow_newer_server,
        ..Options::default()
    }
}
