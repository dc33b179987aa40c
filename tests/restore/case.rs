//! One archive, restored by pg_restore and by pgark.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use support::{
    Fixture, Major, Ran, Scratch, Server, database_text, ensure_same_text, observe, pgark,
    shared_server, sorted_text,
};

/// An archive with the server that it is restored into.
pub(crate) struct Case {
    pub(crate) server: &'static Server,
    pub(crate) archive: PathBuf,
    options: &'static str,
    _scratch: Scratch,
}

/// Which program restores.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum By {
    PgRestore,
    Pgark,
}

/// What became of an archive.
pub(crate) struct Restored {
    pub(crate) ran: Ran,
    pub(crate) text: Vec<u8>,
}

impl Case {
    /// The archive that the major's pg_dump makes of a fixture.
    pub(crate) fn of_fixture(major: Major, fixture: &Fixture) -> Result<Self> {
        let db = fixture.database(major)?;
        Self::of_database(major, &db, fixture.database_options())
    }

    /// The archive that the major's pg_dump makes of the database with nearly everything that a database can hold.
    pub(crate) fn of_hard_cases(major: Major) -> Result<Self> {
        Self::of_fixture(major, &Fixture::hard_cases()?)
    }

    pub(crate) fn of_database(major: Major, db: &str, options: &'static str) -> Result<Self> {
        let server = shared_server(major);
        let scratch = Scratch::new()?;
        let archive = scratch.join("archive");
        server.pg_dump(db, ["-Fc"], &archive)?;
        Ok(Self {
            server,
            archive,
            options,
            _scratch: scratch,
        })
    }

    /// A golden archive.
    pub(crate) fn of_file(major: Major, name: &str) -> Result<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/archives");
        Ok(Self {
            server: shared_server(major),
            archive: folder.join(name),
            options: "template template0",
            _scratch: Scratch::new()?,
        })
    }

    /// The same archive, for a server of another major.
    pub(crate) fn moved_to(self, major: Major) -> Self {
        Self {
            server: shared_server(major),
            ..self
        }
    }

    /// An empty database like the original.
    pub(crate) fn empty_database(&self) -> Result<String> {
        self.server.fresh_database("restored", self.options)
    }

    /// Restores into a new database.
    pub(crate) fn restore(&self, by: By, args: &[&str]) -> Result<Restored> {
        self.restore_into(&self.empty_database()?, by, args)
    }

    /// Restores into a database.
    pub(crate) fn restore_into(&self, db: &str, by: By, args: &[&str]) -> Result<Restored> {
        let ran = observe(self.command(by, db).args(args).arg(&self.archive))?;
        let text = database_text(self.server, db, &[])?;
        Ok(Restored { ran, text })
    }

    pub(crate) fn command(&self, by: By, db: &str) -> Command {
        let mut command = match by {
            By::PgRestore => self.server.tool("pg_restore"),
            By::Pgark => {
                let mut command = pgark();
                command.arg("restore");
                command
            }
        };
        command.arg("-d").arg(self.server.conninfo(db));
        command
    }
}

/// An error unless both gave the same database, with rows in any order, and told of as many errors.
pub(crate) fn ensure_same(judge: &Restored, ours: &Restored) -> Result<()> {
    ensure_same_database(judge, ours, |expected, found| expected == found)
}

/// As [`ensure_same`], with no more errors than pg_restore's.
pub(crate) fn ensure_as_good(judge: &Restored, ours: &Restored) -> Result<()> {
    ensure_same_database(judge, ours, |expected, found| expected >= found)
}

fn ensure_same_database(
    judge: &Restored,
    ours: &Restored,
    agree: fn(usize, usize) -> bool,
) -> Result<()> {
    ensure_same_text(&sorted_text(&judge.text), &sorted_text(&ours.text))?;
    let (expected, found) = (judged_errors(&judge.ran)?, our_errors(&ours.ran)?);
    ensure!(
        agree(expected, found),
        "pg_restore made {expected} errors, pgark {found}:\n{}\npgark:\n{}",
        judge.ran.stderr,
        ours.ran.stderr
    );
    let is_whole = found == 0;
    ensure!(
        is_whole == (ours.ran.code == Some(0))
            && [Some(0), Some(1), Some(7)].contains(&ours.ran.code),
        "exit code {:?} with {found} errors",
        ours.ran.code
    );
    Ok(())
}

/// How many errors pg_restore counted.
pub(crate) fn judged_errors(ran: &Ran) -> Result<usize> {
    let ignored = number_behind(&ran.stderr, "errors ignored on restore: ")?;
    // In a transaction of its own it ends at the first, and counts none.
    let ended = usize::from(ran.code != Some(0));
    Ok(ignored.unwrap_or(ended))
}

/// How many errors pgark counted. Data that it left out, since its table is not there, is an error with pg_restore.
pub(crate) fn our_errors(ran: &Ran) -> Result<usize> {
    let last = ran.stderr.lines().last().unwrap_or_default();
    ensure!(
        last.starts_with("pgark: restored "),
        "no counts at the end:\n{}",
        ran.stderr
    );
    let left_out = ran
        .stderr
        .matches(": its table could not be made\n")
        .count();
    Ok(number_behind(last, "(")?.unwrap_or(0) + left_out)
}

fn number_behind(text: &str, what: &str) -> Result<Option<usize>> {
    let Some((_, rest)) = text.split_once(what) else {
        return Ok(None);
    };
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    Ok(Some(digits.parse().context("a number of errors")?))
}
