//! How to restore.

use std::num::NonZeroUsize;

use pgark_archive::ScriptOptions;

use crate::Preflight;

/// The options of a restore besides the choice of entries.
#[derive(Clone, Debug)]
pub struct Options {
    /// Those that a script has as well, transactions among them.
    pub script: ScriptOptions,
    /// How many sessions restore side by side (`-j`).
    pub jobs: NonZeroUsize,
    /// Stop at the first error (`-e`).
    pub exit_on_error: bool,
    /// Leave out the data of tables that could not be made, be it because they were there already.
    pub no_data_for_failed_tables: bool,
    /// Whether to look first for what will not work.
    pub preflight: Preflight,
}

impl Options {
    /// One session, and nothing else asked for.
    pub fn new(script: ScriptOptions) -> Self {
        Self {
            script,
            jobs: NonZeroUsize::MIN,
            exit_on_error: false,
            no_data_for_failed_tables: false,
            preflight: Preflight::On,
        }
    }

    /// Whether statements run in transactions of ours, of which one that fails is lost as a whole.
    pub(crate) fn has_transactions(&self) -> bool {
        self.script.single_transaction || self.script.transaction_size.is_some()
    }

    /// Whether the first error is the end.
    pub(crate) fn stops_at_error(&self) -> bool {
        self.exit_on_error || self.has_transactions()
    }
}
