//! Dropping what is there before it is made again.

use std::io::Write;

use bstr::{BString, ByteSlice};
use pgark_sql::{put, text};

use super::Script;
use crate::{Error, Parts, Selection, TocEntry};

impl<W: Write> Script<W> {
    /// Drops the chosen objects, the last first; where the database itself is made, it alone (`RestoreArchive` in
    /// src/bin/pg_dump/pg_backup_archiver.c).
    pub(super) fn put_drops(&mut self, selection: &Selection) -> Result<(), Error> {
        let toc = std::sync::Arc::clone(&self.toc);
        for (place, parts) in selection.iter().rev() {
            let entry = &toc[place];
            let Some(drop) = self.dropped(entry, parts) else {
                continue;
            };
            let leaves_transaction =
                is_of_database(entry) && self.options.transaction_size.is_some();
            if leaves_transaction {
                self.put(&[&"COMMIT;\n"])?;
            }
            self.put_drop_of(entry, drop)?;
            if leaves_transaction {
                self.put(&[&"BEGIN;\n"])?;
                self.in_transaction = 0;
            } else {
                self.count_and_commit("COMMIT;\nBEGIN;\n")?;
            }
        }
        self.session.forget_schema();
        Ok(())
    }

    /// What drops an entry's object, if it is dropped at all.
    pub(super) fn dropped<'e>(&self, entry: &'e TocEntry, parts: Parts) -> Option<&'e BString> {
        let is_kept = self.options.create && !is_of_database(entry);
        let is_chosen = !is_kept && (parts.schema || parts.data);
        entry.drop_stmt.as_ref().filter(|_| is_chosen)
    }

    pub(super) fn put_drop_of(&mut self, entry: &TocEntry, drop: &BString) -> Result<(), Error> {
        self.become_owner(entry)?;
        self.select_schema(entry.namespace.as_ref().map(|schema| schema.as_slice()))?;
        self.put_drop(entry, drop)
    }

    fn put_drop(&mut self, entry: &TocEntry, drop: &BString) -> Result<(), Error> {
        if entry.desc == "BLOB METADATA" {
            return if self.options.if_exists {
                self.put_for_each_large_object(
                    entry,
                    b"SELECT pg_catalog.lo_unlink(oid) FROM pg_catalog.pg_largeobject_metadata WHERE oid = '",
                    b"'",
                )
            } else {
                self.put_for_each_large_object(entry, b"SELECT pg_catalog.lo_unlink('", b"')")
            };
        }
        if !self.options.if_exists || drop.is_empty() || drop.starts_with(b"--") {
            return self.put(&[drop]);
        }
        if entry.desc == "BLOB" {
            return self.put_unlink_if_exists(crate::Oid(entry.oid));
        }
        match if_exists(entry, drop) {
            Some(drop) => self.put(&[&drop]),
            None => {
                self.warnings.push(format!(
                    "could not find where to insert IF EXISTS in statement \"{drop}\""
                ));
                self.put(&[drop])
            }
        }
    }
}

fn is_of_database(entry: &TocEntry) -> bool {
    matches!(entry.desc.as_bytes(), b"DATABASE" | b"DATABASE PROPERTIES")
}

/// The statement with IF EXISTS in the places that take it, or nothing where it has none.
fn if_exists(entry: &TocEntry, drop: &[u8]) -> Option<BString> {
    let mut text = BString::default();
    let rest = match drop.strip_prefix(b"ALTER TABLE") {
        Some(rest) => {
            put!(text, "ALTER TABLE IF EXISTS");
            rest
        }
        None => drop,
    };
    let what = match entry.desc.as_bytes() {
        // Neither a default nor a property can be dropped so, and a view is not dropped at all where its rule is.
        b"DEFAULT" | b"DATABASE PROPERTIES" => None,
        _ if rest.starts_with(b"CREATE OR REPLACE VIEW") => None,
        b"CONSTRAINT" | b"CHECK CONSTRAINT" | b"FK CONSTRAINT" => Some("DROP CONSTRAINT".into()),
        kind => Some(text!("DROP ", kind)),
    };
    let Some(what) = what else {
        put!(text, rest);
        return Some(text);
    };
    let (before, after) = rest.split_once_str(&what)?;
    put!(text, before, what, " IF EXISTS", after);
    Some(text)
}
