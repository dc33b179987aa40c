//! Writing tar archives.

use std::io::{self, Write};

use tar::{EntryType, Header};

use crate::member::{BLOCK, Kind, Member};

/// The longest name that fits in a header's own field.
const NAME_BYTES: usize = 100;
/// What more of a name fits in the field before it, up to a slash.
const PREFIX_BYTES: usize = 155;

/// A header as a server makes it (tarCreateHeader, tar.c), with modes of a data directory and no owner.
pub(crate) fn header(name: &[u8], kind: &Kind) -> Header {
    let mut header = Header::new_ustar();
    put_name(&mut header, name);
    let (entry_type, mode, size) = match kind {
        Kind::File(size) => (EntryType::Regular, 0o600, *size),
        Kind::Folder => (EntryType::Directory, 0o700, 0),
        Kind::Link(target) => {
            put(&mut header, 157..157 + NAME_BYTES, target);
            (EntryType::Symlink, 0o777, 0)
        }
    };
    header.set_entry_type(entry_type);
    header.set_mode(mode);
    header.set_size(size);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    header.set_cksum();
    header
}

fn put(header: &mut Header, field: std::ops::Range<usize>, value: &[u8]) {
    let field = &mut header.as_mut_bytes()[field];
    let length = value.len().min(field.len());
    field[..length].copy_from_slice(&value[..length]);
    field[length..].fill(0);
}

/// Writes a name into a header, in two fields if one is too short; whether it fits.
fn put_name(header: &mut Header, name: &[u8]) -> bool {
    let split = if name.len() <= NAME_BYTES {
        Some((&b""[..], name))
    } else {
        // Neither part may be empty, and the slash between them is written nowhere.
        (name.len() - NAME_BYTES - 1..name.len() - 1)
            .find(|place| name[*place] == b'/' && (1..=PREFIX_BYTES).contains(place))
            .map(|place| (&name[..place], &name[place + 1..]))
    };
    let (prefix, rest) = split.unwrap_or((b"", name));
    put(header, 0..NAME_BYTES, rest);
    put(header, 345..345 + PREFIX_BYTES, prefix);
    split.is_some()
}

/// A tar archive in the making.
#[derive(Debug)]
pub(crate) struct ArchiveWriter<W> {
    out: W,
    /// What fills up the last block of the member that is being written.
    padding: usize,
}

impl<W: Write> ArchiveWriter<W> {
    pub(crate) fn new(out: W) -> Self {
        Self { out, padding: 0 }
    }

    /// Begins a member with its header as it came.
    pub(crate) fn begin(&mut self, header: &Header) -> io::Result<()> {
        let size = header.size()?;
        self.padding = usize::try_from(size.next_multiple_of(BLOCK as u64) - size).unwrap_or(0);
        self.out.write_all(header.as_bytes())
    }

    /// Begins a member with another name.
    pub(crate) fn begin_as(&mut self, member: &Member, name: &[u8]) -> io::Result<()> {
        let mut header = member.header.clone();
        let named = if matches!(member.kind, Kind::File(_)) {
            name.to_vec()
        } else {
            // As servers do for folders and links.
            [name, b"/"].concat()
        };
        if !put_name(&mut header, &named) {
            self.long_name(&named)?;
        }
        header.set_cksum();
        self.begin(&header)
    }

    /// Writes a name that fits in no header before its member, as GNU tar does.
    fn long_name(&mut self, name: &[u8]) -> io::Result<()> {
        let mut header = Header::new_gnu();
        put(&mut header, 0..NAME_BYTES, b"././@LongLink");
        header.set_entry_type(EntryType::GNULongName);
        header.set_size(name.len() as u64 + 1);
        header.set_mode(0o644);
        header.set_cksum();
        self.begin(&header)?;
        self.data(name)?;
        self.data(&[0])?;
        self.end()
    }

    /// Writes a whole file.
    pub(crate) fn file(&mut self, header: &Header, data: &[u8]) -> io::Result<()> {
        self.begin(header)?;
        self.data(data)?;
        self.end()
    }

    pub(crate) fn data(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)
    }

    /// Ends the member.
    pub(crate) fn end(&mut self) -> io::Result<()> {
        self.out.write_all(&[0; BLOCK][..self.padding])?;
        self.padding = 0;
        Ok(())
    }

    /// Marks the end of the archive.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        self.out.write_all(&[0; 2 * BLOCK])?;
        Ok(self.out)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn names_of_any_length_are_read_back() {
        let mut member = Member {
            path: "x".into(),
            kind: Kind::File(3),
            header: header(b"x", &Kind::File(3)),
        };
        let names = [
            "short".to_owned(),
            "n".repeat(100),
            format!("{}/{}", "p".repeat(155), "n".repeat(100)),
            format!("data/{}", "n".repeat(120)),
            format!("{}/{}", "p".repeat(160), "n".repeat(20)),
            format!("tablespaces/16384/PG_15_202209061/5/{}", "f".repeat(99)),
        ];
        let mut writer = ArchiveWriter::new(Vec::new());
        for name in &names {
            writer.begin_as(&member, name.as_bytes()).unwrap();
            writer.data(b"abc").unwrap();
            writer.end().unwrap();
        }
        member.kind = Kind::Folder;
        member.header = header(b"x", &Kind::Folder);
        writer.begin_as(&member, b"folder").unwrap();
        writer.end().unwrap();
        let bytes = writer.finish().unwrap();
        let mut archive = tar::Archive::new(&bytes[..]);
        let mut found = Vec::new();
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            let name = String::from_utf8(entry.path_bytes().into_owned()).unwrap();
            let mut data = String::new();
            entry.read_to_string(&mut data).unwrap();
            assert_eq!(data, if name == "folder/" { "" } else { "abc" });
            found.push(name);
        }
        assert_eq!(found[..names.len()], names);
        assert_eq!(found[names.len()], "folder/");
    }
}
