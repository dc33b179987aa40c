//! Entries as reports name them.

use std::fmt::{self, Display, Formatter};

use bstr::{BString, ByteSlice};
use serde::Serialize;

use crate::{TocEntry, one_line};

/// An entry by its name.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct EntryName {
    /// Its number in the archive.
    pub id: i32,
    /// Its kind.
    pub kind: String,
    /// Its schema.
    pub schema: Option<String>,
    /// Its name.
    pub name: String,
}

impl EntryName {
    /// The name of an entry.
    pub fn of(entry: &TocEntry) -> Self {
        let text = |text: &BString| one_line(text).to_str_lossy().into_owned();
        Self {
            id: entry.dump_id.0,
            kind: text(&entry.desc),
            schema: entry.namespace.as_ref().map(text),
            name: entry.tag.as_ref().map(text).unwrap_or_default(),
        }
    }
}

impl Display for EntryName {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.kind)?;
        if let Some(schema) = &self.schema {
            write!(f, "{schema}.")?;
        }
        write!(f, "{} (entry {})", self.name, self.id)
    }
}
