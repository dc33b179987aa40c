//! What is to be copied for which entry.

use bstr::{BString, ByteSlice};
use pgark_archive::{DumpId, TocEntry};
use pgark_catalog::{Oid, Relation, RelationKind};
use pgark_sql::{Quoter, text};

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
    },
    /// The rows of a table as statements.
    Inserts {
        /// The table, quoted.
        table: BString,
        insert: InsertJob,
    },
    LargeObjects(Vec<Oid>),
}

impl Job {
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
    let conditions = selection.config_tables(catalog);
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
        jobs.push(Job {
            id: entry.dump_id,
            content,
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
    let names = columns
        .strip_prefix(b"(")
        .and_then(|columns| columns.strip_suffix(b")"));
    text!(
        "COPY (SELECT ",
        names.unwrap_or(b"*").as_bstr(),
        " FROM ",
        table,
        " ",
        condition,
        ") TO stdout;"
    )
}
