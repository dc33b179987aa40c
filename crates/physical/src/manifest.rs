//! A backup manifest: what a backup consists of.
//!
//! Manual: "Backup Manifest Format". Rules beyond it: parse_manifest.c.

use std::collections::HashSet;

use bstr::{BString, ByteSlice};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use crate::checksum::{ChecksumAlgorithm, from_hex};
use crate::{Lsn, TimelineId};

/// The name that a manifest has in its backup.
pub(crate) const FILE_NAME: &str = "backup_manifest";

/// What a backup consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// Of the server that was backed up; known since version 2 of the format (PostgreSQL 17).
    pub system_identifier: Option<u64>,
    /// The files, but those of the log.
    pub files: Vec<ManifestFile>,
    /// The log without which the files are of no use.
    pub wal_ranges: Vec<WalRange>,
}

/// A file of a backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestFile {
    /// The name below the data directory; those of a tablespace begin with `pg_tblspc/OID/`.
    pub path: BString,
    /// How many bytes it has.
    pub size: u64,
    /// Its checksum, if it has one.
    pub checksum: Option<(ChecksumAlgorithm, Box<[u8]>)>,
}

/// A piece of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WalRange {
    /// The timeline.
    pub timeline: TimelineId,
    /// Where the first record begins.
    pub start: Lsn,
    /// Where the last one ends.
    pub end: Lsn,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(rename = "PostgreSQL-Backup-Manifest-Version")]
    version: u64,
    #[serde(rename = "System-Identifier")]
    system_identifier: Option<u64>,
    #[serde(rename = "Files")]
    files: Vec<File>,
    #[serde(rename = "WAL-Ranges")]
    wal_ranges: Vec<Range>,
    #[serde(rename = "Manifest-Checksum")]
    checksum: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "Path")]
    path: Option<String>,
    #[serde(rename = "Encoded-Path")]
    encoded_path: Option<String>,
    #[serde(rename = "Size")]
    size: u64,
    #[serde(rename = "Last-Modified")]
    _last_modified: Option<String>,
    #[serde(rename = "Checksum-Algorithm")]
    algorithm: Option<String>,
    #[serde(rename = "Checksum")]
    checksum: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Range {
    #[serde(rename = "Timeline")]
    timeline: u32,
    #[serde(rename = "Start-LSN")]
    start: String,
    #[serde(rename = "End-LSN")]
    end: String,
}

impl Manifest {
    /// Reads a manifest and checks it against its own checksum.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let document: Document =
            serde_json::from_slice(bytes).map_err(|error| format!("it is no manifest: {error}"))?;
        check_sum(bytes, &document.checksum)?;
        match (document.version, document.system_identifier) {
            (1, None) | (2, Some(_)) => {}
            (1, Some(_)) | (2, None) => {
                return Err("its version and its system identifier do not go together".into());
            }
            (version, _) => return Err(format!("its version, {version}, is unknown")),
        }
        let mut names = HashSet::with_capacity(document.files.len());
        let files: Vec<ManifestFile> = document
            .files
            .into_iter()
            .map(File::read)
            .collect::<Result<_, _>>()?;
        for file in &files {
            if !names.insert(&file.path) {
                return Err(format!("file \"{}\" is in it twice", file.path));
            }
        }
        let wal_ranges = document
            .wal_ranges
            .iter()
            .map(Range::read)
            .collect::<Result<_, _>>()?;
        Ok(Self {
            system_identifier: document.system_identifier,
            files,
            wal_ranges,
        })
    }
}

/// The checksum stands in the last line and is that of all lines before (source: verify_manifest_checksum).
fn check_sum(bytes: &[u8], expected: &str) -> Result<(), String> {
    let lines = bytes
        .strip_suffix(b"\n")
        .and_then(|text| text.rfind_byte(b'\n'))
        .ok_or("it does not end in a line of its own with its checksum")?;
    let found = Sha256::digest(&bytes[..=lines]);
    if from_hex(expected.as_bytes()).as_deref() == Some(&found[..]) {
        Ok(())
    } else {
        Err("its checksum is wrong".into())
    }
}

impl File {
    fn read(self) -> Result<ManifestFile, String> {
        let path: BString = match (self.path, self.encoded_path) {
            (Some(path), None) => path.into(),
            (None, Some(digits)) => from_hex(digits.as_bytes())
                .ok_or_else(|| format!("\"{digits}\" is no encoded path"))?
                .into(),
            _ => return Err("a file in it has not one path".into()),
        };
        let checksum = match (self.algorithm, self.checksum) {
            (None, None) => None,
            (Some(algorithm), Some(digits)) => {
                let algorithm: ChecksumAlgorithm = algorithm.parse()?;
                let sum = from_hex(digits.as_bytes())
                    .ok_or_else(|| format!("file \"{path}\" has the checksum \"{digits}\""))?;
                Some((algorithm, sum.into()))
            }
            _ => return Err(format!("file \"{path}\" has half a checksum")),
        };
        Ok(ManifestFile {
            path,
            size: self.size,
            checksum,
        })
    }
}

impl Range {
    fn read(&self) -> Result<WalRange, String> {
        let range = WalRange {
            timeline: TimelineId(self.timeline),
            start: self.start.parse()?,
            end: self.end.parse()?,
        };
        if range.timeline.0 == 0 || range.end < range.start {
            return Err(format!(
                "it asks for log from {} to {}",
                range.start, range.end
            ));
        }
        Ok(range)
    }
}

/// Puts manifests together for tests.
#[cfg(any(test, fuzzing))]
pub(crate) fn sealed(lines: &str) -> Vec<u8> {
    let sum = Sha256::digest(lines);
    let sum = sum
        .iter()
        .fold(String::new(), |digits, byte| format!("{digits}{byte:02x}"));
    format!("{lines}\"Manifest-Checksum\": \"{sum}\"}}\n").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERSION_2: &str = r#"{ "PostgreSQL-Backup-Manifest-Version": 2,
"System-Identifier": 7420000000000000001,
"Files": [
{ "Path": "backup_label", "Size": 225, "Last-Modified": "2026-01-01 00:00:00 GMT", "Checksum-Algorithm": "CRC32C", "Checksum": "0a1b2c3d" },
{ "Encoded-Path": "66ff6f", "Size": 0, "Last-Modified": "2026-01-01 00:00:00 GMT" }
],
"WAL-Ranges": [
{ "Timeline": 1, "Start-LSN": "0/3000028", "End-LSN": "0/3000120" }
],
"#;

    #[test]
    fn a_manifest_is_read() {
        let manifest = Manifest::parse(&sealed(VERSION_2)).unwrap();
        assert_eq!(manifest.system_identifier, Some(7_420_000_000_000_000_001));
        assert_eq!(
            manifest.files,
            [
                ManifestFile {
                    path: "backup_label".into(),
                    size: 225,
                    checksum: Some((ChecksumAlgorithm::Crc32c, [0x0a, 0x1b, 0x2c, 0x3d].into()))
                },
                ManifestFile {
                    path: BString::from(&b"f\xffo"[..]),
                    size: 0,
                    checksum: None
                }
            ]
        );
        assert_eq!(
            manifest.wal_ranges,
            [WalRange {
                timeline: TimelineId(1),
                start: Lsn(0x300_0028),
                end: Lsn(0x300_0120)
            }]
        );
        let version_1 = VERSION_2
            .replace("\"System-Identifier\": 7420000000000000001,\n", "")
            .replace(": 2,", ": 1,");
        assert_eq!(
            Manifest::parse(&sealed(&version_1))
                .unwrap()
                .system_identifier,
            None
        );
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (from, to, told) in [
            ("Version\": 2", "Version\": 3", "unknown"),
            ("Version\": 2", "Version\": 1", "do not go together"),
            (
                "\"Encoded-Path\": \"66ff6f\"",
                "\"Encoded-Path\": \"66ff6\"",
                "no encoded path",
            ),
            (
                "\"Encoded-Path\": \"66ff6f\"",
                "\"Path\": \"backup_label\"",
                "twice",
            ),
            ("\"Encoded-Path\": \"66ff6f\", ", "", "not one path"),
            (", \"Checksum\": \"0a1b2c3d\"", "", "half a checksum"),
            ("CRC32C", "MD5", "MD5"),
            ("0/3000120", "0/120", "asks for log"),
            ("0/3000120", "0-3000120", "no place"),
            ("\"Size\": 0", "\"Size\": -1", "no manifest"),
            ("\"Size\": 0", "\"Size\": 0, \"New\": 1", "no manifest"),
        ] {
            let changed = VERSION_2.replace(from, to);
            assert_ne!(changed, VERSION_2);
            let error = Manifest::parse(&sealed(&changed)).unwrap_err();
            assert!(error.contains(told), "{told}: {error}");
        }
        let good = sealed(VERSION_2);
        let place = good.find("225").unwrap();
        let mut flipped = good.clone();
        flipped[place] = b'3';
        assert_eq!(
            Manifest::parse(&flipped).unwrap_err(),
            "its checksum is wrong"
        );
        for cut in [0, 1, 10, good.len() / 2, good.len() - 1] {
            assert!(Manifest::parse(&good[..cut]).is_err(), "{cut}");
        }
    }
}
