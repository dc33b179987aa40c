//! Comparing archives by what they would restore.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;
use std::io::{Read, Seek};

use bstr::{BString, ByteSlice};
use sha2::{Digest, Sha256};

use crate::{Block, BlockData, DumpId, Error, Reader, TocEntry, one_line};

/// What two archives do not have in common.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Difference {
    /// The kind of the entry.
    pub desc: BString,
    /// Its schema.
    pub namespace: Option<BString>,
    /// Its name.
    pub tag: Option<BString>,
    /// What is different about it.
    pub kind: DifferenceKind,
}

/// In what two archives differ.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum DifferenceKind {
    /// The entry stands in the first archive alone.
    OnlyFirst,
    /// The entry stands in the second archive alone.
    OnlySecond,
    /// The definition, the owner, the tablespace or the access method is another.
    Definition,
    /// The rows are others, or the content of large objects.
    Data,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.desc)?;
        let shown = |name: &Option<BString>| name.as_ref().map(one_line);
        match (shown(&self.namespace), shown(&self.tag)) {
            (Some(namespace), Some(tag)) => write!(f, " {namespace}.{tag}")?,
            (None, Some(tag)) => write!(f, " {tag}")?,
            (_, None) => {}
        }
        f.write_str(match self.kind {
            DifferenceKind::OnlyFirst => ": only in the first",
            DifferenceKind::OnlySecond => ": only in the second",
            DifferenceKind::Definition => ": another definition",
            DifferenceKind::Data => ": other data",
        })
    }
}

/// Compares two archives of one server, of databases that may have different names. The order of entries and that of a table's rows do
/// not count, nor do numbers, codecs and where data lies. Entries of the database itself are left out, since its name stands in them.
///
/// # Errors
/// As [`Reader::block`].
pub fn differences<R: Read + Seek, S: Read + Seek>(
    first: &mut Reader<R>,
    second: &mut Reader<S>,
) -> Result<Vec<Difference>, Error> {
    let first = contents(first)?;
    let mut second = contents(second)?;
    let mut differences = Vec::new();
    for (name, one) in first {
        let kind = match second.remove(&name) {
            None => DifferenceKind::OnlyFirst,
            Some(other) if one.len() > other.len() => DifferenceKind::OnlyFirst,
            Some(other) if one.len() < other.len() => DifferenceKind::OnlySecond,
            Some(other) if one == other => continue,
            Some(other) => {
                let is_defined_alike = one
                    .iter()
                    .zip(&other)
                    .all(|(a, b)| a.definition == b.definition);
                if is_defined_alike {
                    DifferenceKind::Data
                } else {
                    DifferenceKind::Definition
                }
            }
        };
        differences.push(name.difference(kind));
    }
    let rest = second.into_keys();
    differences.extend(rest.map(|name| name.difference(DifferenceKind::OnlySecond)));
    Ok(differences)
}

/// What an entry goes by. Several entries may have the same name, such as the overloads of a function's privileges.
#[derive(Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Name {
    desc: BString,
    namespace: Option<BString>,
    tag: Option<BString>,
}

impl Name {
    fn difference(self, kind: DifferenceKind) -> Difference {
        Difference {
            desc: self.desc,
            namespace: self.namespace,
            tag: self.tag,
            kind,
        }
    }
}

/// What is compared of an entry.
#[derive(Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Content {
    definition: [u8; 32],
    data: Option<Rows>,
}

/// Rows as a set in which a row can be more than once: how many there are, and the sum of their digests.
#[derive(Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
struct Rows {
    count: u64,
    sum: [u64; 4],
}

impl Rows {
    fn add(&mut self, row: Sha256) {
        let digest = row.finalize();
        self.count += 1;
        for (sum, part) in self.sum.iter_mut().zip(digest.chunks_exact(8)) {
            let part = part.try_into().map_or(0, u64::from_le_bytes);
            *sum = sum.wrapping_add(part);
        }
    }
}

fn contents<R: Read + Seek>(reader: &mut Reader<R>) -> Result<BTreeMap<Name, Vec<Content>>, Error> {
    let mut contents: BTreeMap<Name, Vec<Content>> = BTreeMap::new();
    let toc = reader.shared_toc();
    for entry in toc.iter() {
        if matches!(entry.desc.as_bytes(), b"DATABASE" | b"DATABASE PROPERTIES") {
            continue;
        }
        let name = Name {
            desc: entry.desc.clone(),
            namespace: entry.namespace.clone(),
            tag: entry.tag.clone(),
        };
        let content = Content {
            definition: definition(entry),
            data: if entry.had_dumper {
                Some(rows(reader, entry.dump_id)?)
            } else {
                None
            },
        };
        match contents.entry(name) {
            Entry::Occupied(mut place) => place.get_mut().push(content),
            Entry::Vacant(place) => drop(place.insert(vec![content])),
        }
    }
    for same_name in contents.values_mut() {
        same_name.sort_unstable();
    }
    Ok(contents)
}

fn definition(entry: &TocEntry) -> [u8; 32] {
    let mut digest = Sha256::new();
    for text in [
        &entry.defn,
        &entry.drop_stmt,
        &entry.copy_stmt,
        &entry.owner,
        &entry.tablespace,
        &entry.table_am,
    ] {
        let text = text.as_ref().map_or(&[][..], |text| text.as_slice());
        digest.update(u64::try_from(text.len()).unwrap_or(u64::MAX).to_le_bytes());
        digest.update(text);
    }
    digest.finalize().into()
}

fn rows<R: Read + Seek>(reader: &mut Reader<R>, dump_id: DumpId) -> Result<Rows, Error> {
    let mut rows = Rows::default();
    match reader.block(dump_id)? {
        Block::Data(mut data) => {
            let mut row = None;
            read_all(&mut data, |piece| {
                for line in piece.lines_with_terminator() {
                    row.get_or_insert_with(Sha256::new).update(line);
                    if line.ends_with(b"\n") {
                        rows.add(row.take().unwrap_or_default());
                    }
                }
            })?;
            if let Some(row) = row {
                rows.add(row);
            }
        }
        Block::LargeObjects(mut objects) => {
            while let Some((oid, mut data)) = objects.next_object()? {
                let mut object = Sha256::new_with_prefix(oid.0.to_le_bytes());
                read_all(&mut data, |piece| object.update(piece))?;
                rows.add(object);
            }
        }
    }
    Ok(rows)
}

fn read_all<R: Read>(
    data: &mut BlockData<'_, R>,
    mut take: impl FnMut(&[u8]),
) -> Result<(), Error> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match data.read_some(&mut buffer)? {
            0 => return Ok(()),
            length => take(&buffer[..length]),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::{Compression, CreationTime, Header, Section, Version, Writer};

    fn archive(compression: Compression, table: &str, rows: &str) -> Reader<Cursor<Vec<u8>>> {
        let header = Header::new(
            Version::of_server_major(18),
            compression,
            CreationTime::now().unwrap(),
        );
        let entries = [
            TocEntry {
                tag: Some("t".into()),
                desc: "TABLE".into(),
                section: Section::PreData,
                defn: Some(table.into()),
                ..TocEntry::new(DumpId(1))
            },
            TocEntry {
                had_dumper: true,
                tag: Some("t".into()),
                desc: "TABLE DATA".into(),
                section: Section::Data,
                copy_stmt: Some("COPY t FROM stdin;\n".into()),
                ..TocEntry::new(DumpId(2))
            },
        ];
        let mut writer = Writer::new_seekable(Cursor::new(Vec::new()), &header, &entries).unwrap();
        writer.start_data(DumpId(2)).unwrap();
        writer.write(rows.as_bytes()).unwrap();
        writer.end_data().unwrap();
        let bytes = writer.finish().unwrap().into_inner();
        Reader::new(Cursor::new(bytes)).unwrap()
    }

    #[test]
    fn the_order_of_rows_and_the_codec_do_not_count() {
        let mut first = archive(
            Compression::None,
            "CREATE TABLE t (a int);\n",
            "1\n2\n2\n\\.\n\n\n",
        );
        let mut second = archive(
            Compression::DEFAULT,
            "CREATE TABLE t (a int);\n",
            "2\n1\n2\n\\.\n\n\n",
        );
        assert_eq!(differences(&mut first, &mut second).unwrap(), []);
    }

    #[test]
    fn every_difference_is_told() {
        let mut first = archive(
            Compression::None,
            "CREATE TABLE t (a int);\n",
            "1\n2\n2\n\\.\n\n\n",
        );
        let mut second = archive(
            Compression::None,
            "CREATE TABLE t (a text);\n",
            "1\n2\n\\.\n\n\n",
        );
        let told = differences(&mut first, &mut second).unwrap();
        let told: Vec<_> = told.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            ["TABLE t: another definition", "TABLE DATA t: other data"]
        );
    }
}
