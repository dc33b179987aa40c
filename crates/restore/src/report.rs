//! What a restore did, and what not.

use bstr::{BString, ByteSlice};
use pgark_archive::{EntryName, TocEntry};
use pgark_wire::{Error as WireError, ServerError};
use serde::Serialize;

use crate::secret::without_secrets;

/// How much of a statement is shown.
const SHOWN: usize = 300;

/// The outcome of a restore.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// How it ended.
    pub ended: Ended,
    /// Entries that were wanted.
    pub wanted: usize,
    /// Entries that are restored, whole.
    pub restored: usize,
    /// Entries of which something failed.
    pub failed: usize,
    /// What failed, in the order in which it failed. One entry may stand here several times.
    pub failures: Vec<Failure>,
    /// Entries that were left out because what they need is not there.
    pub skipped: Vec<Skipped>,
    /// Entries that were being restored when the connection was lost: whether the server has them cannot be told.
    pub unknown: Vec<EntryName>,
    /// Bytes of rows and large objects that were sent.
    pub data_bytes: u64,
    /// What was seen before anything was changed that will not work.
    pub foreseen: Vec<String>,
    /// What the user should know besides.
    pub warnings: Vec<String>,
}

/// How a restore ended.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "how", content = "why")]
#[non_exhaustive]
pub enum Ended {
    /// Everything that was wanted has been tried.
    #[default]
    Complete,
    /// It stopped at an error, as it was told to.
    AtError,
    /// It stopped at an error, and the server has taken everything back.
    RolledBack,
    /// It was only to look for what will not work.
    Preflight,
    /// The user stopped it.
    Cancelled,
    /// The connection broke, or the server ended it.
    ConnectionLost(String),
    /// The archive could not be read on.
    Archive(String),
}

/// What is said of a restore in one word.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// All that was wanted is there.
    All,
    /// Some of it is there.
    Part,
    /// Nothing of it is there.
    None,
}

/// A statement that failed.
#[derive(Clone, Debug, Serialize)]
pub struct Failure {
    /// The entry it belongs to; none where it belongs to no entry.
    pub entry: Option<EntryName>,
    /// The statement, shortened.
    pub statement: String,
    /// The server's code for what went wrong.
    pub sqlstate: Option<String>,
    /// What went wrong.
    pub message: String,
    /// More of it.
    pub detail: Option<String>,
    /// What might be done about it.
    pub hint: Option<String>,
    /// Where it went wrong, such as the line of a COPY.
    pub context: Option<String>,
}

/// An entry that was left out.
#[derive(Clone, Debug, Serialize)]
pub struct Skipped {
    /// The entry.
    pub entry: EntryName,
    /// Why.
    pub why: String,
}

impl Report {
    /// What is to be said in one word.
    pub fn outcome(&self) -> Outcome {
        let is_whole =
            self.ended == Ended::Complete && self.failures.is_empty() && self.skipped.is_empty();
        match self.ended {
            _ if is_whole => Outcome::All,
            Ended::RolledBack => Outcome::None,
            _ if self.restored == 0 && self.unknown.is_empty() => Outcome::None,
            _ => Outcome::Part,
        }
    }

    /// How many entries were not come to.
    pub fn not_reached(&self) -> usize {
        let met = self.restored + self.failed + self.skipped.len() + self.unknown.len();
        self.wanted.saturating_sub(met)
    }
}

impl Failure {
    /// A statement that failed with an error.
    pub fn new(entry: Option<&TocEntry>, statement: impl AsRef<[u8]>, error: &WireError) -> Self {
        let text = |text: &BString| text.to_str_lossy().into_owned();
        let server: Option<&ServerError> = error.server();
        Self {
            entry: entry.map(EntryName::of),
            statement: shortened(statement.as_ref()),
            sqlstate: server.map(|server| server.sqlstate.clone()),
            message: server.map_or_else(|| error.to_string(), |server| text(&server.message)),
            detail: server.and_then(|server| server.detail.as_ref().map(text)),
            hint: server.and_then(|server| server.hint.as_ref().map(text)),
            context: server.and_then(|server| server.context.as_ref().map(text)),
        }
    }

    /// A text that was not sent to the server.
    pub(crate) fn refused(text: impl AsRef<[u8]>, why: &str) -> Self {
        Self {
            entry: None,
            statement: shortened(text.as_ref()),
            sqlstate: None,
            message: why.into(),
            detail: None,
            hint: None,
            context: None,
        }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(entry) = &self.entry {
            write!(f, "{entry}: ")?;
        }
        f.write_str(&self.message)?;
        if let Some(sqlstate) = &self.sqlstate {
            write!(f, " (SQLSTATE {sqlstate})")?;
        }
        for (what, text) in [
            ("detail", &self.detail),
            ("hint", &self.hint),
            ("context", &self.context),
        ] {
            if let Some(text) = text {
                write!(f, "\n  {what}: {text}")?;
            }
        }
        write!(f, "\n  statement: {}", self.statement)
    }
}

/// The beginning of a statement on one line, without its secrets.
pub(crate) fn shortened(statement: &[u8]) -> String {
    let statement = without_secrets(statement.trim_ascii());
    let text = statement.to_str_lossy();
    let words: Vec<&str> = text.split_whitespace().collect();
    let line = words.join(" ");
    match line.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{} …", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pgark_archive::DumpId;

    #[test]
    fn the_outcome_is_told_by_what_is_there() {
        let failure = Failure {
            entry: Some(EntryName::of(&TocEntry::new(DumpId(3)))),
            statement: String::new(),
            sqlstate: None,
            message: String::new(),
            detail: None,
            hint: None,
            context: None,
        };
        let report = |ended, restored, failures: usize| Report {
            ended,
            restored,
            wanted: 5,
            failed: failures.min(1),
            failures: vec![failure.clone(); failures],
            ..Report::default()
        };
        for (report, outcome, not_reached) in [
            (report(Ended::Complete, 5, 0), Outcome::All, 0),
            (report(Ended::Complete, 4, 2), Outcome::Part, 0),
            (report(Ended::Complete, 0, 1), Outcome::None, 4),
            (report(Ended::RolledBack, 4, 1), Outcome::None, 0),
            (report(Ended::Cancelled, 2, 0), Outcome::Part, 3),
            (report(Ended::Cancelled, 0, 0), Outcome::None, 5),
        ] {
            assert_eq!(report.outcome(), outcome, "{report:?}");
            assert_eq!(report.not_reached(), not_reached, "{report:?}");
        }
    }

    #[test]
    fn long_statements_are_shortened_to_one_line() {
        assert_eq!(shortened(b"\n a\n\tb ;\n"), "a b ;");
        let long = shortened("ä".repeat(1000).as_bytes());
        assert_eq!(long.chars().count(), SHOWN + 2);
    }
}
