//! How far a restore is, as it is shown.

use std::sync::Arc;
use std::time::Duration;

use pgark_restore::{Phase, Progress, Watch};
use serde_json::{Value, json};

use crate::command::progress::{Watched, bar, megabytes};

impl Watched for Arc<Watch> {
    fn fields(&self, _elapsed: Duration) -> Value {
        let progress = self.progress();
        json!({
            "phase": progress.phase.name(),
            "entries": progress.entries,
            "wanted": progress.wanted,
            "bytes": progress.bytes,
        })
    }

    fn line(&self, elapsed: Duration) -> Option<String> {
        shown(&self.progress(), elapsed)
    }
}

fn shown(progress: &Progress, elapsed: Duration) -> Option<String> {
    if progress.phase == Phase::Starting {
        return None;
    }
    Some(format!(
        "{:<10} {} {}/{} entries, {}, {} s",
        progress.phase.name(),
        bar(progress.entries as u64, progress.wanted as u64),
        progress.entries,
        progress.wanted,
        megabytes(progress.bytes),
        elapsed.as_secs()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_tells_phase_and_entries() {
        let mut progress = Progress::default();
        let elapsed = Duration::from_secs(3);
        assert_eq!(shown(&progress, elapsed), None);
        progress.phase = Phase::Data;
        let expected = format!("data       [{}] 0/0 entries, 0.0 MB, 3 s", "-".repeat(20));
        assert_eq!(shown(&progress, elapsed), Some(expected));
    }
}
