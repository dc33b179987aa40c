//! Showing how far a restore is.

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use pgark_restore::{Progress, Watch};
use serde_json::json;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::arguments::ProgressStyle;

/// The width of a bar.
const WIDTH: usize = 30;

/// What shows the progress, until it is ended.
pub(crate) struct Shown {
    ending: oneshot::Sender<()>,
    task: Option<JoinHandle<()>>,
}

impl Shown {
    /// Shows the last state, and no more.
    pub(crate) async fn end(self) {
        // Where nothing is shown, nobody hears it.
        let _ = self.ending.send(());
        if let Some(task) = self.task {
            let _ = task.await;
        }
    }
}

/// Begins to show progress in a style.
pub(crate) fn show(style: ProgressStyle, watch: Arc<Watch>) -> Shown {
    let (ending, mut ended) = oneshot::channel();
    let (every, put): (_, fn(Progress, Duration, bool)) = match style {
        ProgressStyle::Json => (Duration::from_secs(1), put_json),
        ProgressStyle::Auto if io::stderr().is_terminal() => (Duration::from_millis(200), put_bar),
        ProgressStyle::Auto | ProgressStyle::None => {
            return Shown { ending, task: None };
        }
    };
    let task = tokio::spawn(async move {
        let began = Instant::now();
        let mut ticks = tokio::time::interval(every);
        loop {
            let is_last = tokio::select! {
                _ = ticks.tick() => false,
                _ = &mut ended => true,
            };
            put(watch.progress(), began.elapsed(), is_last);
            if is_last {
                break;
            }
        }
    });
    Shown {
        ending,
        task: Some(task),
    }
}

/// A terminal that is gone changes nothing that could be told.
fn put_json(progress: Progress, elapsed: Duration, is_last: bool) {
    let line = json!({
        "phase": progress.phase.name(),
        "entries": progress.entries,
        "wanted": progress.wanted,
        "bytes": progress.bytes,
        "seconds": elapsed.as_secs_f64(),
        "ended": is_last,
    });
    let _ = writeln!(io::stderr(), "{line}");
}

fn put_bar(progress: Progress, elapsed: Duration, is_last: bool) {
    let end = if is_last { "\n" } else { "" };
    let _ = write!(io::stderr(), "\r\x1b[K{}{end}", bar(progress, elapsed));
    let _ = io::stderr().flush();
}

fn bar(progress: Progress, elapsed: Duration) -> String {
    let done = (progress.entries * WIDTH)
        .checked_div(progress.wanted)
        .unwrap_or(0)
        .min(WIDTH);
    #[expect(clippy::cast_precision_loss, reason = "it is shown with one digit")]
    let megabytes = progress.bytes as f64 / 1e6;
    format!(
        "{:<10} [{}{}] {}/{} entries, {megabytes:.1} MB, {} s",
        progress.phase.name(),
        "#".repeat(done),
        "-".repeat(WIDTH - done),
        progress.entries,
        progress.wanted,
        elapsed.as_secs()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use pgark_restore::Phase;

    #[test]
    fn a_bar_grows_with_the_entries() {
        let progress = |entries, wanted| Progress {
            phase: Phase::Data,
            entries,
            wanted,
            bytes: 2_500_000,
        };
        let half = bar(progress(5, 10), Duration::from_secs(3));
        let bars = "#".repeat(15) + &"-".repeat(15);
        assert_eq!(
            half,
            format!("data       [{bars}] 5/10 entries, 2.5 MB, 3 s")
        );
        assert!(bar(progress(0, 0), Duration::ZERO).contains("[---"));
        assert!(bar(progress(20, 10), Duration::ZERO).contains("###]"));
    }
}
