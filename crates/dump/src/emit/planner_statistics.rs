//! What the planner knows of relations, as calls that tell it to another server.

use bstr::{BStr, BString};
use pgark_archive::{Section, TocEntry};
use pgark_catalog::{ColumnStatistics, Oid};
use pgark_sql::{put, text};

use super::Emitter;
use crate::error::Result;
use crate::plan::NodeId;

impl Emitter<'_> {
    /// The statistics of a relation.
    pub(super) fn emit_relation_statistics(&mut self, id: NodeId, place: usize) -> Result<()> {
        let relation = &self.catalog().relations[place];
        self.emit_planner_statistics(id, relation.id.oid, relation.schema, relation.name.as_ref())
    }

    /// The statistics of an index, whose schema is that of its table.
    pub(super) fn emit_index_statistics(&mut self, id: NodeId, place: usize) -> Result<()> {
        let index = &self.details().indexes[place];
        let Some(relation) = self.catalog().relation(index.relation) else {
            return Ok(());
        };
        self.emit_planner_statistics(id, index.id.oid, relation.schema, index.name.as_ref())
    }

    fn emit_planner_statistics(
        &mut self,
        id: NodeId,
        oid: Oid,
        schema: Oid,
        name: &BStr,
    ) -> Result<()> {
        let schema = self.schema_name(schema)?;
        let known = self.defined(id, self.definitions.planner_statistics.get(&oid))?;
        let version = self.catalog().server.version_num;
        let who = text!(
            format!("\t'version', '{version}'::integer,\n"),
            "\t'schemaname', ",
            self.quoter.literal(schema),
            ",\n\t'relname', ",
            self.quoter.literal(name)
        );
        // Before PostgreSQL 14 no rows can also mean that nobody has looked, which later servers tell apart.
        let is_unknown = !self.catalog().server.tells_unknown_tuples() && known.tuples == "0";
        let mut calls = text!(
            "SELECT * FROM pg_catalog.pg_restore_relation_stats(\n",
            &who,
            ",\n\t'relpages', '",
            &known.pages,
            "'::integer,\n\t'reltuples', '",
            if is_unknown {
                "-1".into()
            } else {
                known.tuples.clone()
            },
            "'::real,\n\t'relallvisible', '",
            &known.all_visible,
            "'::integer"
        );
        if let Some(all_frozen) = &known.all_frozen {
            put!(calls, ",\n\t'relallfrozen', '", all_frozen, "'::integer");
        }
        put!(calls, "\n);\n");
        for column in &known.columns {
            self.put_column_statistics(&mut calls, &who, column);
        }
        let node = self.plan.node(id);
        let section = if node.is_postponed {
            Section::PostData
        } else {
            Section::Data
        };
        // pg_dump names all that they depend on, in the archive or not (dumpRelationStats in src/bin/pg_dump/pg_dump.c).
        let dependencies = node.dependencies.iter().map(|id| id.dump_id()).collect();
        let entry = self.extra_entry("STATISTICS DATA", section, dependencies);
        self.push(TocEntry {
            tag: Some(name.to_owned()),
            namespace: Some(schema.clone()),
            defn: Some(calls),
            ..entry
        });
        Ok(())
    }

    fn put_column_statistics(&self, calls: &mut BString, who: &BString, column: &ColumnStatistics) {
        put!(
            calls,
            "SELECT * FROM pg_catalog.pg_restore_attribute_stats(\n",
            who
        );
        match column.index_column {
            Some(number) => put!(calls, format!(",\n\t'attnum', '{number}'::smallint")),
            None => put!(calls, ",\n\t'attname', ", self.quoter.literal(&column.name)),
        }
        for (name, type_name, value) in &column.values {
            let value = self.quoter.literal(value);
            put!(calls, ",\n\t'", *name, "', ", value, "::", *type_name);
        }
        put!(calls, "\n);\n");
    }
}
