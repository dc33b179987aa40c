//! Lists of entries, as `pgark list` prints and people edit them.

use std::collections::{HashMap, HashSet};

use bstr::{BString, ByteSlice};

use crate::{DumpId, Error, TocEntry};

/// The numbers in a list (`-L`), in its order.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct UseList {
    ids: Vec<i32>,
    ignored: Vec<BString>,
}

impl UseList {
    /// Reads a list: a line is an entry's number, perhaps something that does not count, and after a semicolon a comment
    /// (`SortTocFromFile` in src/bin/pg_dump/pg_backup_archiver.c).
    pub fn parse(text: impl AsRef<[u8]>) -> Self {
        let mut list = Self::default();
        let mut seen = HashSet::new();
        for line in text.as_ref().lines() {
            let line = line.split(|byte| *byte == b';').next().unwrap_or_default();
            if line.iter().all(|byte| b" \t\r\n".contains(byte)) {
                continue;
            }
            match leading_number(line) {
                Some(id) if seen.insert(id) => list.ids.push(id),
                _ => list.ignored.push(line.into()),
            }
        }
        list
    }

    /// The lines that name no entry, or one for the second time.
    pub fn ignored(&self) -> &[BString] {
        &self.ignored
    }

    /// All places of a table of contents, those that are not listed first, and which of them are listed.
    pub(super) fn order(
        &self,
        toc: &[TocEntry],
        by_id: &HashMap<DumpId, usize>,
    ) -> Result<(Vec<usize>, Vec<bool>), Error> {
        let mut is_listed = vec![false; toc.len()];
        let mut listed = Vec::new();
        for id in &self.ids {
            let place = *by_id.get(&DumpId(*id)).ok_or_else(|| Error::NotFound {
                what: format!("entry {id}"),
            })?;
            is_listed[place] = true;
            listed.push(place);
        }
        let mut order: Vec<usize> = (0..toc.len()).filter(|place| !is_listed[*place]).collect();
        order.extend(listed);
        Ok((order, is_listed))
    }
}

/// The positive number that a line begins with, after blanks, as C's `strtol` reads it.
fn leading_number(line: &[u8]) -> Option<i32> {
    let line = line.trim_ascii_start();
    let line = line.strip_prefix(b"+").unwrap_or(line);
    let digits = line.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let number: i32 = std::str::from_utf8(&line[..digits]).ok()?.parse().ok()?;
    (number > 0).then_some(number)
}
