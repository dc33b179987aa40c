//! What can go wrong, sorted by who has to act.

use tonic::{Code, Status};

/// An error of a connector.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Standard input or output cannot carry the host's connection.
    #[error("cannot use {stream}")]
    Stdio {
        /// Which of the two.
        stream: &'static str,
        /// Why.
        source: std::io::Error,
    },

    /// The connection to the host broke.
    #[error("connection to the host broke")]
    Connection(#[source] hyper::Error),

    /// An option given to the source cannot be used. The text names the option and the value, and
    /// never holds a password.
    #[error("{0}")]
    Option(String),

    /// The location names a protocol that this executable does not serve.
    #[error("protocol \"{0}\" is not supported by this connector")]
    Protocol(String),

    /// The host asked for something out of turn.
    #[error("{0}")]
    Host(String),

    /// Records whose content did not reach the host whole.
    #[error("{}", failures("backup", .0))]
    Incomplete(Vec<Failure>),

    /// Records that were not restored, or not whole.
    #[error("{}", failures("restore", .0))]
    NotRestored(Vec<Failure>),

    /// A dump that is made before the host asks for it has no file to go to.
    #[error("could not use a temporary file for a dump")]
    Ahead(#[source] std::io::Error),

    /// A dump or a restore ended without saying how.
    #[error("it was aborted by a fault of this program")]
    Aborted,

    /// A connection to the server could not be made.
    #[error(transparent)]
    Connect(#[from] pgark_connect::Error),

    /// The server could not be dumped.
    #[error(transparent)]
    Dump(#[from] pgark_dump::Error),

    /// No base backup could be made.
    #[error(transparent)]
    Physical(#[from] pgark_physical::Error),

    /// A record could not be restored.
    #[error(transparent)]
    Restore(#[from] pgark_restore::Error),

    /// A record is no archive, or one that cannot be read.
    #[error(transparent)]
    Archive(#[from] pgark_archive::Error),
}

/// A record whose content did not reach the host, or the server, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The record's name in the snapshot.
    pub pathname: String,
    /// Why, as it was told to the host.
    pub reason: String,
}

fn failures(what: &str, all: &[Failure]) -> String {
    let each: Vec<_> = all
        .iter()
        .map(|f| format!("{}: {}", f.pathname, f.reason))
        .collect();
    format!("{what} is incomplete: {}", each.join("; "))
}

impl Error {
    /// The message with those of its causes, each said once.
    pub(crate) fn report(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            let message = error.to_string();
            if !text.ends_with(&message) {
                text.push_str(": ");
                text.push_str(&message);
            }
            cause = error.source();
        }
        text
    }
}

/// Longer texts are cut: a status travels in an HTTP/2 header, whose size hosts limit.
const STATUS_BYTES: usize = 2048;

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let code = match error {
            Error::Option(_) | Error::Protocol(_) => Code::InvalidArgument,
            Error::Host(_) => Code::FailedPrecondition,
            // Not Unavailable, which the host takes for a broken plugin.
            _ => Code::Unknown,
        };
        // One line: hosts show it in the middle of others.
        let mut message = error
            .report()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        if message.len() > STATUS_BYTES {
            message.truncate(message.floor_char_boundary(STATUS_BYTES));
            message.push('…');
        }
        Status::new(code, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_reports_are_cut_between_characters() {
        let failures = vec![Failure {
            pathname: "/a".into(),
            reason: "é".repeat(STATUS_BYTES),
        }];
        let status = Status::from(Error::Incomplete(failures));
        assert!(status.message().len() <= STATUS_BYTES + '…'.len_utf8());
        assert!(status.message().ends_with("é…"), "{}", status.message());
        assert!(status.message().starts_with("backup is incomplete: /a: é"));
    }

    #[test]
    fn a_cause_is_said_once() {
        let error = Error::Stdio {
            stream: "standard input",
            source: std::io::Error::other("it is a terminal"),
        };
        assert_eq!(
            error.report(),
            "cannot use standard input: it is a terminal"
        );
    }
}
