//! Column defaults that are set once their table is there.

use pgark_archive::{Section, TocEntry};
use pgark_sql::text;

use super::Emitter;
use crate::error::Result;
use crate::plan::{Components, NodeId, Object};

impl Emitter<'_> {
    pub(super) fn emit_default(&mut self, id: NodeId) -> Result<()> {
        let node = self.plan.node(id);
        if !node.is_separate || !self.is_wanted(id, Components::DEFINITION) {
            return Ok(());
        }
        let details = self.details();
        let (relation, number) = match node.object {
            Object::Default(i) => (details.defaults[i].relation, details.defaults[i].column),
            Object::NullDefault(i) => (details.columns[i].relation, details.columns[i].number),
            _ => return Ok(()),
        };
        let Some(table) = self.catalog().relation(relation) else {
            return Ok(());
        };
        let column = usize::try_from(number - 1)
            .ok()
            .and_then(|place| details.columns_of(relation).get(place));
        let Some(column) = column else { return Ok(()) };
        let name = self.qualified_relation(table)?;
        let quoted = self.quoter.ident(&column.name);
        let expression = self.plan.default_expression(id);
        self.push(TocEntry {
            tag: Some(text!(table.name, " ", column.name)),
            namespace: Some(self.schema_name(table.schema)?.clone()),
            owner: Some(self.role_name(table.owner)?.into()),
            defn: Some(text!(
                "ALTER TABLE ONLY ",
                name,
                " ALTER COLUMN ",
                quoted,
                " SET DEFAULT ",
                expression,
                ";\n"
            )),
            drop_stmt: Some(text!(
                "ALTER TABLE ",
                name,
                " ALTER COLUMN ",
                quoted,
                " DROP DEFAULT;\n"
            )),
            ..self.entry(id, "DEFAULT", Section::PreData)
        });
        Ok(())
    }
}
