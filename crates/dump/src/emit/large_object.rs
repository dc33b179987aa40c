//! Large objects.

use bstr::BString;
use pgark_archive::{Section, TocEntry};
use pgark_catalog::CatalogId;
use pgark_sql::acl::ObjectKind;
use pgark_sql::{put, text};

use super::Emitter;
use super::acl::AclOf;
use super::comment::CommentOn;
use crate::error::Result;
use crate::plan::{Components, NodeId};

impl Emitter<'_> {
    /// Owner, comments and privileges of large objects.
    pub(super) fn emit_large_objects(&mut self, id: NodeId, place: usize) -> Result<()> {
        let group = &self.catalog().large_objects[place];
        let owner = self.role_name(group.owner)?;
        let entry = if self.catalog().server.groups_large_objects() {
            let mut oids = BString::default();
            for object in &group.objects {
                put!(oids, object.to_string(), "\n");
            }
            TocEntry {
                defn: Some(oids),
                // pg_restore makes the statement for each of them itself, but only where there is some text.
                drop_stmt: Some("-- dummy".into()),
                ..self.entry(id, "BLOB METADATA", Section::Data)
            }
        } else {
            TocEntry {
                defn: Some(text!("SELECT pg_catalog.lo_create('", group.name, "');\n")),
                drop_stmt: Some(text!("SELECT pg_catalog.lo_unlink('", group.name, "');\n")),
                ..self.entry(id, "BLOB", Section::PreData)
            }
        };
        self.push(TocEntry {
            tag: Some(group.name.clone()),
            owner: Some(owner.into()),
            ..entry
        });
        for object in &group.objects {
            let row = CatalogId {
                oid: *object,
                ..group.id
            };
            let on = CommentOn {
                kind: ObjectKind::LargeObject.as_str().into(),
                name: object.to_string().into(),
                schema: None,
                owner,
                initial: None,
            };
            self.emit_comment_of(row, 0, id.dump_id(), &on);
            self.emit_security_label_of(row, 0, id.dump_id(), &on);
        }
        self.emit_large_object_acl(id, place)
    }

    /// The privileges, which a group has in common; pg_restore repeats what is said of the first for the others.
    fn emit_large_object_acl(&mut self, id: NodeId, place: usize) -> Result<()> {
        let group = &self.catalog().large_objects[place];
        if !self.is_wanted(id, Components::ACL) {
            return Ok(());
        }
        let of = AclOf {
            kind: ObjectKind::LargeObject,
            name: &group.id.oid.to_string().into(),
            schema: None,
            owner: self.role_name(group.owner)?,
            acl: &group.acl,
        };
        let commands = self.acl_commands(
            id,
            &of,
            None,
            group.acl.current.as_ref(),
            None,
            &group.acl.default,
        )?;
        let plural = if group.objects.len() > 1 { "S" } else { "" };
        let tag = text!(ObjectKind::LargeObject.as_str(), plural, " ", group.name);
        self.push_acl(commands, tag, vec![id.dump_id()], &of);
        Ok(())
    }

    /// What large objects hold.
    pub(super) fn emit_large_object_data(&mut self, id: NodeId, place: usize) -> Result<()> {
        let entry = TocEntry {
            had_dumper: true,
            ..self.entry(id, "BLOBS", Section::Data)
        };
        if self.catalog().server.groups_large_objects() {
            let group = &self.catalog().large_objects[place];
            let dependencies = self
                .plan
                .node(id)
                .dependencies
                .iter()
                .map(|dependency| dependency.dump_id())
                .collect();
            let owner = self.role_name(group.owner)?;
            self.push(TocEntry {
                tag: Some(group.name.clone()),
                owner: Some(owner.into()),
                dependencies,
                ..entry
            });
        } else {
            self.push(TocEntry {
                tag: Some("BLOBS".into()),
                ..entry
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
