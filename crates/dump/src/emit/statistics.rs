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

#[cfg(test)]
mod tests {
    use pgark_archive::Section;

    use crate::testing::Fixture;

    #[test]
    fn extended_statistics_say_their_target() {
        for (target, expected) in [
            (None, ""),
            (Some(0), "ALTER STATISTICS s.\"St\" SET STATISTICS 0;\n"),
            (
                Some(10_000),
                "ALTER STATISTICS s.\"St\" SET STATISTICS 10000;\n",
            ),
        ] {
            let mut f = Fixture::new(18);
            let table = f.table_of("t", &["a", "b"]);
            let id = f.statistics(table, "St");
            f.catalog.statistics[0].target = target;
            f.comment(id, 0, "why");
            let entry = f.entry("STATISTICS", "St");
            assert_eq!(
                entry.defn.unwrap(),
                format!("CREATE STATISTICS s.St ON a, b FROM s.t;\n{expected}")
            );
            assert_eq!(entry.drop_stmt.unwrap(), "DROP STATISTICS s.\"St\";\n");
            assert_eq!(entry.section, Section::PostData);
            assert_eq!(
                (entry.namespace, entry.owner),
                (Some("s".into()), Some("alice".into()))
            );
            assert_eq!(
                f.text("COMMENT", "STATISTICS \"St\""),
                "COMMENT ON STATISTICS s.\"St\" IS 'why';\n"
            );
        }
    }
}
