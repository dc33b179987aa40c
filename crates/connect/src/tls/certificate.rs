//! What must be known of an X.509 certificate, of any version.
//!
//! webpki reads version 3 only, and does not hand out what it reads. RFC 5280, section 4.1, and X.690.

/// The object identifiers needed here, as DER.
mod oid {
    pub(super) const COMMON_NAME: &[u8] = &[0x55, 4, 3];
    pub(super) const KEY_USAGE: &[u8] = &[0x55, 0x1d, 15];
    pub(super) const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 17];
    pub(super) const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 19];
    pub(super) const NAME_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 30];
    pub(super) const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 37];
    pub(super) const SERVER_AUTH: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 1];
    pub(super) const ANY_USAGE: &[u8] = &[0x55, 0x1d, 37, 0];
}

const BOOLEAN: u8 = 0x01;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const OBJECT_IDENTIFIER: u8 = 0x06;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
/// `[0]`, `[3]` around version and extensions.
const VERSION: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa3;
/// dNSName and iPAddress in a GeneralName.
const DNS_NAME: u8 = 0x82;
const IP_ADDRESS: u8 = 0x87;

/// A certificate taken apart; slices of its DER.
#[derive(Debug)]
pub(super) struct Certificate<'a> {
    /// What is signed, whole.
    pub(super) signed: &'a [u8],
    /// 1 or 3.
    pub(super) version: u8,
    pub(super) issuer: &'a [u8],
    pub(super) subject: &'a [u8],
    /// Seconds since 1970.
    pub(super) not_before: i64,
    pub(super) not_after: i64,
    /// The SubjectPublicKeyInfo, whole, and its parts.
    pub(super) key_info: &'a [u8],
    pub(super) key_algorithm: &'a [u8],
    pub(super) key: &'a [u8],
    /// The AlgorithmIdentifier of the signature, without its outer tag.
    pub(super) signature_algorithm: &'a [u8],
    pub(super) signature: &'a [u8],
    extensions: &'a [u8],
}

/// A name that a certificate is for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum AltName<'a> {
    Dns(&'a [u8]),
    Ip(&'a [u8]),
}

impl<'a> Certificate<'a> {
    /// Takes a certificate apart; `None` if it is malformed.
    pub(super) fn parse(der: &'a [u8]) -> Option<Self> {
        let mut outer = Der(Der(der).only(SEQUENCE)?);
        let signed = outer.element()?;
        let signature_algorithm = outer.take(SEQUENCE)?;
        let signature = outer.take_bits()?;
        outer.end()?;

        let mut fields = Der(signed.tagged(SEQUENCE)?);
        let version = match fields.take_if(VERSION) {
            None => 1,
            Some(version) => match Der(version).only(INTEGER)? {
                [version @ 0..=2] => version + 1,
                _ => return None,
            },
        };
        fields.take(INTEGER)?;
        fields.take(SEQUENCE)?;
        let issuer = fields.take(SEQUENCE)?;
        let mut validity = Der(fields.take(SEQUENCE)?);
        let not_before = validity.take_time()?;
        let not_after = validity.take_time()?;
        let subject = fields.take(SEQUENCE)?;
        let key_info = fields.element()?;
        let mut key_fields = Der(key_info.tagged(SEQUENCE)?);
        let key_algorithm = key_fields.take(SEQUENCE)?;
        let key = key_fields.take_bits()?;

        // Two unique identifiers may stand before the extensions.
        let mut extensions: &[u8] = &[];
        while let Some(element) = fields.element() {
            if element.tag == EXTENSIONS {
                extensions = Der(element.content).only(SEQUENCE)?;
            }
        }
        fields.end()?;
        Some(Self {
            signed: signed.whole,
            version,
            issuer,
            subject,
            not_before,
            not_after,
            key_info: key_info.whole,
            key_algorithm,
            key,
            signature_algorithm,
            signature,
            extensions,
        })
    }

    /// Whether a time, in seconds since 1970, lies in the certificate's.
    pub(super) fn is_valid_at(&self, time: i64) -> bool {
        (self.not_before..=self.not_after).contains(&time)
    }

    /// The first common name of the subject.
    pub(super) fn common_name(&self) -> Option<&'a [u8]> {
        let mut subject = Der(self.subject);
        while let Some(set) = subject.take(SET) {
            let mut attributes = Der(set);
            while let Some(attribute) = attributes.take(SEQUENCE) {
                let mut attribute = Der(attribute);
                if attribute.take(OBJECT_IDENTIFIER)? == oid::COMMON_NAME {
                    return Some(attribute.element()?.content);
                }
            }
        }
        None
    }

    /// The DNS names and IP addresses among the subject's alternative names.
    pub(super) fn alt_names(&self) -> Vec<AltName<'a>> {
        let Some(names) = self
            .extension(oid::SUBJECT_ALT_NAME)
            .and_then(|value| Der(value).only(SEQUENCE))
        else {
            return Vec::new();
        };
        let mut names = Der(names);
        std::iter::from_fn(|| names.element())
            .filter_map(|name| match name.tag {
                DNS_NAME => Some(AltName::Dns(name.content)),
                IP_ADDRESS => Some(AltName::Ip(name.content)),
                _ => None,
            })
            .collect()
    }

    /// Whether it is marked as an authority's.
    pub(super) fn is_authority(&self) -> bool {
        let marked = || {
            let mut constraints = Der(Der(self.extension(oid::BASIC_CONSTRAINTS)?).only(SEQUENCE)?);
            Some(constraints.take(BOOLEAN)? != [0])
        };
        marked() == Some(true)
    }

    /// Whether it may sign servers' certificates: a version 1 certificate may, being trusted by name; a version 3
    /// one must say so. One that limits the names it may sign for is left to webpki.
    pub(super) fn may_sign(&self) -> bool {
        let signs_certificates = match self.extension(oid::KEY_USAGE) {
            None => true,
            // keyCertSign is bit 5, counted from the left; the first byte counts the unused bits of the last.
            Some(usage) => Der(usage)
                .only(BIT_STRING)
                .and_then(|bits| bits.get(1))
                .is_some_and(|bits| bits & 0x04 != 0),
        };
        let limited = self.extension(oid::NAME_CONSTRAINTS).is_some();
        self.version == 1 || (self.is_authority() && signs_certificates && !limited)
    }

    /// Whether it may be a server's: it says nothing of what it is for, or says so.
    pub(super) fn may_serve(&self) -> bool {
        let Some(usage) = self.extension(oid::EXTENDED_KEY_USAGE) else {
            return true;
        };
        let mut purposes = Der(Der(usage).only(SEQUENCE).unwrap_or_default());
        std::iter::from_fn(|| purposes.take(OBJECT_IDENTIFIER))
            .any(|purpose| purpose == oid::SERVER_AUTH || purpose == oid::ANY_USAGE)
    }

    fn extension(&self, wanted: &[u8]) -> Option<&'a [u8]> {
        let mut extensions = Der(self.extensions);
        while let Some(extension) = extensions.take(SEQUENCE) {
            let mut fields = Der(extension);
            if fields.take(OBJECT_IDENTIFIER)? == wanted {
                fields.take_if(BOOLEAN);
                return fields.take(OCTET_STRING);
            }
        }
        None
    }
}

/// One tag, length and content.
#[derive(Clone, Copy)]
pub(super) struct Element<'a> {
    pub(super) tag: u8,
    pub(super) content: &'a [u8],
    whole: &'a [u8],
}

impl<'a> Element<'a> {
    fn tagged(&self, tag: u8) -> Option<&'a [u8]> {
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
    fn take_if(&mut self, tag: u8) -> Option<&'a [u8]> {
        let before = self.0;
        let content = self.element().and_then(|element| element.tagged(tag));
        if content.is_none() {
            self.0 = before;
        }
        content
    }

    fn take(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.element()?.tagged(tag)
    }

    /// The content of an element that is followed by nothing.
    fn only(mut self, tag: u8) -> Option<&'a [u8]> {
        let content = self.take(tag)?;
        self.end()?;
        Some(content)
    }

    fn end(&self) -> Option<()> {
        self.0.is_empty().then_some(())
    }

    /// A bit string of whole bytes.
    fn take_bits(&mut self) -> Option<&'a [u8]> {
        match self.take(BIT_STRING)?.split_first()? {
            (0, bytes) => Some(bytes),
            _ => None,
        }
    }

    /// A time as seconds since 1970.
    fn take_time(&mut self) -> Option<i64> {
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
mod tests;
