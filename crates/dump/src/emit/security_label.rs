//! Security labels. All labels of an object are one entry.

use bstr::{BStr, BString, ByteSlice};
use pgark_archive::{DumpId, Section, TocEntry};
use pgark_catalog::{CatalogId, SecurityLabel};
use pgark_sql::{put, text};

use super::Emitter;
use super::comment::CommentOn;
use crate::options::Omit;
use crate::plan::{Components, NodeId};

impl Emitter<'_> {
    /// The security labels of an object of the plan, if they are wanted and there are any.
    pub(super) fn emit_security_label(&mut self, id: NodeId, on: &CommentOn<'_>) {
        if self.is_wanted(id, Components::SECURITY_LABEL) {
            self.emit_security_label_of(self.plan.node(id).id, 0, id.dump_id(), on);
        }
    }

    /// The security labels of a row of the catalogues, or of one of its columns, for an entry that depends on `after`.
    pub(super) fn emit_security_label_of(
        &mut self,
        row: CatalogId,
        column: i32,
        after: DumpId,
        on: &CommentOn<'_>,
    ) {
        let target = text!(on.kind, " ", self.target(on.schema, &on.name));
        let mut statements = BString::default();
        let labels = self.catalog().security_labels.of(row).iter();
        for label in labels.filter(|label| label.column == column) {
            self.put_label(&mut statements, label, &target);
        }
        self.push_labels(statements, on, after);
    }

    /// The security labels of a table or view and of its columns, all in one entry.
    pub(super) fn emit_table_labels(&mut self, id: NodeId, place: usize, on: &CommentOn<'_>) {
        if !self.is_wanted(id, Components::SECURITY_LABEL) {
            return;
        }
        let relation = &self.catalog().relations[place];
        let columns = self.details().columns_of(relation.id.oid);
        let name = self.target(on.schema, &on.name);
        let mut statements = BString::default();
        for label in self.catalog().security_labels.of(relation.id) {
            let target = match label.column {
                0 => text!(on.kind, " ", name),
                number => {
                    let column = columns
                        .iter()
                        .find(|column| i32::from(column.number) == number);
                    let Some(column) = column
                        .map(|c| c.name.as_bstr())
                        .or_else(|| system_column(number))
                    else {
                        continue;
                    };
                    text!("COLUMN ", name, ".", self.quoter.ident(column))
                }
            };
            self.put_label(&mut statements, label, &target);
        }
        self.push_labels(statements, on, id.dump_id());
    }

    fn target(&self, schema: Option<&BString>, name: &BString) -> BString {
        match schema {
            Some(schema) => text!(self.quoter.ident(schema), ".", name),
            None => name.clone(),
        }
    }

    fn put_label(&self, statements: &mut BString, label: &SecurityLabel, target: &BString) {
        put!(
            statements,
            "SECURITY LABEL FOR ",
            self.quoter.ident(&label.provider),
            " ON ",
            target,
            " IS ",
            self.quoter.literal(&label.label),
            ";\n"
        );
    }

    fn push_labels(&mut self, statements: BString, on: &CommentOn<'_>, after: DumpId) {
        if !statements.is_empty() && !self.options.omits(Omit::SECURITY_LABELS) {
            let entry = self.extra_entry("SECURITY LABEL", Section::None, vec![after]);
            self.push(TocEntry {
                tag: Some(text!(on.kind, " ", on.name)),
                namespace: on.schema.cloned(),
                owner: Some(on.owner.into()),
                defn: Some(statements),
                ..entry
            });
        }
    }
}

/// The columns that every table has, by number (src/include/access/sysattr.h).
fn system_column(number: i32) -> Option<&'static BStr> {
    let name = match number {
        -1 => "ctid",
        -2 => "xmin",
        -3 => "cmin",
        -4 => "xmax",
        -5 => "cmax",
        -6 => "tableoid",
        _ => return None,
    };
    Some(name.into())
}

#[cfg(test)]
mod tests {
    use pgark_archive::Section;
    use pgark_catalog::{Attribute, Oid, RelationKind};

    use crate::testing::{Fixture, PG_CATALOG};

    #[test]
    fn all_labels_of_an_object_are_one_entry_by_provider() {
        let mut f = Fixture::new(18);
        let schema = Fixture::schema_row(f.schema);
        f.label(schema, 0, "z", "last");
        f.label(schema, 0, "A \"p\"", "it's \\ first");
        let entry = f.entry("SECURITY LABEL", "SCHEMA s");
        assert_eq!(
            entry.defn.unwrap(),
            "SECURITY LABEL FOR \"A \"\"p\"\"\" ON SCHEMA s IS 'it''s \\ first';\n\
             SECURITY LABEL FOR z ON SCHEMA s IS 'last';\n"
        );
        assert_eq!(entry.section, Section::None);
        assert_eq!((entry.namespace, entry.owner), (None, Some("alice".into())));
        assert_eq!(f.dependencies("SECURITY LABEL", "SCHEMA s"), ["SCHEMA s"]);
    }

    #[test]
    fn a_table_s_labels_come_with_those_of_its_columns() {
        for (kind, name) in [
            (RelationKind::Table, "TABLE"),
            (RelationKind::View, "VIEW"),
            (RelationKind::MaterializedView, "MATERIALIZED VIEW"),
            (RelationKind::ForeignTable, "FOREIGN TABLE"),
        ] {
            let mut f = Fixture::new(18);
            let table = if kind == RelationKind::ForeignTable {
                f.foreign_table("T", "srv")
            } else {
                f.view(kind, "T", "x;")
            };
            f.column(table, "a", "integer");
            f.column(table, "B", "integer");
            for (column, label) in [(2, "two"), (0, "all"), (9, "none"), (-1, "place")] {
                f.label(table, column, "p", label);
            }
            let tag = format!("{name} \"T\"");
            let entry = f.entry("SECURITY LABEL", &tag);
            assert_eq!(
                entry.defn.unwrap(),
                format!(
                    "SECURITY LABEL FOR p ON COLUMN s.\"T\".ctid IS 'place';\n\
                     SECURITY LABEL FOR p ON {name} s.\"T\" IS 'all';\n\
                     SECURITY LABEL FOR p ON COLUMN s.\"T\".\"B\" IS 'two';\n"
                )
            );
            assert_eq!(entry.namespace.unwrap(), "s");
        }
    }

    #[test]
    fn labels_are_written_of_every_kind_that_can_have_one() {
        let mut f = Fixture::new(18);
        let function = f.function("F", &[]);
        let sequence = f.sequence("q");
        let language = f.language("l").id;
        let (extension, _) = f.extension("x");
        let enumeration = f.data_type("e", b'e');
        let (composite, relation) = f.composite("c");
        let attribute = Attribute {
            number: 1,
            name: "A".into(),
            type_name: "integer".into(),
            collation: Oid::INVALID,
        };
        f.definitions.composites = [(composite.oid, vec![attribute])].into();
        for id in [
            function,
            sequence,
            language,
            extension,
            enumeration,
            composite,
        ] {
            f.label(id, 0, "p", "l");
        }
        f.label(relation, 1, "p", "l");
        // Of the system's objects none is written.
        f.schema = PG_CATALOG;
        let system = f.function("now", &[]);
        f.label(system, 0, "p", "l");
        for (tag, on) in [
            ("FUNCTION \"F\"()", "FUNCTION s.\"F\"()"),
            ("SEQUENCE q", "SEQUENCE s.q"),
            ("LANGUAGE l", "LANGUAGE l"),
            ("EXTENSION x", "EXTENSION x"),
            ("TYPE e", "TYPE s.e"),
            ("TYPE c", "TYPE s.c"),
            ("COLUMN c.\"A\"", "COLUMN s.c.\"A\""),
        ] {
            assert_eq!(
                f.text("SECURITY LABEL", tag),
                format!("SECURITY LABEL FOR p ON {on} IS 'l';\n")
            );
        }
        let labels = f
            .emit()
            .into_iter()
            .filter(|entry| entry.desc == "SECURITY LABEL");
        assert_eq!(labels.count(), 7);
    }
}
