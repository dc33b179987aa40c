//! Looking a backup over that was made earlier.
//!
//! What is checked, and what is left aside, is what pg_verifybackup does; it is PostgreSQL's word on whether a backup is good.

mod archives;
mod control;
mod plain;
mod wal;

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use bstr::{BStr, BString, ByteSlice};

use crate::manifest::{FILE_NAME, Manifest, ManifestFile};
use crate::{Lsn, Result};

/// What a verification leaves out, and where it looks.
#[derive(Debug, Clone, Default)]
pub struct VerifyOptions {
    /// Ends at the first thing that is wrong.
    pub exit_on_error: bool,
    /// Files and folders that are not looked at, by their names below the data directory.
    pub ignore: Vec<BString>,
    /// The manifest, where it does not lie in the backup.
    pub manifest: Option<PathBuf>,
    /// Whether the log is not read.
    pub no_parse_wal: bool,
    /// Whether the files are not read.
    pub skip_checksums: bool,
    /// The log, where it does not lie in the backup.
    pub wal_folder: Option<PathBuf>,
}

/// Something that is wrong with a backup.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding(String);

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a server or its user may change in a backup (source: main, pg_verifybackup.c).
const CHANGEABLE: [&str; 5] = [
    FILE_NAME,
    "pg_wal",
    "postgresql.auto.conf",
    "recovery.signal",
    "standby.signal",
];

/// Holds a backup against its manifest and reads the log that it needs; returns what is wrong, in the order of the files'
/// names. `path` is a data directory, the folder that has one as `data`, a folder with archives, or one archive.
/// `progress` is told how many bytes of how many have been read.
///
/// # Errors
/// [`Error::Io`](crate::Error::Io) if `path` is not there. What cannot be read in it is a finding.
pub fn verify(
    path: &Path,
    options: &VerifyOptions,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Result<Vec<Finding>> {
    use crate::error::Doing;
    let metadata = fs::metadata(path).doing("read", path)?;
    let check = Check::new(options, progress);
    if metadata.is_file() {
        archives::verify_file(&check, path);
    } else if archives::are_in(path) {
        archives::verify_folder(&check, path);
    } else {
        let below = path.join("data");
        let is_below = !path.join(FILE_NAME).exists() && below.join(FILE_NAME).exists();
        plain::verify(&check, if is_below { &below } else { path });
    }
    Ok(check.into_findings())
}

/// One verification.
struct Check<'a> {
    options: &'a VerifyOptions,
    findings: Mutex<Vec<Finding>>,
    has_findings: AtomicBool,
    progress: &'a (dyn Fn(u64, u64) + Sync),
    done: AtomicU64,
    total: AtomicU64,
}

impl<'a> Check<'a> {
    fn new(options: &'a VerifyOptions, progress: &'a (dyn Fn(u64, u64) + Sync)) -> Self {
        Self {
            options,
            findings: Mutex::default(),
            has_findings: AtomicBool::new(false),
            progress,
            done: AtomicU64::new(0),
            total: AtomicU64::new(0),
        }
    }

    fn find(&self, what: impl Into<String>) {
        let mut findings = self.findings.lock().unwrap_or_else(PoisonError::into_inner);
        findings.push(Finding(what.into()));
        self.has_findings.store(true, Ordering::Relaxed);
    }

    /// Whether there is nothing more to be done.
    fn is_over(&self) -> bool {
        self.options.exit_on_error && self.has_findings.load(Ordering::Relaxed)
    }

    /// So many bytes more have been read.
    fn advance(&self, bytes: usize) {
        let done = self.done.fetch_add(bytes as u64, Ordering::Relaxed) + bytes as u64;
        (self.progress)(done, self.total.load(Ordering::Relaxed));
    }

    fn into_findings(self) -> Vec<Finding> {
        let mut findings = self
            .findings
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        findings.sort();
        findings
    }

    /// Whether a file or folder is not looked at.
    fn ignores(&self, path: &BStr) -> bool {
        let is_in = |ignored: &[u8]| {
            path.strip_prefix(ignored)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
        };
        CHANGEABLE.iter().any(|ignored| is_in(ignored.as_bytes()))
            || self.options.ignore.iter().any(|ignored| is_in(ignored))
    }

    /// Reads the manifest, the one that was named or that of the backup.
    fn manifest(&self, own: &Path) -> Option<Manifest> {
        let path = self.options.manifest.as_deref().unwrap_or(own);
        let read = fs::read(path).map_err(|error| error.to_string());
        match read.and_then(|bytes| Manifest::parse(&bytes)) {
            Ok(manifest) => {
                self.expect(&manifest);
                Some(manifest)
            }
            Err(why) => {
                self.find(format!("manifest \"{}\": {why}", path.display()));
                None
            }
        }
    }

    /// Reckons with the files of a manifest.
    fn expect(&self, manifest: &Manifest) {
        let looked_at = manifest
            .files
            .iter()
            .filter(|file| !self.ignores(file.path.as_bstr()));
        self.total
            .store(looked_at.map(|file| file.size).sum(), Ordering::Relaxed);
    }

    /// Compares a checksum with the manifest's.
    fn compare(&self, file: &ManifestFile, found: &[u8]) {
        if let Some((_, sum)) = &file.checksum
            && **sum != *found
        {
            self.find(format!("file \"{}\": its checksum is wrong", file.path));
        }
    }

    fn missing(&self, file: &ManifestFile) {
        if !self.ignores(file.path.as_bstr()) {
            self.find(format!("file \"{}\" is missing", file.path));
        }
    }

    fn unknown(&self, path: &BStr) {
        self.find(format!("file \"{path}\" is not in the manifest"));
    }

    fn wrong_size(&self, file: &ManifestFile, found: u64) {
        let (path, size) = (&file.path, file.size);
        self.find(format!(
            "file \"{path}\" has {found} bytes where the manifest says {size}"
        ));
    }

    /// Compares the system that pg_control is of with the manifest's; `None` if pg_control is damaged.
    fn control(&self, manifest: &Manifest, content: &[u8]) -> Option<u64> {
        let Some(found) = control::system_identifier(content) else {
            self.find("file \"global/pg_control\": its own checksum is wrong");
            return None;
        };
        if let Some(expected) = manifest.system_identifier
            && found != expected
        {
            self.find(format!(
                "file \"global/pg_control\" is of the system {found}, and the manifest of {expected}"
            ));
        }
        Some(found)
    }

    fn bad_wal(&self, start: Lsn, why: &str) {
        self.find(format!("log from {start}: {why}"));
    }
}
