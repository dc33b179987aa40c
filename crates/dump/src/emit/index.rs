//! Indexes, and the constraints that they enforce.

use bstr::{BStr, BString};
use pgark_archive::{Section, TocEntry};
use pgark_catalog::{Column, Index, IndexConstraint, Relation};
use pgark_sql::{put, text};

use super::Emitter;
use super::comment::CommentOn;
use crate::error::{Error, Result};
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
    fn indexed_relation(&self, id: NodeId, index: &Index) -> Result<&Relation> {
        self.catalog()
            .relation(index.relation)
            .ok_or_else(|| Error::Dropped(self.plan.describe(id)))
    }

    pub(super) fn emit_index(&mut self, id: NodeId, place: usize) -> Result<()> {
        let index = &self.details().indexes[place];
        let relation = self
            .plan
            .catalog
            .relation(index.relation)
            .ok_or_else(|| Error::Dropped(self.plan.describe(id)))?;
        let (schema, owner) = (
            self.schema_name(relation.schema)?,
            self.role_name(relation.owner)?,
        );
        let qualified = self.qualified(relation.schema, &index.name)?;
        if index.constraint.is_none() && self.is_wanted(id, Components::DEFINITION) {
            let mut create = text!(index.definition, ";\n");
            self.put_clustered(&mut create, index, relation)?;
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
            self.put_replica_identity(&mut create, index, relation)?;
            self.push(TocEntry {
                tag: Some(index.name.clone()),
                namespace: Some(schema.clone()),
                owner: Some(owner.into()),
                tablespace: Some(index.tablespace.clone()),
                defn: Some(create),
                // A partition of an index goes with the whole.
                drop_stmt: Some(if index.parent.is_valid() {
                    "".into()
                } else {
                    text!("DROP INDEX ", qualified, ";\n")
                }),
                ..self.entry(id, "INDEX", Section::PostData)
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
                    schema: Some(schema),
                    owner,
                    initial: None,
                },
            );
        }
        Ok(())
    }

    fn put_clustered(
        &self,
        create: &mut BString,
        index: &Index,
        relation: &Relation,
    ) -> Result<()> {
        if index.is_clustered {
            put!(
                create,
                "\nALTER TABLE ",
                self.qualified_relation(relation)?,
                " CLUSTER ON ",
                self.quoter.ident(&index.name),
                ";\n"
            );
        }
        Ok(())
    }

    fn put_replica_identity(
        &self,
        create: &mut BString,
        index: &Index,
        relation: &Relation,
    ) -> Result<()> {
        if index.is_replica_identity {
            let (table, name) = (
                self.qualified_relation(relation)?,
                self.quoter.ident(&index.name),
            );
            put!(
                create,
                "\nALTER TABLE ONLY ",
                table,
                " REPLICA IDENTITY USING INDEX ",
                name,
                ";\n"
            );
        }
        Ok(())
    }

    /// An index becomes a partition of another.
    pub(super) fn emit_index_attach(&mut self, id: NodeId, place: usize) -> Result<()> {
        let index = &self.details().indexes[place];
        let is_written = self
            .plan
            .find(Object::Index(place))
            .is_some_and(|index| self.is_wanted(index, Components::DEFINITION));
        let parent = self
            .details()
            .indexes
            .iter()
            .find(|parent| parent.id.oid == index.parent);
        let (true, Some(parent)) = (is_written, parent) else {
            return Ok(());
        };
        let (relation, parent_relation) = (
            self.indexed_relation(id, index)?,
            self.indexed_relation(id, parent)?,
        );
        let name = self.qualified(relation.schema, &index.name)?;
        let parent = self.qualified(parent_relation.schema, &parent.name)?;
        self.push(TocEntry {
            tag: Some(index.name.clone()),
            namespace: Some(self.schema_name(relation.schema)?.clone()),
            owner: Some(self.role_name(parent_relation.owner)?.into()),
            defn: Some(text!(
                "ALTER INDEX ",
                parent,
                " ATTACH PARTITION ",
                name,
                ";\n"
            )),
            ..self.entry(id, "INDEX ATTACH", Section::PostData)
        });
        Ok(())
    }

    pub(super) fn emit_index_constraint(&mut self, id: NodeId, place: usize) -> Result<()> {
        let index = &self.details().indexes[place];
        let Some(constraint) = &index.constraint else {
            return Ok(());
        };
        let relation = self
            .plan
            .catalog
            .relation(index.relation)
            .ok_or_else(|| Error::Dropped(self.plan.describe(id)))?;
        let (schema, owner) = (
            self.schema_name(relation.schema)?,
            self.role_name(relation.owner)?,
        );
        let table = self.qualified_relation(relation)?;
        let name = self.quoter.ident(&constraint.name);
        if self.is_wanted(id, Components::DEFINITION) {
            let mut create = text!(
                "ALTER TABLE ONLY ",
                table,
                "\n    ADD CONSTRAINT ",
                name,
                " "
            );
            if constraint.kind == b'x' {
                put!(create, constraint.definition);
            } else {
                put!(create, self.key_definition(id, index, constraint)?);
            }
            put!(create, ";\n");
            self.put_clustered(&mut create, index, relation)?;
            self.put_replica_identity(&mut create, index, relation)?;
            if let Some(index_node) = self.plan.find(Object::Index(place)) {
                let qualified = self.qualified(relation.schema, &index.name)?;
                put!(
                    create,
                    self.depends_on_extension(index_node, "INDEX", &qualified)
                );
            }
            self.push(TocEntry {
                tag: Some(text!(relation.name, " ", constraint.name)),
                namespace: Some(schema.clone()),
                owner: Some(owner.into()),
                tablespace: Some(index.tablespace.clone()),
                defn: Some(create),
                drop_stmt: Some(text!(
                    "ALTER TABLE ONLY ",
                    table,
                    " DROP CONSTRAINT ",
                    name,
                    ";\n"
                )),
                ..self.entry(id, "CONSTRAINT", Section::PostData)
            });
        }
        self.emit_table_constraint_comment(id, &constraint.name, relation, schema, owner);
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
