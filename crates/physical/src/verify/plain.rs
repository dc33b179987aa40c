//! A backup that is a data directory.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Read;
use std::num::NonZero;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use bstr::{BStr, BString, ByteSlice};

use super::{Check, wal};
use crate::checksum::Checksum;
use crate::manifest::{FILE_NAME, ManifestFile};

/// How much is read at a time.
const READ_BYTES: usize = 256 * 1024;
/// Deeper folders are those of links that lead in a circle.
const DEPTH: usize = 64;

pub(super) fn verify(check: &Check<'_>, root: &Path) {
    let Some(manifest) = check.manifest(&root.join(FILE_NAME)) else {
        return;
    };
    let mut walk = Walk {
        check,
        root,
        manifest: manifest
            .files
            .iter()
            .map(|file| (file.path.as_bstr(), file))
            .collect(),
        found: Vec::new(),
    };
    walk.folder(BStr::new(""), 0);
    let Walk {
        manifest: missing,
        mut found,
        ..
    } = walk;
    if check.is_over() {
        return;
    }
    for file in missing.into_values() {
        check.missing(file);
    }
    let control = fs::read(root.join("global/pg_control"));
    // One that is missing or has another size has been found already.
    let system = control
        .ok()
        .and_then(|content| check.control(&manifest, &content));
    if !check.options.skip_checksums && !check.is_over() {
        // The largest first, so that no thread is left with one alone.
        found.sort_by_key(|(_, file)| std::cmp::Reverse(file.size));
        sum_all(check, &found);
    }
    if !check.options.no_parse_wal && !check.is_over() {
        let own = root.join("pg_wal");
        let folder = check.options.wal_folder.as_ref().unwrap_or(&own);
        wal::verify_folder(check, &manifest, folder, system);
    }
}

struct Walk<'a> {
    check: &'a Check<'a>,
    root: &'a Path,
    /// What has not been found yet.
    manifest: HashMap<&'a BStr, &'a ManifestFile>,
    found: Vec<(PathBuf, &'a ManifestFile)>,
}

impl Walk<'_> {
    fn folder(&mut self, path: &BStr, depth: usize) {
        let place = self.root.join(std::ffi::OsStr::from_bytes(path));
        let entries = match fs::read_dir(&place) {
            Ok(entries) if depth < DEPTH => entries,
            Ok(_) => return self.check.find(format!("folder \"{path}\" is too deep")),
            Err(error) => {
                return self
                    .check
                    .find(format!("folder \"{path}\" cannot be read: {error}"));
            }
        };
        for entry in entries {
            if self.check.is_over() {
                return;
            }
            match entry {
                Ok(entry) => {
                    let name = entry.file_name();
                    let mut below = BString::from(path);
                    if !below.is_empty() {
                        below.push(b'/');
                    }
                    below.extend_from_slice(name.as_bytes());
                    self.entry(&entry.path(), below.as_bstr(), depth);
                }
                Err(error) => self
                    .check
                    .find(format!("folder \"{path}\" cannot be read: {error}")),
            }
        }
    }

    fn entry(&mut self, place: &Path, path: &BStr, depth: usize) {
        if self.check.ignores(path) {
            return;
        }
        // Through links, as a server sees it.
        let metadata = match fs::metadata(place) {
            Ok(metadata) => metadata,
            Err(error) => {
                return self
                    .check
                    .find(format!("\"{path}\" cannot be read: {error}"));
            }
        };
        if metadata.is_dir() {
            return self.folder(path, depth + 1);
        }
        if !metadata.is_file() {
            return self
                .check
                .find(format!("\"{path}\" is neither file nor folder"));
        }
        match self.manifest.remove(path) {
            None => self.check.unknown(path),
            Some(file) if file.size != metadata.len() => {
                self.check.wrong_size(file, metadata.len())
            }
            Some(file) => self.found.push((place.to_owned(), file)),
        }
    }
}

/// Reads the files, each thread one after the other.
fn sum_all(check: &Check<'_>, files: &[(PathBuf, &ManifestFile)]) {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut buffer = vec![0; READ_BYTES];
        while let Some((place, file)) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
            if check.is_over() {
                return;
            }
            sum(check, place, file, &mut buffer);
        }
    };
    let threads = thread::available_parallelism()
        .map_or(1, NonZero::get)
        .min(files.len());
    thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(work);
        }
        work();
    });
}

fn sum(check: &Check<'_>, place: &Path, file: &ManifestFile, buffer: &mut [u8]) {
    let Some((algorithm, _)) = file.checksum else {
        return;
    };
    let mut checksum = Checksum::new(algorithm);
    let mut size = 0;
    let read = File::open(place).and_then(|mut opened| {
        loop {
            match opened.read(buffer)? {
                0 => return Ok(()),
                length => {
                    checksum.update(&buffer[..length]);
                    size += length as u64;
                    check.advance(length);
                }
            }
        }
    });
    match read {
        Err(error) => check.find(format!("file \"{}\" cannot be read: {error}", file.path)),
        Ok(()) if size != file.size => check.wrong_size(file, size),
        Ok(()) => check.compare(file, &checksum.finish()),
    }
}
