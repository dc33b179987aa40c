//! The options by which entries are chosen.

use std::collections::HashMap;

use bstr::{BString, ByteSlice};
use pgark_sql::{FilterCommand, FilterItem, FilterObject, parse_filter};

use super::{Parts, is_acl, is_root_mark, tag};
use crate::{DumpId, Error, Section, TocEntry};

/// What to choose from an archive; the letters are those of pg_restore. By default, everything but what belongs to the database as a
/// whole.
#[derive(Clone, Debug)]
pub struct Filter {
    /// Definitions (not with `-a` or `--no-schema`).
    pub schema: bool,
    /// Data (not with `-s` or `--no-data`).
    pub data: bool,
    /// Statistics (not with `-s`, `-a` or `--no-statistics`).
    pub statistics: bool,
    /// Sections (`--section`); empty for all.
    pub sections: Vec<Section>,
    /// The database itself and its properties (`-C`).
    pub create_database: bool,
    /// Leave out privileges (`-x`).
    pub no_acl: bool,
    /// Leave out comments.
    pub no_comments: bool,
    /// Leave out row security.
    pub no_policies: bool,
    /// Leave out publications.
    pub no_publications: bool,
    /// Leave out security labels.
    pub no_security_labels: bool,
    /// Leave out subscriptions.
    pub no_subscriptions: bool,
    /// Schemas to choose from (`-n`); empty for all.
    pub schemas: Vec<BString>,
    /// Schemas to leave out (`-N`).
    pub exclude_schemas: Vec<BString>,
    /// Relations (`-t`). As soon as one of this and the following three is not empty, only what they name is chosen.
    pub tables: Vec<BString>,
    /// Indexes (`-I`).
    pub indexes: Vec<BString>,
    /// Functions, procedures and aggregates with their arguments (`-P`).
    pub functions: Vec<BString>,
    /// Triggers by table and name (`-T`).
    pub triggers: Vec<BString>,
    /// Each of these names must be found (`--strict-names`).
    pub strict_names: bool,
}

impl Default for Filter {
    fn default() -> Self {
        Self {
            schema: true,
            data: true,
            statistics: true,
            sections: Vec::new(),
            create_database: false,
            no_acl: false,
            no_comments: false,
            no_policies: false,
            no_publications: false,
            no_security_labels: false,
            no_subscriptions: false,
            schemas: Vec::new(),
            exclude_schemas: Vec::new(),
            tables: Vec::new(),
            indexes: Vec::new(),
            functions: Vec::new(),
            triggers: Vec::new(),
            strict_names: false,
        }
    }
}

impl Filter {
    /// Adds what a filter file says (`read_restore_filters` in src/bin/pg_dump/pg_restore.c). Names are taken letter by letter.
    ///
    /// # Errors
    /// [`pgark_sql::Error::Filter`] for a line that is not one of a restore's filter.
    pub fn add_file(&mut self, text: &[u8]) -> pgark_sql::Result<()> {
        for item in parse_filter(text)? {
            self.names_of(&item)?.push(item.pattern);
        }
        Ok(())
    }

    fn names_of(&mut self, item: &FilterItem) -> pgark_sql::Result<&mut Vec<BString>> {
        use FilterCommand::{Exclude, Include};
        match (item.command, item.object) {
            (Include, FilterObject::Table) => Ok(&mut self.tables),
            (Include, FilterObject::Index) => Ok(&mut self.indexes),
            (Include, FilterObject::Function) => Ok(&mut self.functions),
            (Include, FilterObject::Trigger) => Ok(&mut self.triggers),
            (Include, FilterObject::Schema) => Ok(&mut self.schemas),
            (Exclude, FilterObject::Schema) => Ok(&mut self.exclude_schemas),
            _ => Err(item.not_allowed()),
        }
    }
}

/// Names of one kind, and which of them were met.
#[derive(Debug)]
struct Names<'a> {
    kind: &'static str,
    names: HashMap<&'a [u8], bool>,
}

impl<'a> Names<'a> {
    fn new(kind: &'static str, names: &'a [BString]) -> Self {
        Self {
            kind,
            names: names.iter().map(|name| (name.as_bytes(), false)).collect(),
        }
    }

    fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    fn contains(&mut self, name: &[u8]) -> bool {
        self.names.get_mut(name).map(|met| *met = true).is_some()
    }
}

/// The decision entry by entry, which depends on those made before.
#[derive(Debug)]
pub(super) struct Rules<'a> {
    toc: &'a [TocEntry],
    filter: &'a Filter,
    by_id: &'a HashMap<DumpId, usize>,
    decided: Vec<Parts>,
    schemas: Names<'a>,
    exclude_schemas: Names<'a>,
    tables: Names<'a>,
    indexes: Names<'a>,
    functions: Names<'a>,
    triggers: Names<'a>,
}

impl<'a> Rules<'a> {
    pub(super) fn new(
        toc: &'a [TocEntry],
        filter: &'a Filter,
        by_id: &'a HashMap<DumpId, usize>,
    ) -> Self {
        Self {
            toc,
            filter,
            by_id,
            decided: vec![Parts::NONE; toc.len()],
            schemas: Names::new("schema", &filter.schemas),
            exclude_schemas: Names::new("schema", &filter.exclude_schemas),
            tables: Names::new("table", &filter.tables),
            indexes: Names::new("index", &filter.indexes),
            functions: Names::new("function", &filter.functions),
            triggers: Names::new("trigger", &filter.triggers),
        }
    }

    /// What is wanted of an entry that stands in a section.
    pub(super) fn parts(&mut self, place: usize, section: Section, is_listed: bool) -> Parts {
        let entry = &self.toc[place];
        let parts = match entry.desc.as_bytes() {
            b"ENCODING" | b"STDSTRINGS" | b"SEARCHPATH" => Parts::NONE,
            b"DATABASE" | b"DATABASE PROPERTIES" => Parts {
                schema: self.filter.create_database,
                ..Parts::NONE
            },
            _ if self.is_of_excluded_kind(entry)
                || !self.is_in_section(section)
                || !is_listed
                || !self.is_chosen(entry) =>
            {
                Parts::NONE
            }
            _ => self.mask(entry),
        };
        self.decided[place] = parts;
        parts
    }

    /// The names of a strict filter that no entry has.
    pub(super) fn check_names(&self) -> Result<(), Error> {
        let all = [
            &self.schemas,
            &self.tables,
            &self.indexes,
            &self.functions,
            &self.triggers,
        ];
        for Names { kind, names } in all.into_iter().filter(|_| self.filter.strict_names) {
            if let Some((name, _)) = names.iter().filter(|(_, met)| !**met).min() {
                return Err(Error::NotFound {
                    what: format!("{kind} \"{}\"", name.as_bstr()),
                });
            }
        }
        Ok(())
    }

    fn is_of_excluded_kind(&self, entry: &TocEntry) -> bool {
        let filter = self.filter;
        let is_said_of = |kind: &[u8]| tag(entry).starts_with(kind);
        match entry.desc.as_bytes() {
            b"STATISTICS DATA" => !filter.statistics,
            b"COMMENT" => {
                filter.no_comments
                    || filter.no_policies && is_said_of(b"POLICY")
                    || filter.no_publications && is_said_of(b"PUBLICATION")
                    || filter.no_subscriptions && is_said_of(b"SUBSCRIPTION")
            }
            b"SECURITY LABEL" => {
                filter.no_security_labels
                    || filter.no_publications && is_said_of(b"PUBLICATION")
                    || filter.no_subscriptions && is_said_of(b"SUBSCRIPTION")
            }
            b"POLICY" | b"ROW SECURITY" => filter.no_policies,
            b"PUBLICATION" | b"PUBLICATION TABLE" | b"PUBLICATION TABLES IN SCHEMA" => {
                filter.no_publications
            }
            b"SUBSCRIPTION" | b"SUBSCRIPTION TABLE" => filter.no_subscriptions,
            // Obsolete, and never restored.
            b"<Init>" => tag(entry) == b"Max OID",
            _ => filter.no_acl && is_acl(entry),
        }
    }

    fn is_in_section(&self, section: Section) -> bool {
        section != Section::None
            && (self.filter.sections.is_empty() || self.filter.sections.contains(&section))
    }

    fn selects_kinds(&self) -> bool {
        let all = [&self.tables, &self.indexes, &self.functions, &self.triggers];
        all.iter().any(|names| !names.is_empty())
    }

    /// The choice by name.
    fn is_chosen(&mut self, entry: &'a TocEntry) -> bool {
        if matches!(
            entry.desc.as_bytes(),
            b"ACL" | b"COMMENT" | b"SECURITY LABEL"
        ) {
            if tag(entry).starts_with(b"DATABASE ") {
                return self.filter.create_database;
            }
            let is_selective = !self.schemas.is_empty()
                || !self.exclude_schemas.is_empty()
                || self.selects_kinds();
            return !is_selective || self.has_chosen_parent(entry);
        }
        if !self.schemas.is_empty()
            && !entry
                .namespace
                .as_ref()
                .is_some_and(|schema| self.schemas.contains(schema))
        {
            return false;
        }
        if let Some(schema) = &entry.namespace
            && self.exclude_schemas.contains(schema)
        {
            return false;
        }
        !self.selects_kinds() || self.is_named(entry)
    }

    /// Whether one of the entries that something is said of is chosen. The privileges of columns depend on those of the table as
    /// well, which does not count.
    fn has_chosen_parent(&self, entry: &TocEntry) -> bool {
        self.parents(entry)
            .any(|place| self.toc[place].desc != "ACL" && self.is_decided(place))
    }

    fn parents(&self, entry: &'a TocEntry) -> impl Iterator<Item = usize> {
        let places = entry.dependencies.iter().map(|id| self.by_id.get(id));
        places.flatten().copied()
    }

    /// Whether an entry was wanted; the three that tell how to read the others always are.
    fn is_decided(&self, place: usize) -> bool {
        self.decided[place].any()
            || matches!(
                self.toc[place].desc.as_bytes(),
                b"ENCODING" | b"STDSTRINGS" | b"SEARCHPATH"
            )
    }

    fn is_named(&mut self, entry: &'a TocEntry) -> bool {
        match entry.desc.as_bytes() {
            b"STATISTICS DATA" => {
                let parents: Vec<usize> = self.parents(entry).collect();
                parents.into_iter().fold(false, |is_named, place| {
                    let parent = &self.toc[place];
                    let names = match parent.desc.as_bytes() {
                        b"TABLE" | b"VIEW" | b"FOREIGN TABLE" | b"MATERIALIZED VIEW" => {
                            &mut self.tables
                        }
                        b"INDEX" => &mut self.indexes,
                        _ => return is_named,
                    };
                    names.contains(tag(parent)) || is_named
                })
            }
            b"TABLE"
            | b"TABLE DATA"
            | b"VIEW"
            | b"FOREIGN TABLE"
            | b"MATERIALIZED VIEW"
            | b"MATERIALIZED VIEW DATA"
            | b"SEQUENCE"
            | b"SEQUENCE SET" => self.tables.contains(tag(entry)),
            b"INDEX" => self.indexes.contains(tag(entry)),
            b"FUNCTION" | b"AGGREGATE" | b"PROCEDURE" => self.functions.contains(tag(entry)),
            b"TRIGGER" => self.triggers.contains(tag(entry)),
            _ => false,
        }
    }

    /// What a chosen entry has of what is wanted at all.
    fn mask(&self, entry: &TocEntry) -> Parts {
        let filter = self.filter;
        if entry.desc == "STATISTICS DATA" {
            return Parts {
                statistics: true,
                ..Parts::NONE
            };
        }
        // Without a block, some kinds are data all the same.
        let is_data = !entry.had_dumper
            && match entry.desc.as_bytes() {
                b"SEQUENCE SET" | b"BLOB" | b"BLOB METADATA" => true,
                b"ACL" | b"COMMENT" | b"SECURITY LABEL" => tag(entry).starts_with(b"LARGE OBJECT"),
                _ => false,
            };
        let has_definition = entry
            .defn
            .as_ref()
            .is_some_and(|defn| !defn.is_empty() && !is_root_mark(defn));
        Parts {
            schema: filter.schema && has_definition && !is_data,
            data: filter.data && (entry.had_dumper || is_data),
            statistics: false,
        }
    }
}
