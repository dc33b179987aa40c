//! How fast rows are read.

use std::num::NonZeroU64;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// A limit for all sessions together.
#[derive(Debug)]
pub(super) struct Rate {
    bytes_per_second: NonZeroU64,
    /// When what was read so far should have been read.
    due: Mutex<Instant>,
}

impl Rate {
    pub(super) fn new(bytes_per_second: NonZeroU64) -> Self {
        Self {
            bytes_per_second,
            due: Mutex::new(Instant::now()),
        }
    }

    /// Waits until as much as was read before may have been read.
    pub(super) async fn pass(&self, bytes: u64) {
        #[expect(clippy::cast_precision_loss, reason = "a time is known less precisely")]
        let seconds = bytes as f64 / self.bytes_per_second.get() as f64;
        let due = {
            let mut due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
            // Time in which nothing was read is lost.
            let begin = (*due).max(Instant::now());
            *due = begin + Duration::from_secs_f64(seconds);
            begin
        };
        sleep_until(due).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn sessions_share_the_rate() {
        let rate = Rate::new(NonZeroU64::new(1000).unwrap());
        let begun = Instant::now();
        let reading = || async {
            for _ in 0..5 {
                rate.pass(100).await;
            }
        };
        tokio::join!(reading(), reading());
        // The last 100 bytes have been read, and are waited for by whoever comes next.
        assert_eq!(begun.elapsed().as_millis().div_ceil(10), 90);
        sleep_until(begun + Duration::from_secs(10)).await;
        rate.pass(1).await;
        assert_eq!(begun.elapsed().as_secs(), 10);
    }
}
