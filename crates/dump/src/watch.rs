//! Following a dump from outside.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// How far a dump is, for whoever shows it.
#[derive(Debug, Default)]
pub struct Watch {
    progress: Mutex<Progress>,
}

/// A part of a dump.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Phase {
    /// Connecting, and taking the snapshot. The user may be asked for a password.
    #[default]
    Starting,
    /// Taking the locks, and reading the catalogues.
    Catalog,
    /// Copying rows and large objects.
    Data,
}

impl Phase {
    /// A word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Catalog => "catalog",
            Self::Data => "data",
        }
    }
}

/// How far a dump is. What is counted is on its way into the archive, in the archive's order: sessions read ahead of it.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    /// What it is about.
    pub phase: Phase,
    /// Entries with data that are in the archive.
    pub tables: usize,
    /// Entries with data altogether.
    pub of_tables: usize,
    /// Rows and large objects.
    pub rows: u64,
    /// Bytes of them, before compression.
    pub bytes: u64,
    /// What `bytes` may come to: for what is still to come, the size of the tables at the server.
    pub estimated_bytes: u64,
    /// What is being written.
    pub table: Option<TableProgress>,
}

/// How far one table is.
#[derive(Clone, Debug, Default)]
pub struct TableProgress {
    /// The entry's schema and name.
    pub name: String,
    /// Rows, or large objects.
    pub rows: u64,
    /// Bytes of them, before compression.
    pub bytes: u64,
    /// The size of the table at the server.
    pub estimated_bytes: u64,
}

impl Watch {
    /// How far the dump is.
    pub fn progress(&self) -> Progress {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The catalogues begin to be read.
    pub(crate) fn begin_catalog(&self) {
        self.lock().phase = Phase::Catalog;
    }

    /// Data begins to be written.
    pub(crate) fn begin_data(&self, of_tables: usize, estimated_bytes: u64) {
        *self.lock() = Progress {
            phase: Phase::Data,
            of_tables,
            estimated_bytes,
            ..Progress::default()
        };
    }

    pub(crate) fn begin_table(&self, name: String, estimated_bytes: u64) {
        self.lock().table = Some(TableProgress {
            name,
            estimated_bytes,
            ..TableProgress::default()
        });
    }

    pub(crate) fn add(&self, rows: u64, bytes: u64) {
        let progress = &mut *self.lock();
        progress.rows += rows;
        progress.bytes += bytes;
        if let Some(table) = &mut progress.table {
            table.rows += rows;
            table.bytes += bytes;
            // Text can be larger than what it stands for.
            let more = table.bytes.saturating_sub(table.estimated_bytes);
            table.estimated_bytes += more;
            progress.estimated_bytes += more;
        }
    }

    pub(crate) fn end_table(&self) {
        let progress = &mut *self.lock();
        progress.tables += 1;
        if let Some(table) = progress.table.take() {
            progress.estimated_bytes -= table.estimated_bytes - table.bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_estimate_becomes_the_truth_table_by_table() {
        let watch = Watch::default();
        watch.begin_data(2, 150);
        let now = || {
            let progress = watch.progress();
            (progress.tables, progress.bytes, progress.estimated_bytes)
        };
        assert_eq!(now(), (0, 0, 150));
        watch.begin_table("a".into(), 100);
        watch.add(1, 30);
        assert_eq!(now(), (0, 30, 150));
        watch.end_table();
        assert_eq!(now(), (1, 30, 80));
        watch.begin_table("b".into(), 50);
        watch.add(2, 70);
        assert_eq!(now(), (1, 100, 100));
        watch.end_table();
        assert_eq!(now(), (2, 100, 100));
        assert_eq!(watch.progress().rows, 3);
        assert!(watch.progress().table.is_none());
    }
}
