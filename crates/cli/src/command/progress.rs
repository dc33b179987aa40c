//! Showing how far a command is.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::arguments::ProgressStyle;

/// The width of a bar.
const WIDTH: usize = 20;

/// What tells how far it is.
pub(crate) trait Watched: Send + Sync + 'static {
    /// For programs: an object.
    fn fields(&self, elapsed: Duration) -> Value;

    /// For people: a line; none where the terminal may be needed for a question.
    fn line(&self, elapsed: Duration) -> Option<String>;
}

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
pub(crate) fn show(style: ProgressStyle, watched: impl Watched) -> Shown {
    let (ending, mut ended) = oneshot::channel();
    let (every, put): (_, fn(&dyn Watched, Duration, bool)) = match style {
        ProgressStyle::Json => (Duration::from_secs(1), put_json),
        ProgressStyle::Auto if io::stderr().is_terminal() => (Duration::from_millis(200), put_line),
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
            put(&watched, began.elapsed(), is_last);
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
fn put_json(watched: &dyn Watched, elapsed: Duration, is_last: bool) {
    let mut line = watched.fields(elapsed);
    line["seconds"] = json!(elapsed.as_secs_f64());
    line["ended"] = json!(is_last);
    let _ = writeln!(io::stderr(), "{line}");
}

fn put_line(watched: &dyn Watched, elapsed: Duration, is_last: bool) {
    let Some(line) = watched.line(elapsed) else {
        return;
    };
    let end = if is_last { "\n" } else { "" };
    // The terminal wraps no line meanwhile (DECAWM): of one that is too long for it, each would be left behind by the next.
    let _ = write!(io::stderr(), "\r\x1b[K\x1b[?7l{line}\x1b[?7h{end}");
    let _ = io::stderr().flush();
}

/// A bar of which so much is filled.
pub(super) fn bar(done: u64, of: u64) -> String {
    let done = (u128::from(done) * WIDTH as u128)
        .checked_div(of.into())
        .and_then(|done| usize::try_from(done).ok())
        .unwrap_or(0)
        .min(WIDTH);
    format!("[{}{}]", "#".repeat(done), "-".repeat(WIDTH - done))
}

/// Bytes as people read them.
pub(super) fn megabytes(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "it is shown with one digit")]
    let megabytes = bytes as f64 / 1e6;
    format!("{megabytes:.1} MB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_grows() {
        assert_eq!(
            bar(5, 10),
            format!("[{}{}]", "#".repeat(10), "-".repeat(10))
        );
        for (done, of, filled) in [(0, 0, 0), (20, 10, WIDTH), (u64::MAX, u64::MAX, WIDTH)] {
            assert_eq!(bar(done, of).matches('#').count(), filled);
        }
        assert_eq!(megabytes(2_540_000), "2.5 MB");
    }
}
