//! Sessions that dumps have together.

use std::num::NonZeroUsize;

use tokio::sync::{Semaphore, SemaphorePermit};

/// A number of sessions.
#[derive(Debug)]
pub(super) struct Sessions {
    all: NonZeroUsize,
    free: Semaphore,
}

/// Some of them, which are free again when this is dropped.
#[derive(Debug)]
pub(super) struct Share<'a> {
    all: NonZeroUsize,
    taken: SemaphorePermit<'a>,
}

impl Sessions {
    pub(super) fn new(all: NonZeroUsize) -> Self {
        // What a semaphore can hold is no limit to anybody.
        let all = all.min(NonZeroUsize::new(Semaphore::MAX_PERMITS).unwrap_or(all));
        Self {
            all,
            free: Semaphore::new(all.get()),
        }
    }

    /// Waits for one session, and takes as many more as are free, up to what each of `count` dumps has.
    pub(super) async fn take(&self, count: usize) -> Share<'_> {
        let first = self.free.acquire().await;
        let mut taken = first.expect("the semaphore is never closed");
        for _ in 1..self.all.get().div_ceil(count.max(1)) {
            match self.free.try_acquire() {
                Ok(more) => taken.merge(more),
                Err(_) => break,
            }
        }
        Share {
            all: self.all,
            taken,
        }
    }
}

impl Share<'_> {
    /// How many sessions it is.
    pub(super) fn sessions(&self) -> NonZeroUsize {
        NonZeroUsize::new(self.taken.num_permits()).unwrap_or(NonZeroUsize::MIN)
    }

    /// The same part of something else.
    pub(super) fn of(&self, whole: NonZeroUsize) -> NonZeroUsize {
        let part = whole.get() / self.all.get() * self.sessions().get();
        NonZeroUsize::new(part).unwrap_or(NonZeroUsize::MIN)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn number(number: usize) -> NonZeroUsize {
        NonZeroUsize::new(number).unwrap()
    }

    #[tokio::test]
    async fn dumps_share_and_never_have_more_than_there_are() {
        let sessions = Sessions::new(number(5));
        let whole = number(100);
        let first = sessions.take(2).await;
        assert_eq!((first.sessions().get(), first.of(whole).get()), (3, 60));
        let second = sessions.take(1).await;
        assert_eq!((second.sessions().get(), second.of(whole).get()), (2, 40));
        assert!(sessions.take(9).now_or_never().is_none());
        drop(second);
        assert_eq!(sessions.take(9).await.sessions().get(), 1);
        drop(first);
        assert_eq!(sessions.take(1).await.sessions().get(), 5);
    }
}
