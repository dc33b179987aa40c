//! What all sessions of one restore share.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bstr::BString;
use pgark_archive::{DumpId, EntryName, TocEntry};
use pgark_wire::Error as WireError;

use crate::report::{Ended, Failure, Report, Skipped};
use crate::{Options, Watch};

/// One restore: what it is about, and what has become of it so far.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) toc: Arc<[TocEntry]>,
    pub(crate) by_id: HashMap<DumpId, usize>,
    pub(crate) options: Options,
    pub(crate) watch: Arc<Watch>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    report: Report,
    tables: HashMap<usize, Table>,
    is_over: bool,
    /// How many entries were restored at the last commit, where transactions are ours.
    committed: usize,
}

/// What has become of a table's definition in this run.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Table {
    /// All of it is there.
    Made,
    /// It is there, but something of it failed, its owner perhaps.
    MadeInPart,
    NotMade,
}

impl Table {
    /// Whether nobody else can have rows in it.
    pub(crate) fn is_new(self) -> bool {
        self != Self::NotMade
    }
}

/// Whether to go on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Flow {
    Go,
    Stop,
}

/// A text of an entry that failed.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) place: usize,
    pub(crate) text: BString,
    pub(crate) error: WireError,
}

impl Run {
    pub(crate) fn new(toc: Arc<[TocEntry]>, options: Options, watch: Arc<Watch>) -> Self {
        Self {
            by_id: toc
                .iter()
                .enumerate()
                .map(|(place, entry)| (entry.dump_id, place))
                .collect(),
            toc,
            options,
            watch,
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the restore is to go on.
    pub(crate) fn flow(&self) -> Flow {
        if self.watch.is_stopped() {
            self.end(Ended::Cancelled);
        }
        if self.state().is_over {
            Flow::Stop
        } else {
            Flow::Go
        }
    }

    /// Notes that the restore ends here. The first reason counts.
    pub(crate) fn end(&self, ended: Ended) {
        let mut state = self.state();
        if !state.is_over {
            state.is_over = true;
            state.report.ended = ended;
        }
    }

    /// Notes that nothing more can be done for a session, in the middle of entries.
    pub(crate) fn lose(&self, places: &[usize], error: &WireError) {
        let mut state = self.state();
        let names = places.iter().map(|place| EntryName::of(&self.toc[*place]));
        state.report.unknown.extend(names);
        drop(state);
        self.end(Ended::ConnectionLost(error.to_string()));
    }

    /// Notes what became of an entry's definition or data: all of its texts that failed.
    pub(crate) fn note(&self, place: usize, failed: &[Failed]) {
        let entry = &self.toc[place];
        let mut state = self.state();
        if entry.desc == "TABLE" {
            let table = if failed.is_empty() {
                Table::Made
            } else if failed
                .iter()
                .any(|failed| failed.text.starts_with(b"CREATE"))
            {
                Table::NotMade
            } else {
                Table::MadeInPart
            };
            state.tables.insert(place, table);
        }
        if failed.is_empty() {
            state.report.restored += 1;
        } else {
            state.report.failed += 1;
        }
        for Failed { text, error, .. } in failed {
            let failure = Failure::new(Some(entry), text, error);
            tracing::debug!("{failure}");
            state.report.failures.push(failure);
        }
        drop(state);
        self.watch.add_entry();
        if !failed.is_empty() && self.options.stops_at_error() {
            self.end(self.error_end());
        }
    }

    /// Notes a failure that is not the server's.
    pub(crate) fn note_failure(&self, failure: Failure) {
        let mut state = self.state();
        state.report.failed += 1;
        state.report.failures.push(failure);
        drop(state);
        self.watch.add_entry();
        if self.options.stops_at_error() {
            self.end(self.error_end());
        }
    }

    /// Notes what could not be dropped, which leaves open what becomes of the entries.
    pub(crate) fn note_drops(&self, failed: &[Failed]) {
        let failures = failed.iter().map(|Failed { place, text, error }| {
            Failure::new(Some(&self.toc[*place]), text, error)
        });
        self.state().report.failures.extend(failures);
        if !failed.is_empty() && self.options.stops_at_error() {
            self.end(self.error_end());
        }
    }

    fn error_end(&self) -> Ended {
        if self.options.script.single_transaction {
            Ended::RolledBack
        } else {
            Ended::AtError
        }
    }

    /// Notes that an entry was left out.
    pub(crate) fn skip(&self, place: usize, why: &str) {
        let entry = EntryName::of(&self.toc[place]);
        self.state().report.skipped.push(Skipped {
            entry,
            why: why.into(),
        });
        self.watch.add_entry();
    }

    /// Notes that all that was done so far is there to stay.
    pub(crate) fn commit(&self) {
        let mut state = self.state();
        state.committed = state.report.restored;
    }

    /// What has become of the table whose data an entry is; none where this run was not to make it.
    pub(crate) fn table_of(&self, place: usize) -> Option<Table> {
        // The first that it depends on (`buildTocEntryArrays` in src/bin/pg_dump/pg_backup_archiver.c).
        let table = self.toc[place].dependencies.first()?;
        self.state().tables.get(self.by_id.get(table)?).copied()
    }

    /// Notes what will not work.
    pub(crate) fn foresee(&self, foreseen: Vec<String>) {
        for what in &foreseen {
            tracing::warn!("{what}");
        }
        self.state().report.foreseen = foreseen;
    }

    pub(crate) fn warn(&self, warnings: Vec<String>) {
        self.state().report.warnings.extend(warnings);
    }

    /// The outcome.
    pub(crate) fn into_report(self, wanted: usize) -> Report {
        let state = self
            .state
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        let mut report = state.report;
        if self.options.has_transactions() && report.ended != Ended::Complete {
            report.restored = state.committed;
        }
        report.wanted = wanted;
        report.data_bytes = self.watch.bytes();
        report
    }
}
