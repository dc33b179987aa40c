//! Large objects: those of one entry, their privileges, what they hold.

use std::io::Write;

use bstr::ByteSlice;

use super::{Script, State};
use crate::{DumpId, Error, Oid, TocEntry};

/// How much is written with one statement (`LOBBUFSIZE` in src/bin/pg_dump/pg_backup_archiver.h).
const PIECE: usize = 16 * 1024;

/// `INV_WRITE` in src/include/libpq/libpq-fs.h
const FOR_WRITING: u32 = 0x0002_0000;

impl<W: Write> Script<W> {
    /// Opens the large objects of an entry.
    ///
    /// # Errors
    /// As [`Script::start_data`].
    pub fn start_large_objects(&mut self, dump_id: DumpId) -> Result<(), Error> {
        let toc = std::sync::Arc::clone(&self.toc);
        let entry = self.due(&toc, dump_id)?;
        if entry.desc != "BLOBS" {
            return Err(Error::entry(entry, "large objects where rows are expected"));
        }
        self.put_entry(entry, "Data for ")?;
        self.select_schema(Some(b"pg_catalog"))?;
        if self.opens_transactions() {
            self.put(&[&"BEGIN;\n\n"])?;
        }
        self.state = State::LargeObjects(dump_id);
        Ok(())
    }

    /// Opens a large object among those that are open. All that [`Script::write`] is given goes there.
    ///
    /// # Errors
    /// [`Error::Misuse`] when the large objects of no entry are open; [`Error::Io`].
    pub fn start_large_object(&mut self, oid: Oid) -> Result<(), Error> {
        let State::LargeObjects(dump_id) = self.state else {
            return Err(self.out_of_turn("a large object"));
        };
        self.state = State::LargeObject(dump_id, oid);
        let (before, after) = if self.has_large_object_entries {
            ("", "")
        } else {
            if self.options.clean {
                self.put_unlink_if_exists(oid)?;
            }
            ("pg_catalog.lo_create(", ")")
        };
        self.put(&[&format!(
            "SELECT pg_catalog.lo_open({before}'{oid}'{after}, {FOR_WRITING});\n"
        )])
    }

    pub(super) fn write_large_object(&mut self, mut data: &[u8]) -> Result<(), Error> {
        while !data.is_empty() {
            let (now, later) = data.split_at(data.len().min(PIECE - self.large_object.len()));
            self.large_object.extend_from_slice(now);
            data = later;
            if self.large_object.len() == PIECE {
                self.put_piece()?;
            }
        }
        Ok(())
    }

    /// Closes the open large object.
    ///
    /// # Errors
    /// [`Error::Misuse`] when none is open; [`Error::Io`].
    pub fn end_large_object(&mut self) -> Result<(), Error> {
        let State::LargeObject(dump_id, _) = self.state else {
            return Err(self.out_of_turn("the end of a large object"));
        };
        if !self.large_object.is_empty() {
            self.put_piece()?;
        }
        self.state = State::LargeObjects(dump_id);
        self.put(&[&"SELECT pg_catalog.lo_close(0);\n\n"])
    }

    /// Closes what [`Script::start_large_objects`] opened.
    ///
    /// # Errors
    /// [`Error::Misuse`] when that is not what is open; [`Error::Io`].
    pub fn end_large_objects(&mut self) -> Result<(), Error> {
        let State::LargeObjects(_) = self.state else {
            return Err(self.out_of_turn("the end of large objects"));
        };
        if self.opens_transactions() {
            self.put(&[&"COMMIT;\n\n"])?;
        }
        let toc = std::sync::Arc::clone(&self.toc);
        self.end_block(&toc)
    }

    /// Whether large objects, which stay open in a transaction only, need one of their own.
    fn opens_transactions(&self) -> bool {
        !self.options.single_transaction && self.options.transaction_size.is_none()
    }

    fn put_piece(&mut self) -> Result<(), Error> {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut digits = Vec::with_capacity(2 * self.large_object.len());
        for byte in &self.large_object {
            digits.extend([
                DIGITS[usize::from(byte >> 4)],
                DIGITS[usize::from(byte & 0xf)],
            ]);
        }
        self.large_object.clear();
        let backslash = if self.quoter.std_strings {
            "\\"
        } else {
            "\\\\"
        };
        self.put(&[
            &"SELECT pg_catalog.lowrite(0, '",
            &backslash,
            &"x",
            &digits,
            &"');\n",
        ])
    }

    pub(super) fn put_unlink_if_exists(&mut self, oid: Oid) -> Result<(), Error> {
        self.put(&[&format!(
            "SELECT pg_catalog.lo_unlink(oid) FROM pg_catalog.pg_largeobject_metadata WHERE oid = '{oid}';\n"
        )])
    }

    /// Writes a statement for each of the large objects that an entry names, one a line (`IssueCommandPerBlob` in
    /// src/bin/pg_dump/pg_backup_db.c).
    pub(super) fn put_for_each_large_object(
        &mut self,
        entry: &TocEntry,
        before: &[u8],
        after: &[u8],
    ) -> Result<(), Error> {
        let oids = entry.defn.as_ref().map_or(&[][..], |defn| defn.as_slice());
        for oid in oids.lines() {
            if oid.is_empty() || !oid.iter().all(u8::is_ascii_digit) {
                return Err(Error::entry(entry, "it names a large object by no number"));
            }
            self.put(&[&before, &oid, &after, &";\n"])?;
            self.count_action()?;
        }
        self.put(&[&"\n"])
    }

    /// Writes privileges, which stand there for one large object, for all those that the entry depends on
    /// (`IssueACLPerBlob` in src/bin/pg_dump/pg_backup_db.c).
    pub(super) fn put_large_objects_acl(&mut self, entry: &TocEntry) -> Result<(), Error> {
        let toc = std::sync::Arc::clone(&self.toc);
        let objects = entry
            .dependencies
            .first()
            .and_then(|id| self.by_id.get(id))
            .map(|place| &toc[*place])
            .filter(|objects| objects.desc == "BLOB METADATA")
            .ok_or_else(|| Error::entry(entry, "the large objects that it is about are missing"))?;
        let defn = entry.defn.as_ref().map_or(&[][..], |defn| defn.as_slice());
        for statement in statements(defn) {
            let (before, after) = split_at_oid(statement)
                .ok_or_else(|| Error::entry(entry, "a statement is about no large object"))?;
            self.put_for_each_large_object(objects, before, after)?;
        }
        Ok(())
    }
}

/// The statements that end in a semicolon, without it. Only names in double quotes can hold another.
fn statements(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let end = unquoted(rest).find(|place| rest[*place] == b';')?;
        let (statement, after) = rest.split_at(end);
        rest = after[1..].trim_ascii_start();
        Some(statement)
    })
}

/// A statement without the OID behind `LARGE OBJECT`.
fn split_at_oid(statement: &[u8]) -> Option<(&[u8], &[u8])> {
    const OBJECT: &[u8] = b"LARGE OBJECT ";
    let place = unquoted(statement).find(|place| statement[*place..].starts_with(OBJECT))?;
    let (before, oid) = statement.split_at(place + OBJECT.len());
    let digits = oid.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (digits > 0).then_some((before, &oid[digits..]))
}

/// The places of a text that are not in double quotes.
fn unquoted(text: &[u8]) -> impl Iterator<Item = usize> {
    let mut in_quotes = false;
    text.iter().enumerate().filter_map(move |(place, byte)| {
        in_quotes ^= *byte == b'"';
        (!in_quotes).then_some(place)
    })
}
