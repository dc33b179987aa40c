//! Several sessions for one reader.

use std::iter;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::try_join_all;
use pgark_connect::Session;

use crate::error::Result;

/// Sessions that share one snapshot, over which reads are spread that do not depend on one another.
pub struct Sessions {
    /// The one that is always there.
    pub first: Session,
    /// The others.
    pub others: Vec<Session>,
}

impl Sessions {
    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        1 + self.others.len()
    }

    /// Reads the parts side by side, each session taking the next one when it is free. What was read is in the order of the parts.
    pub(crate) async fn fetch_parts<P: Part>(&mut self, parts: &[P]) -> Result<Vec<P::Fetched>> {
        let next = AtomicUsize::new(0);
        let readers = iter::once(&mut self.first)
            .chain(&mut self.others)
            .map(|session| fetch_next_parts(session, parts, &next));
        let mut fetched: Vec<_> = try_join_all(readers).await?.into_iter().flatten().collect();
        fetched.sort_by_key(|(place, _)| *place);
        Ok(fetched.into_iter().map(|(_, part)| part).collect())
    }
}

/// Part of a long read.
pub(crate) trait Part: Sync {
    /// What is read.
    type Fetched: Send;

    /// Reads it.
    fn fetch(&self, session: &mut Session) -> impl Future<Output = Result<Self::Fetched>> + Send;
}

/// Reads part after part as long as there are any, each with its place.
async fn fetch_next_parts<P: Part>(
    session: &mut Session,
    parts: &[P],
    next: &AtomicUsize,
) -> Result<Vec<(usize, P::Fetched)>> {
    let mut fetched = Vec::new();
    loop {
        let place = next.fetch_add(1, Ordering::Relaxed);
        let Some(part) = parts.get(place) else {
            return Ok(fetched);
        };
        fetched.push((place, part.fetch(session).await?));
    }
}
