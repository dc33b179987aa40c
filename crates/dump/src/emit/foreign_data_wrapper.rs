//! Foreign-data wrappers.

use pgark_sql::acl::ObjectKind;
use pgark_sql::{put, text};

use super::Emitter;
use super::acl::AclOf;
use super::foreign::foreign_options;
use super::named::Named;
use crate::error::Result;
use crate::plan::NodeId;

impl Emitter<'_> {
    pub(super) fn emit_foreign_data_wrapper(&mut self, id: NodeId, place: usize) -> Result<()> {
        let wrapper = &self.catalog().foreign_data_wrappers[place];
        let name = self.quoter.ident(&wrapper.name);
        let owner = self.role_name(wrapper.owner)?;
        let mut create = text!("CREATE FOREIGN DATA WRAPPER ", name);
        let functions = [
            (" HANDLER ", wrapper.handler),
            (" VALIDATOR ", wrapper.validator),
        ];
        for (word, function) in functions {
            if function.is_valid() {
                put!(create, word, self.function_name(id, function)?);
            }
        }
        put!(create, foreign_options(" ", &wrapper.options), ";\n");
        let named = Named {
            kind: "FOREIGN DATA WRAPPER",
            tag: wrapper.name.clone(),
            identity: self.quoter.ident(&wrapper.name),
            schema: None,
            owner: Some(owner),
        };
        self.emit_named(id, &named, create);
        self.emit_acl(
            id,
            &AclOf {
                kind: ObjectKind::ForeignDataWrapper,
                name: &name,
                schema: None,
                owner,
                acl: &wrapper.acl,
            },
        )?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use pgark_archive::Section;
    use pgark_catalog::{ForeignDataWrapper, Oid};

    use crate::error::Error;
    use crate::testing::Fixture;

    #[test]
    fn a_wrapper_says_what_it_has() {
        type Change = fn(&mut ForeignDataWrapper);
        let cases: [(Change, &str); 5] = [
            (|_| {}, ""),
            (|w| w.handler = Oid(9_001), " HANDLER s.handle"),
            (|w| w.validator = Oid(9_002), " VALIDATOR s.check"),
            (|w| w.options = "a 'x'".into(), " OPTIONS (\n    a 'x'\n)"),
            (
                |w| {
                    w.handler = Oid(9_001);
                    w.validator = Oid(9_002);
                    w.options = "a 'x',\n    b ''".into();
                },
                " HANDLER s.handle VALIDATOR s.check OPTIONS (\n    a 'x',\n    b ''\n)",
            ),
        ];
        for (change, expected) in cases {
            let mut f = Fixture::new(18);
            f.definitions.function_names = [
                (Oid(9_001), "s.handle".into()),
                (Oid(9_002), "s.check".into()),
            ]
            .into();
            let wrapper = f.foreign_data_wrapper("W");
            change(wrapper);
            wrapper.acl.current = Some("{alice=U/alice,bob=U/alice}".into());
            let id = wrapper.id;
            f.comment(id, 0, "why");
            let entry = f.entry("FOREIGN DATA WRAPPER", "W");
            assert_eq!(
                entry.defn.unwrap(),
                format!("CREATE FOREIGN DATA WRAPPER \"W\"{expected};\n")
            );
            assert_eq!(
                entry.drop_stmt.unwrap(),
                "DROP FOREIGN DATA WRAPPER \"W\";\n"
            );
            assert_eq!(entry.section, Section::PreData);
            assert_eq!((entry.namespace, entry.owner), (None, Some("alice".into())));
            let tag = "FOREIGN DATA WRAPPER \"W\"";
            assert_eq!(
                f.text("COMMENT", tag),
                format!("COMMENT ON {tag} IS 'why';\n")
            );
            assert_eq!(f.text("ACL", tag), format!("GRANT ALL ON {tag} TO bob;\n"));
        }
    }

    #[test]
    fn a_handler_that_is_gone_is_an_error() {
        let mut f = Fixture::new(18);
        f.foreign_data_wrapper("W").handler = Oid(9_001);
        let error = f.try_emit().unwrap_err();
        assert!(
            matches!(&error, Error::Dropped(what) if what == "foreign-data wrapper \"W\""),
            "{error}"
        );
    }
}
