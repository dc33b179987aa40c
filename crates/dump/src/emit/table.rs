//! Tables, partitioned tables, foreign tables and materialized views; views and sequences are written by their own files.

use bstr::{BStr, BString};
use pgark_archive::{Section, TocEntry};
use pgark_catalog::{Column, Relation, RelationKind};
use pgark_sql::acl::ObjectKind;
use pgark_sql::{put, text};

use super::Emitter;
use super::acl::AclOf;
use super::comment::CommentOn;
use super::foreign::foreign_options;
use crate::error::Result;
use crate::plan::{Components, NodeId, Object};

impl Emitter<'_> {
    pub(super) fn emit_relation(&mut self, id: NodeId, place: usize) -> Result<()> {
        let relation = &self.catalog().relations[place];
        if self.is_wanted(id, Components::DEFINITION) {
            if relation.kind == RelationKind::Sequence {
                self.emit_sequence(id, relation)?;
            } else {
                self.emit_table(id, place)?;
            }
        }
        let name = self.quoter.ident(&relation.name);
        let kind = if relation.kind == RelationKind::Sequence {
            ObjectKind::Sequence
        } else {
            ObjectKind::Table
        };
        let (schema, owner) = (
            self.schema_name(relation.schema)?,
            self.role_name(relation.owner)?,
        );
        let of = AclOf {
            kind,
            name: &name,
            schema: Some(schema),
            owner,
            acl: &relation.acl,
        };
        let table_acl = self.emit_acl(id, &of)?;
        self.emit_column_acls(
            id,
            &AclOf {
                kind: ObjectKind::Table,
                ..of
            },
            table_acl,
        )
    }

    fn emit_table(&mut self, id: NodeId, place: usize) -> Result<()> {
        let relation = &self.catalog().relations[place];
        let name = self.qualified_relation(relation)?;
        let desc = match relation.kind {
            RelationKind::View => "VIEW",
            RelationKind::MaterializedView => "MATERIALIZED VIEW",
            RelationKind::ForeignTable => "FOREIGN TABLE",
            _ => "TABLE",
        };
        let mut create = match relation.kind {
            RelationKind::View => self.view_definition(id, relation, &name)?,
            RelationKind::MaterializedView => {
                self.materialized_view_definition(id, relation, &name)?
            }
            _ => self.table_definition(id, place, &name)?,
        };
        let has_storage = matches!(
            relation.kind,
            RelationKind::Table | RelationKind::MaterializedView
        );
        if relation.is_partition && !self.dialect.attaches_partitions_apart() {
            put!(create, self.attach_partition(id, place)?);
        }
        if relation.kind != RelationKind::View {
            self.put_columns_settings(&mut create, place, &name);
        }
        if has_storage || relation.kind == RelationKind::PartitionedTable {
            match relation.replica_identity {
                b'n' => put!(
                    create,
                    "\nALTER TABLE ONLY ",
                    name,
                    " REPLICA IDENTITY NOTHING;\n"
                ),
                b'f' => put!(
                    create,
                    "\nALTER TABLE ONLY ",
                    name,
                    " REPLICA IDENTITY FULL;\n"
                ),
                // An index says so itself.
                _ => {}
            }
        }
        if relation.force_row_security {
            put!(
                create,
                "\nALTER TABLE ONLY ",
                name,
                " FORCE ROW LEVEL SECURITY;\n"
            );
        }
        let (schema, owner) = (
            self.schema_name(relation.schema)?,
            self.role_name(relation.owner)?,
        );
        let has_access_method = has_storage
            || (relation.kind == RelationKind::PartitionedTable
                && self.dialect.has_partitioned_access_method());
        let has_tablespace = has_storage
            || relation.kind == RelationKind::PartitionedTable
            || (relation.kind == RelationKind::ForeignTable
                && self.dialect.foreign_tables_have_tablespace());
        let section = if self.plan.node(id).is_postponed {
            Section::PostData
        } else {
            Section::PreData
        };
        self.push(TocEntry {
            tag: Some(relation.name.clone()),
            namespace: Some(schema.clone()),
            owner: Some(owner.into()),
            tablespace: has_tablespace.then(|| relation.tablespace.clone()),
            table_am: relation.access_method.clone().filter(|_| has_access_method),
            relkind: Some(relation.kind.letter()),
            defn: Some(create),
            drop_stmt: Some(text!("DROP ", desc, " ", name, ";\n")),
            ..self.entry(id, desc, section)
        });
        self.emit_table_comments(id, place, desc, schema, owner);
        Ok(())
    }

    fn materialized_view_definition(
        &self,
        id: NodeId,
        relation: &Relation,
        name: &BString,
    ) -> Result<BString> {
        let unlogged = if relation.persistence == b'u' {
            "UNLOGGED "
        } else {
            ""
        };
        let mut create = text!("CREATE ", unlogged, "MATERIALIZED VIEW ", name);
        self.put_options(id, &mut create, relation)?;
        put!(
            create,
            " AS\n",
            self.view_query(id, relation)?,
            "\n  WITH NO DATA;\n"
        );
        put!(
            create,
            self.depends_on_extension(id, "MATERIALIZED VIEW", name)
        );
        Ok(create)
    }

    fn table_definition(&self, id: NodeId, place: usize, name: &BString) -> Result<BString> {
        let relation = &self.catalog().relations[place];
        let is_unlogged = relation.persistence == b'u'
            && (relation.kind != RelationKind::PartitionedTable
                || self.dialect.has_unlogged_partitioned_tables());
        let foreign = if relation.kind == RelationKind::ForeignTable {
            let oid = &relation.id.oid;
            Some(self.defined(id, self.definitions.foreign_tables.get(oid))?)
        } else {
            None
        };
        let mut create = text!(
            "CREATE ",
            if is_unlogged { "UNLOGGED " } else { "" },
            if foreign.is_some() { "FOREIGN " } else { "" },
            "TABLE ",
            name
        );
        if relation.of_type.is_valid() {
            put!(
                create,
                " OF ",
                self.defined(id, self.definitions.type_names.get(&relation.of_type))?
            );
        }
        let parts = self.table_parts(place)?;
        if !parts.is_empty() {
            put!(create, " (\n    ", bstr::join(",\n    ", parts), "\n)");
        } else if !relation.of_type.is_valid() {
            put!(create, " (\n)");
        }
        let parents = &self.plan.parents[place];
        if !parents.is_empty() && !relation.is_partition {
            let parents = parents
                .iter()
                .map(|parent| self.qualified_relation(&self.catalog().relations[*parent]));
            put!(
                create,
                "\nINHERITS (",
                bstr::join(", ", parents.collect::<Result<Vec<_>>>()?),
                ")"
            );
        }
        if relation.kind == RelationKind::PartitionedTable {
            put!(
                create,
                "\nPARTITION BY ",
                self.defined(id, self.definitions.partition_keys.get(&relation.id.oid))?
            );
        }
        if let Some(foreign) = foreign {
            put!(create, "\nSERVER ", self.quoter.ident(&foreign.server));
        }
        self.put_options(id, &mut create, relation)?;
        if let Some(foreign) = foreign {
            put!(create, foreign_options("\n", &foreign.options));
        }
        put!(create, ";\n");
        Ok(create)
    }

    /// The columns and constraints of a table, each as it stands between the parentheses of `CREATE TABLE`.
    fn table_parts(&self, place: usize) -> Result<Vec<BString>> {
        let relation = &self.catalog().relations[place];
        let first = self.plan.first_column(place);
        let mut parts = Vec::new();
        for (offset, column) in self
            .details()
            .columns_of(relation.id.oid)
            .iter()
            .enumerate()
        {
            if self.plan.is_column_printed(place, column) {
                parts.extend(self.column_part(relation, first + offset)?);
            } else if !column.is_dropped {
                parts.extend(self.inherited_not_null(first + offset));
            }
        }
        for check in self.details().checks_of(relation.id.oid) {
            let constraint = &self.details().checks[check];
            let is_separate = self
                .plan
                .find(Object::Check(check))
                .is_some_and(|node| self.plan.node(node).is_separate);
            if !is_separate && (constraint.is_local || relation.is_partition) {
                parts.push(text!(
                    "CONSTRAINT ",
                    self.quoter.ident(&constraint.name),
                    " ",
                    constraint.definition
                ));
            }
        }
        Ok(parts)
    }

    /// A column. Of a typed table only what the type does not say, if there is anything.
    fn column_part(&self, relation: &Relation, place: usize) -> Result<Option<BString>> {
        let column = &self.details().columns[place];
        let plan = &self.plan.columns[place];
        let default = plan.default.filter(|default| {
            let node = self.plan.node(*default);
            !node.wanted.is_empty() && !node.is_separate
        });
        let not_null = plan
            .not_null
            .as_ref()
            .filter(|not_null| not_null.is_local || relation.is_partition);
        if relation.of_type.is_valid() && default.is_none() && not_null.is_none() {
            return Ok(None);
        }
        let mut part = self.quoter.ident(&column.name);
        if !relation.of_type.is_valid() {
            put!(part, " ", column.type_name);
        }
        if let Some(default) = default {
            let expression = self.plan.default_expression(default);
            match column.generated {
                b's' => put!(part, " GENERATED ALWAYS AS (", expression, ") STORED"),
                b'v' => put!(part, " GENERATED ALWAYS AS (", expression, ")"),
                _ => put!(part, " DEFAULT ", expression),
            }
        }
        if let Some(not_null) = not_null {
            if let Some(name) = &not_null.name {
                put!(part, " CONSTRAINT ", self.quoter.ident(name));
            }
            put!(
                part,
                " NOT NULL",
                if not_null.no_inherit {
                    " NO INHERIT"
                } else {
                    ""
                }
            );
        }
        if let Some(collation) = self.collation(column.collation)? {
            put!(part, " COLLATE ", collation);
        }
        Ok(Some(part))
    }

    /// NOT NULL that was declared here for a column that was not.
    ///
    /// The name is quoted, which pg_dump 18 forgets here.
    fn inherited_not_null(&self, place: usize) -> Option<BString> {
        let not_null = self.plan.columns[place]
            .not_null
            .as_ref()
            .filter(|not_null| not_null.is_local)?;
        if !self.dialect.has_not_null_constraints() {
            return None;
        }
        let mut part = BString::default();
        if let Some(name) = &not_null.name {
            put!(part, "CONSTRAINT ", self.quoter.ident(name), " ");
        }
        let column = self.quoter.ident(&self.details().columns[place].name);
        put!(
            part,
            "NOT NULL ",
            column,
            if not_null.no_inherit {
                " NO INHERIT"
            } else {
                ""
            }
        );
        Some(part)
    }

    fn put_options(&self, id: NodeId, create: &mut BString, relation: &Relation) -> Result<()> {
        let own = self.options_of(id, relation.options.as_ref(), "")?;
        let toast = self.options_of(id, relation.toast_options.as_ref(), "toast.")?;
        let options: Vec<BString> = own.into_iter().chain(toast).collect();
        if !options.is_empty() {
            put!(create, "\nWITH (", bstr::join(", ", options), ")");
        }
        Ok(())
    }

    /// The comments and security labels of a table, its columns and the constraints that are part of it.
    fn emit_table_comments(
        &mut self,
        id: NodeId,
        place: usize,
        desc: &str,
        schema: &BString,
        owner: &BStr,
    ) {
        let relation = &self.catalog().relations[place];
        let table = self.quoter.ident(&relation.name);
        let on = |kind: BString, name: BString| CommentOn {
            kind,
            name,
            schema: Some(schema),
            owner,
            initial: None,
        };
        let columns = self.details().columns_of(relation.id.oid);
        if self.is_wanted(id, Components::COMMENT) {
            for comment in self.catalog().comments.of(relation.id) {
                let on = if comment.column == 0 {
                    on(desc.into(), table.clone())
                } else {
                    let is_it = |column: &&Column| i32::from(column.number) == comment.column;
                    match columns.iter().find(is_it) {
                        Some(column) => on(
                            "COLUMN".into(),
                            text!(table, ".", self.quoter.ident(&column.name)),
                        ),
                        // A system column, of which pg_dump says nothing.
                        None => continue,
                    }
                };
                self.push_comment(comment.text.as_ref(), id.dump_id(), &on);
            }
        }
        self.emit_table_labels(id, place, &on(desc.into(), table.clone()));
        let first = self.plan.first_column(place);
        for offset in 0..columns.len() {
            let Some(not_null) = &self.plan.columns[first + offset].not_null else {
                continue;
            };
            if let (Some(name), Some(comment)) = (&not_null.name, &not_null.comment) {
                let kind = text!("CONSTRAINT ", self.quoter.ident(name), " ON");
                self.push_comment(comment.as_ref(), id.dump_id(), &on(kind, table.clone()));
            }
        }
        for check in self.details().checks_of(relation.id.oid) {
            let Some(node) = self.plan.find(Object::Check(check)) else {
                continue;
            };
            let constraint = &self.details().checks[check];
            if !self.plan.node(node).is_separate
                && constraint.is_local
                && self.is_wanted(node, Components::COMMENT)
            {
                let kind = text!("CONSTRAINT ", self.quoter.ident(&constraint.name), " ON");
                self.emit_comment_of(constraint.id, 0, id.dump_id(), &on(kind, table.clone()));
            }
        }
    }

    /// A table becomes a partition of another.
    pub(super) fn emit_table_attach(&mut self, id: NodeId, place: usize) -> Result<()> {
        let partition = &self.catalog().relations[place];
        let attach = self.attach_partition(id, place)?;
        self.push(TocEntry {
            tag: Some(partition.name.clone()),
            namespace: Some(self.schema_name(partition.schema)?.clone()),
            owner: Some(self.role_name(partition.owner)?.into()),
            defn: Some(attach),
            ..self.entry(id, "TABLE ATTACH", Section::PreData)
        });
        Ok(())
    }

    /// The statement that attaches a partition; nothing where the parent is gone.
    fn attach_partition(&self, id: NodeId, place: usize) -> Result<BString> {
        let partition = &self.catalog().relations[place];
        let Some(parent) = self.plan.parents[place].first() else {
            return Ok(BString::default());
        };
        let parent = self.qualified_relation(&self.catalog().relations[*parent])?;
        let bound = self.defined(id, self.definitions.partition_bounds.get(&partition.id.oid))?;
        let name = self.qualified_relation(partition)?;
        Ok(text!(
            "ALTER TABLE ONLY ",
            parent,
            " ATTACH PARTITION ",
            name,
            " ",
            bound,
            ";\n"
        ))
    }
}

#[cfg(test)]
mod tests;
