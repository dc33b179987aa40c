//! `pgark verify` of a dump, without a server: what its table of contents, its lengths and its compression say of it.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use anyhow::Context;
use pgark_archive::{Error, MAGIC, Reader};

use crate::arguments::physical::VerifyArguments;
use crate::exit;

/// If `path` is an archive of pg_dump's custom format.
pub(super) fn is_archive(path: &Path) -> bool {
    let mut start = [0; MAGIC.len()];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut start));
    read.is_ok() && start == *MAGIC
}

/// Reads the archive to its end, and returns where it is damaged, if it is; `show` is told the bytes read and those of the file.
pub(super) fn damage(
    arguments: &VerifyArguments,
    show: &dyn Fn(u64, u64),
) -> anyhow::Result<Option<Error>> {
    let archive = arguments.backup.display();
    let options = [
        ("--ignore", !arguments.ignore.is_empty()),
        ("--manifest-path", arguments.manifest_path.is_some()),
        ("--no-parse-wal", arguments.no_parse_wal),
        ("--skip-checksums", arguments.skip_checksums),
        ("--wal-directory", arguments.wal_directory.is_some()),
    ];
    if let Some((option, _)) = options.iter().find(|(_, is_given)| *is_given) {
        let refused = format!("option {option} is for base backups, and \"{archive}\" is a dump");
        return Err(exit::Usage(refused).into());
    }
    let opened = File::open(&arguments.backup).and_then(|file| {
        let total = file.metadata()?.len();
        Ok((file, total))
    });
    let (input, total) = opened.with_context(|| format!("could not open \"{archive}\""))?;
    let input = Counted {
        input,
        bytes: 0,
        tell: |bytes| show(bytes, total),
    };
    match Reader::new(BufReader::new(input)).and_then(Reader::check) {
        Ok(()) => Ok(None),
        Err(error @ (Error::Io { .. } | Error::Unsupported { .. })) => {
            Err(error).with_context(|| format!("could not verify archive \"{archive}\""))
        }
        Err(error) => Ok(Some(error)),
    }
}

/// Tells how many bytes have been read of a file.
struct Counted<F> {
    input: File,
    bytes: u64,
    tell: F,
}

impl<F: FnMut(u64)> Read for Counted<F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.input.read(buffer)?;
        self.bytes += length as u64;
        (self.tell)(self.bytes);
        Ok(length)
    }
}
