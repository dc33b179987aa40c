//! The judge of archives.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::python;

/// What `tests/tools/archdiff.py` found.
#[derive(Debug, Clone)]
pub struct ArchDiff {
    /// Nothing differs: entries, their order, header and data.
    pub same: bool,
    /// The entries have the numbers that they have in the oracle, where they are named alike.
    pub same_dump_ids: bool,
    /// How many entries of the oracle the candidate has identically.
    pub identical: usize,
    /// How many entries the oracle has.
    pub total: usize,
    /// All that was printed; the last line is the figure, the lines before it name the differences.
    pub output: String,
}

impl ArchDiff {
    /// # Panics
    /// With the differences, where there are any.
    #[track_caller]
    pub fn assert_same(&self) {
        assert!(self.same, "archives differ:\n{}", self.output);
    }
}

/// Compares two archives of the custom format entry by entry and block by block; `args` are the tool's own (`--no-data`,
/// `--show N`).
///
/// # Errors
/// Where one is no readable archive.
pub fn archdiff(oracle: &Path, candidate: &Path, args: &[&str]) -> Result<ArchDiff> {
    let tool = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tools/archdiff.py");
    let output = python()
        .args(["-I", "-S"])
        .arg(tool)
        .args([oracle, candidate])
        .args(args)
        .output()
        .context("cannot run python3")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let (identical, total) = text.lines().last().and_then(figure).with_context(|| {
        let told = String::from_utf8_lossy(&output.stderr);
        format!(
            "cannot compare {} with {}: {}",
            candidate.display(),
            oracle.display(),
            told.lines().last().unwrap_or("no output")
        )
    })?;
    Ok(ArchDiff {
        same: output.status.success(),
        same_dump_ids: text.contains("same dump ids: True"),
        identical,
        total,
        output: text,
    })
}

/// Reads `12/13 entries identical (…`.
fn figure(line: &str) -> Option<(usize, usize)> {
    let (identical, total) = line.split_once(" entries identical")?.0.split_once('/')?;
    Some((identical.parse().ok()?, total.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_figure_is_read_from_the_last_line() {
        assert_eq!(
            figure("12/13 entries identical (92.31%), 1 missing, 0 extra, …"),
            Some((12, 13))
        );
        assert_eq!(figure("Traceback"), None);
    }
}
