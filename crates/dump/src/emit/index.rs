//! Indexes, and the constraints that they enforce.

use bstr::{BStr, BString};
use pgark_archive::TocEntry;
use pgark_catalog::{Column, Index, IndexConstraint};
use pgark_sql::{put, text};

use super::Emitter;
use super::comment::CommentOn;
use super::table_part::TableOf;
use crate::error::Result;
use crate::plan::{Components, NodeId, Object};

/// Columns that every table has beside its own; some have been in keys since before they could not be.
const SYSTEM_COLUMNS: [(i16, &str); 6] = [
    (-1, "ctid"),
    (-2, "xmin"),
    (-3, "cmin"),
    (-4, "xmax"),
    (-5, "cmax"),
    (-6, "tableoid"),
];

impl Emitter<'_> {
    pub(super) fn emit_index(&mut self, id: NodeId, place: usize) -> Result<()> {
        let index = &self.details().indexes[place];
        let table = self.table_of(id, index.relation)?;
        let qualified = self.qualified(table.relation.schema, &index.name)?;
        if let Some(definition) = &index.definition
            && self.is_wanted(id, Components::DEFINITION)
        {
            let mut create = text!(definition, ";\n");
            self.put_clustered(&mut create, index, &table);
            for (column, target) in index
                .statistics_columns
                .iter()
                .zip(&index.statistics_targets)
            {
                put!(
                    create,
                    "ALTER INDEX ",
                    qualified,
                    format!(" ALTER COLUMN {column} SET STATISTICS {target};\n")
                );
            }
            put!(create, self.depends_on_extension(id, "INDEX", &qualified));
            self.put_replica_identity(&mut create, index, &table);
            self.push(TocEntry {
                tag: Some(index.name.clone()),
                tablespace: Some(index.tablespace.clone()),
                defn: Some(create),
                // A partition of an index goes with the whole.
                drop_stmt: Some(
                    if index.parent.is_valid() && !self.dialect.drops_attached_indexes() {
                        "".into()
                    } else {
                        text!("DROP INDEX ", qualified, ";\n")
                    },
                ),
                ..self.part_entry(id, "INDEX", &table, &index.name)
            });
        }
        if self.is_wanted(id, Components::COMMENT) {
            let maker = self.plan.find(Object::IndexConstraint(place)).unwrap_or(id);
            self.emit_comment_of(
                index.id,
                0,
                maker.dump_id(),
                &CommentOn {
                    kind: "INDEX".into(),
                    name: self.quoter.ident(&index.name),
                    schema: Some(table.schema),
                    owner: table.owner,
                    initial: None,
                },
            );
        }
        Ok(())
    }

    fn put_clustered(&self, create: &mut BString, index: &Index, table: &TableOf<'_>) {
        if index.is_clustered {
            put!(
                create,
                "\nALTER TABLE ",
                table.name,
                " CLUSTER ON ",
                self.quoter.ident(&index.name),
                ";\n"
            );
        }
    }

    fn put_replica_identity(&self, create: &mut BString, index: &Index, table: &TableOf<'_>) {
        if index.is_replica_identity {
            let name = self.quoter.ident(&index.name);
            put!(
                create,
                "\nALTER TABLE ONLY ",
                table.name,
                " REPLICA IDENTITY USING INDEX ",
                name,
                ";\n"
            );
        }
    }

    /// An index becomes a partition of another.
    pub(super) fn emit_index_attach(&mut self, id: NodeId, place: usize) -> Result<()> {
        let index = &self.details().indexes[place];
        let is_written = self
            .plan
            .find(Object::Index(place))
            .is_some_and(|index| self.is_wanted(index, Components::DEFINITION));
        let parent = self
            .plan
            .index_by_oid(index.parent)
            .map(|parent| &self.details().indexes[parent]);
        let (true, Some(parent)) = (is_written, parent) else {
            return Ok(());
        };
        let (table, parent_table) = (
            self.table_of(id, index.relation)?,
            self.table_of(id, parent.relation)?,
        );
        let name = self.qualified(table.relation.schema, &index.name)?;
        let parent = self.qualified(parent_table.relation.schema, &parent.name)?;
        self.push(TocEntry {
            tag: Some(index.name.clone()),
            owner: Some(parent_table.owner.into()),
            defn: Some(text!(
                "ALTER INDEX ",
                parent,
                " ATTACH PARTITION ",
                name,
                ";\n"
            )),
            ..self.part_entry(id, "INDEX ATTACH", &table, &index.name)
        });
        Ok(())
    }

    pub(super) fn emit_index_constraint(&mut self, id: NodeId, place: usize) -> Result<()> {
        let index = &self.details().indexes[place];
        let Some(constraint) = &index.constraint else {
            return Ok(());
        };
        let table = self.table_of(id, index.relation)?;
        if self.is_wanted(id, Components::DEFINITION) {
            let name = self.quoter.ident(&constraint.name);
            let mut create = text!(
                "ALTER TABLE ONLY ",
                table.name,
                "\n    ADD CONSTRAINT ",
                name,
                " "
            );
            match &constraint.exclusion {
                Some(definition) => put!(create, definition),
                None => put!(create, self.key_definition(id, index, constraint)?),
            }
            put!(create, ";\n");
            self.put_clustered(&mut create, index, &table);
            self.put_replica_identity(&mut create, index, &table);
            if let Some(index_node) = self.plan.find(Object::Index(place)) {
                let qualified = self.qualified(table.relation.schema, &index.name)?;
                put!(
                    create,
                    self.depends_on_extension(index_node, "INDEX", &qualified)
                );
            }
            self.push(TocEntry {
                tablespace: Some(index.tablespace.clone()),
                defn: Some(create),
                drop_stmt: Some(text!(
                    "ALTER TABLE ONLY ",
                    table.name,
                    " DROP CONSTRAINT ",
                    name,
                    ";\n"
                )),
                ..self.part_entry(id, "CONSTRAINT", &table, &constraint.name)
            });
        }
        self.emit_part_comment(id, "CONSTRAINT", &constraint.name, &table);
        Ok(())
    }

    /// A primary key or unique constraint, put together from its index as pg_dump does.
    fn key_definition(
        &self,
        id: NodeId,
        index: &Index,
        constraint: &IndexConstraint,
    ) -> Result<BString> {
        let is_primary = constraint.kind == b'p';
        let columns = self.details().columns_of(index.relation);
        let names = |numbers: &[i16]| -> Vec<BString> {
            // A key has no expressions, which would have the number 0.
            numbers
                .iter()
                .map_while(|number| column_name(columns, *number))
                .map(|name| self.quoter.ident(name))
                .collect()
        };
        let mut key = text!(if is_primary { "PRIMARY KEY" } else { "UNIQUE" });
        if index.nulls_not_distinct && (!is_primary || self.dialect.primary_keys_name_nulls()) {
            put!(key, " NULLS NOT DISTINCT");
        }
        let (keys, included) = index
            .columns
            .split_at(index.key_columns.min(index.columns.len()));
        put!(key, " (", bstr::join(", ", names(keys)));
        if constraint.without_overlaps {
            put!(key, " WITHOUT OVERLAPS");
        }
        if !included.is_empty() {
            put!(key, ") INCLUDE (", bstr::join(", ", names(included)));
        }
        put!(key, ")");
        if let Some(options) = self.options_of(id, index.options.as_ref(), "")? {
            put!(key, " WITH (", options, ")");
        }
        if constraint.is_deferrable {
            put!(
                key,
                " DEFERRABLE",
                if constraint.is_deferred {
                    " INITIALLY DEFERRED"
                } else {
                    ""
                }
            );
        }
        Ok(key)
    }
}

fn column_name(columns: &[Column], number: i16) -> Option<&BStr> {
    match usize::try_from(number) {
        Ok(0) => None,
        Ok(number) => columns.get(number - 1).map(|column| column.name.as_ref()),
        Err(_) => SYSTEM_COLUMNS
            .iter()
            .find(|(system, _)| *system == number)
            .map(|(_, name)| BStr::new(*name)),
    }
}

#[cfg(test)]
mod tests;
