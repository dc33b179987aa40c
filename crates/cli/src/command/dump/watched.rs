//! How far a dump is, as it is shown.

use std::sync::Arc;
use std::time::Duration;

use pgark_dump::{Phase, Progress, Watch};
use serde_json::{Value, json};

use crate::command::progress::{Watched, bar, megabytes};

impl Watched for Arc<Watch> {
    fn fields(&self, elapsed: Duration) -> Value {
        let progress = self.progress();
        let (rate, left) = rate(&progress, elapsed);
        let table = progress.table.as_ref().map(|table| {
            json!({
                "name": table.name,
                "rows": table.rows,
                "bytes": table.bytes,
                "estimated_bytes": table.estimated_bytes,
            })
        });
        json!({
            "phase": progress.phase.name(),
            "tables": progress.tables,
            "of_tables": progress.of_tables,
            "rows": progress.rows,
            "bytes": progress.bytes,
            "estimated_bytes": progress.estimated_bytes,
            "table": table,
            "bytes_per_second": rate,
            "seconds_left": left,
        })
    }

    fn line(&self, elapsed: Duration) -> Option<String> {
        shown(&self.progress(), elapsed)
    }
}

/// Bytes a second so far, and how many seconds the rest may take.
fn rate(progress: &Progress, elapsed: Duration) -> (u64, Option<u64>) {
    let per_second = u128::from(progress.bytes) * 1000 / elapsed.as_millis().max(1);
    let per_second = u64::try_from(per_second).unwrap_or(u64::MAX);
    let rest = progress.estimated_bytes.saturating_sub(progress.bytes);
    (per_second, rest.checked_div(per_second))
}

fn shown(progress: &Progress, elapsed: Duration) -> Option<String> {
    if progress.phase == Phase::Starting {
        return None;
    }
    if progress.phase == Phase::Catalog {
        return Some(format!("reading the catalog, {} s", elapsed.as_secs()));
    }
    let (rate, left) = rate(progress, elapsed);
    let left = left.map_or(String::new(), |left| format!(", {left} s left"));
    Some(format!(
        "{} {}/{} tables, {} of about {}, {}/s{left}",
        bar(progress.bytes, progress.estimated_bytes),
        progress.tables,
        progress.of_tables,
        megabytes(progress.bytes),
        megabytes(progress.estimated_bytes),
        megabytes(rate),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_takes_as_long_for_a_byte_as_what_was_done() {
        let mut progress = Progress::default();
        let elapsed = Duration::from_secs(2);
        let shown = |progress: &Progress| shown(progress, elapsed).unwrap_or_default();
        assert_eq!(shown(&progress), "");
        progress.phase = Phase::Catalog;
        assert_eq!(shown(&progress), "reading the catalog, 2 s");
        progress.phase = Phase::Data;
        progress.of_tables = 3;
        progress.estimated_bytes = 4_000_000;
        let nothing = shown(&progress);
        assert!(
            nothing.ends_with("0.0 MB of about 4.0 MB, 0.0 MB/s"),
            "{nothing}"
        );
        progress.bytes = 1_000_000;
        let quarter = shown(&progress);
        assert!(
            quarter.ends_with("] 0/3 tables, 1.0 MB of about 4.0 MB, 0.5 MB/s, 6 s left"),
            "{quarter}"
        );
    }
}
