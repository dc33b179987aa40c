//! Entries of the table of contents.

use std::fmt;
use std::io::Read;

use bstr::BString;

use crate::encoding::{Fields, Input};
use crate::{Error, Version};

/// The number by which entries of one archive name each other; positive and unique in it.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct DumpId(pub i32);

impl fmt::Display for DumpId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The OID of a large object.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Oid(pub u32);

impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The part of a restore in which an entry has its turn (`teSection` in src/bin/pg_dump/pg_backup.h).
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Section {
    /// Goes with the entries before it: comments, privileges, security labels.
    None = 1,
    /// Definitions that data needs.
    PreData = 2,
    /// Rows, large objects, sequence values.
    Data = 3,
    /// Definitions that are better made once the data is there.
    PostData = 4,
}

impl Section {
    fn from_code(code: i32) -> Option<Self> {
        match code {
            1 => Some(Self::None),
            2 => Some(Self::PreData),
            3 => Some(Self::Data),
            4 => Some(Self::PostData),
            _ => None,
        }
    }

    /// The section of an entry in an archive that does not say so, by its kind (`ReadToc` in
    /// src/bin/pg_dump/pg_backup_archiver.c).
    fn of_old_kind(desc: &[u8]) -> Self {
        match desc {
            b"COMMENT" | b"ACL" | b"ACL LANGUAGE" => Self::None,
            b"TABLE DATA" | b"BLOBS" | b"BLOB COMMENTS" => Self::Data,
            b"CONSTRAINT" | b"CHECK CONSTRAINT" | b"FK CONSTRAINT" | b"INDEX" | b"RULE"
            | b"TRIGGER" => Self::PostData,
            _ => Self::PreData,
        }
    }

    /// The section's name, as `--section` has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::PreData => "pre-data",
            Self::Data => "data",
            Self::PostData => "post-data",
        }
    }
}

/// Where an entry's data block lies.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Offset {
    /// There is a block, but whoever wrote the archive could not go back to say where.
    NotSet,
    /// At this byte of the file.
    At(u64),
    /// The entry has no block.
    NoData,
}

/// One entry: an object's definition, its data, or something said about it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TocEntry {
    /// The entry's number.
    pub dump_id: DumpId,
    /// Whether the entry has a data block.
    pub had_dumper: bool,
    /// OID of the catalogue that the object stands in, 0 where there is none.
    pub table_oid: u32,
    /// OID of the object, 0 where there is none.
    pub oid: u32,
    /// The object's name, written as pg_dump does for its kind.
    pub tag: Option<BString>,
    /// The kind of entry, such as `TABLE DATA`.
    pub desc: BString,
    /// When to restore it.
    pub section: Section,
    /// SQL that creates the object.
    pub defn: Option<BString>,
    /// SQL that drops it.
    pub drop_stmt: Option<BString>,
    /// The COPY statement that takes the data block; none when the block holds statements.
    pub copy_stmt: Option<BString>,
    /// Its schema's name, not quoted.
    pub namespace: Option<BString>,
    /// Its tablespace: none where kinds know none, empty for the database's own.
    pub tablespace: Option<BString>,
    /// Its table access method.
    pub table_am: Option<BString>,
    /// `pg_class.relkind` of what the table dumper writes. Versions before 1.16 do not hold it.
    pub relkind: Option<u8>,
    /// Its owner's name, not quoted.
    pub owner: Option<BString>,
    /// Whether the table was made `WITH OIDS`, which servers before 12 knew and no newer one does.
    pub with_oids: bool,
    /// Entries that must be restored before, in pg_dump's order. Some stand twice, some name entries that are not in the archive.
    pub dependencies: Vec<DumpId>,
    /// Where the data lies. The writer ignores it and sets its own.
    pub offset: Offset,
}

impl TocEntry {
    /// An entry with no content, for `TocEntry { desc: "TABLE".into(), ..TocEntry::new(id) }`.
    pub fn new(dump_id: DumpId) -> Self {
        Self {
            dump_id,
            had_dumper: false,
            table_oid: 0,
            oid: 0,
            tag: None,
            desc: BString::default(),
            section: Section::None,
            defn: None,
            drop_stmt: None,
            copy_stmt: None,
            namespace: None,
            tablespace: None,
            table_am: None,
            relkind: None,
            owner: None,
            with_oids: false,
            dependencies: Vec::new(),
            offset: Offset::NoData,
        }
    }

    /// The entry by number, kind and name, for messages.
    pub(crate) fn describe(&self) -> String {
        let tag = self.tag.as_ref().map(|tag| format!(" \"{tag}\""));
        format!(
            "entry {} ({}{})",
            self.dump_id,
            self.desc,
            tag.unwrap_or_default()
        )
    }

    /// The layout is that of `WriteToc` in src/bin/pg_dump/pg_backup_archiver.c. Gives back where the offset lies in `fields`.
    pub(crate) fn encode(
        &self,
        version: Version,
        offset: Offset,
        fields: &mut Fields,
    ) -> Result<usize, Error> {
        fn bytes(value: Option<&BString>) -> Option<&[u8]> {
            value.map(|value| value.as_slice())
        }
        fields.int(self.dump_id.0);
        fields.int(self.had_dumper.into());
        fields.number(&self.table_oid)?;
        fields.number(&self.oid)?;
        fields.string(bytes(self.tag.as_ref()))?;
        fields.string(Some(&self.desc))?;
        fields.int(self.section as i32);
        fields.string(bytes(self.defn.as_ref()))?;
        fields.string(bytes(self.drop_stmt.as_ref()))?;
        fields.string(bytes(self.copy_stmt.as_ref()))?;
        fields.string(bytes(self.namespace.as_ref()))?;
        fields.string(bytes(self.tablespace.as_ref()))?;
        fields.string(bytes(self.table_am.as_ref()))?;
        if version.has_relkind() {
            fields.int(self.relkind.unwrap_or(0).into());
        }
        fields.string(bytes(self.owner.as_ref()))?;
        fields.string(Some(if self.with_oids { b"true" } else { b"false" }))?;
        for dependency in &self.dependencies {
            fields.number(dependency)?;
        }
        fields.string(None)?;
        let at = fields.bytes.len();
        fields.offset(offset);
        Ok(at)
    }

    pub(crate) fn decode<R: Read>(input: &mut Input<R>, version: Version) -> Result<Self, Error> {
        let id = input.int("an entry's number")?;
        if id < 1 {
            return Err(input.corrupt(format!("entry number {id} is not positive")));
        }
        let mut entry = Self::new(DumpId(id));
        entry
            .decode_content(input, version)
            .map_err(|error| match error {
                Error::Corrupt { offset, what } => Error::Corrupt {
                    offset,
                    what: format!("entry {id}: {what}"),
                },
                other => other,
            })?;
        Ok(entry)
    }

    fn decode_content<R: Read>(
        &mut self,
        input: &mut Input<R>,
        version: Version,
    ) -> Result<(), Error> {
        self.had_dumper = match input.int("the data flag")? {
            0 => false,
            1 => true,
            flag => return Err(input.corrupt(format!("data flag {flag}"))),
        };
        let table_oid = input.some_string("the catalogue's OID")?;
        self.table_oid = input.number(&table_oid, "the catalogue's OID")?;
        let oid = input.some_string("the OID")?;
        self.oid = input.number(&oid, "the OID")?;
        self.tag = input.string("the tag")?;
        self.desc = input.some_string("the kind")?;
        self.section = if version.has_section() {
            let section = input.int("the section")?;
            Section::from_code(section)
                .ok_or_else(|| input.corrupt(format!("section {section}")))?
        } else {
            Section::of_old_kind(&self.desc)
        };
        self.defn = input.string("the definition")?;
        self.drop_stmt = input.string("the drop statement")?;
        self.copy_stmt = input.string("the copy statement")?;
        self.namespace = input.string("the schema")?;
        self.tablespace = input.string("the tablespace")?;
        if version.has_table_am() {
            self.table_am = input.string("the table access method")?;
        }
        if version.has_relkind() {
            let relkind = input.int("the relkind")?;
            self.relkind = match u8::try_from(relkind) {
                Ok(0) => None,
                Ok(relkind) => Some(relkind),
                Err(_) => return Err(input.corrupt(format!("relkind {relkind}"))),
            };
        }
        self.owner = input.string("the owner")?;
        let with_oids = input.some_string("the OIDs flag")?;
        self.with_oids = match with_oids.as_slice() {
            b"true" => true,
            b"false" => false,
            _ => return Err(input.corrupt(format!("OIDs flag \"{with_oids}\""))),
        };
        while let Some(text) = input.string("a dependency")? {
            let id = input.number(&text, "a dependency")?;
            if id < 1 {
                return Err(input.corrupt(format!("dependency {id} is not positive")));
            }
            self.dependencies.push(DumpId(id));
        }
        self.offset = input.offset("the data offset")?;
        // pg_restore would restore such a table empty and say nothing.
        if self.had_dumper && self.offset == Offset::NoData {
            return Err(input.corrupt("it owns data, but its offset says there is none"));
        }
        Ok(())
    }
}
