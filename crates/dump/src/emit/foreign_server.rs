//! Foreign servers and their user mappings.

use bstr::{BStr, BString};
use pgark_archive::{Section, TocEntry};
use pgark_catalog::{ForeignServer, UserMapping};
use pgark_sql::acl::ObjectKind;
use pgark_sql::{put, text};

use super::Emitter;
use super::acl::AclOf;
use super::comment::CommentOn;
use super::foreign::foreign_options;
use crate::error::Result;
use crate::plan::{Components, NodeId};

impl Emitter<'_> {
    pub(super) fn emit_foreign_server(&mut self, id: NodeId, place: usize) -> Result<()> {
        let server = &self.catalog().foreign_servers[place];
        let name = self.quoter.ident(&server.name);
        let owner = self.role_name(server.owner)?;
        if self.is_wanted(id, Components::DEFINITION) {
            self.push(TocEntry {
                tag: Some(server.name.clone()),
                owner: Some(owner.into()),
                defn: Some(self.server_definition(server, &name)),
                drop_stmt: Some(text!("DROP SERVER ", name, ";\n")),
                ..self.entry(id, "SERVER", Section::PreData)
            });
        }
        // GRANT knows it by another name than COMMENT does.
        self.emit_comment(
            id,
            &CommentOn {
                kind: "SERVER".into(),
                name: name.clone(),
                schema: None,
                owner,
                initial: None,
            },
        );
        self.emit_acl(
            id,
            &AclOf {
                kind: ObjectKind::ForeignServer,
                name: &name,
                schema: None,
                owner,
                acl: &server.acl,
            },
        )?;
        if self.is_wanted(id, Components::USER_MAPPING) {
            let mappings = self.catalog().user_mappings.iter();
            for mapping in mappings.filter(|mapping| mapping.server == server.id.oid) {
                self.emit_user_mapping(mapping, server, owner);
            }
        }
        Ok(())
    }

    fn server_definition(&self, server: &ForeignServer, name: &BString) -> BString {
        let mut create = text!("CREATE SERVER ", name);
        for (word, value) in [
            (" TYPE ", &server.server_type),
            (" VERSION ", &server.version),
        ] {
            if !value.is_empty() {
                put!(create, word, self.quoter.literal(value));
            }
        }
        put!(
            create,
            " FOREIGN DATA WRAPPER ",
            self.quoter.ident(&server.wrapper),
            foreign_options(" ", &server.options),
            ";\n"
        );
        create
    }

    /// A user mapping, which bears the owner of its server.
    fn emit_user_mapping(&mut self, mapping: &UserMapping, server: &ForeignServer, owner: &BStr) {
        let identity = text!(
            "USER MAPPING FOR ",
            self.quoter.ident(&mapping.user),
            " SERVER ",
            self.quoter.ident(&server.name)
        );
        let entry = self.extra_entry("USER MAPPING", Section::PreData, Vec::new());
        self.push(TocEntry {
            tag: Some(text!(
                "USER MAPPING ",
                mapping.user,
                " SERVER ",
                server.name
            )),
            owner: Some(owner.into()),
            defn: Some(text!(
                "CREATE ",
                identity,
                foreign_options(" ", mapping.options.expose()),
                ";\n"
            )),
            drop_stmt: Some(text!("DROP ", identity, ";\n")),
            ..entry
        });
    }
}

#[cfg(test)]
mod tests {
    use pgark_archive::Section;
    use pgark_catalog::ForeignServer;
    use pgark_wire::Secret;

    use crate::options::Content;
    use crate::testing::{Fixture, tag_of};

    #[test]
    fn a_server_says_what_it_has() {
        type Change = fn(&mut ForeignServer);
        let cases: [(Change, &str, &str); 4] = [
            (|_| {}, "", ""),
            (|s| s.server_type = "it's".into(), " TYPE 'it''s'", ""),
            (|s| s.version = "1".into(), " VERSION '1'", ""),
            (
                |s| {
                    s.server_type = "t".into();
                    s.version = "1".into();
                    s.options = "host 'h'".into();
                },
                " TYPE 't' VERSION '1'",
                " OPTIONS (\n    host 'h'\n)",
            ),
        ];
        for (change, before, after) in cases {
            let mut f = Fixture::new(18);
            let server = f.foreign_server("S");
            change(server);
            server.wrapper = "W".into();
            server.acl.current = Some("{alice=U/alice,bob=U/alice}".into());
            let id = server.id;
            f.comment(id, 0, "why");
            let entry = f.entry("SERVER", "S");
            assert_eq!(
                entry.defn.unwrap(),
                format!("CREATE SERVER \"S\"{before} FOREIGN DATA WRAPPER \"W\"{after};\n")
            );
            assert_eq!(entry.drop_stmt.unwrap(), "DROP SERVER \"S\";\n");
            assert_eq!((entry.namespace, entry.owner), (None, Some("alice".into())));
            assert_eq!(
                f.text("COMMENT", "SERVER \"S\""),
                "COMMENT ON SERVER \"S\" IS 'why';\n"
            );
            assert_eq!(
                f.text("ACL", "FOREIGN SERVER \"S\""),
                "GRANT ALL ON FOREIGN SERVER \"S\" TO bob;\n"
            );
        }
    }

    #[test]
    fn user_mappings_follow_their_server_and_all_that_is_said_of_it() {
        let mut f = Fixture::new(18);
        let server = f.foreign_server("a S").id;
        f.comment(server, 0, "why");
        let other = f.foreign_server("b").id;
        f.user_mapping(server, "Bob").options = Secret::new("password 'p'");
        f.user_mapping(other, "carol");
        f.user_mapping(server, "public");
        assert_eq!(
            f.list(),
            [
                "SERVER a S",
                "COMMENT SERVER \"a S\"",
                "USER MAPPING USER MAPPING Bob SERVER a S",
                "USER MAPPING USER MAPPING public SERVER a S",
                "SERVER b",
                "USER MAPPING USER MAPPING carol SERVER b",
            ]
        );
        let entry = f.entry("USER MAPPING", "USER MAPPING Bob SERVER a S");
        assert_eq!(
            entry.defn.unwrap(),
            "CREATE USER MAPPING FOR \"Bob\" SERVER \"a S\" OPTIONS (\n    password 'p'\n);\n"
        );
        assert_eq!(
            entry.drop_stmt.unwrap(),
            "DROP USER MAPPING FOR \"Bob\" SERVER \"a S\";\n"
        );
        assert_eq!((entry.table_oid, entry.oid), (0, 0));
        assert_eq!(
            (entry.owner, entry.section, entry.dependencies),
            (Some("alice".into()), Section::PreData, Vec::new())
        );
        assert_eq!(
            f.text("USER MAPPING", "USER MAPPING public SERVER a S"),
            "CREATE USER MAPPING FOR public SERVER \"a S\";\n"
        );
    }

    #[test]
    fn of_a_server_that_belongs_to_an_extension_only_privileges_are_written() {
        let mut f = Fixture::new(18);
        let (_, extension) = f.extension("x");
        let server = f.foreign_server("S");
        server.acl.current = Some("{alice=U/alice,bob=U/alice}".into());
        let id = server.id;
        f.catalog.members.insert(id, extension);
        f.comment(id, 0, "why");
        f.user_mapping(id, "bob").is_hidden = true;
        let tags: Vec<_> = f.emit().iter().skip(5).map(tag_of).collect();
        assert_eq!(tags, ["x", "FOREIGN SERVER \"S\""]);
        assert!(f.plan().warnings.is_empty());
    }

    #[test]
    fn options_that_the_role_may_not_read_are_told() {
        for (content, is_told) in [(Content::All, true), (Content::DataOnly, false)] {
            let mut f = Fixture::new(18);
            f.options.content = content;
            let server = f.foreign_server("S").id;
            f.user_mapping(server, "bob").is_hidden = true;
            f.user_mapping(server, "public");
            let expected = "options of user mapping \"bob\" of server \"S\" are not dumped because the role may not read them";
            let expected: &[&str] = if is_told { &[expected] } else { &[] };
            assert_eq!(f.plan().warnings, expected);
        }
    }
}
