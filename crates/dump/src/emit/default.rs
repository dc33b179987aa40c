//! Column defaults that are set once their table is there.

use pgark_archive::{Section, TocEntry};
use pgark_sql::text;

use super::Emitter;
use super::foreign::alter_table;
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
                alter_table(table),
                "ONLY ",
                name,
                " ALTER COLUMN ",
                quoted,
                " SET DEFAULT ",
                expression,
                ";\n"
            )),
            drop_stmt: Some(text!(
                alter_table(table),
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

#[cfg(test)]
mod tests {
    use pgark_archive::Section;

    use crate::testing::Fixture;

    #[test]
    fn a_default_is_set_by_itself_where_its_column_was_not_declared() {
        let mut f = Fixture::new(18);
        let parent = f.table_of("parent", &["A"]);
        f.default(parent, 1, "1");
        let child = f.table("child");
        f.column(child, "A", "integer").is_local = false;
        f.inherits(child, parent);
        // The child takes its parent's default back.
        let text = |expression| {
            format!("ALTER TABLE ONLY s.child ALTER COLUMN \"A\" SET DEFAULT {expression};\n")
        };
        assert_eq!(f.text("DEFAULT", "child A"), text("NULL"));
        assert_eq!(f.dependencies("DEFAULT", "child A"), ["TABLE child"]);
        // Or has one of its own.
        let id = f.default(child, 1, "2");
        let entry = f.entry("DEFAULT", "child A");
        assert_eq!(entry.defn.unwrap(), text("2"));
        assert_eq!(
            entry.drop_stmt.unwrap(),
            "ALTER TABLE s.child ALTER COLUMN \"A\" DROP DEFAULT;\n"
        );
        assert_eq!(entry.section, Section::PreData);
        assert_eq!((entry.table_oid, entry.oid), (2604, id.oid.0));
        assert_eq!(
            (entry.namespace, entry.owner),
            (Some("s".into()), Some("alice".into()))
        );
        assert!(f.find("DEFAULT", "parent A").is_none());
    }
}
