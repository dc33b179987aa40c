//! Sequences, identity columns among them.

use pgark_archive::{Section, TocEntry};
use pgark_catalog::{OwningColumn, Relation, Sequence};
use pgark_sql::{put, text};

use super::Emitter;
use super::comment::CommentOn;
use crate::error::Result;
use crate::plan::{Components, NodeId, Object};

/// The least and greatest value that `CREATE SEQUENCE` takes when told none.
fn default_bounds(sequence: &Sequence) -> (i64, i64) {
    let (least, greatest) = match sequence.type_name.as_slice() {
        b"smallint" => (i64::from(i16::MIN), i64::from(i16::MAX)),
        b"integer" => (i64::from(i32::MIN), i64::from(i32::MAX)),
        _ => (i64::MIN, i64::MAX),
    };
    if sequence.increment >= 0 {
        (1, greatest)
    } else {
        (least, -1)
    }
}

impl Emitter<'_> {
    pub(super) fn emit_sequence(&mut self, id: NodeId, relation: &Relation) -> Result<()> {
        let sequence = self.defined(id, self.definitions.sequences.get(&relation.id.oid))?;
        let name = self.qualified_relation(relation)?;
        let (schema, owner) = (
            self.schema_name(relation.schema)?,
            self.role_name(relation.owner)?,
        );
        let identity = relation.owning_column.filter(|column| column.is_identity);
        let mut create = match identity {
            Some(column) => self.identity_head(relation, column)?,
            None => {
                let unlogged = if relation.persistence == b'u' {
                    "UNLOGGED "
                } else {
                    ""
                };
                let mut head = text!("CREATE ", unlogged, "SEQUENCE ", name, "\n");
                if sequence.type_name != "bigint" {
                    put!(head, "    AS ", sequence.type_name, "\n");
                }
                head
            }
        };
        let (min, max) = default_bounds(sequence);
        let bound = |word: &str, value: i64, default: i64| {
            if value == default {
                format!("    NO {word}\n")
            } else {
                format!("    {word} {value}\n")
            }
        };
        put!(
            create,
            format!(
                "    START WITH {}\n    INCREMENT BY {}\n",
                sequence.start, sequence.increment
            ),
            bound("MINVALUE", sequence.min, min),
            bound("MAXVALUE", sequence.max, max),
            format!("    CACHE {}", sequence.cache),
            if sequence.cycles { "\n    CYCLE" } else { "" },
            if identity.is_some() { "\n);\n" } else { ";\n" },
        );
        self.push(TocEntry {
            tag: Some(relation.name.clone()),
            namespace: Some(schema.clone()),
            owner: Some(owner.into()),
            defn: Some(create),
            // An identity goes with its column; the empty text also keeps pg_restore from setting an owner.
            drop_stmt: Some(if identity.is_some() {
                "".into()
            } else {
                text!("DROP SEQUENCE ", name, ";\n")
            }),
            ..self.entry(id, "SEQUENCE", Section::PreData)
        });
        if let Some(column) = relation.owning_column.filter(|column| !column.is_identity) {
            self.emit_owned_by(id, relation, column)?;
        }
        let on = CommentOn {
            kind: "SEQUENCE".into(),
            name: self.quoter.ident(&relation.name),
            schema: Some(schema),
            owner,
            initial: None,
        };
        self.emit_comment(id, &on);
        self.emit_security_label(id, &on);
        Ok(())
    }

    fn identity_head(&self, sequence: &Relation, column: OwningColumn) -> Result<bstr::BString> {
        let Some(table) = self.catalog().relation(column.relation) else {
            return Ok(bstr::BString::default());
        };
        let columns = self.details().columns_of(column.relation);
        let owner = usize::try_from(column.column - 1)
            .ok()
            .and_then(|place| columns.get(place));
        let mut head = text!(
            "ALTER TABLE ",
            self.qualified_relation(table)?,
            " ALTER COLUMN "
        );
        if let Some(owner) = owner {
            let when = if owner.identity == b'a' {
                "ALWAYS"
            } else {
                "BY DEFAULT"
            };
            put!(
                head,
                self.quoter.ident(&owner.name),
                " ADD GENERATED ",
                when
            );
        }
        put!(
            head,
            " AS IDENTITY (\n    SEQUENCE NAME ",
            self.qualified_relation(sequence)?,
            "\n"
        );
        if sequence.persistence != table.persistence && self.dialect.has_unlogged_sequences() {
            put!(
                head,
                "    ",
                if sequence.persistence == b'u' {
                    "UNLOGGED"
                } else {
                    "LOGGED"
                },
                "\n"
            );
        }
        Ok(head)
    }

    fn emit_owned_by(
        &mut self,
        id: NodeId,
        sequence: &Relation,
        column: OwningColumn,
    ) -> Result<()> {
        let Some(table) = self.catalog().relation_index(column.relation) else {
            return Ok(());
        };
        let is_table_written = self
            .plan
            .find(Object::Relation(table))
            .is_some_and(|table| self.is_wanted(table, Components::DEFINITION));
        let columns = self.details().columns_of(column.relation);
        let owner = usize::try_from(column.column - 1)
            .ok()
            .and_then(|place| columns.get(place));
        let (true, Some(owner)) = (is_table_written, owner) else {
            return Ok(());
        };
        let table = self.qualified_relation(&self.catalog().relations[table])?;
        let statement = text!(
            "ALTER SEQUENCE ",
            self.qualified_relation(sequence)?,
            " OWNED BY ",
            table,
            ".",
            self.quoter.ident(&owner.name),
            ";\n"
        );
        let entry = TocEntry {
            tag: Some(sequence.name.clone()),
            namespace: Some(self.schema_name(sequence.schema)?.clone()),
            owner: Some(self.role_name(sequence.owner)?.into()),
            defn: Some(statement),
            ..self.extra_entry("SEQUENCE OWNED BY", Section::PreData, vec![id.dump_id()])
        };
        self.push(entry);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
