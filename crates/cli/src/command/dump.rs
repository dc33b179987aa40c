//! `pgark dump`

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use pgark_dump::{Content, Options, Report, Sink};

use super::connection;
use crate::arguments::DumpArguments;
use crate::exit;
use crate::output::say;

/// Dumps one database to a file or to standard output.
pub(crate) async fn run(arguments: DumpArguments) -> anyhow::Result<ExitCode> {
    let config = connection::config(&arguments.connection)?;
    let options = Options {
        content: match (arguments.schema_only, arguments.data_only) {
            (true, _) => Content::SchemaOnly,
            (_, true) => Content::DataOnly,
            _ => Content::All,
        },
        jobs: arguments.jobs,
        compression: arguments.compress,
        allow_incomplete: arguments.allow_incomplete,
        ..Options::default()
    };
    let report = match &arguments.file {
        Some(path) if is_special(path) => {
            let file = File::options()
                .write(true)
                .open(path)
                .with_context(|| format!("could not open file \"{}\"", path.display()))?;
            pgark_dump::dump(&config, &options, Sink::Stream(Box::new(file))).await?
        }
        Some(path) => {
            let part = PartFile::create(path)?;
            let report =
                pgark_dump::dump(&config, &options, Sink::File(part.file.try_clone()?)).await?;
            part.finish()?;
            report
        }
        None => pgark_dump::dump(&config, &options, Sink::Stream(Box::new(io::stdout()))).await?,
    };
    Ok(tell(&report))
}

/// A device or pipe: it is written to where it stands, and cannot be gone back in.
fn is_special(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir())
}

fn tell(report: &Report) -> ExitCode {
    for warning in &report.warnings {
        say(format!("warning: {warning}"));
    }
    if report.missing.is_empty() {
        return ExitCode::SUCCESS;
    }
    say("warning: the archive is incomplete; these objects are missing:");
    for object in &report.missing {
        say(format!("  {object}"));
    }
    ExitCode::from(exit::PARTIAL)
}

/// A file that takes its name when it is whole. Until then it is called `NAME.part`, and goes when it is dropped.
struct PartFile {
    file: File,
    part: PathBuf,
    path: PathBuf,
    is_finished: bool,
}

impl PartFile {
    fn create(path: &Path) -> anyhow::Result<Self> {
        // Of a link it is the target that is replaced.
        let path = &fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let mut part = path.as_os_str().to_owned();
        part.push(".part");
        let part = PathBuf::from(part);
        let doing = || format!("could not create file \"{}\"", part.display());
        if path.is_dir() {
            return Err(io::Error::from(io::ErrorKind::IsADirectory))
                .with_context(|| format!("could not write file \"{}\"", path.display()));
        }
        let file = File::create(&part).with_context(doing)?;
        Ok(Self {
            file,
            part,
            path: path.to_owned(),
            is_finished: false,
        })
    }

    /// Brings the file to the disk, then gives it its name.
    fn finish(mut self) -> anyhow::Result<()> {
        self.file
            .sync_all()
            .with_context(|| format!("could not write file \"{}\"", self.part.display()))?;
        fs::rename(&self.part, &self.path).with_context(|| {
            format!(
                "could not rename file \"{}\" to \"{}\"",
                self.part.display(),
                self.path.display()
            )
        })?;
        self.is_finished = true;
        let folder = self
            .path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .with_context(|| format!("could not write folder \"{}\"", folder.display()))
    }
}

impl Drop for PartFile {
    fn drop(&mut self) {
        if !self.is_finished {
            // The dump has failed already; an unfinished file that stays is worth a word, no more.
            if let Err(error) = fs::remove_file(&self.part) {
                say(format!(
                    "warning: could not remove file \"{}\": {error}",
                    self.part.display()
                ));
            }
        }
    }
}
