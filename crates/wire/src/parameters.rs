//! What the server reports of its run-time parameters (ParameterStatus).

use bstr::{BStr, BString, ByteSlice};

/// More than any server reports (18 reports 15 of its own; extensions may add some).
const LIMIT: usize = 1000;

/// More than all values together have.
const BYTES_LIMIT: usize = 4 << 20;

/// The parameters reported so far, the newest value of each.
#[derive(Debug, Default)]
pub(crate) struct Parameters(Vec<(BString, BString)>);

impl Parameters {
    pub(crate) fn get(&self, name: &str) -> Option<&BStr> {
        let (_, value) = self.0.iter().find(|(known, _)| known == name)?;
        Some(value.as_bstr())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&BStr, &BStr)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_bstr(), value.as_bstr()))
    }

    /// Takes in the body of a ParameterStatus message.
    pub(crate) fn update(&mut self, body: &[u8]) -> Result<(), String> {
        let Some((name, value)) = split(body) else {
            return Err("malformed ParameterStatus".into());
        };
        let others = self.0.iter().filter(|(known, _)| known != name);
        let held: usize = others.map(|(name, value)| name.len() + value.len()).sum();
        if held + body.len() > BYTES_LIMIT {
            return Err(format!(
                "more than {BYTES_LIMIT} bytes of parameters reported"
            ));
        }
        if let Some((_, known)) = self.0.iter_mut().find(|(known, _)| known == name) {
            *known = value.into();
        } else if self.0.len() < LIMIT {
            self.0.push((name.into(), value.into()));
        } else {
            return Err(format!("more than {LIMIT} parameters reported"));
        }
        Ok(())
    }
}

/// Two strings, each ended by a NUL byte.
fn split(body: &[u8]) -> Option<(&BStr, &BStr)> {
    let (name, rest) = body.split_once_str(b"\0")?;
    let (value, rest) = rest.split_once_str(b"\0")?;
    rest.is_empty().then_some((name.as_bstr(), value.as_bstr()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_value_counts() {
        let mut parameters = Parameters::default();
        parameters.update(b"TimeZone\0UTC\0").unwrap();
        parameters.update(b"search_path\0\xe4\0").unwrap();
        parameters.update(b"TimeZone\0\0").unwrap();
        assert_eq!(parameters.get("TimeZone"), Some("".into()));
        assert_eq!(parameters.get("search_path"), Some(b"\xe4".as_bstr()));
        assert_eq!(parameters.get("other"), None);
    }

    #[test]
    fn malformed_or_endless_reports_are_refused() {
        let mut parameters = Parameters::default();
        for body in [&b""[..], b"a", b"a\0", b"a\0b", b"a\0b\0c"] {
            assert!(parameters.update(body).is_err(), "{body:?}");
        }
        let end = (0..=LIMIT).find(|i| parameters.update(format!("p{i}\0v\0").as_bytes()).is_err());
        assert_eq!(end, Some(LIMIT));
        let large = [b"large\0", &vec![b'x'; BYTES_LIMIT][..], b"\0"].concat();
        assert!(Parameters::default().update(&large).is_err());
    }
}
