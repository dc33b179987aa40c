#![expect(
    clippy::cast_possible_truncation,
    reason = "small numbers that a test makes"
)]

use super::*;
use crate::TimelineId;

const MIB: u64 = 1 << 20;
const SYSTEM: u64 = 77;

/// Log that is put together record by record, from the beginning of the file 5.
struct Log {
    bytes: Vec<u8>,
    start: u64,
    previous: u64,
}

impl Log {
    fn new() -> Self {
        let mut log = Self {
            bytes: Vec::new(),
            start: 5 * MIB,
            previous: 4 * MIB,
        };
        log.page_header(0);
        log
    }

    fn position(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }

    fn page_header(&mut self, rest: u32) {
        let place = self.position();
        let is_first = place.is_multiple_of(MIB);
        let flags = u16::from(rest > 0) | if is_first { HAS_LONG_HEADER } else { 0 };
        self.bytes.extend(0xd110u16.to_le_bytes());
        self.bytes.extend(flags.to_le_bytes());
        self.bytes.extend(1u32.to_le_bytes());
        self.bytes.extend(place.to_le_bytes());
        self.bytes.extend(u64::from(rest).to_le_bytes());
        if is_first {
            self.bytes.extend(SYSTEM.to_le_bytes());
            self.bytes.extend((MIB as u32).to_le_bytes());
            self.bytes.extend((PAGE as u32).to_le_bytes());
        }
    }

    fn add(&mut self, kind: (u8, u8), length: usize) -> u64 {
        if self.bytes.len().is_multiple_of(PAGE) {
            self.page_header(0);
        }
        let place = self.position();
        let data: Vec<u8> = (0..length).map(|i| (i % 251) as u8).collect();
        let mut record = Vec::new();
        record.extend(((length + RECORD_HEADER) as u32).to_le_bytes());
        record.extend(9u32.to_le_bytes());
        record.extend(self.previous.to_le_bytes());
        record.extend([kind.1, kind.0, 0, 0]);
        let crc = crc32c::crc32c_append(crc32c::crc32c(&data), &record);
        record.extend(crc.to_le_bytes());
        record.extend(data);
        self.previous = place;
        let mut rest = &record[..];
        loop {
            let room = PAGE - self.bytes.len() % PAGE;
            let (now, later) = rest.split_at(room.min(rest.len()));
            self.bytes.extend(now);
            rest = later;
            if rest.is_empty() {
                break;
            }
            self.page_header(rest.len() as u32);
        }
        if kind == SWITCH {
            self.bytes
                .resize(self.bytes.len().next_multiple_of(MIB as usize), 0);
        } else {
            self.bytes.resize(self.bytes.len().next_multiple_of(8), 0);
        }
        place
    }

    fn check(&self, start: u64, end: u64) -> Result<(), String> {
        let range = WalRange {
            timeline: TimelineId(1),
            start: Lsn(start),
            end: Lsn(end),
        };
        let wanted = Wanted {
            size: SegmentSize::new(MIB).unwrap(),
            system_identifier: Some(SYSTEM),
        };
        let mut files = Files(self);
        check_range(&mut files, &range, wanted)
    }
}

struct Files<'a>(&'a Log);

impl Segments for Files<'_> {
    fn open(&mut self, name: &str) -> Result<Box<dyn Read + '_>, String> {
        let number = u64::from_str_radix(&name[8..], 16).unwrap();
        assert!(name.starts_with("00000001"));
        let start = (number * MIB - self.0.start) as usize;
        let mut bytes = self
            .0
            .bytes
            .get(start..)
            .ok_or(format!("no {name}"))?
            .to_vec();
        bytes.resize(MIB as usize, 0);
        Ok(Box::new(std::io::Cursor::new(bytes)))
    }
}

fn sample() -> (Log, Vec<u64>) {
    let mut log = Log::new();
    let lengths = [10, 0, 100, 8150, 8192, 30_000, 5, 700_000, 400_000, 8];
    let mut places: Vec<u64> = lengths
        .iter()
        .map(|length| log.add((1, 0), *length))
        .collect();
    // Records whose header does not fit on a page.
    for room in [8, 16, 24, 32] {
        let filled = log.bytes.len() % PAGE;
        let length = (PAGE - filled).wrapping_sub(room + RECORD_HEADER) % PAGE;
        log.add((1, 0), length);
        places.push(log.add((2, 0x40), 500));
    }
    log.add(SWITCH, 0);
    places.push(log.add((1, 0), 64));
    (log, places)
}

#[test]
fn whole_log_is_read_from_any_record_to_any_other() {
    let (log, places) = sample();
    let end = log.position();
    for place in &places {
        log.check(*place, end).unwrap();
        log.check(places[0], *place).unwrap();
    }
    log.check(end, end).unwrap();
    assert_eq!(segment_size_of(&log.bytes), SegmentSize::new(MIB));
    assert_eq!(segment_size_of(&log.bytes[PAGE..]), None);
}

#[test]
fn any_changed_byte_that_means_something_is_found() {
    let (mut log, places) = sample();
    let end = log.position();
    let switch = log.bytes.len() - MIB as usize;
    for place in (0..log.bytes.len()).step_by(4999).chain(0..300) {
        // After the switch there is nothing up to the next file; in gaps, paddings and unused fields nothing is looked for.
        let is_unused = log.bytes[place..].iter().take(8).all(|byte| *byte == 0)
            || (20..24).contains(&(place % PAGE));
        if is_unused || place >= switch {
            continue;
        }
        log.bytes[place] ^= 0x10;
        let result = log.check(places[0], end);
        let is_in_padding = log.bytes[place] == 0x10;
        assert!(result.is_err() || is_in_padding, "byte {place}");
        log.bytes[place] ^= 0x10;
    }
    log.check(places[0], end).unwrap();
}

#[test]
fn missing_log_and_starts_between_records_are_found() {
    let (log, places) = sample();
    let end = log.position();
    let error = |start, end| log.check(start, end).unwrap_err();
    assert!(error(places[0], end + 5 * MIB).contains("invalid"));
    for start in [places[2] + 8, log.start + 8, places[5] + 8192] {
        assert!(!error(start, end).is_empty());
    }
    let mut cut = Log::new();
    cut.add((1, 0), 100);
    assert!(cut.check(places[0], end).is_err());
}
