//! The log that a backup needs.

use std::fs::{self, File};
use std::io::{BufReader, Read};
use std::path::Path;

use super::Check;
use super::archives::TarReader;
use crate::SegmentSize;
use crate::manifest::Manifest;
use crate::wal::reader::{Segments, Wanted, check_range, segment_size_of};

const READ_BYTES: usize = 256 * 1024;
/// How much of a file says how large it is.
const HEAD_BYTES: usize = 40;

/// Reads all ranges from the files of a folder.
pub(super) fn verify_folder(
    check: &Check<'_>,
    manifest: &Manifest,
    folder: &Path,
    system: Option<u64>,
) {
    let size = fs::read_dir(folder).ok().and_then(|entries| {
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        names
            .filter(|name| is_segment(name.as_bytes()))
            .find_map(|name| {
                let mut head = [0; HEAD_BYTES];
                File::open(folder.join(name))
                    .and_then(|mut file| file.read_exact(&mut head))
                    .ok()?;
                segment_size_of(&head)
            })
    });
    verify(check, manifest, size, system, || Folder(folder));
}

/// Reads all ranges from the members of an archive, whose names begin with `prefix`.
pub(super) fn verify_archive<'a, R: Read + 'a>(
    check: &Check<'_>,
    manifest: &Manifest,
    size: Option<SegmentSize>,
    system: Option<u64>,
    prefix: &str,
    open: impl Fn() -> Option<TarReader<R>>,
) {
    verify(check, manifest, size, system, || Archive {
        reader: open(),
        prefix: prefix.to_owned(),
    });
}

fn verify<S: Segments>(
    check: &Check<'_>,
    manifest: &Manifest,
    size: Option<SegmentSize>,
    system: Option<u64>,
    segments: impl Fn() -> S,
) {
    for range in &manifest.wal_ranges {
        let Some(size) = size else {
            check.bad_wal(range.start, "there is no log");
            continue;
        };
        let wanted = Wanted {
            size,
            system_identifier: system,
        };
        if let Err(why) = check_range(&mut segments(), range, wanted) {
            check.bad_wal(range.start, &why);
        }
        if check.is_over() {
            return;
        }
    }
}

/// Whether a name is that of a file of the log.
pub(super) fn is_segment(name: &[u8]) -> bool {
    name.len() == 24
        && name
            .iter()
            .all(|byte| byte.is_ascii_digit() || (b'A'..=b'F').contains(byte))
}

struct Folder<'a>(&'a Path);

impl Segments for Folder<'_> {
    fn open(&mut self, name: &str) -> Result<Box<dyn Read + '_>, String> {
        match File::open(self.0.join(name)) {
            Ok(file) => Ok(Box::new(BufReader::with_capacity(READ_BYTES, file))),
            Err(error) => Err(format!("file \"{name}\" cannot be read: {error}")),
        }
    }
}

struct Archive<R> {
    reader: Option<TarReader<R>>,
    prefix: String,
}

impl<R: Read> Segments for Archive<R> {
    fn open(&mut self, name: &str) -> Result<Box<dyn Read + '_>, String> {
        let whole = format!("{}{name}", self.prefix);
        let missing = || format!("file \"{name}\" is missing");
        let reader = self.reader.as_mut().ok_or_else(missing)?;
        loop {
            match reader.next_member()? {
                Some(member) if member.path == whole => return Ok(Box::new(reader)),
                Some(_) => {}
                None => return Err(missing()),
            }
        }
    }
}
