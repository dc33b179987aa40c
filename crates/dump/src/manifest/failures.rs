//! What could not be read: the manifest goes on without it.

use std::error::Error as _;
use std::mem;
use std::sync::{Mutex, PoisonError};

use crate::error::{Error, Result};

/// Why parts of one thing could not be read.
#[derive(Debug, Default)]
pub(super) struct Failures(Mutex<Vec<String>>);

impl Failures {
    /// The value, or `None` and a failure to tell of.
    pub(super) fn note<T>(&self, result: Result<T>) -> Option<T> {
        result
            .inspect_err(|error| {
                let mut reasons = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                reasons.push(report(error));
            })
            .ok()
    }

    /// The reasons, leaving none.
    pub(super) fn take(&self) -> Vec<String> {
        mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What to warn of: each reason once, however many things have it. They are called by what they are.
pub(super) fn warnings(failures: impl IntoIterator<Item = (String, Vec<String>)>) -> Vec<String> {
    let mut told: Vec<(String, String, usize)> = Vec::new();
    for (of, reasons) in failures {
        for reason in reasons {
            match told.iter_mut().find(|(_, known, _)| *known == reason) {
                Some((.., others)) => *others += 1,
                None => told.push((of.clone(), reason, 0)),
            }
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
        let failed = |what: &[&str]| {
            let failures = Failures::default();
            for what in what {
                assert_eq!(
                    failures.note::<()>(Err(Error::Dropped((*what).into()))),
                    None
                );
            }
            assert_eq!(failures.note(Ok(1)), Some(1));
            failures.take()
        };
        let text = |of: &str, what: &str| {
            format!(
                "the manifest of {of} is incomplete: {what} was dropped while the dump was running"
            )
        };
        assert_eq!(
            warnings([
                ("the cluster".into(), failed(&["y"])),
                ("database \"a\"".into(), failed(&["x"])),
                ("database \"b\"".into(), failed(&["x", "z"])),
                ("database \"d\"".into(), failed(&["x"])),
            ]),
            [
                text("the cluster", "y"),
                text("database \"a\" and of 2 other databases", "x"),
                text("database \"b\"", "z"),
            ]
        );
    }
}
