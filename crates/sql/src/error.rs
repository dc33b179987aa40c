use bstr::BString;

/// The result of reading a text that a server has written.
pub type Result<T> = std::result::Result<T, Error>;

/// A text that is not of the form PostgreSQL gives it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Not the text form of a one-dimensional array.
    #[error("malformed array \"{text}\": {problem}")]
    Array {
        /// The text as it was given.
        text: BString,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// Not the text form of an aclitem.
    #[error("malformed privilege \"{item}\": {problem}")]
    AclItem {
        /// The text as it was given.
        item: BString,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// Not a `name=value` element of a setconfig or proconfig array.
    #[error("malformed setting \"{item}\": {problem}")]
    Setting {
        /// The text as it was given.
        item: BString,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A pattern of names with more parts than a name has.
    #[error("improper {what} name (too many dotted names): {pattern}")]
    Pattern {
        /// `relation` or `qualified`.
        what: &'static str,
        /// The pattern as it was given.
        pattern: BString,
    },
    /// A line of a filter file that says nothing, or nothing that is allowed.
    #[error("line {line}: {problem}")]
    Filter {
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        problem: String,
    },
    /// A character set encoding that PostgreSQL does not have.
    #[error("unknown encoding \"{name}\"")]
    Encoding {
        /// The name as it was given.
        name: BString,
    },
}
