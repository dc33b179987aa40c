//! Schemas.

use pgark_archive::{Section, TocEntry};
use pgark_sql::acl::ObjectKind;
use pgark_sql::text;

use super::Emitter;
use super::acl::AclOf;
use super::comment::CommentOn;
use crate::error::Result;
use crate::plan::{Components, NodeId};

impl Emitter<'_> {
    pub(super) fn emit_schema(&mut self, id: NodeId, place: usize) -> Result<()> {
        let schema = &self.catalog().schemas[place];
        let name = self.quoter.ident(&schema.name);
        let owner = self.role_name(schema.owner)?;
        // Only its owner is worth saying then.
        let is_from_start = self.options.is_from_start(schema);
        if self.is_wanted(id, Components::DEFINITION) {
            let (create, drop) = if is_from_start {
                (
                    "-- *not* creating schema, since initdb creates it\n".into(),
                    "-- *not* dropping schema, since initdb creates it\n".into(),
                )
            } else {
                (
                    text!("CREATE SCHEMA ", name, ";\n"),
                    text!("DROP SCHEMA ", name, ";\n"),
                )
            };
            self.push(TocEntry {
                tag: Some(schema.name.clone()),
                owner: Some(owner.into()),
                defn: Some(create),
                drop_stmt: Some(drop),
                ..self.entry(id, "SCHEMA", Section::PreData)
            });
        }
        let on = CommentOn {
            kind: "SCHEMA".into(),
            name: name.clone(),
            schema: None,
            owner,
            // pg_dump compares the quoted name (`dumpNamespace` in src/bin/pg_dump/pg_dump.c).
            initial: (is_from_start && name == "public").then_some("standard public schema"),
        };
        self.emit_comment(id, &on);
        self.emit_security_label(id, &on);
        self.emit_acl(
            id,
            &AclOf {
                kind: ObjectKind::Schema,
                name: &name,
                schema: None,
                owner,
                acl: &schema.acl,
            },
        )?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use pgark_archive::Section;

    use crate::options::Content;
    use crate::testing::{Fixture, OWNER, PUBLIC};

    #[test]
    fn a_schema_is_made_and_dropped() {
        let mut f = Fixture::new(18);
        let schema = f.schema("S x");
        f.comment(Fixture::schema_row(schema), 0, "why");
        f.schema_mut(schema).acl.current = Some("{alice=UC/alice,bob=U/alice}".into());
        let entry = f.entry("SCHEMA", "S x");
        assert_eq!(entry.defn.unwrap(), "CREATE SCHEMA \"S x\";\n");
        assert_eq!(entry.drop_stmt.unwrap(), "DROP SCHEMA \"S x\";\n");
        assert_eq!((entry.namespace, entry.owner), (None, Some("alice".into())));
        assert_eq!((entry.table_oid, entry.oid), (2615, schema.0));
        assert_eq!(entry.section, Section::PreData);
        for (desc, text) in [
            ("COMMENT", "COMMENT ON SCHEMA \"S x\" IS 'why';\n"),
            ("ACL", "GRANT USAGE ON SCHEMA \"S x\" TO bob;\n"),
        ] {
            assert_eq!(f.text(desc, "SCHEMA \"S x\""), text);
            assert_eq!(f.dependencies(desc, "SCHEMA \"S x\""), ["SCHEMA S x"]);
        }
        f.options.content = Content::DataOnly;
        assert!(f.list().is_empty());
    }

    #[test]
    fn the_schema_public_is_mentioned_where_it_has_another_owner() {
        let mut f = Fixture::new(18);
        assert!(f.find("SCHEMA", "public").is_none());
        f.schema_mut(PUBLIC).owner = OWNER;
        let entry = f.entry("SCHEMA", "public");
        assert_eq!(
            entry.defn.unwrap(),
            "-- *not* creating schema, since initdb creates it\n"
        );
        assert_eq!(
            entry.drop_stmt.unwrap(),
            "-- *not* dropping schema, since initdb creates it\n"
        );
        assert_eq!(entry.owner.unwrap(), "alice");
    }

    #[test]
    fn before_15_only_privileges_of_the_schema_public_are_written() {
        for major in [13, 14] {
            let mut f = Fixture::new(major);
            f.schema_mut(PUBLIC).owner = OWNER;
            f.comment(Fixture::schema_row(PUBLIC), 0, "mine");
            f.catalog.initial_privileges[0].acl = "{alice=UC/alice,=U/alice}".into();
            f.schema_mut(PUBLIC).acl.current = Some("{alice=UC/alice,=UC/alice}".into());
            assert_eq!(f.list(), ["ACL SCHEMA public"]);
            assert_eq!(
                f.text("ACL", "SCHEMA public"),
                "REVOKE USAGE ON SCHEMA public FROM PUBLIC;\nGRANT ALL ON SCHEMA public TO PUBLIC;\n"
            );
        }
    }

    #[test]
    fn the_comment_on_the_schema_public_is_written_where_it_was_changed() {
        for (comment, expected) in [
            (Some("standard public schema"), None),
            (Some("mine"), Some("COMMENT ON SCHEMA public IS 'mine';\n")),
            (None, Some("COMMENT ON SCHEMA public IS '';\n")),
        ] {
            let mut f = Fixture::empty(18);
            let schema = f.schema("public");
            if let Some(comment) = comment {
                f.comment(Fixture::schema_row(schema), 0, comment);
            }
            let found = f.find("COMMENT", "SCHEMA public");
            assert_eq!(
                found.and_then(|entry| entry.defn),
                expected.map(Into::into),
                "{comment:?}"
            );
        }
    }
}
