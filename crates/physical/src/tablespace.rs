//! Where tablespaces are put.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use bstr::BString;

use crate::error::malformed;
use crate::{Error, Result, Tablespace};

/// Another place for the tablespace in a folder of the server: `-T OLD=NEW`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    old: BString,
    new: PathBuf,
}

impl FromStr for Mapping {
    type Err = String;

    /// A `=` in a name is written `\=`.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut sides = vec![String::new()];
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            let last = sides.len() - 1;
            match c {
                '\\' if chars.peek() == Some(&'=') => {
                    sides[last].push('=');
                    chars.next();
                }
                '=' => sides.push(String::new()),
                c => sides[last].push(c),
            }
        }
        let [old, new] = &sides[..] else {
            return Err(format!("\"{text}\" is not OLD=NEW"));
        };
        for side in [old, new] {
            if !Path::new(side).is_absolute() {
                return Err(format!("\"{side}\" is not an absolute path"));
            }
        }
        Ok(Self {
            old: trimmed(old).into(),
            new: new.into(),
        })
    }
}

/// A path without the slashes behind it.
fn trimmed(path: &str) -> &str {
    match path.trim_end_matches('/') {
        "" => path,
        bare => bare,
    }
}

/// Where each tablespace goes: to its mapping, else to where it is at the server, else (if it lies in the data directory
/// there) into the backup's.
///
/// # Errors
/// A mapping that names no tablespace; a tablespace without a place; two in one.
pub(crate) fn places(
    tablespaces: &[Tablespace],
    mappings: &[Mapping],
    root: &Path,
) -> Result<Vec<(u32, PathBuf)>> {
    for mapping in mappings {
        if !tablespaces
            .iter()
            .any(|tablespace| tablespace.location == mapping.old)
        {
            return Err(Error::Options(format!(
                "the server has no tablespace in \"{}\", which a mapping names",
                mapping.old
            )));
        }
    }
    let mut places: Vec<(u32, PathBuf)> = Vec::new();
    for tablespace in tablespaces {
        let (oid, location) = (tablespace.oid, &tablespace.location);
        let mapped = mappings
            .iter()
            .rev()
            .find(|mapping| mapping.old == *location);
        let place = match mapped {
            Some(mapping) => mapping.new.clone(),
            None if tablespace.is_in_place() => root.join(format!("pg_tblspc/{oid}")),
            None => unmapped(tablespace)?,
        };
        if let Some((other, _)) = places.iter().find(|(_, taken)| *taken == place) {
            return Err(Error::Options(format!(
                "tablespaces {other} and {oid} would both go to \"{}\"",
                place.display()
            )));
        }
        places.push((oid, place));
    }
    Ok(places)
}

fn unmapped(tablespace: &Tablespace) -> Result<PathBuf> {
    let Tablespace { oid, location } = tablespace;
    let path = Path::new(OsStr::from_bytes(location));
    if location
        .split(|byte| *byte == b'/')
        .any(|part| part == b"..")
    {
        return Err(malformed(format!(
            "tablespace {oid} at the unsafe path \"{location}\""
        )));
    }
    Ok(path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mappings_are_read_as_pg_basebackup_reads_them() {
        for (text, old, new) in [
            ("/a=/b", "/a", "/b"),
            ("/a/=/b", "/a", "/b"),
            (r"/a\=b=/c\=d", "/a=b", "/c=d"),
            (r"/a\b=/c", r"/a\b", "/c"),
        ] {
            assert_eq!(
                text.parse(),
                Ok(Mapping {
                    old: old.into(),
                    new: new.into()
                }),
                "{text}"
            );
        }
        for text in ["", "/a", "=/b", "/a=", "/a=b", "a=/b", "/a=/b=/c"] {
            assert!(text.parse::<Mapping>().is_err(), "{text}");
        }
    }

    #[test]
    fn each_tablespace_has_one_place() {
        let tablespace = |oid, location: &str| Tablespace {
            oid,
            location: location.into(),
        };
        let root = Path::new("/backup");
        let told = |tablespaces: &[Tablespace], mappings: &[&str]| {
            let mappings: Vec<Mapping> =
                mappings.iter().map(|text| text.parse().unwrap()).collect();
            places(tablespaces, &mappings, root).map_err(|error| error.to_string())
        };
        let (fast, slow, inside) = (
            tablespace(1, "/fast"),
            tablespace(2, "/slow"),
            tablespace(3, "pg_tblspc/3"),
        );
        assert_eq!(
            told(&[fast.clone(), slow.clone(), inside], &["/fast=/new"]).unwrap(),
            [
                (1, "/new".into()),
                (2, "/slow".into()),
                (3, "/backup/pg_tblspc/3".into())
            ]
        );
        for (tablespaces, mappings, expected) in [
            (
                &[fast.clone()][..],
                &["/other=/new"][..],
                "no tablespace in \"/other\"",
            ),
            (
                &[fast.clone(), slow],
                &["/fast=/slow"],
                "1 and 2 would both",
            ),
            (&[tablespace(5, "/a/../etc")], &[], "unsafe path"),
        ] {
            let error = told(tablespaces, mappings).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }
}
