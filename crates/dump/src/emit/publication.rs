//! Publications with their tables and schemas.

use bstr::BString;
use pgark_archive::{Section, TocEntry};
use pgark_catalog::{Publication, PublicationMember};
use pgark_sql::{put, text};

use super::Emitter;
use super::named::Named;
use crate::error::Result;
use crate::plan::{Components, NodeId};

impl Emitter<'_> {
    pub(super) fn emit_publication(&mut self, id: NodeId, place: usize) -> Result<()> {
        let publication = &self.catalog().publications[place];
        let name = self.quoter.ident(&publication.name);
        let owner = self.role_name(publication.owner)?;
        let create = publication_definition(publication, &name);
        let named = Named {
            kind: "PUBLICATION",
            tag: publication.name.clone(),
            identity: name,
            schema: None,
            owner: Some(owner),
        };
        self.emit_named_in(Section::PostData, id, &named, create);
        Ok(())
    }

    /// A table in a publication, with the columns and rows that are published.
    pub(super) fn emit_publication_table(&mut self, id: NodeId, place: usize) -> Result<()> {
        let member = &self.catalog().publication_tables[place];
        let table = self.table_of(id, member.member)?;
        let filter = self.defined(id, self.definitions.publication_filters.get(&member.id.oid))?;
        let mut what = text!("TABLE ONLY ", table.name);
        if let Some(columns) = &filter.columns {
            let columns = columns.iter().map(|column| self.quoter.ident(column));
            put!(what, " (", bstr::join(", ", columns), ")");
        }
        if let Some(rows) = &filter.rows {
            put!(what, " WHERE (", rows, ")");
        }
        let entry = self.entry(id, "PUBLICATION TABLE", Section::PostData);
        self.emit_publication_member(
            id,
            member,
            &what,
            TocEntry {
                tag: Some(text!(member.publication, " ", table.relation.name)),
                namespace: Some(table.schema.clone()),
                ..entry
            },
        )
    }

    /// A schema whose tables are in a publication.
    pub(super) fn emit_publication_schema(&mut self, id: NodeId, place: usize) -> Result<()> {
        let member = &self.catalog().publication_schemas[place];
        let schema = self.schema_name(member.member)?;
        let what = text!("TABLES IN SCHEMA ", self.quoter.ident(schema));
        let entry = self.entry(id, "PUBLICATION TABLES IN SCHEMA", Section::PostData);
        self.emit_publication_member(
            id,
            member,
            &what,
            TocEntry {
                tag: Some(text!(member.publication, " ", schema)),
                namespace: Some(schema.clone()),
                ..entry
            },
        )
    }

    /// Adds a member to a publication. It goes when the member goes, and is made by the publication's owner.
    fn emit_publication_member(
        &mut self,
        id: NodeId,
        member: &PublicationMember,
        what: &BString,
        entry: TocEntry,
    ) -> Result<()> {
        if self.is_wanted(id, Components::DEFINITION) {
            self.push(TocEntry {
                owner: Some(self.role_name(member.owner)?.into()),
                defn: Some(text!(
                    "ALTER PUBLICATION ",
                    self.quoter.ident(&member.publication),
                    " ADD ",
                    what,
                    ";\n"
                )),
                ..entry
            });
        }
        Ok(())
    }
}

fn publication_definition(publication: &Publication, name: &BString) -> BString {
    let mut create = text!("CREATE PUBLICATION ", name);
    if publication.all_tables {
        put!(create, " FOR ALL TABLES");
    }
    let operations = [
        ("insert", publication.insert),
        ("update", publication.update),
        ("delete", publication.delete),
        ("truncate", publication.truncate),
    ];
    let published = operations
        .into_iter()
        .filter_map(|(operation, is_published)| is_published.then_some(operation));
    put!(
        create,
        " WITH (publish = '",
        bstr::join(", ", published),
        "'"
    );
    if publication.via_root {
        put!(create, ", publish_via_partition_root = true");
    }
    if publication.generated_columns == b's' {
        put!(create, ", publish_generated_columns = stored");
    }
    put!(create, ");\n");
    create
}

#[cfg(test)]
mod tests {
    use pgark_archive::Section;
    use pgark_catalog::{Publication, PublicationFilter};

    use crate::testing::Fixture;

    #[test]
    fn a_publication_says_what_it_publishes() {
        type Change = fn(&mut Publication);
        let usual = "insert, update, delete, truncate";
        let cases: [(Change, &str, &str, &str); 6] = [
            (|_| {}, "", usual, ""),
            (|p| p.all_tables = true, " FOR ALL TABLES", usual, ""),
            (
                |p| (p.insert, p.delete) = (false, false),
                "",
                "update, truncate",
                "",
            ),
            (
                |p| (p.insert, p.update, p.delete, p.truncate) = (false, false, false, false),
                "",
                "",
                "",
            ),
            (
                |p| p.via_root = true,
                "",
                usual,
                ", publish_via_partition_root = true",
            ),
            (
                |p| (p.via_root, p.generated_columns) = (true, b's'),
                "",
                usual,
                ", publish_via_partition_root = true, publish_generated_columns = stored",
            ),
        ];
        for (change, of, published, options) in cases {
            let mut f = Fixture::new(18);
            let publication = f.publication("P");
            change(publication);
            let id = publication.id;
            f.comment(id, 0, "why");
            f.label(id, 0, "p", "l");
            let entry = f.entry("PUBLICATION", "P");
            assert_eq!(
                entry.defn.unwrap(),
                format!("CREATE PUBLICATION \"P\"{of} WITH (publish = '{published}'{options});\n")
            );
            assert_eq!(entry.drop_stmt.unwrap(), "DROP PUBLICATION \"P\";\n");
            assert_eq!(entry.section, Section::PostData);
            for (desc, text) in [
                ("COMMENT", "COMMENT ON PUBLICATION \"P\" IS 'why';\n"),
                (
                    "SECURITY LABEL",
                    "SECURITY LABEL FOR p ON PUBLICATION \"P\" IS 'l';\n",
                ),
            ] {
                assert_eq!(f.text(desc, "PUBLICATION \"P\""), text);
            }
        }
    }

    #[test]
    fn a_table_is_published_with_its_columns_and_rows() {
        for (has_columns, has_rows, expected) in [
            (false, false, ""),
            (true, false, " (a, \"B b\")"),
            (false, true, " WHERE ((a > 1))"),
            (true, true, " (a, \"B b\") WHERE ((a > 1))"),
        ] {
            let filter = PublicationFilter {
                columns: has_columns.then(|| vec!["a".into(), "B b".into()]),
                rows: has_rows.then(|| "(a > 1)".into()),
            };
            let mut f = Fixture::new(18);
            let table = f.table("T");
            f.publication("P");
            let member = f.publication_table("P", table);
            f.definitions.publication_filters.insert(member.oid, filter);
            let entry = f.entry("PUBLICATION TABLE", "P T");
            assert_eq!(
                entry.defn.unwrap(),
                format!("ALTER PUBLICATION \"P\" ADD TABLE ONLY s.\"T\"{expected};\n")
            );
            assert_eq!(entry.drop_stmt, None);
            assert_eq!(
                (entry.namespace, entry.owner),
                (Some("s".into()), Some("alice".into()))
            );
        }
    }

    #[test]
    fn the_tables_of_a_schema_are_published() {
        let mut f = Fixture::new(18);
        f.publication("P");
        let schema = f.schema("S 1");
        f.publication_schema("P", schema);
        let entry = f.entry("PUBLICATION TABLES IN SCHEMA", "P S 1");
        assert_eq!(
            entry.defn.unwrap(),
            "ALTER PUBLICATION \"P\" ADD TABLES IN SCHEMA \"S 1\";\n"
        );
        assert_eq!(entry.drop_stmt, None);
        assert_eq!(entry.namespace.unwrap(), "S 1");
    }

    #[test]
    fn what_is_not_written_is_published_since_18() {
        for (major, is_published) in [(15, false), (17, false), (18, true)] {
            let mut f = Fixture::new(major);
            let (_, extension) = f.extension("x");
            let table = f.table("t");
            f.catalog.members.insert(table, extension);
            let hidden = f.schema("information_schema");
            f.publication("p");
            f.publication_table("p", table);
            f.publication_schema("p", hidden);
            for (desc, tag) in [
                ("PUBLICATION TABLE", "p t"),
                ("PUBLICATION TABLES IN SCHEMA", "p information_schema"),
            ] {
                assert_eq!(f.find(desc, tag).is_some(), is_published, "{major} {desc}");
            }
        }
    }
}
