//! What outside bytes reach, for the fuzz targets in `fuzz/`. Checksums, which no fuzzer finds, are then made right or not
//! looked at.

use std::io::Read;

use crate::member::Members;
use crate::wal::reader::{Segments, Wanted, check_range, segment_size_of};
use crate::{Algorithm, Lsn, Manifest, SegmentSize, TimelineId, WalRange, manifest};

/// An archive, in pieces whose size the first byte tells.
pub fn members(data: &[u8]) {
    let Some((size, bytes)) = data.split_first() else {
        return;
    };
    let mut members = Members::new();
    for mut piece in bytes.chunks(usize::from(*size) * 8 + 1) {
        loop {
            match members.next(&mut piece) {
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(_) => return,
            }
        }
    }
    let _ = members.finish();
}

/// A manifest without its last line.
pub fn manifest(data: &[u8]) {
    let _ = Manifest::parse(&manifest::sealed(&String::from_utf8_lossy(data)));
}

/// A file of the log, which is found under every name, behind the places from which and to which it is read.
pub fn log(data: &[u8]) {
    struct Same<'a>(&'a [u8]);
    impl Segments for Same<'_> {
        fn open(&mut self, _name: &str) -> Result<Box<dyn Read + '_>, String> {
            Ok(Box::new(self.0.chain(std::io::repeat(0))))
        }
    }
    let Some((start, rest)) = data.split_first_chunk() else {
        return;
    };
    let Some((length, bytes)) = rest.split_first_chunk() else {
        return;
    };
    let start = u64::from_le_bytes(*start) % (1 << 62);
    let end = start + u64::from(u16::from_le_bytes(*length));
    let _ = segment_size_of(bytes);
    let range = WalRange {
        timeline: TimelineId(1),
        start: Lsn(start),
        end: Lsn(end),
    };
    let Some(size) = SegmentSize::new(1 << 20) else {
        return;
    };
    let wanted = Wanted {
        size,
        system_identifier: None,
    };
    let _ = check_range(&mut Same(bytes), &range, wanted);
}

/// A compressed stream, behind a byte that tells how it is compressed, in pieces of a size that it tells too.
pub fn unpack(data: &[u8]) {
    let Some((first, bytes)) = data.split_first() else {
        return;
    };
    let algorithm = match first % 3 {
        0 => Algorithm::Gzip,
        1 => Algorithm::Lz4,
        _ => Algorithm::Zstd,
    };
    let Ok(mut unpacker) = algorithm.unpacker() else {
        return;
    };
    for mut piece in bytes.chunks(usize::from(*first) + 1) {
        loop {
            match unpacker.next(&mut piece) {
                Ok(Some(plain)) => assert!(plain.len() <= 5 << 20),
                Ok(None) => break,
                Err(_) => return,
            }
        }
    }
    let _ = unpacker.finish();
}
