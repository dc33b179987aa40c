//! Default privileges.

use pgark_archive::{Section, TocEntry};
use pgark_sql::acl::{DefaultKind, build_default_acl_commands};
use pgark_sql::text;

use super::Emitter;
use crate::error::{Error, Result};
use crate::plan::{Components, NodeId};

impl Emitter<'_> {
    pub(super) fn emit_default_acl(&mut self, id: NodeId, place: usize) -> Result<()> {
        let default_acl = &self.catalog().default_acls[place];
        let kind = match default_acl.object_type {
            b'r' => DefaultKind::Tables,
            b'S' => DefaultKind::Sequences,
            b'f' => DefaultKind::Functions,
            b'T' => DefaultKind::Types,
            b'n' => DefaultKind::Schemas,
            b'L' => DefaultKind::LargeObjects,
            _ => return Err(Error::UnknownKind(self.plan.describe(id))),
        };
        let schema = if default_acl.schema.is_valid() {
            Some(self.schema_name(default_acl.schema)?)
        } else {
            None
        };
        let role = self.role_name(default_acl.role)?;
        let current = default_acl
            .acl
            .current
            .as_ref()
            .map_or(&b""[..], |current| current.as_slice());
        let commands = self.sql(
            id,
            build_default_acl_commands(
                &self.quoter,
                kind,
                schema.map(|schema| schema.as_slice()),
                role,
                current,
                &default_acl.acl.default,
            ),
        )?;
        if self.is_wanted(id, Components::ACL) && !commands.is_empty() {
            self.push(TocEntry {
                tag: Some(text!("DEFAULT PRIVILEGES FOR ", kind.as_str())),
                namespace: schema.cloned(),
                owner: Some(role.into()),
                defn: Some(commands),
                ..self.entry(id, "DEFAULT ACL", Section::PostData)
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use pgark_archive::Section;
    use pgark_catalog::Oid;

    use crate::error::Error;
    use crate::testing::{Fixture, OWNER};

    #[test]
    fn default_privileges_are_named_by_kind() {
        for (letter, all, kind) in [
            (b'r', "arwdDxtm", "TABLES"),
            (b'S', "rwU", "SEQUENCES"),
            (b'f', "X", "FUNCTIONS"),
            (b'T', "U", "TYPES"),
            (b'n', "UC", "SCHEMAS"),
            (b'L', "rw", "LARGE OBJECTS"),
        ] {
            let mut f = Fixture::new(18);
            let acl = &mut f.default_acl(OWNER, Oid::INVALID, letter).acl;
            acl.current = Some("{}".into());
            acl.default = format!("{{alice={all}/alice}}").into();
            let entry = f.entry("DEFAULT ACL", &format!("DEFAULT PRIVILEGES FOR {kind}"));
            assert_eq!(
                entry.defn.unwrap(),
                format!(
                    "ALTER DEFAULT PRIVILEGES FOR ROLE alice REVOKE ALL ON {kind} FROM alice;\n"
                )
            );
            assert_eq!((entry.namespace, entry.drop_stmt), (None, None));
            assert_eq!(entry.owner.unwrap(), "alice");
            assert_eq!(entry.section, Section::PostData);
        }
        let mut f = Fixture::new(18);
        f.default_acl(OWNER, Oid::INVALID, b'?');
        assert!(matches!(f.try_emit(), Err(Error::UnknownKind(_))));
    }

    #[test]
    fn default_privileges_in_a_schema_add_to_the_others() {
        // Up to 15 a second blank stands where a name would.
        for (major, tables) in [(15, "TABLES  TO"), (16, "TABLES TO")] {
            let mut f = Fixture::new(major);
            let schema = f.schema("S");
            f.default_acl(OWNER, schema, b'r').acl.current = Some("{bob=r/alice}".into());
            let entry = f.entry("DEFAULT ACL", "DEFAULT PRIVILEGES FOR TABLES");
            assert_eq!(
                entry.defn.unwrap(),
                format!(
                    "ALTER DEFAULT PRIVILEGES FOR ROLE alice IN SCHEMA \"S\" GRANT SELECT ON {tables} bob;\n"
                )
            );
            assert_eq!(entry.namespace.unwrap(), "S");
        }
    }

    #[test]
    fn default_privileges_that_change_nothing_are_left_out() {
        let mut f = Fixture::new(18);
        f.default_acl(OWNER, Oid::INVALID, b'r').acl.current = Some("{}".into());
        assert!(f.list().is_empty());
    }
}
