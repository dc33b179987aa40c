//! Extensions.

use pgark_archive::{Section, TocEntry};
use pgark_sql::text;

use super::Emitter;
use super::comment::CommentOn;
use crate::error::Result;
use crate::plan::{Components, NodeId};

impl Emitter<'_> {
    #[allow(clippy::unnecessary_wraps)] // as the other kinds
    pub(super) fn emit_extension(&mut self, id: NodeId, place: usize) -> Result<()> {
        let extension = &self.catalog().extensions[place];
        let name = self.quoter.ident(&extension.name);
        if self.is_wanted(id, Components::DEFINITION) {
            let schema = self.quoter.ident(&extension.schema);
            self.push(TocEntry {
                tag: Some(extension.name.clone()),
                defn: Some(text!(
                    "CREATE EXTENSION IF NOT EXISTS ",
                    name,
                    " WITH SCHEMA ",
                    schema,
                    ";\n"
                )),
                drop_stmt: Some(text!("DROP EXTENSION ", name, ";\n")),
                ..self.entry(id, "EXTENSION", Section::PreData)
            });
        }
        self.emit_comment(
            id,
            &CommentOn {
                kind: "EXTENSION".into(),
                name,
                schema: None,
                owner: "".into(),
                initial: None,
            },
        );
        Ok(())
    }
}
