//! Announced records that have not been opened.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::ahead::Ahead;
use crate::content::Content;
use crate::source::Source;

/// Announced records that have not been opened.
#[derive(Default)]
pub(crate) struct Pending(Mutex<Records>);

#[derive(Default)]
struct Records {
    contents: HashMap<String, Content>,
    /// Dumps that may be made ahead and are not yet, in the order in which they were announced.
    small: VecDeque<String>,
    /// How many are made ahead.
    ahead: usize,
}

impl Pending {
    /// To be called before the host hears of a record, since it may open it at once.
    pub(crate) fn insert(&self, pathname: String, content: Content) {
        self.lock().contents.insert(pathname, content);
    }

    /// Says of a record that its dump may be made ahead.
    pub(crate) fn may_be_made_ahead(&self, pathname: String) {
        self.lock().small.push_back(pathname);
    }

    pub(crate) fn remove(&self, pathname: &str) -> Option<Content> {
        let mut records = self.lock();
        let content = records.contents.remove(pathname);
        if matches!(content, Some(Content::Ahead(_))) {
            records.ahead -= 1;
        }
        content
    }

    /// Starts dumps until as many are made ahead as the source allows.
    pub(crate) fn go_ahead<S: Source>(&self, source: &Arc<S>) {
        let mut records = self.lock();
        while records.ahead < source.ahead() {
            let Some(pathname) = records.small.pop_front() else {
                return;
            };
            // One that has been opened is there no more.
            if let Some(Content::Dump(database)) = records.contents.remove(&pathname) {
                let ahead = Ahead::start(Arc::clone(source), database);
                records.contents.insert(pathname, Content::Ahead(ahead));
                records.ahead += 1;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Records> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
