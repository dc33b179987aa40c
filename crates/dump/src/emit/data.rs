//! What fills tables, sequences and materialized views.

use bstr::BString;
use pgark_archive::{Section, TocEntry, one_line};
use pgark_catalog::{Column, Relation, RelationKind};
use pgark_sql::{Quoter, text};

use super::Emitter;
use crate::error::Result;
use crate::plan::NodeId;

impl Emitter<'_> {
    pub(super) fn emit_data(&mut self, id: NodeId, place: usize) -> Result<()> {
        match self.catalog().relations[place].kind {
            RelationKind::Sequence => self.emit_sequence_set(id, place),
            RelationKind::MaterializedView => self.emit_refresh(id, place),
            _ => self.emit_table_data(id, place),
        }
    }

    /// An entry that tells of a relation's data.
    fn data_entry(&self, entry: TocEntry, relation: &Relation) -> Result<TocEntry> {
        Ok(TocEntry {
            tag: Some(relation.name.clone()),
            namespace: Some(self.schema_name(relation.schema)?.clone()),
            owner: Some(self.role_name(relation.owner)?.into()),
            ..entry
        })
    }

    fn emit_table_data(&mut self, id: NodeId, place: usize) -> Result<()> {
        let relation = &self.catalog().relations[place];
        let root = self.plan.restore_root(place, self.options);
        let target = self.qualified_relation(&self.catalog().relations[root.unwrap_or(place)])?;
        let columns = copy_columns(self.quoter, self.details().columns_of(relation.id.oid));
        let entry = self.data_entry(self.entry(id, "TABLE DATA", Section::Data), relation)?;
        self.push(TocEntry {
            had_dumper: true,
            // pg_restore looks for these very words, and does without TRUNCATE then.
            defn: root.map(|_| text!("-- load via partition root ", one_line(&target))),
            copy_stmt: self
                .options
                .inserts
                .is_none()
                .then(|| text!("COPY ", target, " ", columns, " FROM stdin;\n")),
            dependencies: vec![self.plan.relation_dump_id(place)],
            ..entry
        });
        Ok(())
    }

    fn emit_sequence_set(&mut self, id: NodeId, place: usize) -> Result<()> {
        let relation = &self.catalog().relations[place];
        let position = self.defined(id, self.definitions.positions.get(&relation.id.oid))?;
        let name = self.quoter.literal(self.qualified_relation(relation)?);
        let setval = text!(
            "SELECT pg_catalog.setval(",
            name,
            format!(", {}, {});\n", position.last_value, position.is_called)
        );
        let entry = self.extra_entry(
            "SEQUENCE SET",
            Section::Data,
            vec![self.plan.relation_dump_id(place)],
        );
        let entry = self.data_entry(entry, relation)?;
        self.push(TocEntry {
            defn: Some(setval),
            ..entry
        });
        Ok(())
    }

    fn emit_refresh(&mut self, id: NodeId, place: usize) -> Result<()> {
        let relation = &self.catalog().relations[place];
        // A refresh is work for the definition, not data: pg_restore leaves it out with --data-only.
        if !self.plan.is_populated[place] || !self.options.schema() {
            return Ok(());
        }
        let refresh = text!(
            "REFRESH MATERIALIZED VIEW ",
            self.qualified_relation(relation)?,
            ";\n"
        );
        let entry = self.data_entry(
            self.entry(id, "MATERIALIZED VIEW DATA", Section::PostData),
            relation,
        )?;
        let dependencies = self
            .plan
            .node(id)
            .dependencies
            .iter()
            .map(|dependency| dependency.dump_id())
            .collect();
        self.push(TocEntry {
            defn: Some(refresh),
            dependencies,
            ..entry
        });
        Ok(())
    }
}

/// The columns that COPY transfers, in parentheses: all but the generated. Empty where there are none.
pub(crate) fn copy_columns(quoter: Quoter, columns: &[Column]) -> BString {
    let transferred = columns
        .iter()
        .filter(|column| !column.is_dropped && column.generated == 0);
    let names: Vec<BString> = transferred
        .map(|column| quoter.ident(&column.name))
        .collect();
    if names.is_empty() {
        BString::default()
    } else {
        text!("(", bstr::join(", ", names), ")")
    }
}

#[cfg(test)]
mod tests;
