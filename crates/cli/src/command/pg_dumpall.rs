//! pgark called as `pg_dumpall`

use std::io;
use std::num::NonZeroUsize;
use std::process::ExitCode;

use pgark_archive::{RestrictKey, ScriptOptions};
use pgark_dump::cluster::{Choice, dump_script};
use pgark_dump::globals::{GlobalsOptions, Scope};
use pgark_dump::{Cluster, Content, Options, SessionOptions};

use super::cluster::{self, LeftOut};
use super::dump::{bytes, inserts, omit, omitted_storage};
use crate::arguments::PgDumpAllArguments;
use crate::output::say;
use crate::output_file::OutputFile;

/// Dumps a whole cluster as one script.
pub(crate) async fn run(arguments: PgDumpAllArguments, verbose: bool) -> anyhow::Result<ExitCode> {
    let (mut config, mut is_named) = cluster::way(arguments.dbname.as_ref(), &arguments.login)?;
    if let Some(database) = &arguments.database {
        config = config.with_dbname(bytes(database.clone()));
        is_named = true;
    }
    let (globals, script) = (globals(&arguments), script(&arguments, verbose)?);
    let output = OutputFile::open(arguments.file.as_deref(), !arguments.no_sync)?;
    let is_whole = !(arguments.globals_only || arguments.roles_only || arguments.tablespaces_only);
    let choice = Choice {
        excluded_patterns: arguments.excluded.iter().cloned().map(bytes).collect(),
        ..Choice::default()
    };
    let cluster = Cluster::new(config, is_named, options(arguments)?, 1);
    cluster::check_passwords(&cluster, &globals).await?;
    if is_whole {
        let open = || output.writer().map_err(io::Error::other);
        for warning in dump_script(&cluster, &choice, &globals, &script, open).await? {
            say(format!("warning: {warning}"));
        }
    } else {
        super::globals::write(&output, &cluster.globals(&globals).await?)?;
    }
    output.finish()?;
    Ok(ExitCode::SUCCESS)
}

fn globals(arguments: &PgDumpAllArguments) -> GlobalsOptions {
    let (passwords, tablespaces) = (
        arguments.no_role_passwords,
        arguments.storage.no_tablespaces,
    );
    let left_out = LeftOut::of(&arguments.omit, passwords, tablespaces);
    GlobalsOptions {
        scope: match (arguments.roles_only, arguments.tablespaces_only) {
            _ if arguments.data_only => Scope::Neither,
            (true, _) => Scope::Roles,
            (false, true) => Scope::Tablespaces,
            (false, false) => Scope::All,
        },
        clean: arguments.clean,
        if_exists: arguments.if_exists,
        omit: left_out.flags(),
        role: arguments.role.clone().map(bytes),
        restrict_key: arguments.restrict_key.clone(),
        quote_all_identifiers: arguments.quote_all_identifiers,
        ..GlobalsOptions::default()
    }
}

/// How each database is written.
fn script(arguments: &PgDumpAllArguments, verbose: bool) -> anyhow::Result<ScriptOptions> {
    let key = match &arguments.restrict_key {
        Some(key) => key.clone(),
        None => RestrictKey::random()?,
    };
    Ok(ScriptOptions {
        schema: !arguments.data_only,
        no_owner: arguments.storage.no_owner,
        no_tablespaces: arguments.storage.no_tablespaces,
        no_table_access_method: arguments.storage.no_table_access_method,
        use_set_session_authorization: arguments.use_set_session_authorization,
        disable_triggers: arguments.disable_triggers,
        superuser: arguments.superuser.clone().map(bytes),
        quote_all_identifiers: arguments.quote_all_identifiers,
        verbose,
        ..ScriptOptions::new(key)
    })
}

fn options(arguments: PgDumpAllArguments) -> anyhow::Result<Options> {
    Ok(Options {
        content: match (arguments.schema_only, arguments.data_only) {
            (true, _) => Content::SchemaOnly,
            (false, true) => Content::DataOnly,
            (false, false) => Content::All,
        },
        omit: omit(&arguments.omit) | omitted_storage(&arguments.storage),
        inserts: inserts(&arguments.rows)?,
        load_via_partition_root: arguments.rows.load_via_partition_root,
        session: SessionOptions {
            encoding: arguments.encoding.map(bytes),
            role: arguments.role.map(bytes),
            lock_wait_timeout: arguments.lock_wait_timeout.map(bytes),
            quote_all_identifiers: arguments.quote_all_identifiers,
            extra_float_digits: arguments.extra_float_digits,
            ..SessionOptions::default()
        },
        jobs: NonZeroUsize::MIN,
        ..Options::default()
    })
}
