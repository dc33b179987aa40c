//! Places in the write-ahead log, and the files that it is kept in.

use std::fmt;
use std::str::FromStr;

/// No log gets here, so that to count on from a place in one never overflows.
const END: u64 = 1 << 63;

/// A place in the log, as a byte count from its beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Lsn(pub u64);

impl fmt::Display for Lsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:X}/{:X}", self.0 >> 32, self.0 & 0xffff_ffff)
    }
}

impl FromStr for Lsn {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let half = |digits: &str| {
            let is_number = (1..=8).contains(&digits.len())
                && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
            u32::from_str_radix(digits, 16).ok().filter(|_| is_number)
        };
        text.split_once('/')
            .and_then(|(high, low)| {
                Some(Self(u64::from(half(high)?) << 32 | u64::from(half(low)?)))
            })
            .filter(|lsn| lsn.0 < END)
            .ok_or_else(|| format!("\"{}\" is no place in a log", text.escape_debug()))
    }
}

/// A branch of a server's history; promoting a standby begins a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimelineId(pub u32);

impl TimelineId {
    /// The name of the file that tells where the timeline comes from.
    pub fn history_name(self) -> String {
        format!("{:08X}.history", self.0)
    }
}

impl fmt::Display for TimelineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// The size of a server's log files, a power of two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentSize(u64);

impl SegmentSize {
    /// The size of so many bytes, if there can be files of that size: 1 MiB to 1 GiB.
    pub fn new(bytes: u64) -> Option<Self> {
        (bytes.is_power_of_two() && (1 << 20..=1 << 30).contains(&bytes)).then_some(Self(bytes))
    }

    /// As what `SHOW wal_segment_size` says, such as `16MB`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (digits, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
        let unit = match unit {
            "MB" => 1 << 20,
            "GB" => 1 << 30,
            _ => return None,
        };
        Self::new(digits.parse::<u64>().ok()?.checked_mul(unit)?)
    }

    /// The size in bytes.
    pub fn bytes(self) -> u64 {
        self.0
    }

    /// The number of the file that a place is in.
    pub fn number(self, lsn: Lsn) -> u64 {
        lsn.0 / self.0
    }

    /// The number of the file that holds the byte before a place.
    pub fn number_before(self, lsn: Lsn) -> u64 {
        lsn.0.saturating_sub(1) / self.0
    }

    /// Where the file of a number begins.
    pub fn start(self, number: u64) -> Lsn {
        Lsn(number * self.0)
    }

    /// How far into its file a place is.
    pub fn offset(self, lsn: Lsn) -> u64 {
        lsn.0 & (self.0 - 1)
    }

    /// The file's name (XLogFileName, xlog_internal.h).
    pub fn file_name(self, timeline: TimelineId, number: u64) -> String {
        let a_file = (1 << 32) / self.0;
        format!(
            "{:08X}{:08X}{:08X}",
            timeline.0,
            number / a_file,
            number % a_file
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_written_as_the_server_writes_them() {
        for (text, lsn) in [
            ("0/0", 0),
            ("0/3000028", 0x300_0028),
            ("1A/FF000000", 0x1a_ff00_0000),
            ("7FFFFFFF/FFFFFFFF", END - 1),
        ] {
            assert_eq!(text.parse(), Ok(Lsn(lsn)));
            assert_eq!(Lsn(lsn).to_string(), text);
        }
        assert_eq!("0/0A".parse(), Ok(Lsn(10)));
        for text in [
            "",
            "0",
            "/",
            "0/",
            "0/123456789",
            "0/x",
            "0/+1",
            "-1/0",
            "0/1/2",
            "80000000/0",
        ] {
            assert!(text.parse::<Lsn>().is_err(), "{text}");
        }
    }

    #[test]
    fn files_are_named_as_the_server_names_them() {
        let size = SegmentSize::parse("16MB").unwrap();
        let timeline = TimelineId(0x2b);
        for (lsn, name) in [
            (0x300_0028, "0000002B0000000000000003"),
            (0x1_00ff_ffff, "0000002B0000000100000000"),
            (0xff00_0000, "0000002B00000000000000FF"),
        ] {
            assert_eq!(size.file_name(timeline, size.number(Lsn(lsn))), name);
        }
        assert_eq!(
            (size.number(Lsn(1 << 24)), size.number_before(Lsn(1 << 24))),
            (1, 0)
        );
        assert_eq!(size.offset(Lsn(0x300_0028)), 0x28);
        let large = SegmentSize::parse("1GB").unwrap();
        assert_eq!(
            large.file_name(TimelineId(1), 5),
            "000000010000000100000001"
        );
        assert_eq!(timeline.history_name(), "0000002B.history");
        for text in [
            "0MB",
            "3MB",
            "16kB",
            "2GB",
            "MB",
            "16",
            "99999999999999999999MB",
        ] {
            assert_eq!(SegmentSize::parse(text), None, "{text}");
        }
    }
}
