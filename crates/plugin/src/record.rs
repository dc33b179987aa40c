//! The entries of a snapshot: their names and what Plakar is told about them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bstr::BStr;
use pgark_physical::{Kind, Member};

use crate::proto::importer::ImportResponse;
use crate::proto::plakar::connectors::{FileInfo, Record};

/// The manifest's name in the snapshot.
pub(crate) const MANIFEST: &str = "/manifest.json";
/// The globals' name in the snapshot.
pub(crate) const GLOBALS: &str = "/00000-globals.sql";

/// `-r--r--r--`, in the bits of Go's fs.FileMode.
const MODE: u32 = 0o444;

/// The name of the `number`th dump (from 1), that of `database`.
///
/// Ordinary names, spaces included, stand as they are. What a path or a terminal would read
/// otherwise is written `%XX`: the percent sign itself, `/`, control characters, and bytes that are
/// not UTF-8. So no two databases share a name, and each can be read back.
pub(crate) fn dump(number: usize, database: &BStr) -> String {
    let mut name = format!("/{number:05}-");
    for chunk in database.utf8_chunks() {
        for c in chunk.valid().chars() {
            if c == '%' || c == '/' || c.is_control() {
                escape(c.encode_utf8(&mut [0; 4]).as_bytes(), &mut name);
            } else {
                name.push(c);
            }
        }
        escape(chunk.invalid(), &mut name);
    }
    name.push_str(".dump");
    name
}

fn escape(bytes: &[u8], name: &mut String) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for byte in bytes {
        name.push('%');
        name.push(char::from(DIGITS[usize::from(byte >> 4)]));
        name.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
}

/// The record of a regular file.
///
/// `size` is 0 where it is not known. `modified` must be the time of this backup: the host keeps
/// the old content, unread, of a file that looks the same as in the last snapshot.
pub(crate) fn file(pathname: &str, size: usize, modified: SystemTime) -> Record {
    Record {
        has_reader: true,
        pathname: pathname.to_owned(),
        file_info: Some(FileInfo {
            name: pathname.trim_start_matches('/').to_owned(),
            size: i64::try_from(size).unwrap_or(0),
            mode: MODE,
            mod_time: Some(modified.into()),
            ..FileInfo::default()
        }),
        ..Record::default()
    }
}

/// The response that announces a record.
pub(crate) fn response(record: Record) -> ImportResponse {
    ImportResponse {
        record: Some(record),
        finished: false,
    }
}

/// The bits of Go's fs.FileMode for a folder and a symbolic link.
const FOLDER: u32 = 1 << 31;
const LINK: u32 = 1 << 27;

/// The record of a member of a base backup.
///
/// `identity` is unique to the backup and stands where a file's inode would: the host keeps the old content, unread, of a
/// file that looks the same as in the last snapshot, and a file may change twice within the second that its time is in.
pub(crate) fn member(pathname: &str, member: &Member, identity: u64) -> Record {
    let header = &member.header;
    let text = |field: Result<Option<&str>, _>| field.ok().flatten().unwrap_or_default().to_owned();
    let permissions = member.mode() & 0o777;
    let (mode, size, target) = match &member.kind {
        Kind::File(size) => (
            permissions,
            i64::try_from(*size).unwrap_or(0),
            String::new(),
        ),
        Kind::Folder => (permissions | FOLDER, 0, String::new()),
        Kind::Link(target) => (permissions | LINK, 0, target.to_string()),
    };
    let modified = UNIX_EPOCH + Duration::from_secs(member.modified());
    Record {
        has_reader: matches!(member.kind, Kind::File(_)),
        pathname: pathname.to_owned(),
        target,
        file_info: Some(FileInfo {
            name: base_name(pathname).to_owned(),
            size,
            mode,
            mod_time: Some(modified.into()),
            ino: identity,
            uid: header.uid().unwrap_or(0),
            gid: header.gid().unwrap_or(0),
            nlink: 1,
            username: text(header.username()),
            groupname: text(header.groupname()),
            ..FileInfo::default()
        }),
        ..Record::default()
    }
}

/// The record of a folder that no server sends.
pub(crate) fn folder(pathname: &str, modified: SystemTime) -> Record {
    Record {
        pathname: pathname.to_owned(),
        file_info: Some(FileInfo {
            name: base_name(pathname).to_owned(),
            mode: FOLDER | 0o700,
            mod_time: Some(modified.into()),
            nlink: 1,
            ..FileInfo::default()
        }),
        ..Record::default()
    }
}

fn base_name(pathname: &str) -> &str {
    pathname.rsplit('/').next().unwrap_or(pathname)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bstr::ByteSlice;
    use proptest::prelude::*;

    /// Reads back what [`dump`] wrote.
    fn database(name: &str) -> Vec<u8> {
        let text = name.strip_suffix(".dump").unwrap();
        let (_, text) = text.split_once('-').unwrap();
        let mut bytes = text.bytes();
        let mut out = Vec::new();
        while let Some(byte) = bytes.next() {
            if byte == b'%' {
                let digits = [bytes.next().unwrap(), bytes.next().unwrap()];
                let digits = std::str::from_utf8(&digits).unwrap();
                out.push(u8::from_str_radix(digits, 16).unwrap());
            } else {
                out.push(byte);
            }
        }
        out
    }

    #[test]
    fn ordinary_names_stand_as_they_are() {
        for (number, database, name) in [
            (1, "appdb", "/00001-appdb.dump"),
            (2, "odd-name DB", "/00002-odd-name DB.dump"),
            (3, "..", "/00003-...dump"),
            (4, "größe=1", "/00004-größe=1.dump"),
            (123_456, "-x", "/123456--x.dump"),
        ] {
            assert_eq!(dump(number, database.into()), name);
        }
    }

    #[test]
    fn what_a_path_would_misread_is_escaped() {
        for (database, name) in [
            (&b"a/b"[..], "/00001-a%2Fb.dump"),
            (b"50%", "/00001-50%25.dump"),
            (b"a\nb\x7f", "/00001-a%0Ab%7F.dump"),
            (b"gr\xf6\xdfe", "/00001-gr%F6%DFe.dump"),
            ("\u{85}".as_bytes(), "/00001-%C2%85.dump"),
        ] {
            assert_eq!(dump(1, database.into()), name);
        }
    }

    proptest! {
        #[test]
        fn any_name_can_be_read_back(bytes in prop::collection::vec(1u8.., 1..63)) {
            let name = dump(7, bytes.as_bstr());
            prop_assert_eq!(name.matches('/').count(), 1);
            prop_assert_eq!(database(&name), bytes);
        }
    }

    #[test]
    fn a_record_carries_the_time_of_the_backup() {
        let now = SystemTime::now();
        let info = file(MANIFEST, 12, now).file_info.unwrap();
        assert_eq!((info.name.as_str(), info.size), ("manifest.json", 12));
        assert_eq!(info.mod_time, Some(now.into()));
    }
}
