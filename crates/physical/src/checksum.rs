//! The checksums of files in a backup manifest.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha224, Sha256, Sha384, Sha512};

/// How the files of a backup are summed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ChecksumAlgorithm {
    /// Not at all.
    None,
    /// CRC-32C.
    #[default]
    Crc32c,
    /// SHA-224.
    Sha224,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

const NAMES: [(&str, ChecksumAlgorithm); 6] = [
    ("NONE", ChecksumAlgorithm::None),
    ("CRC32C", ChecksumAlgorithm::Crc32c),
    ("SHA224", ChecksumAlgorithm::Sha224),
    ("SHA256", ChecksumAlgorithm::Sha256),
    ("SHA384", ChecksumAlgorithm::Sha384),
    ("SHA512", ChecksumAlgorithm::Sha512),
];

impl FromStr for ChecksumAlgorithm {
    type Err = String;

    /// In capitals or not, as in the server.
    fn from_str(text: &str) -> Result<Self, String> {
        NAMES
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(text))
            .map(|(_, algorithm)| *algorithm)
            .ok_or_else(|| {
                let names = NAMES.map(|(name, _)| name).join(", ");
                format!("there is no checksum algorithm \"{text}\", only {names}")
            })
    }
}

impl fmt::Display for ChecksumAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = NAMES.iter().find(|(_, algorithm)| algorithm == self);
        f.write_str(found.map_or("", |(name, _)| name))
    }
}

/// A checksum in the making.
#[derive(Debug, Clone)]
pub(crate) enum Checksum {
    None,
    Crc32c(u32),
    Sha224(Sha224),
    Sha256(Sha256),
    Sha384(Sha384),
    Sha512(Sha512),
}

impl Checksum {
    pub(crate) fn new(algorithm: ChecksumAlgorithm) -> Self {
        match algorithm {
            ChecksumAlgorithm::None => Self::None,
            ChecksumAlgorithm::Crc32c => Self::Crc32c(0),
            ChecksumAlgorithm::Sha224 => Self::Sha224(Sha224::new()),
            ChecksumAlgorithm::Sha256 => Self::Sha256(Sha256::new()),
            ChecksumAlgorithm::Sha384 => Self::Sha384(Sha384::new()),
            ChecksumAlgorithm::Sha512 => Self::Sha512(Sha512::new()),
        }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::None => {}
            Self::Crc32c(crc) => *crc = crc32c::crc32c_append(*crc, bytes),
            Self::Sha224(sha) => sha.update(bytes),
            Self::Sha256(sha) => sha.update(bytes),
            Self::Sha384(sha) => sha.update(bytes),
            Self::Sha512(sha) => sha.update(bytes),
        }
    }

    /// The bytes that the manifest shows in hexadecimal. A CRC stands there as in memory, little end first on every
    /// machine that PostgreSQL is run on nowadays (source: pg_checksum_final, checksum_helper.c).
    pub(crate) fn finish(self) -> Box<[u8]> {
        match self {
            Self::None => Box::default(),
            Self::Crc32c(crc) => crc.to_le_bytes().into(),
            Self::Sha224(sha) => sha.finalize().as_slice().into(),
            Self::Sha256(sha) => sha.finalize().as_slice().into(),
            Self::Sha384(sha) => sha.finalize().as_slice().into(),
            Self::Sha512(sha) => sha.finalize().as_slice().into(),
        }
    }
}

/// Reads hexadecimal digits of either case.
pub(crate) fn from_hex(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    if !text.len().is_multiple_of(2) {
        return None;
    }
    text.chunks(2)
        .map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_the_standards() {
        // RFC 3720 B.4 asks for e3069283 over "123456789"; the others are FIPS 180's over "abc".
        for (algorithm, text, expected) in [
            ("none", "abc", ""),
            ("crc32c", "123456789", "839206e3"),
            (
                "SHA224",
                "abc",
                "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7",
            ),
            (
                "sha256",
                "abc",
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            ),
        ] {
            let algorithm: ChecksumAlgorithm = algorithm.parse().unwrap();
            let mut checksum = Checksum::new(algorithm);
            let (one, two) = text.as_bytes().split_at(1);
            checksum.update(one);
            checksum.update(two);
            let expected = from_hex(expected.as_bytes()).unwrap();
            assert_eq!(&*checksum.finish(), expected, "{algorithm}");
        }
        assert_eq!(Checksum::new(ChecksumAlgorithm::Sha384).finish().len(), 48);
        assert_eq!(Checksum::new(ChecksumAlgorithm::Sha512).finish().len(), 64);
        assert!(
            "md5"
                .parse::<ChecksumAlgorithm>()
                .unwrap_err()
                .contains("\"md5\"")
        );
    }

    #[test]
    fn only_pairs_of_digits_are_hexadecimal() {
        assert_eq!(from_hex(b"00fFA1"), Some(vec![0, 0xff, 0xa1]));
        for text in ["0", "0g", "+1", " 1"] {
            assert_eq!(from_hex(text.as_bytes()), None);
        }
    }
}
