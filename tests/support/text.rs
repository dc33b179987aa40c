//! A database as text, to compare what became of archives.

use anyhow::Result;

use crate::{Server, run};

/// The database as SQL by the major's pg_dump.
pub fn database_text(server: &Server, db: &str, args: &[&str]) -> Result<Vec<u8>> {
    let mut command = server.tool("pg_dump");
    command.args(args);
    // Otherwise each run takes a key of its own.
    let has_key = server.has_restrict_key()?;
    if has_key {
        command.arg("--restrict-key=x");
    }
    let mut text = run(command.arg("-d").arg(server.conninfo(db)))?;
    // Two databases of one content differ in their names alone, which the text has nowhere without -C.
    if !has_key {
        let lines = text.split_inclusive(|byte| *byte == b'\n');
        let kept = lines.filter(|line| {
            !line.starts_with(b"\\restrict ") && !line.starts_with(b"\\unrestrict ")
        });
        text = kept.flatten().copied().collect();
    }
    Ok(text)
}

/// The lines of a text by their bytes, with the values of a row in any order, for partitions may have other orders of columns.
pub fn sorted_text(text: &[u8]) -> Vec<u8> {
    let mut lines: Vec<Vec<u8>> = text
        .split(|byte| *byte == b'\n')
        .map(|line| {
            let mut values: Vec<&[u8]> = line.split(|byte| *byte == b'\t').collect();
            values.sort_unstable();
            values.join(&b'\t')
        })
        .collect();
    lines.sort_unstable();
    lines.join(&b'\n')
}

/// An error with the first line that differs.
pub fn ensure_same_text(expected: &[u8], found: &[u8]) -> Result<()> {
    if expected == found {
        return Ok(());
    }
    let lines = |text: &[u8]| -> Vec<String> {
        let lines = text.split(|byte| *byte == b'\n');
        lines
            .map(|line| String::from_utf8_lossy(line).into_owned())
            .collect()
    };
    let (expected, found) = (lines(expected), lines(found));
    let at = expected
        .iter()
        .zip(&found)
        .position(|(a, b)| a != b)
        .unwrap_or(expected.len().min(found.len()));
    let around = |lines: &[String]| {
        let window = lines.iter().skip(at.saturating_sub(3)).take(8);
        window.fold(String::new(), |text, line| text + "    " + line + "\n")
    };
    anyhow::bail!(
        "the dump of the restored database differs in line {}:\n  original:\n{}  restored:\n{}",
        at + 1,
        around(&expected),
        around(&found)
    )
}
