//! How a script is to be written.

use std::num::NonZeroU32;

use bstr::BString;

use super::RestrictKey;

/// The options of a script; the letters are those of pg_restore and pg_dump. What is in it is said by a
/// [`Filter`](crate::Filter).
#[derive(Clone, Debug)]
pub struct ScriptOptions {
    /// The key between `\restrict` and `\unrestrict`, without which psql obeys no command of its own that stands in the script
    /// (`--restrict-key`).
    pub restrict_key: RestrictKey,
    /// Whether definitions are restored (not with `-a`), which decides on `disable_triggers`.
    pub schema: bool,
    /// Drop what is there first (`-c`).
    pub clean: bool,
    /// Make the database, and connect to it (`-C`). The filter must say so too.
    pub create: bool,
    /// Drop with IF EXISTS.
    pub if_exists: bool,
    /// Leave objects to whoever runs the script (`-O`).
    pub no_owner: bool,
    /// Become an object's owner to make it, instead of giving it away later.
    pub use_set_session_authorization: bool,
    /// Leave tablespaces out.
    pub no_tablespaces: bool,
    /// Leave table access methods out.
    pub no_table_access_method: bool,
    /// Disable the triggers of tables while they are filled, where no definitions are restored.
    pub disable_triggers: bool,
    /// Who disables triggers (`-S`).
    pub superuser: Option<BString>,
    /// The role that restores.
    pub role: Option<BString>,
    /// Let row security apply to what is restored.
    pub enable_row_security: bool,
    /// Put it all into one transaction (`-1`).
    pub single_transaction: bool,
    /// Commit after so many objects.
    pub transaction_size: Option<NonZeroU32>,
    /// Quote every identifier.
    pub quote_all_identifiers: bool,
    /// Tell more of each entry in its comment, and when the work was done (`-v`).
    pub verbose: bool,
}

impl ScriptOptions {
    /// The options that nothing was asked of.
    pub fn new(restrict_key: RestrictKey) -> Self {
        Self {
            restrict_key,
            schema: true,
            clean: false,
            create: false,
            if_exists: false,
            no_owner: false,
            use_set_session_authorization: false,
            no_tablespaces: false,
            no_table_access_method: false,
            disable_triggers: false,
            superuser: None,
            role: None,
            enable_row_security: false,
            single_transaction: false,
            transaction_size: None,
            quote_all_identifiers: false,
            verbose: false,
        }
    }
}
