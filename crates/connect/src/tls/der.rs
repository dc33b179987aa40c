//! Reading DER, the encoding of certificates and revocation lists (X.690).

pub(super) const BOOLEAN: u8 = 0x01;
pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const OBJECT_IDENTIFIER: u8 = 0x06;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;

/// One tag, length and content.
#[derive(Clone, Copy)]
pub(super) struct Element<'a> {
    pub(super) tag: u8,
    pub(super) content: &'a [u8],
    pub(super) whole: &'a [u8],
}

impl<'a> Element<'a> {
    pub(super) fn tagged(&self, tag: u8) -> Option<&'a [u8]> {
        (self.tag == tag).then_some(self.content)
    }
}

/// Reads DER elements one after the other.
pub(super) struct Der<'a>(pub(super) &'a [u8]);

impl<'a> Der<'a> {
    /// The next element; `None` at the end, or if it is malformed.
    pub(super) fn element(&mut self) -> Option<Element<'a>> {
        let (&[tag, first], rest) = self.0.split_first_chunk::<2>()?;
        let (length, rest) = match first {
            0..=0x7f => (usize::from(first), rest),
            // Lengths of more than four bytes do not occur, indefinite ones are not DER.
            0x81..=0x84 => {
                let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
                let length = bytes
                    .iter()
                    .fold(0, |length: usize, byte| length << 8 | usize::from(*byte));
                (length, rest)
            }
            _ => return None,
        };
        let (content, after) = rest.split_at_checked(length)?;
        let whole = &self.0[..self.0.len() - after.len()];
        self.0 = after;
        Some(Element {
            tag,
            content,
            whole,
        })
    }

    /// The content of the next element if it has this tag; otherwise the element stays.
    pub(super) fn take_if(&mut self, tag: u8) -> Option<&'a [u8]> {
        let before = self.0;
        let content = self.element().and_then(|element| element.tagged(tag));
        if content.is_none() {
            self.0 = before;
        }
        content
    }

    pub(super) fn take(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.element()?.tagged(tag)
    }

    /// The content of an element that is followed by nothing.
    pub(super) fn only(mut self, tag: u8) -> Option<&'a [u8]> {
        let content = self.take(tag)?;
        self.end()?;
        Some(content)
    }

    pub(super) fn end(&self) -> Option<()> {
        self.0.is_empty().then_some(())
    }

    /// A bit string of whole bytes.
    pub(super) fn take_bits(&mut self) -> Option<&'a [u8]> {
        match self.take(BIT_STRING)?.split_first()? {
            (0, bytes) => Some(bytes),
            _ => None,
        }
    }

    /// A time, if there is one next.
    pub(super) fn take_time_if_any(&mut self) -> Option<i64> {
        let before = self.0;
        let time = self.take_time();
        if time.is_none() {
            self.0 = before;
        }
        time
    }

    /// A time as seconds since 1970.
    pub(super) fn take_time(&mut self) -> Option<i64> {
        let element = self.element()?;
        let digits = element.content.strip_suffix(b"Z")?;
        let number = |at: usize, length: usize| -> Option<i64> {
            digits
                .get(at..at + length)?
                .iter()
                .try_fold(0, |number, digit| {
                    digit
                        .is_ascii_digit()
                        .then(|| number * 10 + i64::from(digit - b'0'))
                })
        };
        let (year, rest) = match (element.tag, digits.len()) {
            // Two digits of the year reach from 1950 to 2049 (RFC 5280, 4.1.2.5.1).
            (UTC_TIME, 12) => match number(0, 2)? {
                year @ 0..50 => (2000 + year, 2),
                year => (1900 + year, 2),
            },
            (GENERALIZED_TIME, 14) => (number(0, 4)?, 4),
            _ => return None,
        };
        let days = days_since_1970(year, number(rest, 2)?, number(rest + 2, 2)?)?;
        let seconds =
            number(rest + 4, 2)? * 3600 + number(rest + 6, 2)? * 60 + number(rest + 8, 2)?;
        Some(days * 86_400 + seconds)
    }
}

/// The days from 1970-01-01 to a day of the Gregorian calendar.
fn days_since_1970(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // Years begin in March, so that the leap day is their last.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let leap_days = year / 4 - year / 100 + year / 400;
    Some(year * 365 + leap_days + (month * 153 + 2) / 5 + day - 1 - 719_468)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_over_leap_years() {
        for (date, days) in [
            ((1970, 1, 1), Some(0)),
            ((2000, 2, 29), Some(11_016)),
            ((2000, 3, 1), Some(11_017)),
            ((1999, 12, 31), Some(10_956)),
            ((2100, 3, 1), Some(47_541)),
            ((2024, 13, 1), None),
            ((2024, 1, 0), None),
        ] {
            assert_eq!(days_since_1970(date.0, date.1, date.2), days, "{date:?}");
        }
    }
}
