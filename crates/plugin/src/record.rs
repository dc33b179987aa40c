//! The entries of a snapshot: their names and what Plakar is told about them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use pgark_physical::{Kind, Member};

use crate::proto::importer::ImportResponse;
use crate::proto::plakar::connectors::{FileInfo, Record};

/// `-r--r--r--`, in the bits of Go's fs.FileMode.
const MODE: u32 = 0o444;

/// Where a record stands in the snapshot.
pub(crate) fn pathname(name: &str) -> String {
    format!("/{name}")
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

    #[test]
    fn a_record_carries_the_time_of_the_backup() {
        let now = SystemTime::now();
        let info = file("/manifest.json", 12, now).file_info.unwrap();
        assert_eq!((info.name.as_str(), info.size), ("manifest.json", 12));
        assert_eq!(info.mod_time, Some(now.into()));
    }
}
