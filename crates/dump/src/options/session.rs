use bstr::BString;

/// How the server is asked for what is dumped.
#[derive(Clone, Debug, Default)]
pub struct SessionOptions {
    /// The encoding of the dump; usually the database's.
    pub encoding: Option<BString>,
    /// The role to act as once logged in.
    pub role: Option<BString>,
    /// The exported snapshot that is dumped.
    pub snapshot: Option<BString>,
    /// Wait for a snapshot that no serialization failure can follow.
    pub serializable_deferrable: bool,
    /// How long to wait for locks on tables, in the server's words for a time; usually for ever.
    pub lock_wait_timeout: Option<BString>,
    /// Quote every identifier.
    pub quote_all_identifiers: bool,
    /// Dump the rows that the role may see, where row security hides others; usually that is an error.
    pub enable_row_security: bool,
    /// `extra_float_digits`; usually 3, the most.
    pub extra_float_digits: Option<i8>,
}
