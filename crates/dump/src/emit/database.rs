//! The entries that every archive begins with: how to read the others, and the database itself.

use bstr::BString;
use pgark_archive::{DumpId, Section, TocEntry};
use pgark_sql::acl::{AclTarget, ObjectKind, build_acl_commands};
use pgark_sql::{SettingTarget, put, set_config_option, text};

use super::Emitter;
use super::comment::CommentOn;
use crate::error::{Error, Result};
use crate::options::Omit;

impl Emitter<'_> {
    /// Encoding, string syntax and search path of the statements in the archive.
    pub(super) fn emit_session_entries(&mut self) {
        let server = &self.catalog().server;
        let strings = if server.std_strings { "on" } else { "off" };
        let entries = [
            (
                "ENCODING",
                text!(
                    "SET client_encoding = ",
                    self.quoter.literal(&server.encoding),
                    ";\n"
                ),
            ),
            (
                "STDSTRINGS",
                text!("SET standard_conforming_strings = '", strings, "';\n"),
            ),
            // The session's search path is empty.
            (
                "SEARCHPATH",
                "SELECT pg_catalog.set_config('search_path', '', false);\n".into(),
            ),
        ];
        for (desc, statement) in entries {
            let entry = self.extra_entry(desc, Section::PreData, Vec::new());
            self.push(TocEntry {
                tag: Some(desc.into()),
                defn: Some(statement),
                ..entry
            });
        }
    }

    /// The database, its comment, labels, privileges and properties.
    pub(super) fn emit_database(&mut self) -> Result<()> {
        let database = &self.catalog().database;
        let name = self.quoter.ident(&database.name);
        let owner = self.role_name(database.owner)?;
        let entry = TocEntry {
            table_oid: database.id.table.0,
            oid: database.id.oid.0,
            tag: Some(database.name.clone()),
            owner: Some(owner.into()),
            defn: Some(self.database_definition(&name)),
            drop_stmt: Some(text!("DROP DATABASE ", name, ";\n")),
            ..self.extra_entry("DATABASE", Section::PreData, Vec::new())
        };
        let id = entry.dump_id;
        self.push(entry);
        let written = self.entries.len();
        self.emit_database_comment(&name, id)?;
        self.emit_database_labels(&name, id)?;
        if self.options.schema() {
            self.emit_database_acl(&name, id)?;
        } else {
            // pg_dump gives both their numbers, and then leaves them out.
            self.entries.truncate(written);
        }
        self.emit_database_properties(&name)
    }

    fn database_definition(&self, name: &BString) -> BString {
        let database = &self.catalog().database;
        let mut create = text!("CREATE DATABASE ", name, " WITH TEMPLATE = template0");
        let mut put_literal = |word: &str, value: &BString| {
            if !value.is_empty() {
                put!(create, " ", word, " = ", self.quoter.literal(value));
            }
        };
        put_literal("ENCODING", &database.encoding);
        let (provider, locale) = match database.locale_provider {
            b'b' => ("builtin", "BUILTIN_LOCALE"),
            b'i' => ("icu", "ICU_LOCALE"),
            _ => ("libc", "ICU_LOCALE"),
        };
        if self.dialect.names_locale_provider() {
            put!(create, " LOCALE_PROVIDER = ", provider);
        }
        let mut put_literal = |word: &str, value: &BString| {
            if !value.is_empty() {
                put!(create, " ", word, " = ", self.quoter.literal(value));
            }
        };
        if database.collate == database.ctype {
            put_literal("LOCALE", &database.collate);
        } else {
            put_literal("LC_COLLATE", &database.collate);
            put_literal("LC_CTYPE", &database.ctype);
        }
        for (word, value) in [
            (locale, &database.locale),
            ("ICU_RULES", &database.icu_rules),
        ] {
            if let Some(value) = value {
                put!(create, " ", word, " = ", self.quoter.literal(value));
            }
        }
        let has_tablespace = !database.tablespace.is_empty() && database.tablespace != "pg_default";
        if has_tablespace && !self.options.omits(Omit::TABLESPACES) {
            put!(
                create,
                " TABLESPACE = ",
                self.quoter.ident(&database.tablespace)
            );
        }
        put!(create, ";\n");
        create
    }

    fn emit_database_comment(&mut self, name: &BString, id: DumpId) -> Result<()> {
        let database = &self.catalog().database;
        if let Some(comment) = database
            .comment
            .as_ref()
            .filter(|comment| !comment.is_empty())
        {
            let owner = self.role_name(database.owner)?;
            let on = CommentOn {
                kind: "DATABASE".into(),
                name: name.clone(),
                schema: None,
                owner,
                initial: None,
            };
            self.push_comment(comment.as_ref(), id, &on);
        }
        Ok(())
    }

    fn emit_database_labels(&mut self, name: &BString, id: DumpId) -> Result<()> {
        let owner = self.role_name(self.catalog().database.owner)?;
        let mut statements = BString::default();
        if self.options.omits(Omit::SECURITY_LABELS) {
            return Ok(());
        }
        for (provider, label) in &self.catalog().database.labels {
            let label = self.quoter.portable_literal(label);
            put!(
                statements,
                "SECURITY LABEL FOR ",
                self.quoter.ident(provider),
                " ON DATABASE ",
                name,
                " IS ",
                label,
                ";\n"
            );
        }
        if !statements.is_empty() {
            let entry = self.extra_entry("SECURITY LABEL", Section::None, vec![id]);
            self.push(TocEntry {
                tag: Some(text!("DATABASE ", name)),
                owner: Some(owner.into()),
                defn: Some(statements),
                ..entry
            });
        }
        Ok(())
    }

    fn emit_database_acl(&mut self, name: &BString, id: DumpId) -> Result<()> {
        let database = &self.catalog().database;
        let owner = self.role_name(database.owner)?;
        let target = AclTarget {
            kind: ObjectKind::Database,
            name,
            column: None,
            schema: None,
            owner,
        };
        let current = database
            .acl
            .current
            .as_ref()
            .map_or(&b""[..], |current| current.as_slice());
        let commands = build_acl_commands(&self.quoter, &target, current, &database.acl.default)
            .map_err(|source| Error::Sql {
                object: format!("database {name}"),
                source,
            })?;
        if !commands.is_empty() && !self.options.omits(Omit::PRIVILEGES) {
            let entry = self.extra_entry("ACL", Section::None, vec![id]);
            self.push(TocEntry {
                tag: Some(text!("DATABASE ", name)),
                owner: Some(owner.into()),
                defn: Some(commands),
                ..entry
            });
        }
        Ok(())
    }

    /// Connection limit, template and settings, which a restore makes once the database is there.
    fn emit_database_properties(&mut self, name: &BString) -> Result<()> {
        let database = &self.catalog().database;
        let (mut alter, mut drop) = (BString::default(), BString::default());
        if database.connection_limit != -1 {
            put!(
                alter,
                "ALTER DATABASE ",
                name,
                format!(" CONNECTION LIMIT = {};\n", database.connection_limit)
            );
        }
        if database.is_template {
            put!(alter, "ALTER DATABASE ", name, " IS_TEMPLATE = true;\n");
            let literal = self.quoter.literal(&database.name);
            put!(
                drop,
                "UPDATE pg_catalog.pg_database SET datistemplate = false WHERE datname = ",
                literal,
                ";\n"
            );
        }
        let setting = |target: SettingTarget<'_>, item: &BString| {
            set_config_option(&self.quoter, &target, item).map_err(|source| Error::Sql {
                object: format!("a setting of database {name}"),
                source,
            })
        };
        for item in &database.settings {
            put!(
                alter,
                setting(SettingTarget::Database(&database.name), item)?
            );
        }
        for (role, item) in &database.role_settings {
            put!(
                alter,
                setting(
                    SettingTarget::RoleInDatabase {
                        role,
                        database: &database.name
                    },
                    item
                )?
            );
        }
        if !alter.is_empty() {
            let owner = self.role_name(database.owner)?;
            // It follows the database's own entry, and names it nowhere, as pg_dump's does not.
            let entry = self.extra_entry("DATABASE PROPERTIES", Section::PreData, Vec::new());
            self.push(TocEntry {
                tag: Some(database.name.clone()),
                owner: Some(owner.into()),
                defn: Some(alter),
                drop_stmt: Some(drop),
                ..entry
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
