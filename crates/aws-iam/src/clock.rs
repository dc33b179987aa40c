//! Whether this machine's clock agrees with AWS's.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use aws_smithy_types::date_time::{DateTime, Format};

/// How far apart the clocks may be, in seconds: AWS refuses what is signed further off than this (IAM user guide,
/// "Troubleshooting Signature Version 4").
const TOLERANCE_SECONDS: i64 = 300;

/// What the answers of AWS's services tell of this machine's clock.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    /// How many seconds this machine is ahead, as far as is known.
    ahead: AtomicI64,
    was_told: AtomicBool,
}

impl Clock {
    /// Takes the Date of an answer that arrived at `now`; one that cannot be read tells nothing.
    pub(crate) fn observe(&self, date: &str, now: SystemTime) {
        let Ok(date) = DateTime::from_str(date, Format::HttpDate) else {
            return;
        };
        let now = match now.duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
            Err(before) => {
                i64::try_from(before.duration().as_secs()).map_or(i64::MIN, |seconds| -seconds)
            }
        };
        self.ahead
            .store(now.saturating_sub(date.secs()), Ordering::Relaxed);
        if let Some(problem) = self.problem()
            && !self.was_told.swap(true, Ordering::Relaxed)
        {
            tracing::warn!("{problem}: tokens will be refused until it is set");
        }
    }

    /// How far off the clock is, if that is too far.
    pub(crate) fn problem(&self) -> Option<String> {
        let ahead = self.ahead.load(Ordering::Relaxed);
        let direction = if ahead < 0 { "behind" } else { "ahead of" };
        let seconds = ahead.unsigned_abs();
        (seconds > TOLERANCE_SECONDS.unsigned_abs())
            .then(|| format!("this machine's clock is {seconds} s {direction} AWS's"))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn more_than_five_minutes_are_too_much() {
        // 1 700 000 000 s after the epoch.
        let date = "Tue, 14 Nov 2023 22:13:20 GMT";
        for (now, problem) in [
            (1_700_000_000, None),
            (1_700_000_300, None),
            (1_699_999_700, None),
            (
                1_700_000_301,
                Some("this machine's clock is 301 s ahead of AWS's"),
            ),
            (
                1_699_996_400,
                Some("this machine's clock is 3600 s behind AWS's"),
            ),
        ] {
            let clock = Clock::default();
            clock.observe(date, UNIX_EPOCH + Duration::from_secs(now));
            assert_eq!(clock.problem().as_deref(), problem, "{now}");
            clock.observe("yesterday", UNIX_EPOCH);
            assert_eq!(clock.problem().as_deref(), problem, "{now}");
        }
    }
}
