//! Reading the log record by record, to see that it is there, belongs together, and is undamaged.
//!
//! Source of the layout and of what is checked: xlog_internal.h, xlogrecord.h, xlogreader.c (XLogReaderValidatePageHeader,
//! ValidXLogRecordHeader, ValidXLogRecord).

use std::io::Read;

use crate::{Lsn, SegmentSize, WalRange};

/// The size of pages; another one has to be chosen when PostgreSQL is built.
const PAGE: usize = 8192;
const SHORT_HEADER: u64 = 24;
const LONG_HEADER: u64 = 40;
const RECORD_HEADER: usize = 24;
/// How much of a record's header its checksum covers.
const SUMMED_HEADER: usize = 20;

/// Flags of a page.
const FIRST_IS_CONTINUATION: u16 = 1;
const HAS_LONG_HEADER: u16 = 2;
const FIRST_OVERWRITES_CONTINUATION: u16 = 8;
const ALL_FLAGS: u16 = 15;

/// The magic numbers of pages, from 13 to 18 (XLOG_PAGE_MAGIC).
const MAGIC: [u16; 6] = [0xd106, 0xd10d, 0xd110, 0xd113, 0xd116, 0xd118];

/// A record after which the rest of its file is empty: resource manager 0, XLOG_SWITCH.
const SWITCH: (u8, u8) = (0, 0x40);

/// Where the log's files are.
pub(crate) trait Segments {
    /// Opens a file; files are asked for in ascending order.
    fn open(&mut self, name: &str) -> Result<Box<dyn Read + '_>, String>;
}

/// What the log has to be like.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    pub(crate) size: SegmentSize,
    pub(crate) system_identifier: Option<u64>,
}

/// Reads all records of a range.
///
/// # Errors
/// What is missing or damaged, and where.
pub(crate) fn check_range<S: Segments>(
    segments: &mut S,
    range: &WalRange,
    wanted: Wanted,
) -> Result<(), String> {
    let mut walk = Walk {
        range: *range,
        wanted,
        position: range.start.0,
        record: range.start.0,
        previous: None,
        state: State::Start,
        magic: None,
        is_done: range.start >= range.end,
    };
    let mut number = wanted.size.number(range.start);
    while !walk.is_done {
        let name = wanted.size.file_name(range.timeline, number);
        let mut file = segments.open(&name)?;
        let mut page = vec![0; PAGE];
        let start = wanted.size.start(number).0;
        let mut place = start;
        while !walk.is_done && place < start + wanted.size.bytes() {
            file.read_exact(&mut page).map_err(|error| {
                format!(
                    "file \"{name}\" cannot be read at {}: {error}",
                    place - start
                )
            })?;
            if place + PAGE as u64 > walk.position {
                walk.page(place, &page)
                    .map_err(|what| format!("file \"{name}\": {what}"))?;
            }
            place += PAGE as u64;
        }
        number += 1;
    }
    Ok(())
}

/// What comes next in the log.
enum State {
    /// A record.
    Start,
    /// More of the header of a record.
    Header(Vec<u8>),
    /// More of a record's data.
    Data {
        header: [u8; RECORD_HEADER],
        rest: u64,
        crc: u32,
    },
}

/// A walk from record to record.
struct Walk {
    range: WalRange,
    wanted: Wanted,
    /// The next byte that matters.
    position: u64,
    /// Where the record begins that is being read.
    record: u64,
    /// Where the one before began.
    previous: Option<u64>,
    state: State,
    magic: Option<u16>,
    is_done: bool,
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    bytes
        .get(at..)
        .and_then(|bytes| bytes.first_chunk())
        .map_or(0, |bytes| u16::from_le_bytes(*bytes))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes
        .get(at..)
        .and_then(|bytes| bytes.first_chunk())
        .map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    bytes
        .get(at..)
        .and_then(|bytes| bytes.first_chunk())
        .map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

/// The size of the log's files, as the first page of one says.
pub(crate) fn segment_size_of(page: &[u8]) -> Option<SegmentSize> {
    let is_first = page.len() as u64 >= LONG_HEADER
        && MAGIC.contains(&u16_at(page, 0))
        && u16_at(page, 2) & HAS_LONG_HEADER != 0;
    SegmentSize::new(u64::from(u32_at(page, 32))).filter(|_| is_first)
}

impl Walk {
    /// Reads what is wanted of a page that begins at a place.
    fn page(&mut self, place: u64, page: &[u8]) -> Result<(), String> {
        let header = self.page_header(place, page)?;
        let flags = u16_at(page, 2);
        if self.position <= place {
            self.position = place + header;
            if flags & FIRST_OVERWRITES_CONTINUATION != 0 {
                // The server crashed in the middle of the record before, which was then given up.
                self.state = State::Start;
                self.previous = None;
            }
            self.check_continuation(
                flags & FIRST_IS_CONTINUATION != 0,
                u64::from(u32_at(page, 16)),
            )
            .map_err(|what| format!("{what} at {}", Lsn(place)))?;
        } else if self.position < place + header {
            return Err(format!("there is no record at {}", Lsn(self.position)));
        }
        let end = place + PAGE as u64;
        while !self.is_done && self.position < end {
            // Below a page.
            let offset = usize::try_from(self.position - place).unwrap_or(PAGE);
            self.step(&page[offset..])
                .map_err(|what| format!("record at {}: {what}", Lsn(self.record)))?;
        }
        Ok(())
    }

    /// Checks a page's header; its length.
    fn page_header(&mut self, place: u64, page: &[u8]) -> Result<u64, String> {
        let (magic, flags) = (u16_at(page, 0), u16_at(page, 2));
        let at = Lsn(place);
        if !MAGIC.contains(&magic) || self.magic.is_some_and(|known| known != magic) {
            return Err(format!("invalid magic number {magic:04X} at {at}"));
        }
        self.magic = Some(magic);
        if flags & !ALL_FLAGS != 0 {
            return Err(format!("invalid flags {flags:04X} at {at}"));
        }
        let is_first = place.is_multiple_of(self.wanted.size.bytes());
        if is_first != (flags & HAS_LONG_HEADER != 0) {
            return Err(format!("invalid header at {at}"));
        }
        if u64_at(page, 8) != place {
            return Err(format!(
                "the page at {at} says that it is {}",
                Lsn(u64_at(page, 8))
            ));
        }
        if u32_at(page, 4) > self.range.timeline.0 {
            return Err(format!(
                "the page at {at} is of timeline {}",
                u32_at(page, 4)
            ));
        }
        if !is_first {
            return Ok(SHORT_HEADER);
        }
        if let Some(expected) = self.wanted.system_identifier
            && u64_at(page, 24) != expected
        {
            return Err(format!(
                "it is of the system {}, and the backup of {expected}",
                u64_at(page, 24)
            ));
        }
        if u64::from(u32_at(page, 32)) != self.wanted.size.bytes()
            || u32_at(page, 36) as usize != PAGE
        {
            return Err("it is of another size than the others".into());
        }
        Ok(LONG_HEADER)
    }

    /// Checks that a page goes on with what is being read, or with nothing.
    fn check_continuation(&self, continues: bool, length: u64) -> Result<(), String> {
        let due = match &self.state {
            State::Start => None,
            State::Header(read) => Some(u64::from(u32_at(read, 0)) - read.len() as u64),
            State::Data { rest, .. } => Some(*rest),
        };
        match due {
            None if !continues => Ok(()),
            Some(due) if continues && due == length => Ok(()),
            None => Err("the page goes on with a record that has ended".into()),
            Some(_) => Err("the page does not go on with the record before".into()),
        }
    }

    /// Reads on in what is left of a page.
    fn step(&mut self, bytes: &[u8]) -> Result<(), String> {
        match &mut self.state {
            State::Start => {
                if self.position >= self.range.end.0 {
                    self.is_done = true;
                    return Ok(());
                }
                self.record = self.position;
                let length = u32_at(bytes, 0) as usize;
                if length < RECORD_HEADER {
                    return Err(format!("invalid length {length}"));
                }
                self.state = State::Header(Vec::with_capacity(RECORD_HEADER));
                Ok(())
            }
            State::Header(read) => {
                let length = (RECORD_HEADER - read.len()).min(bytes.len());
                read.extend_from_slice(&bytes[..length]);
                self.position += length as u64;
                let Some(header) = read.first_chunk::<RECORD_HEADER>().copied() else {
                    return Ok(());
                };
                self.check_previous(u64_at(&header, 8))?;
                let rest = u64::from(u32_at(&header, 0)) - RECORD_HEADER as u64;
                self.state = State::Data {
                    header,
                    rest,
                    crc: 0,
                };
                if rest == 0 { self.end_record() } else { Ok(()) }
            }
            State::Data { rest, crc, .. } => {
                let length =
                    usize::try_from(*rest).map_or(bytes.len(), |rest| rest.min(bytes.len()));
                *crc = crc32c::crc32c_append(*crc, &bytes[..length]);
                *rest -= length as u64;
                self.position += length as u64;
                if *rest == 0 {
                    self.end_record()
                } else {
                    Ok(())
                }
            }
        }
    }

    /// Checks the place of the record before, which every record names.
    fn check_previous(&self, named: u64) -> Result<(), String> {
        let fits = match self.previous {
            Some(previous) => named == previous,
            None => named < self.record,
        };
        if fits {
            Ok(())
        } else {
            Err(format!("it names {} as the one before", Lsn(named)))
        }
    }

    fn end_record(&mut self) -> Result<(), String> {
        let State::Data { header, crc, .. } = std::mem::replace(&mut self.state, State::Start)
        else {
            return Ok(());
        };
        let is_summed =
            crc32c::crc32c_append(crc, &header[..SUMMED_HEADER]) == u32_at(&header, SUMMED_HEADER);
        if !is_summed && !cfg!(fuzzing) {
            return Err("its checksum is wrong".into());
        }
        self.previous = Some(self.record);
        let (info, manager) = (header[16], header[17]);
        self.position = if (manager, info & 0xf0) == SWITCH {
            self.position.next_multiple_of(self.wanted.size.bytes())
        } else {
            self.position.next_multiple_of(8)
        };
        self.is_done = self.position >= self.range.end.0;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
