//! A whole cluster as one SQL script, as pg_dumpall writes it (dumpDatabases in src/bin/pg_dump/pg_dumpall.c).

use std::io::{self, Write};
use std::sync::Arc;

use bstr::{BStr, BString, ByteSlice};
use pgark_archive::{Compression, ScriptOptions};
use pgark_sql::{put, text};

use super::{Choice, Cluster};
use crate::error::{Error, Result};
use crate::globals::{self, GlobalsOptions};
use crate::logical::dump;
use crate::options::{Format, Options};
use crate::sink::Sink;

/// Writes globals and databases, one after the other, each to a writer that `open` makes anew and that goes on where the last one ended.
/// Of `script`, what it says of dropping and making the database is decided here. Returns what the user should know.
///
/// # Errors
/// What went wrong first; the script has no end then.
///
/// # Cancel safety
/// Dropping the future stops the dump, and leaves the script as after an error.
pub async fn dump_script(
    cluster: &Cluster,
    choice: &Choice,
    globals: &GlobalsOptions,
    script: &ScriptOptions,
    open: impl Fn() -> io::Result<Box<dyn Write + Send>>,
) -> Result<Vec<String>> {
    let failed = |source| Error::Io {
        doing: "write the script".into(),
        source,
    };
    let write = |text: &[u8]| {
        let written = open().and_then(|mut sink| {
            sink.write_all(text)?;
            sink.flush()
        });
        written.map_err(failed)
    };
    let mut databases = cluster.databases(choice).await?;
    // Where others are made from it, it has to be as it will be.
    databases.sort_by_key(|name| name != "template1");
    let globals = GlobalsOptions {
        drop_databases: true,
        ..globals.clone()
    };
    write(&globals::dump_without_end(cluster.reach().await?, &globals).await?)?;
    if !databases.is_empty() {
        write(b"--\n-- Databases\n--\n\n")?;
    }
    let mut warnings = Vec::new();
    for database in &databases {
        write(&head(database.as_ref(), globals.clean))?;
        let options = Options {
            format: Format::Plain(Box::new(ScriptOptions {
                clean: is_always_there(database.as_ref()) && globals.clean,
                create: !is_always_there(database.as_ref()) || globals.clean,
                if_exists: false,
                ..script.clone()
            })),
            compression: Compression::None,
            ..cluster.options.clone()
        };
        let sink = open().map_err(failed)?;
        let config = cluster.config.with_dbname(database);
        let dumped = dump(&config, &options, Sink::Stream(sink), &Arc::default()).await;
        let report = dumped.map_err(|source| Error::Database {
            database: database.clone(),
            source: Box::new(source),
        })?;
        warnings.extend(Cluster::warnings(database.as_ref(), &report));
    }
    write(globals::END.as_bytes())?;
    Ok(warnings)
}

/// Every server has it, and it cannot be made.
fn is_always_there(database: &BStr) -> bool {
    database == "template1" || database == "postgres"
}

/// What comes before the script of a database.
fn head(database: &BStr, clean: bool) -> BString {
    // It stands in a comment, where a line's end would end it.
    let shown = database.replace("\n", " ").replace("\r", " ");
    let mut head = text!("--\n-- Database \"", shown, "\" dump\n--\n\n");
    if is_always_there(database) && !clean {
        put!(head, "\\connect ", database, "\n\n");
    }
    head
}
