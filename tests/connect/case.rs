//! One way to name a server, and what must come of it.

use std::ffi::OsString;
use std::fmt;
use std::os::unix::ffi::OsStringExt;

use support::Major;

use crate::secret::hidden;

/// Why no session comes about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// What the user wrote makes no sense.
    Option,
    /// The login is refused, by either side.
    Login,
    /// TLS, a certificate or a key.
    Tls,
    /// Nobody answers.
    Network,
    /// The database does not exist.
    Database,
    /// There is no connection left.
    Full,
    /// `target_session_attrs`.
    Session,
    /// `requirepeer`.
    Peer,
    /// A run-time parameter that the server does not take.
    Parameter,
    /// The version of the protocol.
    Protocol,
}

/// What must come of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expected {
    /// Both connect, and to the same.
    Connects,
    /// Both refuse.
    Refused(Kind),
    /// psql connects and pgark refuses, by design.
    Stricter(Kind, &'static str),
    /// pgark connects where psql cannot.
    Abler(&'static str),
    /// Both refuse, psql later and for another reason.
    Sooner(Kind, &'static str),
}

/// Arguments and variables for psql and `pgark ping` alike.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) args: Vec<OsString>,
    pub(crate) variables: Vec<(&'static str, OsString)>,
    pub(crate) expected: Expected,
    /// Whether a pooler is in between: then the server sees another connection than this side.
    pub(crate) is_pooled: bool,
    /// Whose psql is the judge.
    pub(crate) judge: Major,
}

impl Case {
    /// A connection string, URI or name as `-d` takes it.
    pub(crate) fn of(dbname: impl Into<OsString>, expected: Expected) -> Self {
        Self {
            args: vec!["-d".into(), dbname.into()],
            variables: Vec::new(),
            expected,
            is_pooled: false,
            judge: Major::V17,
        }
    }

    /// Arguments as they are.
    pub(crate) fn args(args: &[&str], expected: Expected) -> Self {
        Self {
            args: args.iter().map(OsString::from).collect(),
            ..Self::of("", expected)
        }
    }

    /// The same with more arguments.
    #[must_use]
    pub(crate) fn and_args(mut self, args: &[&str]) -> Self {
        self.args.extend(args.iter().map(OsString::from));
        self
    }

    /// The same with one more argument, of bytes that are no text.
    #[must_use]
    pub(crate) fn and_bytes(mut self, argument: &[u8]) -> Self {
        self.args.push(OsString::from_vec(argument.to_vec()));
        self
    }

    /// The same, of which something else comes.
    #[must_use]
    pub(crate) fn expecting(self, expected: Expected) -> Self {
        Self { expected, ..self }
    }

    /// The same, of which nothing comes.
    #[must_use]
    pub(crate) fn refused(self, kind: Kind) -> Self {
        self.expecting(Expected::Refused(kind))
    }

    /// The same with a variable.
    #[must_use]
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<OsString>) -> Self {
        self.variables.push((name, value.into()));
        self
    }

    /// The same with a pooler in between.
    #[must_use]
    pub(crate) fn pooled(mut self) -> Self {
        self.is_pooled = true;
        self
    }

    /// The same with psql 18 for a judge, which knows more options and no TLS.
    #[must_use]
    pub(crate) fn judged_by_18(mut self) -> Self {
        self.judge = Major::V18;
        self
    }

    /// The same with a variable of bytes that are no text.
    #[must_use]
    pub(crate) fn with_bytes(self, name: &'static str, value: &[u8]) -> Self {
        self.with(name, OsString::from_vec(value.to_vec()))
    }
}

/// Without its passwords.
impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.variables {
            write!(f, "{name}={} ", hidden(&value.to_string_lossy()))?;
        }
        for argument in &self.args {
            write!(f, "'{}' ", hidden(&argument.to_string_lossy()))?;
        }
        Ok(())
    }
}
