//! Which entries of an archive are wanted, in what order, and which part of each.

mod filter;
mod use_list;

use std::collections::HashMap;

use bstr::ByteSlice;

pub use filter::Filter;
pub use use_list::UseList;

use crate::{DumpId, Error, Section, TocEntry};

/// What is wanted of an entry (`REQ_SCHEMA` and its like in src/bin/pg_dump/pg_backup_archiver.h).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Parts {
    /// Its definition.
    pub schema: bool,
    /// Its data: a block, or a statement that counts as data, such as a sequence's position.
    pub data: bool,
    /// Its statistics.
    pub statistics: bool,
}

impl Parts {
    const NONE: Self = Self {
        schema: false,
        data: false,
        statistics: false,
    };

    /// Whether there is something to do.
    pub fn any(self) -> bool {
        self.schema || self.data || self.statistics
    }
}

/// When in a restore an entry has its turn (`RestorePass` in src/bin/pg_dump/pg_backup_archiver.h).
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Pass {
    /// Nearly everything, in the archive's order.
    Main,
    /// Privileges, once all objects are there.
    Acl,
    /// What other objects must be complete and accessible for: event triggers, refreshes of materialized views.
    PostAcl,
}

impl Pass {
    /// The pass of an entry (`_tocEntryRestorePass` in src/bin/pg_dump/pg_backup_archiver.c).
    pub fn of(entry: &TocEntry) -> Self {
        match entry.desc.as_bytes() {
            _ if is_acl(entry) => Self::Acl,
            b"EVENT TRIGGER" | b"MATERIALIZED VIEW DATA" => Self::PostAcl,
            b"COMMENT" | b"SECURITY LABEL" if tag(entry).starts_with(b"EVENT TRIGGER ") => {
                Self::PostAcl
            }
            b"STATISTICS DATA" if entry.section == Section::PostData => Self::PostAcl,
            _ => Self::Main,
        }
    }
}

/// The wanted entries of one table of contents, in the order in which they are wanted.
#[derive(Clone, Debug)]
pub struct Selection {
    /// Places in the table of contents.
    chosen: Vec<(usize, Parts)>,
}

impl Selection {
    /// Chooses entries as pg_restore 18 does (`ProcessArchiveRestoreOptions` and `_tocEntryRequired` in
    /// src/bin/pg_dump/pg_backup_archiver.c). With a list, only its entries are wanted, in its order.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a name that a strict filter has and the archive has not, and for a number in the list that is no
    /// entry's.
    pub fn choose(
        toc: &[TocEntry],
        filter: &Filter,
        list: Option<&UseList>,
    ) -> Result<Self, Error> {
        let by_id: HashMap<DumpId, usize> = toc
            .iter()
            .enumerate()
            .map(|(place, entry)| (entry.dump_id, place))
            .collect();
        let (order, listed) = match list {
            Some(list) => list.order(toc, &by_id)?,
            None => ((0..toc.len()).collect(), vec![true; toc.len()]),
        };
        let mut rules = filter::Rules::new(toc, filter, &by_id);
        let selection = Self::decide(toc, &mut rules, order, &listed);
        rules.check_names()?;
        Ok(selection)
    }

    /// Everything that pg_restore restores when it is given no options.
    pub fn all(toc: &[TocEntry]) -> Self {
        let (filter, by_id) = (Filter::default(), HashMap::new());
        let mut rules = filter::Rules::new(toc, &filter, &by_id);
        Self::decide(
            toc,
            &mut rules,
            (0..toc.len()).collect(),
            &vec![true; toc.len()],
        )
    }

    fn decide(
        toc: &[TocEntry],
        rules: &mut filter::Rules<'_>,
        order: Vec<usize>,
        listed: &[bool],
    ) -> Self {
        let mut section = Section::PreData;
        let mut chosen = Vec::new();
        for place in order {
            let entry = &toc[place];
            // What has no section belongs to that of the entry before it.
            if entry.section != Section::None {
                section = entry.section;
            }
            let parts = rules.parts(place, section, listed[place]);
            if parts.any() {
                chosen.push((place, parts));
            }
        }
        Self { chosen }
    }

    /// The chosen entries by their places in the table of contents, in the order of the archive or of the list.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (usize, Parts)> {
        self.chosen.iter().copied()
    }

    /// The same in the order in which they are restored: pass by pass.
    pub fn in_passes(&self, toc: &[TocEntry]) -> Vec<(usize, Parts)> {
        let mut order = self.chosen.clone();
        order.sort_by_key(|(place, _)| toc.get(*place).map(Pass::of));
        order
    }

    /// Whether any definition is wanted. Where none is, a restore is one of data alone, however it was asked for.
    pub fn has_schema(&self) -> bool {
        self.chosen.iter().any(|(_, parts)| parts.schema)
    }
}

/// Whether an entry is about privileges (`_tocEntryIsACL` in src/bin/pg_dump/pg_backup_archiver.c). "ACL LANGUAGE" is of
/// PostgreSQL 7.4.
pub(crate) fn is_acl(entry: &TocEntry) -> bool {
    matches!(
        entry.desc.as_bytes(),
        b"ACL" | b"ACL LANGUAGE" | b"DEFAULT ACL"
    )
}

/// Whether an entry's definition is but the mark of rows that are restored through a partitioned table.
pub(crate) fn is_root_mark(defn: &[u8]) -> bool {
    defn.starts_with(b"-- load via partition root ")
}

/// The entry's name, empty where it has none.
pub(crate) fn tag(entry: &TocEntry) -> &[u8] {
    entry.tag.as_ref().map_or(&[], |tag| tag.as_bytes())
}

#[cfg(test)]
mod tests;
