//! `pgark verify --restore-with`: the only use that is made of PostgreSQL's own programs.

use std::fs::File;
use std::io::Seek;
use std::path::Path;
use std::process::{ExitCode, Stdio};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context;
use bstr::{BString, ByteSlice};
use pgark_archive::{
    Difference, Filter, Reader, RestrictKey, ScriptOptions, Selection, TocEntry, differences,
};
use pgark_connect::{Config, Session};
use pgark_dump::Sink;
use pgark_restore::{Archive, Outcome, Preflight, Watch};
use tokio::process::Command;

use crate::arguments::LoginArguments;
use crate::arguments::physical::VerifyArguments;
use crate::command::connection;
use crate::exit;
use crate::output::say;

/// How many differences are told.
const SHOWN: usize = 20;

/// Restores an archive twice, by pg_restore and by pgark, each into a database of its own that is dropped afterwards, and tells in what
/// the two differ.
pub(super) async fn run(arguments: &VerifyArguments, folder: &Path) -> anyhow::Result<ExitCode> {
    let login = LoginArguments {
        #[cfg(feature = "aws")]
        aws: arguments.aws.clone(),
        ..LoginArguments::default()
    };
    let config = connection::config_of(arguments.dbname.as_ref(), &login)?;
    // Without a folder it is looked for in the PATH.
    let pg_restore = folder.join("pg_restore");
    let archive = &arguments.backup;
    let file =
        File::open(archive).with_context(|| format!("could not open \"{}\"", archive.display()))?;
    let reader = Reader::new(file)
        .with_context(|| format!("could not verify archive \"{}\"", archive.display()))?;
    let mut session = pgark_connect::connect(&config).await?;
    let databases = Databases::names()?;
    // What is made is dropped whatever happens in between.
    let result = tokio::select! {
        result = compared(&config, &mut session, &databases, reader, &pg_restore, archive) => result,
        () = exit::interrupted() => Err(exit::Cancelled.into()),
    };
    databases.drop(&config).await?;
    let Verdict {
        errors,
        differences,
    } = result?;
    for error in &errors {
        say(format!("error: {error}"));
    }
    for difference in differences.iter().take(SHOWN) {
        say(format!("error: {difference}"));
    }
    if differences.len() > SHOWN {
        say(format!(
            "error: and {} more differences",
            differences.len() - SHOWN
        ));
    }
    if !errors.is_empty() || !differences.is_empty() {
        return Ok(ExitCode::from(exit::NOT_VERIFIED));
    }
    if !arguments.quiet {
        say("archive successfully verified: pg_restore and pgark restore the same from it");
    }
    Ok(ExitCode::SUCCESS)
}

/// What came out.
struct Verdict {
    /// What could not be restored.
    errors: Vec<String>,
    /// The first is pg_restore's database.
    differences: Vec<Difference>,
}

async fn compared(
    config: &Config,
    session: &mut Session,
    databases: &Databases,
    reader: Reader<File>,
    pg_restore: &Path,
    archive: &Path,
) -> anyhow::Result<Verdict> {
    let properties = properties(reader.toc());
    drop(reader);
    databases.create(session, properties).await?;
    let theirs = config.with_dbname(&databases.theirs);
    let ours = config.with_dbname(&databases.ours);
    let mut errors = Vec::new();
    errors.extend(restore_with(pg_restore, &theirs, archive).await?);
    errors.extend(restore(&ours, archive).await?);
    let (theirs, ours) = (dumped(&theirs).await?, dumped(&ours).await?);
    let compare = move || differences(&mut Reader::new(theirs)?, &mut Reader::new(ours)?);
    let differences = tokio::task::spawn_blocking(compare).await?;
    let differences = differences.context("could not read what was restored")?;
    Ok(Verdict {
        errors,
        differences,
    })
}

/// The databases that are made for it.
struct Databases {
    theirs: BString,
    ours: BString,
}

impl Databases {
    fn names() -> anyhow::Result<Self> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos();
        let stem = format!("pgark_verify_{}_{now}", std::process::id());
        Ok(Self {
            theirs: format!("{stem}_pg_restore").into(),
            ours: format!("{stem}_pgark").into(),
        })
    }

    /// Makes them with the properties of the archive's database, or plain ones where the server knows no such encoding or locale.
    async fn create(
        &self,
        session: &mut Session,
        properties: Option<BString>,
    ) -> anyhow::Result<()> {
        const PLAIN: &str = "ENCODING = 'UTF8' LC_COLLATE = 'C' LC_CTYPE = 'C'";
        let mut properties = properties.unwrap_or_else(|| PLAIN.into());
        for name in [&self.theirs, &self.ours] {
            let create = |properties: &BString| {
                BString::from(bstr::join(
                    "",
                    [
                        &b"CREATE DATABASE "[..],
                        name,
                        b" WITH TEMPLATE = template0 ",
                        properties,
                    ],
                ))
            };
            let mut created = session.execute(create(&properties)).await;
            if let Err(error) = &created
                && session.is_ready()
                && properties != PLAIN
            {
                say(format!(
                    "warning: a database with the properties of the archive's could not be made: {error}"
                ));
                properties = PLAIN.into();
                created = session.execute(create(&properties)).await;
            }
            created.with_context(|| format!("could not make database \"{name}\""))?;
        }
        Ok(())
    }

    async fn drop(&self, config: &Config) -> anyhow::Result<()> {
        // The session that made them may be in the middle of something.
        let mut session = pgark_connect::connect(config).await?;
        for name in [&self.theirs, &self.ours] {
            let drop = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
            let dropped = session.execute(drop).await;
            dropped.with_context(|| format!("could not drop database \"{name}\""))?;
        }
        Ok(())
    }
}

/// What the archive says of its database behind its name: encoding and locale.
fn properties(toc: &[TocEntry]) -> Option<BString> {
    let database = toc.iter().find(|entry| entry.desc == "DATABASE")?;
    let (_, properties) = database
        .defn
        .as_ref()?
        .rsplit_once_str(" WITH TEMPLATE = template0 ")?;
    let properties = properties.trim_ascii_end().strip_suffix(b";")?;
    Some(properties.into())
}

/// Lets pg_restore restore the archive, and gives what it says is wrong.
async fn restore_with(
    pg_restore: &Path,
    config: &Config,
    archive: &Path,
) -> anyhow::Result<Option<String>> {
    let mut command = Command::new(pg_restore);
    for (variable, value) in config.variables() {
        command.env(variable, value.to_os_str()?);
    }
    if let Some(password) = config.made_password().await? {
        command.env("PGPASSWORD", password.expose().to_os_str()?);
    }
    let dbname = config.dbname()?;
    command
        .arg("--no-subscriptions")
        .arg("--dbname")
        .arg(dbname.to_os_str()?)
        .arg(archive);
    let running = command.stdin(Stdio::null()).kill_on_drop(true).output();
    let output = running
        .await
        .with_context(|| format!("could not run \"{}\"", pg_restore.display()))?;
    if output.status.success() {
        return Ok(None);
    }
    let said = output.stderr.lines().map(|line| line.to_str_lossy());
    Ok(Some(format!(
        "pg_restore ended with {}: {}",
        output.status,
        said.collect::<Vec<_>>().join("; ")
    )))
}

/// Restores the archive ourselves, and gives what failed.
async fn restore(config: &Config, archive: &Path) -> anyhow::Result<Vec<String>> {
    let reading = || format!("could not restore archive \"{}\"", archive.display());
    let opened = Archive::open(File::open(archive).with_context(reading)?).with_context(reading)?;
    let filter = Filter {
        // One that is made here could begin to work, and would take its slot along when it is dropped.
        no_subscriptions: true,
        ..Filter::default()
    };
    let selection = Selection::choose(opened.toc(), &filter, None)?;
    let options = pgark_restore::Options {
        preflight: Preflight::Off,
        ..pgark_restore::Options::new(ScriptOptions::new(RestrictKey::random()?))
    };
    let report = pgark_restore::restore(
        config,
        opened,
        &selection,
        options,
        Arc::new(Watch::default()),
    );
    let report = report.await.with_context(reading)?;
    let mut errors: Vec<_> = report
        .failures
        .iter()
        .map(|failure| format!("pgark: {failure}"))
        .collect();
    if errors.is_empty() && report.outcome() != Outcome::All {
        errors.push(format!(
            "pgark: the restore ended early: {:?}",
            report.ended
        ));
    }
    Ok(errors)
}

/// A dump of a database, in a file without a name.
async fn dumped(config: &Config) -> anyhow::Result<File> {
    let file = tempfile::tempfile().context("could not make a temporary file")?;
    let options = pgark_dump::Options::default();
    let sink = Sink::File(file.try_clone()?);
    pgark_dump::dump(config, &options, sink, &Arc::default()).await?;
    (&file).rewind()?;
    Ok(file)
}
