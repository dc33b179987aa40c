//! Counting what is written.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;

use memchr::memchr_iter;
use pgark_archive::{DumpId, EntryName, TocEntry};
use pgark_catalog::{Oid, TableSize};
use sha2::{Digest, Sha256};

use super::job::{Content, Job};
use crate::report::EntryData;
use crate::watch::Watch;

/// Counts rows and bytes of each entry on their way into the archive.
pub(super) struct Tally {
    watch: Arc<Watch>,
    /// In the archive's order.
    entries: Vec<Expected>,
    /// How many have been begun.
    begun: usize,
    data: Vec<EntryData>,
    /// Of what is being written, where it is wanted.
    digest: Option<Sha256>,
    has_digests: bool,
    has_lines: bool,
}

struct Expected {
    id: DumpId,
    name: EntryName,
    estimated_bytes: u64,
    /// Whether each row is a line.
    has_lines: bool,
}

impl Tally {
    /// Of the entries that `jobs` are for; both are in the archive's order.
    pub(super) fn new(
        entries: &[TocEntry],
        jobs: &[Job],
        sizes: &HashMap<Oid, TableSize>,
        has_digests: bool,
        watch: Arc<Watch>,
    ) -> Self {
        let mut rest = entries.iter();
        let size_of = |job: &Job| sizes.get(&job.table?);
        let expected = jobs.iter().filter_map(|job| {
            let entry = rest.find(|entry| entry.dump_id == job.id)?;
            Some(Expected {
                id: job.id,
                name: EntryName::of(entry),
                estimated_bytes: size_of(job).map_or(0, TableSize::bytes),
                has_lines: matches!(job.content, Content::Rows { .. }),
            })
        });
        let entries: Vec<Expected> = expected.collect();
        let estimate = entries.iter().map(|entry| entry.estimated_bytes).sum();
        watch.begin_data(entries.len(), estimate);
        Self {
            watch,
            entries,
            begun: 0,
            data: Vec::new(),
            digest: None,
            has_digests,
            has_lines: false,
        }
    }

    /// The data of an entry begins.
    pub(super) fn begin(&mut self, id: DumpId) {
        let mut rest = self.entries.iter().skip(self.begun);
        let Some(place) = rest.position(|entry| entry.id == id) else {
            return;
        };
        self.begun += place + 1;
        let Expected {
            name,
            estimated_bytes,
            has_lines,
            ..
        } = &self.entries[self.begun - 1];
        let shown = match &name.schema {
            Some(schema) => format!("{schema}.{}", name.name),
            None => name.name.clone(),
        };
        self.has_lines = *has_lines;
        self.watch.begin_table(shown, *estimated_bytes);
        self.data.push(EntryData {
            entry: name.clone(),
            rows: 0,
            bytes: 0,
            sha256: None,
        });
        self.digest = self.has_digests.then(Sha256::new);
    }

    /// Some of it.
    pub(super) fn add(&mut self, bytes: &[u8]) {
        if let Some(digest) = &mut self.digest {
            digest.update(bytes);
        }
        let rows = if self.has_lines {
            memchr_iter(b'\n', bytes).count()
        } else {
            0
        };
        self.count(rows as u64, bytes.len() as u64);
    }

    /// Rows that cannot be told from what is written.
    pub(super) fn add_rows(&mut self, rows: u64) {
        self.count(rows, 0);
    }

    fn count(&mut self, rows: u64, bytes: u64) {
        if let Some(data) = self.data.last_mut() {
            data.rows += rows;
            data.bytes += bytes;
        }
        self.watch.add(rows, bytes);
    }

    /// That was all of it.
    pub(super) fn end(&mut self) {
        self.watch.end_table();
        if let (Some(data), Some(digest)) = (self.data.last_mut(), self.digest.take()) {
            let mut text = String::new();
            for byte in digest.finalize() {
                let _ = write!(text, "{byte:02x}");
            }
            data.sha256 = Some(text);
        }
    }

    pub(super) fn finish(self) -> Vec<EntryData> {
        self.data
    }
}
