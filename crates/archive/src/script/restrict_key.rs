//! The key of psql's restricted mode.

use std::io;
use std::str::FromStr;

use crate::Error;

/// A key of `\restrict`: letters and digits, at least one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RestrictKey(String);

const CHARACTERS: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

impl RestrictKey {
    /// A key that nobody can guess, of 63 characters as those of pg_dump.
    ///
    /// # Errors
    /// [`Error::Io`] when the system has no random numbers.
    pub fn random() -> Result<Self, Error> {
        let mut key = String::new();
        let mut bytes = [0; 64];
        while key.len() < 63 {
            getrandom::fill(&mut bytes).map_err(|error| Error::Io {
                doing: "making a restrict key",
                source: io::Error::other(error.to_string()),
            })?;
            // A byte that would favour some characters over others is not used.
            let fair = bytes
                .iter()
                .filter(|byte| usize::from(**byte) < 256 / CHARACTERS.len() * CHARACTERS.len());
            let characters =
                fair.map(|byte| char::from(CHARACTERS[usize::from(*byte) % CHARACTERS.len()]));
            key.extend(characters.take(63 - key.len()));
        }
        Ok(Self(key))
    }
}

impl FromStr for RestrictKey {
    type Err = Error;

    fn from_str(key: &str) -> Result<Self, Error> {
        if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(Error::RestrictKey { key: key.into() });
        }
        Ok(Self(key.into()))
    }
}

impl AsRef<[u8]> for RestrictKey {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_letters_and_digits() {
        for key in ["x", "0aZ"] {
            assert_eq!(key.parse::<RestrictKey>().unwrap().as_ref(), key.as_bytes());
        }
        for key in ["", "a b", "a\n", "é", "a-b"] {
            let error = key.parse::<RestrictKey>().unwrap_err().to_string();
            assert!(error.contains("letters and digits"), "{error}");
        }
    }

    #[test]
    fn random_keys_are_long_and_differ() {
        let (one, other) = (
            RestrictKey::random().unwrap(),
            RestrictKey::random().unwrap(),
        );
        assert_eq!(one.as_ref().len(), 63);
        assert_ne!(one, other);
        assert_eq!(one.0.parse::<RestrictKey>().unwrap(), one);
    }
}
