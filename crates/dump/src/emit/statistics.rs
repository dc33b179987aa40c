//! Extended statistics.

use pgark_archive::{Section, TocEntry};
use pgark_sql::{put, text};

use super::Emitter;
use super::comment::CommentOn;
use crate::error::Result;
use crate::plan::{Components, NodeId};

impl Emitter<'_> {
    pub(super) fn emit_statistics(&mut self, id: NodeId, place: usize) -> Result<()> {
        let statistics = &self.catalog().statistics[place];
        let (schema, owner) = (
            self.schema_name(statistics.schema)?,
            self.role_name(statistics.owner)?,
        );
        let name = self.qualified(statistics.schema, &statistics.name)?;
        if self.is_wanted(id, Components::DEFINITION) {
            let mut create = text!(
                self.defined(id, self.definitions.statistics.get(&statistics.id.oid))?,
                ";\n"
            );
            if let Some(target) = statistics.target {
                put!(
                    create,
                    "ALTER STATISTICS ",
                    name,
                    format!(" SET STATISTICS {target};\n")
                );
            }
            self.push(TocEntry {
                tag: Some(statistics.name.clone()),
                namespace: Some(schema.clone()),
                owner: Some(owner.into()),
                defn: Some(create),
                drop_stmt: Some(text!("DROP STATISTICS ", name, ";\n")),
                ..self.entry(id, "STATISTICS", Section::PostData)
            });
        }
        self.emit_comment(
            id,
            &CommentOn {
                kind: "STATISTICS".into(),
                name: self.quoter.ident(&statistics.name),
                schema: Some(schema),
                owner,
                initial: None,
            },
        );
        Ok(())
    }
}
