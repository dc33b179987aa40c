//! Row security and its policies.

use pgark_archive::{Section, TocEntry};
use pgark_sql::{put, text};

use super::Emitter;
use crate::error::Result;
use crate::plan::{Components, NodeId};

impl Emitter<'_> {
    /// `ENABLE ROW LEVEL SECURITY`; that it binds the owner too stands with the table.
    pub(super) fn emit_row_security(&mut self, id: NodeId, place: usize) -> Result<()> {
        let table = self.table_of(id, self.catalog().relations[place].id.oid)?;
        if self.is_wanted(id, Components::DEFINITION) {
            self.push(TocEntry {
                tag: Some(table.relation.name.clone()),
                namespace: Some(table.schema.clone()),
                owner: Some(table.owner.into()),
                // No newline here, unlike anywhere else.
                defn: Some(text!(
                    "ALTER TABLE ",
                    table.name,
                    " ENABLE ROW LEVEL SECURITY;"
                )),
                dependencies: vec![self.plan.relation_dump_id(place)],
                ..self.entry(id, "ROW SECURITY", Section::PostData)
            });
        }
        Ok(())
    }

    pub(super) fn emit_policy(&mut self, id: NodeId, place: usize) -> Result<()> {
        let policy = &self.details().policies[place];
        let table = self.table_of(id, policy.relation)?;
        if self.is_wanted(id, Components::DEFINITION) {
            let name = self.quoter.ident(&policy.name);
            let command = match policy.command {
                b'r' => " FOR SELECT",
                b'a' => " FOR INSERT",
                b'w' => " FOR UPDATE",
                b'd' => " FOR DELETE",
                _ => "",
            };
            let restrictive = if policy.is_permissive {
                ""
            } else {
                " AS RESTRICTIVE"
            };
            let mut create = text!(
                "CREATE POLICY ",
                name,
                " ON ",
                table.name,
                restrictive,
                command
            );
            if let Some(roles) = &policy.roles {
                put!(create, " TO ", roles);
            }
            if let Some(using) = &policy.using {
                put!(create, " USING (", using, ")");
            }
            if let Some(check) = &policy.with_check {
                put!(create, " WITH CHECK (", check, ")");
            }
            put!(create, ";\n");
            self.push(TocEntry {
                defn: Some(create),
                drop_stmt: Some(text!("DROP POLICY ", name, " ON ", table.name, ";\n")),
                ..self.part_entry(id, "POLICY", &table, &policy.name)
            });
        }
        self.emit_part_comment(id, "POLICY", &policy.name, &table);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use pgark_archive::Section;
    use pgark_catalog::Policy;

    use crate::testing::Fixture;

    #[test]
    fn a_policy_says_what_it_is_for() {
        type Change = fn(&mut Policy);
        let cases: [(Change, &str); 10] = [
            (|_| {}, ""),
            (|p| p.command = b'r', " FOR SELECT"),
            (|p| p.command = b'a', " FOR INSERT"),
            (|p| p.command = b'w', " FOR UPDATE"),
            (|p| p.command = b'd', " FOR DELETE"),
            (|p| p.is_permissive = false, " AS RESTRICTIVE"),
            (
                |p| p.roles = Some("alice, \"B\"".into()),
                " TO alice, \"B\"",
            ),
            (|p| p.using = Some("(a > 0)".into()), " USING ((a > 0))"),
            (
                |p| p.with_check = Some("(a > 0)".into()),
                " WITH CHECK ((a > 0))",
            ),
            (
                |p| {
                    p.command = b'w';
                    p.is_permissive = false;
                    p.roles = Some("alice".into());
                    p.using = Some("true".into());
                    p.with_check = Some("false".into());
                },
                " AS RESTRICTIVE FOR UPDATE TO alice USING (true) WITH CHECK (false)",
            ),
        ];
        for (change, expected) in cases {
            let mut f = Fixture::new(18);
            let table = f.table("T");
            let policy = f.policy(table, "P");
            change(policy);
            let id = policy.id;
            f.comment(id, 0, "why");
            let entry = f.entry("POLICY", "T P");
            assert_eq!(
                entry.defn.unwrap(),
                format!("CREATE POLICY \"P\" ON s.\"T\"{expected};\n")
            );
            assert_eq!(entry.drop_stmt.unwrap(), "DROP POLICY \"P\" ON s.\"T\";\n");
            assert_eq!(entry.section, Section::PostData);
            assert_eq!(
                f.text("COMMENT", "POLICY \"P\" ON \"T\""),
                "COMMENT ON POLICY \"P\" ON s.\"T\" IS 'why';\n"
            );
        }
    }

    #[test]
    fn row_security_is_enabled_after_data() {
        let mut f = Fixture::new(18);
        let table = f.table("T");
        f.relation_mut(table).row_security = true;
        let entry = f.entry("ROW SECURITY", "T");
        assert_eq!(
            entry.defn.unwrap(),
            "ALTER TABLE s.\"T\" ENABLE ROW LEVEL SECURITY;"
        );
        assert_eq!((entry.drop_stmt, entry.section), (None, Section::PostData));
        assert_eq!((entry.table_oid, entry.oid), (0, table.oid.0));
        assert_eq!(
            (entry.namespace, entry.owner),
            (Some("s".into()), Some("alice".into()))
        );
        assert_eq!(f.dependencies("ROW SECURITY", "T"), ["TABLE T"]);
    }
}
