//! Filter files of `dump` and `restore`.

use std::fmt::Display;
use std::io::{self, Read};
use std::path::Path;

use anyhow::Context;

use crate::exit;

/// Reads a filter file, or standard input where it is -, and adds what it says.
pub(super) fn add<E: Display>(
    path: &Path,
    add: impl FnOnce(&[u8]) -> Result<(), E>,
) -> anyhow::Result<()> {
    let mut text = Vec::new();
    let (name, read) = if path == Path::new("-") {
        let read = io::stdin().lock().read_to_end(&mut text).map(drop);
        ("standard input".to_owned(), read)
    } else {
        let read = std::fs::read(path).map(|read| text = read);
        (format!("file \"{}\"", path.display()), read)
    };
    read.with_context(|| format!("could not read filter from {name}"))?;
    add(&text).map_err(|error| {
        exit::Usage(format!(
            "invalid format in filter read from {name}: {error}"
        ))
    })?;
    Ok(())
}
