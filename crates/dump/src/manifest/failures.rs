//! What could not be read: the manifest goes on without it.

use std::error::Error as _;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use crate::error::{Error, Result};

/// What a part of the manifest is about.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Subject<'a> {
    Cluster,
    /// By its place among the databases, and its name.
    Database(usize, &'a str),
}

impl fmt::Display for Subject<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cluster => f.write_str("the cluster"),
            Self::Database(_, name) => write!(f, "database \"{name}\""),
        }
    }
}

/// The failures so far, each with its reason.
#[derive(Debug, Default)]
pub(super) struct Failures(Mutex<Vec<(usize, String, String)>>);

impl Failures {
    /// The value, or `None` and a failure to tell of.
    pub(super) fn note<T>(&self, of: Subject<'_>, result: Result<T>) -> Option<T> {
        let place = match of {
            Subject::Cluster => 0,
            Subject::Database(place, _) => place + 1,
        };
        result
            .inspect_err(|error| {
                let mut failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                failures.push((place, of.to_string(), report(error)));
            })
            .ok()
    }

    /// Warns of each, once however many databases have it.
    pub(super) fn tell(self) {
        for warning in self.warnings() {
            tracing::warn!("{warning}");
        }
    }

    fn warnings(self) -> Vec<String> {
        let mut failures = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        // Stable, so that those of one database stay in their order.
        failures.sort_by_key(|(place, ..)| *place);
        let mut told: Vec<(String, String, usize)> = Vec::new();
        for (_, of, reason) in failures {
            match told.iter_mut().find(|(_, known, _)| *known == reason) {
                Some((.., others)) => *others += 1,
                None => told.push((of, reason, 0)),
            }
        }
        let warning = |(of, reason, others): (String, String, usize)| {
            let others = match others {
                0 => String::new(),
                1 => " and of another database".to_owned(),
                others => format!(" and of {others} other databases"),
            };
            format!("the manifest of {of}{others} is incomplete: {reason}")
        };
        told.into_iter().map(warning).collect()
    }
}

/// The message with those of its causes, each said once.
fn report(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let message = error.to_string();
        if !text.ends_with(&message) {
            text = format!("{text}: {message}");
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_told_once_with_how_many_databases_have_it() {
        let failures = Failures::default();
        let fail = |of, what: &str| failures.note::<()>(of, Err(Error::Dropped(what.into())));
        fail(Subject::Database(3, "d"), "x");
        fail(Subject::Database(0, "a"), "x");
        fail(Subject::Cluster, "y");
        fail(Subject::Database(1, "b"), "x");
        fail(Subject::Database(1, "b"), "z");
        assert_eq!(failures.note(Subject::Cluster, Ok(1)), Some(1));
        let text = |of: &str, what: &str| {
            format!(
                "the manifest of {of} is incomplete: {what} was dropped while the dump was running"
            )
        };
        assert_eq!(
            failures.warnings(),
            [
                text("the cluster", "y"),
                text("database \"a\" and of 2 other databases", "x"),
                text("database \"b\"", "z"),
            ]
        );
    }
}
