//! What is to be copied for which entry.

use std::collections::HashMap;

use bstr::{BString, ByteSlice};
use pgark_archive::{DumpId, TocEntry};
use pgark_catalog::{Catalog, Oid, Relation, RelationKind};
use pgark_sql::{Quoter, put, text};

use super::insert::InsertJob;
use crate::emit::copy_columns;
use crate::error::Result;
use crate::options::Options;
use crate::plan::{NodeId, Object, Plan, Selection};

/// The content of one entry.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    /// The entry.
    pub(super) id: DumpId,
    pub(super) content: Content,
    /// The table, where it is at this server.
    pub(crate) table: Option<Oid>,
    /// Whether another server is asked for it.
    pub(super) is_foreign: bool,
}

/// Where the content comes from.
#[derive(Clone, Debug)]
pub(super) enum Content {
    /// The rows of a table.
    Rows {
        /// The table, quoted.
        table: BString,
        /// The COPY statement.
        copy: BString,
        /// The same rows by their places.
        by_blocks: Option<ByBlocks>,
    },
    /// The rows of a table as statements.
    Inserts {
        /// The table, quoted.
        table: BString,
        insert: InsertJob,
    },
    LargeObjects(Vec<Oid>),
}

/// A table whose rows can be read block by block, and come in the same order as if it were read whole.
#[derive(Clone, Debug)]
pub(super) struct ByBlocks {
    oid: Oid,
    /// The query of all rows.
    select: BString,
}

impl ByBlocks {
    /// Heap tables (`heapam_scan_getnextslot_tidrange` in src/backend/access/heap/heapam_handler.c, from PostgreSQL 14 on) whose rows
    /// have columns.
    fn of(
        catalog: &Catalog,
        relation: &Relation,
        table: &BString,
        columns: &BString,
    ) -> Option<Self> {
        let is_heap = relation.kind == RelationKind::Table
            && relation
                .access_method
                .as_deref()
                .is_none_or(|name| name == b"heap");
        let columns = names_of(columns)?;
        (is_heap && catalog.server.scans_tid_ranges()).then(|| Self {
            oid: relation.id.oid,
            select: text!("SELECT ", columns.as_bstr(), " FROM ONLY ", table),
        })
    }

    /// The COPY of the rows from one block on and before another.
    pub(super) fn copy(&self, from: Option<u32>, before: Option<u32>) -> BString {
        let mut copy = text!("COPY (", self.select);
        let mut word = " WHERE ";
        for (operator, block) in [(">=", from), ("<", before)] {
            if let Some(block) = block {
                put!(copy, word, "ctid ", operator, format!(" '({block},0)'"));
                word = " AND ";
            }
        }
        put!(copy, ") TO stdout;");
        copy
    }
}

/// The names in a list of columns as COPY takes it, none where it is empty.
fn names_of(columns: &BString) -> Option<&[u8]> {
    columns.strip_prefix(b"(")?.strip_suffix(b")")
}

impl Job {
    /// The table, where its rows can be read block by block.
    pub(crate) fn table_by_blocks(&self) -> Option<Oid> {
        match &self.content {
            Content::Rows { by_blocks, .. } => Some(by_blocks.as_ref()?.oid),
            Content::Inserts { .. } | Content::LargeObjects(_) => None,
        }
    }

    pub(crate) fn is_table(&self) -> bool {
        matches!(self.content, Content::Rows { .. } | Content::Inserts { .. })
    }
}

/// What is to be copied, in the order of the archive.
pub(crate) fn jobs(
    plan: &Plan<'_>,
    selection: &Selection,
    entries: &[TocEntry],
    options: &Options,
    quoter: Quoter,
) -> Result<Vec<Job>> {
    let catalog = plan.catalog;
    let conditions: HashMap<_, _> = selection.config_tables(catalog).into_iter().collect();
    let mut jobs = Vec::new();
    for entry in entries.iter().filter(|entry| entry.had_dumper) {
        let object = NodeId::of(entry.dump_id)
            .and_then(|id| plan.nodes.get(id.0))
            .map(|node| node.object);
        let is_foreign = matches!(
            object,
            Some(Object::Data(place)) if catalog.relations[place].kind == RelationKind::ForeignTable
        );
        let content = match object {
            Some(Object::Data(place)) => {
                let relation = &catalog.relations[place];
                let name = |relation: &Relation| -> Result<BString> {
                    let schema = &catalog.schema(relation.schema)?.name;
                    Ok(quoter.qualified(Some(schema), &relation.name))
                };
                let table = name(relation)?;
                let columns = plan.details.columns_of(relation.id.oid);
                let condition = conditions.get(&place).and_then(Option::as_ref);
                if let Some(inserts) = options.inserts {
                    let root = plan.restore_root(place, options).unwrap_or(place);
                    let target = name(&catalog.relations[root])?;
                    let insert =
                        InsertJob::new(quoter, &table, &target, columns, condition, inserts);
                    Content::Inserts { table, insert }
                } else {
                    let columns = copy_columns(quoter, columns);
                    let no_condition = BString::default();
                    // COPY reads no foreign table itself.
                    let condition = condition.or(is_foreign.then_some(&no_condition));
                    Content::Rows {
                        copy: copy_statement(&table, &columns, condition),
                        by_blocks: if condition.is_none() {
                            ByBlocks::of(catalog, relation, &table, &columns)
                        } else {
                            None
                        },
                        table,
                    }
                }
            }
            Some(Object::LargeObjectData(place)) if catalog.server.groups_large_objects() => {
                Content::LargeObjects(catalog.large_objects[place].objects.clone())
            }
            Some(Object::LargeObjectData(_)) => {
                let mut all: Vec<Oid> = catalog
                    .large_objects
                    .iter()
                    .flat_map(|group| group.objects.iter().copied())
                    .collect();
                all.sort_unstable();
                Content::LargeObjects(all)
            }
            _ => continue,
        };
        let table = match object {
            Some(Object::Data(place)) if !is_foreign => Some(catalog.relations[place].id.oid),
            _ => None,
        };
        jobs.push(Job {
            id: entry.dump_id,
            content,
            table,
            is_foreign,
        });
    }
    Ok(jobs)
}

/// COPY of a table, or of the rows of an extension's table that are the user's.
fn copy_statement(table: &BString, columns: &BString, condition: Option<&BString>) -> BString {
    let Some(condition) = condition else {
        return text!("COPY ", table, " ", columns, " TO stdout;");
    };
    text!(
        "COPY (SELECT ",
        names_of(columns).unwrap_or(b"*").as_bstr(),
        " FROM ",
        table,
        " ",
        condition,
        ") TO stdout;"
    )
}

#[cfg(test)]
impl Job {
    /// The rows of a table, which can be read block by block where it is known.
    pub(super) fn table(oid: Option<u32>) -> Self {
        Self {
            id: DumpId(1),
            content: Content::Rows {
                table: "t".into(),
                copy: "COPY t TO stdout;".into(),
                by_blocks: oid.map(|oid| ByBlocks {
                    oid: Oid(oid),
                    select: "SELECT a FROM ONLY t".into(),
                }),
            },
            table: oid.map(Oid),
            is_foreign: false,
        }
    }

    pub(super) fn large_objects(count: usize) -> Self {
        Self {
            id: DumpId(1),
            content: Content::LargeObjects(vec![Oid(1); count]),
            table: None,
            is_foreign: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_chosen_by_their_blocks() {
        let Content::Rows {
            by_blocks: Some(table),
            ..
        } = Job::table(Some(1)).content
        else {
            panic!("no table")
        };
        for (from, before, expected) in [
            (None, None, ""),
            (None, Some(8), " WHERE ctid < '(8,0)'"),
            (
                Some(8),
                Some(16),
                " WHERE ctid >= '(8,0)' AND ctid < '(16,0)'",
            ),
            (Some(8), None, " WHERE ctid >= '(8,0)'"),
        ] {
            let copy = table.copy(from, before);
            assert_eq!(
                copy,
                format!("COPY (SELECT a FROM ONLY t{expected}) TO stdout;")
            );
        }
    }
}
