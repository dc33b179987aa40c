//! What a script must say of the session that runs it: settings, who one is, where new objects go.

use std::io::Write;

use bstr::{BString, ByteSlice};
use pgark_sql::{Encoding, put};

use super::Script;
use crate::selection::tag;
use crate::{Error, TocEntry};

/// What the statements so far have set; `None` where that is not known.
#[derive(Debug, Default)]
pub(super) struct Session {
    pub(super) user: Option<BString>,
    schema: Option<BString>,
    tablespace: Option<BString>,
    table_access_method: Option<BString>,
}

impl Session {
    /// Schemas may have been dropped.
    pub(super) fn forget_schema(&mut self) {
        self.schema = None;
    }
}

/// What the first entries of an archive say of the session that made it.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(super) encoding: BString,
    pub(super) structure: Encoding,
    pub(crate) std_strings: bool,
    pub(super) search_path: Option<BString>,
}

impl Settings {
    /// Reads them (`processEncodingEntry` and its like in src/bin/pg_dump/pg_backup_archiver.c).
    pub(crate) fn read(toc: &[TocEntry]) -> Result<Self, Error> {
        let mut settings = Self {
            encoding: "SQL_ASCII".into(),
            structure: Encoding::SQL_ASCII,
            std_strings: false,
            search_path: None,
        };
        for entry in toc {
            let defn = entry.defn.as_ref().map_or(&[][..], |defn| defn.as_slice());
            let value = || defn.split(|byte| *byte == b'\'').nth(1);
            match entry.desc.as_bytes() {
                b"ENCODING" => {
                    // Only what stands between two quotes is a value.
                    let name = value()
                        .filter(|_| defn.find_iter(b"'").count() >= 2)
                        .ok_or_else(|| Error::entry(entry, "it sets no encoding"))?;
                    settings.structure = Encoding::from_name(name)
                        .map_err(|error| Error::entry(entry, error.to_string()))?;
                    settings.encoding = name.into();
                }
                b"STDSTRINGS" => {
                    settings.std_strings = match value() {
                        Some(b"on") => true,
                        Some(b"off") => false,
                        _ => return Err(Error::entry(entry, "it is neither on nor off")),
                    };
                }
                b"SEARCHPATH" => settings.search_path.clone_from(&entry.defn),
                _ => {}
            }
        }
        Ok(settings)
    }
}

impl<W: Write> Script<W> {
    /// Settings that hold for the whole script (`_doSetFixedOutputState` in src/bin/pg_dump/pg_backup_archiver.c).
    pub(super) fn put_settings(&mut self) -> Result<(), Error> {
        let mut text = BString::from(
            "SET statement_timeout = 0;\nSET lock_timeout = 0;\nSET idle_in_transaction_session_timeout = 0;\n",
        );
        if self.dialect.has_transaction_timeout() {
            put!(text, "SET transaction_timeout = 0;\n");
        }
        let is_standard = self.quoter.std_strings;
        put!(text, "SET client_encoding = '", self.encoding, "';\n");
        put!(
            text,
            "SET standard_conforming_strings = ",
            if is_standard { "on" } else { "off" },
            ";\n"
        );
        if let Some(role) = &self.options.role {
            put!(text, "SET ROLE ", self.ident(role), ";\n");
        }
        if let Some(search_path) = &self.search_path {
            put!(text, search_path);
        }
        put!(
            text,
            "SET check_function_bodies = false;\nSET xmloption = content;\nSET client_min_messages = warning;\n"
        );
        if !is_standard {
            put!(text, "SET escape_string_warning = off;\n");
        }
        let row_security = if self.options.enable_row_security {
            "on"
        } else {
            "off"
        };
        put!(text, "SET row_security = ", row_security, ";\n");
        if self.options.transaction_size.is_some() {
            put!(text, "\nBEGIN;\n");
            self.in_transaction = 0;
        }
        self.put(&[&text, &"\n"])
    }

    /// Connects to the database that an entry has made or changed (`_reconnectToDB` in
    /// src/bin/pg_dump/pg_backup_archiver.c, `appendPsqlMetaConnect` in src/fe_utils/string_utils.c).
    pub(super) fn reconnect(&mut self, entry: &TocEntry) -> Result<(), Error> {
        let name = tag(entry);
        if name.iter().any(|byte| b"\n\r".contains(byte)) {
            return Err(Error::entry(
                entry,
                "no script can connect to a database with a line break in its name",
            ));
        }
        let quoter = pgark_sql::Quoter {
            encoding: Encoding::SQL_ASCII,
            ..self.quoter
        };
        let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.".contains(byte);
        let mut connect = BString::default();
        if name.iter().all(is_plain) {
            put!(connect, "\\connect ", quoter.ident(name), "\n");
        } else {
            let mut conninfo = BString::from("dbname='");
            for byte in name {
                if matches!(byte, b'\'' | b'\\') {
                    conninfo.push(b'\\');
                }
                conninfo.push(*byte);
            }
            conninfo.push(b'\'');
            put!(
                connect,
                "\\encoding SQL_ASCII\n\\connect -reuse-previous=on ",
                quoter.ident(conninfo),
                "\n"
            );
        }
        let key = self.options.restrict_key.clone();
        self.put(&[
            &"\\unrestrict ",
            &key,
            &"\n",
            &connect,
            &"\\restrict ",
            &key,
            &"\n\n",
        ])?;
        self.session = Session::default();
        self.put_settings()
    }

    /// Becomes the owner of what is made next, where that is how it gets its owner.
    pub(super) fn become_owner(&mut self, entry: &TocEntry) -> Result<(), Error> {
        if self.options.no_owner || !self.options.use_set_session_authorization {
            return Ok(());
        }
        self.become_user(entry.owner.as_ref())
    }

    /// Becomes a role, or again who one was at first.
    fn become_user(&mut self, user: Option<&BString>) -> Result<(), Error> {
        let user = user.cloned().unwrap_or_default();
        if self.session.user.as_ref() == Some(&user) {
            return Ok(());
        }
        let name = if user.is_empty() {
            "DEFAULT".into()
        } else {
            self.quoter.literal(&user)
        };
        self.put(&[&"SET SESSION AUTHORIZATION ", &name, &";\n\n"])?;
        self.session.user = Some(user);
        Ok(())
    }

    /// Disables or enables a table's triggers, where it is filled without its definition being restored.
    pub(super) fn switch_triggers(&mut self, entry: &TocEntry, verb: &str) -> Result<(), Error> {
        if self.has_schema || !self.options.disable_triggers {
            return Ok(());
        }
        self.become_user(self.options.superuser.clone().as_ref())?;
        let table = self.qualified(entry);
        self.put(&[&"ALTER TABLE ", &table, &" ", &verb, &" TRIGGER ALL;\n\n"])
    }

    /// Archives from before the names in them were qualified need a search path for each entry.
    pub(super) fn select_schema(&mut self, schema: Option<&[u8]>) -> Result<(), Error> {
        let Some(schema) = schema.filter(|schema| !schema.is_empty() && self.search_path.is_none())
        else {
            return Ok(());
        };
        if self
            .session
            .schema
            .as_ref()
            .is_some_and(|now| *now == schema)
        {
            return Ok(());
        }
        let also = if schema == b"pg_catalog" {
            ""
        } else {
            ", pg_catalog"
        };
        let name = self.ident(schema);
        self.put(&[&"SET search_path = ", &name, &also, &";\n\n"])?;
        self.session.schema = Some(schema.into());
        Ok(())
    }

    /// Says where the next relation is stored; entries without a tablespace do not care.
    pub(super) fn select_tablespace(&mut self, entry: &TocEntry) -> Result<(), Error> {
        let Some(wanted) = entry
            .tablespace
            .as_ref()
            .filter(|_| !self.options.no_tablespaces)
        else {
            return Ok(());
        };
        if self.session.tablespace.as_ref() == Some(wanted) {
            return Ok(());
        }
        let name = if wanted.is_empty() {
            "''".into()
        } else {
            self.ident(wanted)
        };
        self.put(&[&"SET default_tablespace = ", &name, &";\n\n"])?;
        self.session.tablespace = Some(wanted.clone());
        Ok(())
    }

    /// Says by what access method the next table is stored.
    pub(super) fn select_table_access_method(&mut self, entry: &TocEntry) -> Result<(), Error> {
        let wanted = entry.table_am.as_ref();
        let Some(wanted) = wanted.filter(|_| !self.options.no_table_access_method) else {
            return Ok(());
        };
        if self.session.table_access_method.as_ref() == Some(wanted) {
            return Ok(());
        }
        let name = self.ident(wanted);
        self.put(&[&"SET default_table_access_method = ", &name, &";\n\n"])?;
        self.session.table_access_method = Some(wanted.clone());
        Ok(())
    }
}
