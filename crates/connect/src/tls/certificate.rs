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
    /// What may be critical besides: CRL distribution points, and four of policies, which nobody asks for.
    pub(super) const OTHERS: &[&[u8]] = &[
        &[0x55, 0x1d, 31],
        &[0x55, 0x1d, 32],
        &[0x55, 0x1d, 33],
        &[0x55, 0x1d, 36],
        &[0x55, 0x1d, 54],
    ];
}

use super::der::{
    BIT_STRING, BOOLEAN, Der, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, SET,
};

/// `[0]`, `[3]` around version and extensions.
const VERSION: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa3;
/// dNSName and iPAddress in a GeneralName.
const DNS_NAME: u8 = 0x82;
const IP_ADDRESS: u8 = 0x87;

/// A certificate taken apart; slices of its DER.
#[derive(Debug, Clone, Copy)]
pub(super) struct Certificate<'a> {
    /// What is signed, whole.
    pub(super) signed: &'a [u8],
    /// 1 or 3.
    pub(super) version: u8,
    pub(super) serial: &'a [u8],
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
        let serial = fields.take(INTEGER)?;
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
            serial,
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

    /// The subject, for people.
    pub(super) fn shown_subject(&self) -> String {
        let name = self.common_name().unwrap_or(b"(without a common name)");
        String::from_utf8_lossy(name).into_owned()
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

    /// Whether issuer and subject are the same.
    pub(super) fn is_self_issued(&self) -> bool {
        self.issuer == self.subject
    }

    /// Whether it may sign certificates, as OpenSSL sees it (source: check_ca, crypto/x509/v3_purp.c): its usage does
    /// not speak against it, and it is marked as an authority's, or is a root of version 1, or has no mark and a
    /// usage that says so.
    pub(super) fn may_sign(&self) -> bool {
        const KEY_CERT_SIGN: u16 = 0x0400;
        let usage = self.key_usage();
        if usage.is_some_and(|usage| usage & KEY_CERT_SIGN == 0) {
            return false;
        }
        match self.extension(oid::BASIC_CONSTRAINTS) {
            Some(constraints) => is_marked(constraints),
            None => usage.is_some() || (self.version == 1 && self.is_self_issued()),
        }
    }

    /// Whether it may sign revocation lists.
    pub(super) fn may_sign_lists(&self) -> bool {
        const CRL_SIGN: u16 = 0x0200;
        self.key_usage().is_none_or(|usage| usage & CRL_SIGN != 0)
    }

    /// How many authorities may stand between it and a server's certificate.
    pub(super) fn path_length(&self) -> Option<u32> {
        let mut constraints = Der(Der(self.extension(oid::BASIC_CONSTRAINTS)?).only(SEQUENCE)?);
        constraints.take_if(BOOLEAN);
        let length = constraints.take(INTEGER)?;
        Some(length.iter().fold(0, |number: u32, byte| {
            number.saturating_mul(256).saturating_add((*byte).into())
        }))
    }

    /// Whether it limits the names that those below it may have.
    pub(super) fn limits_names(&self) -> bool {
        self.extension(oid::NAME_CONSTRAINTS).is_some()
    }

    /// Whether its extended usage, if it has one, names servers; that of an authority counts for those below it.
    pub(super) fn is_for_servers(&self) -> bool {
        let Some(usage) = self.extension(oid::EXTENDED_KEY_USAGE) else {
            return true;
        };
        let mut purposes = Der(Der(usage).only(SEQUENCE).unwrap_or_default());
        std::iter::from_fn(|| purposes.take(OBJECT_IDENTIFIER))
            .any(|purpose| purpose == oid::SERVER_AUTH)
    }

    /// Whether its usage, if it has one, is one that TLS servers have: digital signature, key encipherment or key
    /// agreement.
    pub(super) fn may_serve(&self) -> bool {
        self.key_usage().is_none_or(|usage| usage & 0xa800 != 0)
    }

    /// Whether it demands that something be minded that is not known here.
    pub(super) fn has_unknown_demands(&self) -> bool {
        const KNOWN: [&[u8]; 5] = [
            oid::KEY_USAGE,
            oid::SUBJECT_ALT_NAME,
            oid::BASIC_CONSTRAINTS,
            oid::NAME_CONSTRAINTS,
            oid::EXTENDED_KEY_USAGE,
        ];
        let mut extensions = Der(self.extensions);
        while let Some(extension) = extensions.element() {
            let mut fields = Der(extension.content);
            let identifier = fields.take(OBJECT_IDENTIFIER).unwrap_or_default();
            let is_critical = fields.take_if(BOOLEAN).is_some_and(|flag| flag != [0]);
            if is_critical && !KNOWN.contains(&identifier) && !oid::OTHERS.contains(&identifier) {
                return true;
            }
        }
        false
    }

    /// The bits of its usage, counted from the left, if it has one; none of them if that is malformed.
    fn key_usage(&self) -> Option<u16> {
        let usage = self.extension(oid::KEY_USAGE)?;
        // The first byte counts the unused bits of the last.
        let bits = Der(usage).only(BIT_STRING).unwrap_or_default();
        let byte = |at: usize| bits.get(at).copied().unwrap_or_default();
        Some(u16::from_be_bytes([byte(1), byte(2)]))
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

/// Whether BasicConstraints mark an authority.
fn is_marked(constraints: &[u8]) -> bool {
    let marked = || Some(Der(Der(constraints).only(SEQUENCE)?).take(BOOLEAN)? != [0]);
    marked() == Some(true)
}

#[cfg(test)]
mod tests;
