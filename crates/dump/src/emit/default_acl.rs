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
            _ => return Err(Error::Unwritten(vec![self.plan.describe(id)])),
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
