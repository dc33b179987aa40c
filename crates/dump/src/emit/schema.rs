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
        // Every database has it from the start; only its owner is worth saying.
        let is_public = schema.name == "public";
        if self.is_wanted(id, Components::DEFINITION) {
            let (create, drop) = if is_public {
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
        self.emit_comment(
            id,
            &CommentOn {
                kind: "SCHEMA".into(),
                name: name.clone(),
                schema: None,
                owner,
                initial: is_public.then_some("standard public schema"),
            },
        );
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
