//! Following a restore from outside, and stopping it.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use pgark_wire::CancelKey;
use tokio::sync::Notify;

/// How far a restore is, for whoever shows it; and a way to stop it.
#[derive(Debug, Default)]
pub struct Watch {
    is_stopped: AtomicBool,
    stopped: Notify,
    bytes: AtomicU64,
    entries: AtomicUsize,
    wanted: AtomicUsize,
    phase: Mutex<Phase>,
    keys: Mutex<Vec<CancelKey>>,
}

/// A part of a restore.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub enum Phase {
    /// Before anything is changed.
    #[default]
    Starting,
    /// Dropping what is there (`-c`).
    Drops,
    /// Definitions that data needs.
    PreData,
    /// Rows, large objects, and definitions that are better made once the data is there.
    Data,
    /// Privileges.
    Privileges,
    /// What everything else must be there for.
    Last,
}

impl Phase {
    /// A word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Drops => "drops",
            Self::PreData => "pre-data",
            Self::Data => "data",
            Self::Privileges => "privileges",
            Self::Last => "last",
        }
    }
}

/// How far a restore is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Progress {
    /// What it is about.
    pub phase: Phase,
    /// Entries that are done with, well or not.
    pub entries: usize,
    /// Entries that are wanted.
    pub wanted: usize,
    /// Bytes of data that were sent.
    pub bytes: u64,
}

impl Watch {
    /// How far the restore is.
    pub fn progress(&self) -> Progress {
        Progress {
            phase: *self.phase.lock().unwrap_or_else(PoisonError::into_inner),
            entries: self.entries.load(Ordering::Relaxed),
            wanted: self.wanted.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
        }
    }

    /// Stops the restore: what the server is doing for it is cancelled, and nothing further is begun.
    pub fn stop(&self) {
        self.is_stopped.store(true, Ordering::SeqCst);
        self.stopped.notify_one();
    }

    /// Whether it was stopped.
    pub fn is_stopped(&self) -> bool {
        self.is_stopped.load(Ordering::SeqCst)
    }

    pub(crate) async fn stopped(&self) {
        self.stopped.notified().await;
    }

    pub(crate) fn enter(&self, phase: Phase) {
        *self.phase.lock().unwrap_or_else(PoisonError::into_inner) = phase;
    }

    pub(crate) fn want(&self, entries: usize) {
        self.wanted.store(entries, Ordering::Relaxed);
    }

    pub(crate) fn add_entry(&self) {
        self.entries.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn add_bytes(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Remembers a session, to cancel what it does.
    pub(crate) fn add_session(&self, key: Option<CancelKey>) {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        keys.extend(key);
    }

    pub(crate) fn sessions(&self) -> Vec<CancelKey> {
        self.keys
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
