//! Backups that are archives: several in a folder, as pg_basebackup makes them, or one that holds everything.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::thread;

use bstr::{BStr, BString, ByteSlice};
use flate2::bufread::MultiGzDecoder;
use lz4_flex::frame::FrameDecoder;

use super::{Check, wal};
use crate::SegmentSize;
use crate::checksum::Checksum;
use crate::manifest::{FILE_NAME, Manifest, ManifestFile};
use crate::member::{Kind, Member, Members, Step};
use crate::wal::reader::segment_size_of;

const READ_BYTES: usize = 256 * 1024;
const SUFFIXES: [&str; 4] = [".tar", ".tar.gz", ".tar.lz4", ".tar.zst"];
/// More than a manifest is not read into memory.
const MANIFEST_BYTES: u64 = 1 << 30;

/// An archive, compressed or not, member by member.
pub(super) struct TarReader<R> {
    input: R,
    members: Members,
    buffer: Vec<u8>,
    /// What of the buffer has not been looked at.
    rest: std::ops::Range<usize>,
    /// Whether the data of a file is being read.
    in_file: bool,
}

type Input = Box<dyn Read + Send>;

impl<R: Read> TarReader<R> {
    fn new(input: R) -> Self {
        Self {
            input,
            members: Members::new(),
            buffer: vec![0; READ_BYTES],
            rest: 0..0,
            in_file: false,
        }
    }

    /// The next step, as a member or as a range of the buffer.
    fn step(&mut self) -> Result<Option<Found>, String> {
        loop {
            let mut bytes = &self.buffer[self.rest.clone()];
            let before = bytes.len();
            let step = self
                .members
                .next(&mut bytes)
                .map_err(|error| error.to_string())?;
            let used = before - bytes.len();
            self.rest.start += used;
            match step {
                Some(Step::Begin(member)) => return Ok(Some(Found::Member(member))),
                Some(Step::Data(data)) => {
                    let end = self.rest.start;
                    return Ok(Some(Found::Data(end - data.len()..end)));
                }
                Some(Step::End) => return Ok(Some(Found::End)),
                None => {
                    let read = self
                        .input
                        .read(&mut self.buffer)
                        .map_err(|error| error.to_string())?;
                    self.rest = 0..read;
                    if read == 0 {
                        return self
                            .members
                            .finish()
                            .map(|()| None)
                            .map_err(|_| "it breaks off".into());
                    }
                }
            }
        }
    }

    /// Passes over what is left of a member and returns the next one.
    pub(super) fn next_member(&mut self) -> Result<Option<Member>, String> {
        loop {
            match self.step()? {
                Some(Found::Member(member)) => {
                    self.in_file = true;
                    return Ok(Some(*member));
                }
                Some(_) => {}
                None => return Ok(None),
            }
        }
    }
}

enum Found {
    Member(Box<Member>),
    Data(std::ops::Range<usize>),
    End,
}

/// Reads the data of the member that was returned last.
impl<R: Read> Read for TarReader<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if !self.in_file || out.is_empty() {
            return Ok(0);
        }
        match self.step().map_err(io::Error::other)? {
            Some(Found::Data(data)) => {
                let length = out.len().min(data.len());
                out[..length].copy_from_slice(&self.buffer[data.start..data.start + length]);
                if length < data.len() {
                    self.members.give_back((data.len() - length) as u64);
                    self.rest.start = data.start + length;
                }
                Ok(length)
            }
            _ => {
                self.in_file = false;
                Ok(0)
            }
        }
    }
}

/// Whether a folder holds archives instead of a data directory.
pub(super) fn are_in(folder: &Path) -> bool {
    find(folder, "base").is_some()
}

/// The archive of a name.
fn find(folder: &Path, stem: &str) -> Option<PathBuf> {
    let mut places = SUFFIXES
        .iter()
        .map(|suffix| folder.join(format!("{stem}{suffix}")));
    places.find(|place| place.is_file())
}

fn open(path: &Path) -> Result<TarReader<Input>, String> {
    let mut file = File::open(path).map_err(|error| error.to_string())?;
    let mut magic = [0; 4];
    let length = file.read(&mut magic).map_err(|error| error.to_string())?;
    let head = io::Cursor::new(magic[..length].to_vec());
    let whole = io::BufReader::with_capacity(READ_BYTES, head.chain(file));
    Ok(TarReader::new(match magic {
        [0x1f, 0x8b, ..] => Box::new(MultiGzDecoder::new(whole)),
        [0x04, 0x22, 0x4d, 0x18] => Box::new(FrameDecoder::new(whole)),
        [0x28, 0xb5, 0x2f, 0xfd] => Box::new(
            zstd::stream::read::Decoder::with_buffer(whole).map_err(|error| error.to_string())?,
        ),
        _ => Box::new(whole),
    }))
}

/// Verifies one archive that holds everything.
pub(super) fn verify_file(check: &Check<'_>, path: &Path) {
    let head = match scan(path) {
        Ok(head) => head,
        Err(why) => return check.find(format!("archive \"{}\": {why}", path.display())),
    };
    let manifest = match (&check.options.manifest, &head.manifest) {
        (Some(_), _) | (None, None) => check.manifest(&path.join(FILE_NAME)),
        (None, Some(bytes)) => match Manifest::parse(bytes) {
            Ok(manifest) => {
                check.expect(&manifest);
                Some(manifest)
            }
            Err(why) => {
                check.find(format!("manifest: {why}"));
                None
            }
        },
    };
    let Some(manifest) = manifest else {
        return;
    };
    let mut found = Vec::new();
    let control = sum(check, path, "", head.layout, &manifest, &mut found);
    conclude(
        check,
        &manifest,
        found,
        control.as_deref(),
        &Log {
            path: Some(path.to_owned()),
            prefix: if head.layout == Layout::Moved {
                "data/pg_wal/"
            } else {
                "pg_wal/"
            },
            size: head.segment_size,
        },
    );
}

/// Verifies a folder of archives, each in a thread of its own.
pub(super) fn verify_folder(check: &Check<'_>, folder: &Path) {
    let Some(manifest) = check.manifest(&folder.join(FILE_NAME)) else {
        return;
    };
    let mut archives = vec![];
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy().into_owned();
        let stem = SUFFIXES.iter().find_map(|suffix| name.strip_suffix(suffix));
        match stem {
            Some("base") => archives.push((path, String::new())),
            Some(stem) if stem.parse::<u32>().is_ok() => {
                archives.push((path, format!("pg_tblspc/{stem}/")))
            }
            Some("pg_wal") => {}
            _ if name == FILE_NAME || check.ignores(BStr::new(&name)) => {}
            _ => check.find(format!("file \"{name}\" is not expected among archives")),
        }
    }
    let (found, control) = thread::scope(|scope| {
        let threads: Vec<_> = archives
            .iter()
            .map(|(path, prefix)| {
                let manifest = &manifest;
                scope.spawn(move || {
                    let mut found = Vec::new();
                    let control = sum(check, path, prefix, Layout::Bare, manifest, &mut found);
                    (found, control)
                })
            })
            .collect();
        let mut all = (Vec::new(), None);
        for thread in threads {
            match thread.join() {
                Ok((found, control)) => {
                    all.0.extend(found);
                    all.1 = all.1.or(control);
                }
                Err(_) => check.find("a thread of this program has ended by a fault"),
            }
        }
        all
    });
    let own = find(folder, "pg_wal");
    let prefix = if own.is_some() { "" } else { "pg_wal/" };
    let path = own.or_else(|| find(folder, "base"));
    let size = path
        .as_deref()
        .and_then(|path| scan(path).ok())
        .and_then(|head| head.segment_size);
    conclude(
        check,
        &manifest,
        found,
        control.as_deref(),
        &Log { path, prefix, size },
    );
}

/// Where the log is.
struct Log {
    path: Option<PathBuf>,
    prefix: &'static str,
    size: Option<SegmentSize>,
}

fn conclude(
    check: &Check<'_>,
    manifest: &Manifest,
    found: Vec<BString>,
    control: Option<&[u8]>,
    log: &Log,
) {
    if check.is_over() {
        return;
    }
    let found: std::collections::HashSet<BString> = found.into_iter().collect();
    for file in manifest
        .files
        .iter()
        .filter(|file| !found.contains(&file.path))
    {
        check.missing(file);
    }
    let system = control.and_then(|content| check.control(manifest, content));
    if check.options.no_parse_wal || check.is_over() {
        return;
    }
    match (&check.options.wal_folder, &log.path) {
        (Some(folder), _) => wal::verify_folder(check, manifest, folder, system),
        (None, Some(path)) => {
            wal::verify_archive(check, manifest, log.size, system, log.prefix, || {
                open(path).ok()
            })
        }
        (None, None) => check.find("there is no log"),
    }
}

/// How the members of an archive are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    /// As in the data directory.
    Bare,
    /// In a folder `data`, beside `tablespaces`.
    Moved,
}

/// What has to be known before members are looked at.
struct Head {
    layout: Layout,
    manifest: Option<Vec<u8>>,
    segment_size: Option<SegmentSize>,
}

/// Looks through an archive for the manifest and the size of the log's files.
fn scan(path: &Path) -> Result<Head, String> {
    let mut reader = open(path)?;
    let mut head = Head {
        layout: Layout::Bare,
        manifest: None,
        segment_size: None,
    };
    while let Some(member) = reader.next_member()? {
        let Kind::File(size) = member.kind else {
            if member.path == "data" {
                head.layout = Layout::Moved;
            }
            continue;
        };
        let name = member.path.strip_prefix(b"data/").unwrap_or(&member.path);
        if name == FILE_NAME.as_bytes() && size <= MANIFEST_BYTES {
            let mut bytes = Vec::new();
            reader
                .read_to_end(&mut bytes)
                .map_err(|error| error.to_string())?;
            head.manifest = Some(bytes);
        } else if head.segment_size.is_none()
            && wal::is_segment(name.rsplit(|byte| *byte == b'/').next().unwrap_or_default())
        {
            let mut bytes = [0; 40];
            reader
                .read_exact(&mut bytes)
                .map_err(|error| error.to_string())?;
            head.segment_size = segment_size_of(&bytes);
        }
    }
    Ok(head)
}

/// The name of a member below the data directory.
fn data_name(layout: Layout, prefix: &str, path: &BStr) -> Option<BString> {
    match layout {
        Layout::Bare => {
            let mut name = BString::from(prefix);
            name.extend_from_slice(path);
            Some(name)
        }
        Layout::Moved => path.strip_prefix(b"data/").map(BString::from).or_else(|| {
            let rest = path.strip_prefix(b"tablespaces/")?;
            let mut name = BString::from("pg_tblspc/");
            name.extend_from_slice(rest);
            Some(name)
        }),
    }
}

/// Holds the members of an archive against the manifest, and notes which were there; returns pg_control.
fn sum(
    check: &Check<'_>,
    path: &Path,
    prefix: &str,
    layout: Layout,
    manifest: &Manifest,
    found: &mut Vec<BString>,
) -> Option<Vec<u8>> {
    let files: HashMap<&BStr, &ManifestFile> = manifest
        .files
        .iter()
        .map(|file| (file.path.as_bstr(), file))
        .collect();
    let mut control = None;
    let mut summed = || -> Result<(), String> {
        let mut reader = open(path)?;
        let mut buffer = vec![0; READ_BYTES];
        while let Some(member) = reader.next_member()? {
            let Kind::File(size) = member.kind else {
                continue;
            };
            let name = data_name(layout, prefix, member.path.as_bstr());
            let Some(name) = name.filter(|name| !check.ignores(name.as_bstr())) else {
                continue;
            };
            if check.is_over() {
                return Ok(());
            }
            let Some(file) = files.get(name.as_bstr()) else {
                check.unknown(name.as_bstr());
                continue;
            };
            if size != file.size {
                check.wrong_size(file, size);
            } else if name == "global/pg_control" {
                let mut content = Vec::new();
                reader
                    .by_ref()
                    .take(1 << 20)
                    .read_to_end(&mut content)
                    .map_err(|error| error.to_string())?;
                sum_bytes(check, file, &content);
                control = Some(content);
            } else if !check.options.skip_checksums {
                sum_member(check, file, &mut reader, &mut buffer)?;
            }
            found.push(name);
        }
        Ok(())
    };
    if let Err(why) = summed() {
        check.find(format!("archive \"{}\": {why}", path.display()));
    }
    control
}

fn sum_bytes(check: &Check<'_>, file: &ManifestFile, content: &[u8]) {
    if let Some((algorithm, _)) = file
        .checksum
        .as_ref()
        .filter(|_| !check.options.skip_checksums)
    {
        let mut checksum = Checksum::new(*algorithm);
        checksum.update(content);
        check.compare(file, &checksum.finish());
    }
}

fn sum_member<R: Read>(
    check: &Check<'_>,
    file: &ManifestFile,
    reader: &mut TarReader<R>,
    buffer: &mut [u8],
) -> Result<(), String> {
    let Some((algorithm, _)) = file.checksum else {
        return Ok(());
    };
    let mut checksum = Checksum::new(algorithm);
    loop {
        match reader.read(buffer).map_err(|error| error.to_string())? {
            0 => break,
            length => {
                checksum.update(&buffer[..length]);
                check.advance(length);
            }
        }
    }
    check.compare(file, &checksum.finish());
    Ok(())
}
