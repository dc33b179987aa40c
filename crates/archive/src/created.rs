//! When an archive was made.

use std::ffi::OsStr;
use std::fmt;
use std::time::SystemTime;

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};

use crate::Error;

/// The time of creation as the header holds it: the fields of C's `struct tm`, in the local time of the machine that dumped. Which
/// zone that was is not recorded.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CreationTime {
    /// Seconds.
    pub sec: i32,
    /// Minutes.
    pub min: i32,
    /// Hours.
    pub hour: i32,
    /// Day of the month, from 1.
    pub mday: i32,
    /// Month, from 0.
    pub mon: i32,
    /// Years since 1900.
    pub year: i32,
    /// Positive in daylight saving time, 0 outside it, negative when not known.
    pub isdst: i32,
}

impl CreationTime {
    /// The present in local time, or the time that `SOURCE_DATE_EPOCH` holds, in UTC, so that equal data gives equal archives.
    ///
    /// # Errors
    /// [`Error::SourceDateEpoch`] when the variable is set to something else than a number of seconds.
    pub fn now() -> Result<Self, Error> {
        Ok(match source_date()? {
            Some(time) => Self::in_zone(time, &TimeZone::UTC),
            None => Self::from_system_time(SystemTime::now()),
        })
    }

    /// A time in the zone of this machine (variable TZ, else /etc/localtime, else UTC).
    pub fn from_system_time(time: SystemTime) -> Self {
        // A clock outside the years that calendars know is as good as none.
        Self::in_zone(
            Timestamp::try_from(time).unwrap_or(Timestamp::UNIX_EPOCH),
            &local_zone(),
        )
    }

    fn in_zone(time: Timestamp, zone: &TimeZone) -> Self {
        let info = zone.to_offset_info(time);
        let local = info.offset().to_datetime(time);
        Self {
            sec: local.second().into(),
            min: local.minute().into(),
            hour: local.hour().into(),
            mday: local.day().into(),
            mon: i32::from(local.month()) - 1,
            year: i32::from(local.year()) - 1900,
            isdst: info.dst().is_dst().into(),
        }
    }

    /// The time as `pg_restore -l` shows it to a reader in `zone`, or nothing when the fields are no date.
    pub(crate) fn listed(self, zone: &TimeZone) -> Option<String> {
        let time = self.to_timestamp(zone)?;
        let info = zone.to_offset_info(time);
        let local = info.offset().to_datetime(time);
        let (date, clock) = (local.date(), local.time());
        // jiff calls a zone it could not find out "unknown" and uses UTC; the C library does so in silence.
        let abbreviation = if zone.is_unknown() {
            "UTC"
        } else {
            info.abbreviation()
        };
        Some(format!(
            "{}-{:02}-{:02} {:02}:{:02}:{:02} {abbreviation}",
            date.year(),
            date.month(),
            date.day(),
            clock.hour(),
            clock.minute(),
            clock.second(),
        ))
    }

    /// What C's `mktime` makes of the fields in `zone`. When `isdst` does not fit the time of the year, glibc takes the nearest offset
    /// that does, at most about 8½ years off (time/mktime.c). Where there is none, as in UTC, older versions of glibc are an hour off
    /// and newer ones fail, whereupon pg_restore goes by the clock alone (`ReadHead`); so do we.
    fn to_timestamp(self, zone: &TimeZone) -> Option<Timestamp> {
        let civil = self.to_civil()?;
        let ambiguous = zone.to_ambiguous_timestamp(civil);
        let by_clock = ambiguous.compatible().ok()?;
        if self.isdst < 0 {
            return Some(by_clock);
        }
        let wanted = self.isdst > 0;
        let fits = |offset: &Offset| {
            offset.to_timestamp(civil).is_ok_and(|time| {
                let info = zone.to_offset_info(time);
                info.offset() == *offset && info.dst().is_dst() == wanted
            })
        };
        let offset = candidates(ambiguous.offset())
            .into_iter()
            .find(fits)
            .or_else(|| nearest(zone, by_clock, wanted));
        match offset {
            Some(offset) => offset.to_timestamp(civil).ok(),
            None => Some(by_clock),
        }
    }

    fn to_civil(self) -> Option<DateTime> {
        let small = |n: i32| i8::try_from(n).ok();
        let year = i16::try_from(self.year.checked_add(1900)?).ok()?;
        let month = small(self.mon.checked_add(1)?)?;
        DateTime::new(
            year,
            month,
            small(self.mday)?,
            small(self.hour)?,
            small(self.min)?,
            small(self.sec)?,
            0,
        )
        .ok()
    }
}

/// The time in seconds since 1970 at which something counts as made: the one that `SOURCE_DATE_EPOCH` holds, so that equal data gives
/// equal bytes, else the present.
///
/// # Errors
/// [`Error::SourceDateEpoch`] when the variable is set to something else than a number of seconds.
pub fn creation_seconds() -> Result<i64, Error> {
    let time = source_date()?.or_else(|| Timestamp::try_from(SystemTime::now()).ok());
    Ok(time.unwrap_or(Timestamp::UNIX_EPOCH).as_second())
}

/// What `SOURCE_DATE_EPOCH` holds, where it is set.
fn source_date() -> Result<Option<Timestamp>, Error> {
    std::env::var_os("SOURCE_DATE_EPOCH")
        .map(|value| date_of(&value))
        .transpose()
}

fn date_of(value: &OsStr) -> Result<Timestamp, Error> {
    let seconds = value.to_str().and_then(|text| text.parse().ok());
    seconds
        .and_then(|seconds| Timestamp::from_second(seconds).ok())
        .ok_or_else(|| Error::SourceDateEpoch {
            value: value.to_string_lossy().into_owned(),
        })
}

/// The offsets that a clock time may have, where it is repeated or skipped.
fn candidates(offset: AmbiguousOffset) -> Vec<Offset> {
    match offset {
        AmbiguousOffset::Unambiguous { offset } => vec![offset],
        AmbiguousOffset::Gap { before, after } | AmbiguousOffset::Fold { before, after } => {
            vec![before, after]
        }
    }
}

/// The offset in force nearest to `time` at which daylight saving time was, or was not, kept.
fn nearest(zone: &TimeZone, time: Timestamp, dst: bool) -> Option<Offset> {
    const SEARCHED: SignedDuration = SignedDuration::from_secs(536_454_000 / 2 + 601_200);
    // A transition opens the time that follows it; that time lasts until the next transition.
    let (mut until, mut before) = (time, None);
    for transition in zone.preceding(time) {
        let distance = time.duration_since(until);
        if distance > SEARCHED {
            break;
        }
        if transition.dst().is_dst() == dst {
            before = Some((distance, transition.offset()));
            break;
        }
        until = transition.timestamp();
    }
    let after = zone
        .following(time)
        .take_while(|t| t.timestamp().duration_since(time) <= SEARCHED)
        .find(|t| t.dst().is_dst() == dst)
        .map(|t| (t.timestamp().duration_since(time), t.offset()));
    [before, after]
        .into_iter()
        .flatten()
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, offset)| offset)
}

/// The zone of this machine.
pub(crate) fn local_zone() -> TimeZone {
    TimeZone::system()
}

/// The fields as they stand, without a zone.
impl fmt::Display for CreationTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:04}-{:02}-{:02} {:02}:{:02}:{:02}",
            i64::from(self.year) + 1900,
            i64::from(self.mon) + 1,
            self.mday,
            self.hour,
            self.min,
            self.sec
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BERLIN: &str = "CET-1CEST,M3.5.0,M10.5.0/3";

    #[test]
    fn source_date_epoch_is_utc() {
        let time = date_of(OsStr::new("1783000000")).unwrap();
        let time = CreationTime::in_zone(time, &TimeZone::UTC);
        assert_eq!(
            time,
            CreationTime {
                sec: 40,
                min: 46,
                hour: 13,
                mday: 2,
                mon: 6,
                year: 126,
                isdst: 0
            }
        );
        assert_eq!(time.to_string(), "2026-07-02 13:46:40");
        for bad in ["", "now", "1.5", "99999999999999999999"] {
            let error = date_of(OsStr::new(bad)).unwrap_err();
            assert!(error.to_string().contains(&format!("\"{bad}\"")), "{error}");
        }
    }

    #[test]
    fn a_time_in_a_zone_knows_of_daylight_saving() {
        let zone = TimeZone::posix(BERLIN).unwrap();
        for (second, hour, isdst) in [(1_783_000_000, 15, 1), (1_767_225_600, 1, 0)] {
            let time = CreationTime::in_zone(Timestamp::from_second(second).unwrap(), &zone);
            assert_eq!((time.hour, time.isdst), (hour, isdst), "{second}");
        }
    }
    /// Every line but the last two is what pg_restore -l printed under this TZ.
    #[test]
    fn listings_show_the_time_as_mktime_reads_it() {
        for (zone, mon, mday, hour, isdst, listed) in [
            (BERLIN, 1, 15, 12, 0, "2026-01-15 12:30:05 CET"),
            (BERLIN, 7, 15, 12, 1, "2026-07-15 12:30:05 CEST"),
            // Written in winter time that was summer time, and the other way round.
            (BERLIN, 7, 15, 12, 0, "2026-07-15 13:30:05 CEST"),
            (BERLIN, 1, 15, 12, 1, "2026-01-15 11:30:05 CET"),
            // The hour that is skipped, and the one that comes twice.
            (BERLIN, 3, 29, 2, 0, "2026-03-29 03:30:05 CEST"),
            (BERLIN, 3, 29, 2, 1, "2026-03-29 01:30:05 CET"),
            (BERLIN, 10, 25, 2, 0, "2026-10-25 02:30:05 CET"),
            (BERLIN, 10, 25, 2, 1, "2026-10-25 02:30:05 CEST"),
            ("UTC0", 7, 15, 12, 0, "2026-07-15 12:30:05 UTC"),
            // Where the C library of 2022 shows an hour less.
            ("UTC0", 7, 15, 12, 1, "2026-07-15 12:30:05 UTC"),
            ("UTC0", 7, 15, 12, -1, "2026-07-15 12:30:05 UTC"),
        ] {
            let time = CreationTime {
                sec: 5,
                min: 30,
                hour,
                mday,
                mon: mon - 1,
                year: 126,
                isdst,
            };
            let zone = TimeZone::posix(zone).unwrap();
            assert_eq!(time.listed(&zone).as_deref(), Some(listed), "{time:?}");
        }
    }

    #[test]
    fn what_is_no_date_is_not_listed() {
        for (mon, mday, year) in [
            (12, 1, 126),
            (1, 30, 126),
            (0, 1, i32::MAX),
            (i32::MIN, 0, 0),
        ] {
            let time = CreationTime {
                sec: 0,
                min: 0,
                hour: 0,
                mday,
                mon,
                year,
                isdst: 0,
            };
            assert_eq!(time.listed(&TimeZone::UTC), None, "{time:?}");
        }
    }
}
