//! What the records of a snapshot are to a restore.

use bstr::BString;
use pgark_dump::cluster::record::{GLOBALS, MANIFEST};

use crate::proto::plakar::connectors::Record;

/// A folder, in the bits of Go's fs.FileMode.
const FOLDER: u32 = 1 << 31;

/// What is done with a record.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Restorable {
    /// Nothing: it is a folder, the manifest, or was not read when the backup was made.
    Nothing,
    /// Roles and tablespaces.
    Globals,
    /// A database, with the name that the file has for it.
    Archive {
        /// The name.
        name: BString,
    },
}

impl Restorable {
    /// Tells by the last part of its name; hosts give it with and without what stands before. The error is a reason.
    pub(crate) fn of(record: &Record) -> Result<Self, String> {
        let mode = record.file_info.as_ref().map_or(0, |info| info.mode);
        if !record.error.is_empty() || mode & FOLDER != 0 {
            return Ok(Self::Nothing);
        }
        if record.is_xattr {
            return Err("unexpected xattr".into());
        }
        let path = &record.pathname;
        let file = path.rsplit('/').next().unwrap_or_default();
        if file == MANIFEST {
            return Ok(Self::Nothing);
        }
        if file == GLOBALS {
            return Ok(Self::Globals);
        }
        match file.strip_suffix(".dump") {
            Some(stem) => Ok(Self::Archive {
                name: database(stem),
            }),
            None if is_of_base_backup(path) => Err(format!(
                "unable to restore file \"{path}\": a base backup is restored into a folder, by `plakar restore -to FOLDER`"
            )),
            None => Err(format!("unable to restore file \"{path}\"")),
        }
    }

    /// Whether anything is done with it.
    pub(crate) fn is_restored(&self) -> bool {
        *self != Self::Nothing
    }
}

fn is_of_base_backup(path: &str) -> bool {
    let path = path.trim_start_matches('/');
    ["data/", "tablespaces/"]
        .iter()
        .any(|folder| path.starts_with(folder))
}

/// The database that a file's name names, as [`dump`](pgark_dump::cluster::record::dump) wrote it; the number before it may be missing.
fn database(stem: &str) -> BString {
    let name = match stem.split_once('-') {
        Some((number, name)) if number.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => stem,
    };
    let mut bytes = BString::default();
    let mut rest = name;
    while let Some((before, after)) = rest.split_once('%') {
        bytes.extend_from_slice(before.as_bytes());
        let byte = after
            .get(..2)
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        rest = match byte {
            Some(byte) => {
                bytes.push(byte);
                &after[2..]
            }
            None => {
                bytes.push(b'%');
                after
            }
        };
    }
    bytes.extend_from_slice(rest.as_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use bstr::ByteSlice;
    use pgark_dump::cluster::record::dump;

    use super::*;
    use crate::proto::plakar::connectors::FileInfo;

    fn kind(path: &str) -> Result<Restorable, String> {
        Restorable::of(&Record {
            pathname: path.into(),
            ..Record::default()
        })
    }

    #[test]
    fn records_are_told_by_the_last_part_of_their_names() {
        for prefix in ["", "/", "/sub/folder/"] {
            assert_eq!(
                kind(&format!("{prefix}manifest.json")),
                Ok(Restorable::Nothing)
            );
            assert_eq!(
                kind(&format!("{prefix}00000-globals.sql")),
                Ok(Restorable::Globals)
            );
            for (file, name) in [
                ("00001-my-app.dump", "my-app"),
                ("my-app.dump", "my-app"),
                ("12-a%2Fb.dump", "a/b"),
                ("12-50%.dump", "50%"),
            ] {
                let name = name.into();
                assert_eq!(
                    kind(&format!("{prefix}{file}")),
                    Ok(Restorable::Archive { name })
                );
            }
            assert!(
                kind(&format!("{prefix}other.sql"))
                    .unwrap_err()
                    .contains("unable to restore")
            );
        }
    }

    #[test]
    fn folders_and_what_was_not_read_are_passed_over() {
        let folder = Record {
            pathname: "/".into(),
            file_info: Some(FileInfo {
                mode: FOLDER | 0o750,
                ..FileInfo::default()
            }),
            ..Record::default()
        };
        assert_eq!(Restorable::of(&folder), Ok(Restorable::Nothing));
        let failed = Record {
            pathname: "/x".into(),
            error: "could not be read".into(),
            ..Record::default()
        };
        assert_eq!(Restorable::of(&failed), Ok(Restorable::Nothing));
        let xattr = Record {
            is_xattr: true,
            ..Record::default()
        };
        assert!(Restorable::of(&xattr).is_err());
    }

    #[test]
    fn every_database_finds_its_name_again() {
        for name in [&b"a/b"[..], b"50%", b"gr\xf6\xdfe", b"1-2", b"a\nb"] {
            let path = dump(7, name.as_bstr());
            let name = name.into();
            assert_eq!(kind(&path), Ok(Restorable::Archive { name }));
        }
    }
}
