//! What has arrived of a backup, to be held against its manifest.

use std::collections::{BTreeSet, HashMap, HashSet};

use bstr::{BStr, BString};

use crate::checksum::{Checksum, ChecksumAlgorithm};
use crate::error::malformed;
use crate::manifest::{Manifest, ManifestFile, WalRange};
use crate::member::{Kind, Member};
use crate::{Result, SegmentSize};

/// What the names of the log's files begin with.
const LOG: &[u8] = b"pg_wal/";

/// A file that has arrived.
#[derive(Debug)]
struct Seen {
    size: u64,
    checksum: Box<[u8]>,
}

/// The files that have arrived, with their checksums; of the log's files the names.
#[derive(Debug)]
pub(crate) struct Tally {
    algorithm: ChecksumAlgorithm,
    files: HashMap<BString, Seen>,
    wal: BTreeSet<BString>,
    current: Option<(BString, u64, Checksum)>,
    /// How long a manifest of these files can be.
    manifest_bytes: usize,
}

/// What a manifest needs besides a file's name: generous.
const MANIFEST_LINE_BYTES: usize = 512;
const MANIFEST_FRAME_BYTES: usize = 1 << 20;

impl Tally {
    pub(crate) fn new(algorithm: ChecksumAlgorithm) -> Self {
        Self {
            algorithm,
            files: HashMap::new(),
            wal: BTreeSet::new(),
            current: None,
            manifest_bytes: MANIFEST_FRAME_BYTES,
        }
    }

    /// Begins a member; `path` is its name below the data directory.
    pub(crate) fn begin(&mut self, path: BString, member: &Member) -> Result<()> {
        self.current = None;
        let Kind::File(_) = member.kind else {
            return Ok(());
        };
        if let Some(name) = path.strip_prefix(LOG) {
            self.wal.insert(name.into());
            return Ok(());
        }
        if self.files.contains_key(&path) {
            return Err(malformed(format!("file \"{path}\" twice")));
        }
        // As hexadecimal digits, at the worst.
        self.manifest_bytes += 2 * path.len() + MANIFEST_LINE_BYTES;
        self.current = Some((path, 0, Checksum::new(self.algorithm)));
        Ok(())
    }

    pub(crate) fn data(&mut self, bytes: &[u8]) {
        if let Some((_, size, checksum)) = &mut self.current {
            *size += bytes.len() as u64;
            checksum.update(bytes);
        }
    }

    pub(crate) fn end(&mut self) {
        if let Some((path, size, checksum)) = self.current.take() {
            let checksum = checksum.finish();
            self.files.insert(path, Seen { size, checksum });
        }
    }

    /// More bytes than a manifest of these files has.
    pub(crate) fn manifest_limit(&self) -> usize {
        self.manifest_bytes
    }

    /// Where the backup that has arrived and its manifest differ.
    pub(crate) fn differences(&self, manifest: &Manifest) -> Vec<String> {
        // The log is looked for by the ranges (the manifest has but its files' marks).
        let files = || {
            let is_log = |file: &&ManifestFile| file.path.starts_with(LOG);
            manifest.files.iter().filter(move |file| !is_log(file))
        };
        let mut differences: Vec<String> =
            files().filter_map(|file| self.difference(file)).collect();
        if differences.is_empty() && files().count() != self.files.len() {
            let known: HashSet<_> = files().map(|file| &file.path).collect();
            let others = self.files.keys().filter(|path| !known.contains(path));
            differences
                .extend(others.map(|path| format!("file \"{path}\" is not in the manifest")));
            differences.sort();
        }
        differences
    }

    fn difference(&self, file: &ManifestFile) -> Option<String> {
        let path = &file.path;
        let Some(seen) = self.files.get(path) else {
            return Some(format!("file \"{path}\" is missing"));
        };
        if seen.size != file.size {
            let (found, expected) = (seen.size, file.size);
            return Some(format!(
                "file \"{path}\" has {found} bytes where the manifest says {expected}"
            ));
        }
        match &file.checksum {
            None if self.algorithm == ChecksumAlgorithm::None => None,
            Some((algorithm, sum)) if *algorithm == self.algorithm => {
                (*sum != seen.checksum).then(|| format!("the checksum of file \"{path}\" is wrong"))
            }
            _ => Some(format!(
                "file \"{path}\" is not summed by {}",
                self.algorithm
            )),
        }
    }

    /// The log's files that a range needs and that have not come among the others.
    pub(crate) fn missing_wal(&self, ranges: &[WalRange], size: SegmentSize) -> Vec<String> {
        let names = ranges.iter().flat_map(|range| {
            let numbers = size.number(range.start)
                ..=size.number_before(range.end).max(size.number(range.start));
            numbers.map(|number| size.file_name(range.timeline, number))
        });
        names
            .filter(|name| !self.wal.contains(BStr::new(name)))
            .map(|name| format!("file \"pg_wal/{name}\" is missing"))
            // A hostile range may name any number of files.
            .take(100)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::header;
    use crate::{Lsn, TimelineId};

    fn add(tally: &mut Tally, path: &str, data: &[u8]) -> Result<()> {
        let kind = Kind::File(data.len() as u64);
        let header = header(path.as_bytes(), &kind);
        tally.begin(
            path.into(),
            &Member {
                path: path.into(),
                kind,
                header,
            },
        )?;
        tally.data(data);
        tally.end();
        Ok(())
    }

    fn entry(path: &str, size: u64, sum: Option<&[u8]>) -> ManifestFile {
        ManifestFile {
            path: path.into(),
            size,
            checksum: sum.map(|sum| (ChecksumAlgorithm::Crc32c, sum.into())),
        }
    }

    #[test]
    fn differences_are_named() {
        let mut tally = Tally::new(ChecksumAlgorithm::Crc32c);
        add(&mut tally, "a", b"123456789").unwrap();
        add(&mut tally, "b", b"").unwrap();
        add(&mut tally, "pg_wal/000000010000000000000003", b"log").unwrap();
        assert!(add(&mut tally, "a", b"").is_err());
        let (a, b) = (
            entry("a", 9, Some(&[0x83, 0x92, 0x06, 0xe3])),
            entry("b", 0, Some(&[0; 4])),
        );
        let told = |files: &[&ManifestFile]| {
            tally.differences(&Manifest {
                system_identifier: None,
                files: files.iter().copied().cloned().collect(),
                wal_ranges: Vec::new(),
            })
        };
        assert_eq!(told(&[&a, &b]), [""; 0]);
        assert_eq!(told(&[&a]), ["file \"b\" is not in the manifest"]);
        assert_eq!(
            told(&[&a, &b, &entry("c", 0, None)]),
            ["file \"c\" is missing"]
        );
        assert_eq!(
            told(&[&entry("a", 8, Some(&[0x83, 0x92, 0x06, 0xe3])), &b]),
            ["file \"a\" has 9 bytes where the manifest says 8"]
        );
        assert_eq!(
            told(&[&entry("a", 9, Some(&[0; 4])), &b]),
            ["the checksum of file \"a\" is wrong"]
        );
        assert_eq!(
            told(&[&entry("a", 9, None), &b]),
            ["file \"a\" is not summed by CRC32C"]
        );
    }

    #[test]
    fn the_log_that_a_range_needs_is_looked_for() {
        let mut tally = Tally::new(ChecksumAlgorithm::None);
        for name in ["000000010000000000000003", "000000010000000000000004"] {
            add(&mut tally, &format!("pg_wal/{name}"), b"log").unwrap();
        }
        let size = SegmentSize::new(16 << 20).unwrap();
        let missing = |start, end| {
            let range = WalRange {
                timeline: TimelineId(1),
                start: Lsn(start),
                end: Lsn(end),
            };
            tally.missing_wal(&[range], size)
        };
        assert_eq!(missing(0x300_0028, 0x500_0000), [""; 0]);
        assert_eq!(
            missing(0x300_0028, 0x500_0001),
            ["file \"pg_wal/000000010000000000000005\" is missing"]
        );
        assert_eq!(missing(0x200_0028, 0x300_0028).len(), 1);
        assert_eq!(missing(0x300_0028, u64::MAX).len(), 100);
    }
}
