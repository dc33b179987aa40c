//! One entry: its comment, its definition, its owner.

use std::io::Write;

use bstr::{BString, ByteSlice};
use pgark_sql::{put, text};

use super::{Script, is_acl, one_line, tag};
use crate::{Error, Offset, TocEntry};

/// `RELKIND_PARTITIONED_TABLE` in src/include/catalog/pg_class.h
const PARTITIONED_TABLE: u8 = b'p';

impl<W: Write> Script<W> {
    /// Writes an entry (`_printTocEntry` in src/bin/pg_dump/pg_backup_archiver.c).
    pub(super) fn put_entry(&mut self, entry: &TocEntry, prefix: &str) -> Result<(), Error> {
        let is_partitioned = entry.relkind == Some(PARTITIONED_TABLE);
        self.become_owner(entry)?;
        self.select_schema(entry.namespace.as_ref().map(|schema| schema.as_slice()))?;
        self.select_tablespace(entry)?;
        if !is_partitioned {
            self.select_table_access_method(entry)?;
        }
        self.put_comment(entry, prefix)?;
        self.put_text(entry)?;
        self.put_owner(entry)?;
        // It has no storage, so that no setting would be heeded.
        if let Some(method) = entry
            .table_am
            .as_ref()
            .filter(|_| is_partitioned && !self.options.no_table_access_method)
        {
            let (table, method) = (self.qualified(entry), self.ident(method));
            self.put(&[
                &"ALTER TABLE ",
                &table,
                &" SET ACCESS METHOD ",
                &method,
                &";\n\n",
            ])?;
        }
        // Privileges may be granted as somebody else.
        if is_acl(entry) {
            self.session.user = None;
        }
        Ok(())
    }

    fn put_comment(&mut self, entry: &TocEntry, prefix: &str) -> Result<(), Error> {
        if self.pieces.is_some() {
            return Ok(());
        }
        let mut comment = BString::from("--\n");
        if self.options.verbose {
            let TocEntry {
                dump_id,
                table_oid,
                oid,
                dependencies,
                ..
            } = entry;
            put!(
                comment,
                format!("-- TOC entry {dump_id} (class {table_oid} OID {oid})\n")
            );
            if !dependencies.is_empty() {
                put!(comment, "-- Dependencies:");
                for dependency in dependencies {
                    put!(comment, format!(" {dependency}"));
                }
                put!(comment, "\n");
            }
        }
        let or_hyphen = |name: Option<&BString>| name.map_or_else(|| "-".into(), one_line);
        let owner = entry.owner.as_ref().filter(|_| !self.options.no_owner);
        put!(
            comment,
            "-- ",
            prefix,
            "Name: ",
            one_line(tag(entry)),
            "; Type: ",
            one_line(&entry.desc),
            "; Schema: ",
            or_hyphen(entry.namespace.as_ref()),
            "; Owner: ",
            or_hyphen(owner)
        );
        if let Some(tablespace) = entry
            .tablespace
            .as_ref()
            .filter(|name| !name.is_empty() && !self.options.no_tablespaces)
        {
            put!(comment, "; Tablespace: ", one_line(tablespace));
        }
        put!(comment, "\n");
        if self.options.verbose && self.tells_positions {
            let position = match entry.offset {
                Offset::At(position) => position,
                Offset::NotSet | Offset::NoData => 0,
            };
            put!(comment, format!("-- Data Pos: {position}\n"));
        }
        self.put(&[&comment, &"--\n\n"])
    }

    fn put_text(&mut self, entry: &TocEntry) -> Result<(), Error> {
        let defn = entry.defn.as_ref().map_or(&[][..], |defn| defn.as_slice());
        match entry.desc.as_bytes() {
            // Some versions wrote AUTHORIZATION into it.
            b"SCHEMA" if self.options.no_owner && !defn.starts_with(b"--") => {
                let name = self.ident(tag(entry));
                self.put(&[&"CREATE SCHEMA ", &name, &";\n\n\n"])
            }
            b"BLOB METADATA" => {
                self.put_for_each_large_object(entry, b"SELECT pg_catalog.lo_create('", b"')")
            }
            b"ACL" if tag(entry).starts_with(b"LARGE OBJECTS") => self.put_large_objects_acl(entry),
            _ if defn.is_empty() => Ok(()),
            desc => {
                self.put(&[&defn, &"\n\n"])?;
                // An entry counts as one statement already, and a function's body as none.
                if self.options.transaction_size.is_some()
                    && !matches!(desc, b"FUNCTION" | b"PROCEDURE")
                {
                    let statements = defn.find_iter(b";").count();
                    let more = u32::try_from(statements.saturating_sub(1)).unwrap_or(u32::MAX);
                    self.in_transaction = self.in_transaction.saturating_add(more);
                }
                Ok(())
            }
        }
    }

    /// Gives an object to its owner. What cannot be dropped by itself has none.
    fn put_owner(&mut self, entry: &TocEntry) -> Result<(), Error> {
        let is_comment = entry
            .defn
            .as_ref()
            .is_some_and(|defn| defn.starts_with(b"--"));
        // The schema public, which is not made but there.
        let is_kept_schema = entry.desc == "SCHEMA" && is_comment;
        if self.options.no_owner || self.options.use_set_session_authorization && !is_kept_schema {
            return Ok(());
        }
        let (Some(owner), Some(drop)) = (&entry.owner, &entry.drop_stmt) else {
            return Ok(());
        };
        if owner.is_empty() || drop.is_empty() {
            return Ok(());
        }
        let end = text!(" OWNER TO ", self.ident(owner));
        if entry.desc == "BLOB METADATA" {
            return self.put_for_each_large_object(entry, b"ALTER LARGE OBJECT ", &end);
        }
        match self.owned(entry, drop)? {
            Some(object) => self.put(&[&"ALTER ", &object, &end, &";\n\n"]),
            None => Ok(()),
        }
    }

    /// What ALTER … OWNER calls an object (`_getObjectDescription` in src/bin/pg_dump/pg_backup_archiver.c).
    fn owned(&self, entry: &TocEntry, drop: &BString) -> Result<Option<BString>, Error> {
        let named = |kind: &[u8]| Ok(Some(text!(kind, " ", self.qualified(entry))));
        match entry.desc.as_bytes() {
            b"VIEW" | b"SEQUENCE" | b"MATERIALIZED VIEW"
                if !self.dialect.names_kind_of_relation() =>
            {
                named(b"TABLE")
            }
            kind @ (b"COLLATION"
            | b"CONVERSION"
            | b"DATABASE"
            | b"DOMAIN"
            | b"EVENT TRIGGER"
            | b"FOREIGN DATA WRAPPER"
            | b"FOREIGN TABLE"
            | b"MATERIALIZED VIEW"
            | b"PROCEDURAL LANGUAGE"
            | b"PUBLICATION"
            | b"SCHEMA"
            | b"SEQUENCE"
            | b"SERVER"
            | b"STATISTICS"
            | b"SUBSCRIPTION"
            | b"TABLE"
            | b"TEXT SEARCH CONFIGURATION"
            | b"TEXT SEARCH DICTIONARY"
            | b"TYPE"
            | b"VIEW") => named(kind),
            // Its name is a number.
            b"BLOB" => Ok(Some(text!("LARGE OBJECT ", tag(entry)))),
            // These need their arguments, which stand in the statement that drops them.
            b"AGGREGATE" | b"FUNCTION" | b"OPERATOR" | b"OPERATOR CLASS" | b"OPERATOR FAMILY"
            | b"PROCEDURE" => match drop.strip_prefix(b"DROP ") {
                Some(object) => {
                    let is_end = |byte: &u8| b";\n".contains(byte);
                    let end = object.iter().rev().take_while(|byte| is_end(byte)).count();
                    Ok(Some(object[..object.len() - end].into()))
                }
                None => Err(Error::entry(entry, "its drop statement drops nothing")),
            },
            b"CAST"
            | b"CHECK CONSTRAINT"
            | b"CONSTRAINT"
            | b"DATABASE PROPERTIES"
            | b"DEFAULT"
            | b"FK CONSTRAINT"
            | b"INDEX"
            | b"POLICY"
            | b"ROW SECURITY"
            | b"RULE"
            | b"TRIGGER"
            | b"USER MAPPING" => Ok(None),
            _ => Err(Error::entry(
                entry,
                "it has an owner, which its kind cannot have",
            )),
        }
    }
}
