use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

/// Waits until `reached` says yes.
///
/// # Errors
/// When it has not within a minute, or fails.
pub fn wait_until(what: &str, mut reached: impl FnMut() -> Result<bool>) -> Result<()> {
    const LIMIT: Duration = Duration::from_mins(1);
    let start = Instant::now();
    while !reached()? {
        ensure!(
            start.elapsed() < LIMIT,
            "not within {} s: {what}",
            LIMIT.as_secs()
        );
        thread::sleep(Duration::from_millis(2));
    }
    Ok(())
}
