//! Procedural languages.

use bstr::BString;
use pgark_archive::{Section, TocEntry};
use pgark_catalog::{CatalogId, Oid, catalog_oid};
use pgark_sql::acl::ObjectKind;
use pgark_sql::{put, text};

use super::Emitter;
use super::acl::AclOf;
use super::comment::CommentOn;
use crate::error::Result;
use crate::plan::{Components, NodeId, Object};

impl Emitter<'_> {
    pub(super) fn emit_language(&mut self, id: NodeId, place: usize) -> Result<()> {
        let language = &self.catalog().languages[place];
        let name = self.quoter.ident(&language.name);
        let owner = self.role_name(language.owner)?;
        if self.is_wanted(id, Components::DEFINITION) {
            // Without functions of its own in the archive, the language must be one that the server knows by name.
            let handlers = [
                ("HANDLER", language.handler),
                ("INLINE", language.inline_handler),
                ("VALIDATOR", language.validator),
            ];
            let mut parameters = BString::default();
            let mut are_all_written = true;
            for (word, function) in handlers
                .into_iter()
                .filter(|(_, function)| function.is_valid())
            {
                match self.written_function(function)? {
                    Some(function) => put!(parameters, " ", word, " ", function),
                    None => are_all_written = false,
                }
            }
            let create = if are_all_written && language.handler.is_valid() {
                let trusted = if language.is_trusted { "TRUSTED " } else { "" };
                text!(
                    "CREATE ",
                    trusted,
                    "PROCEDURAL LANGUAGE ",
                    name,
                    parameters,
                    ";\n"
                )
            } else {
                text!("CREATE OR REPLACE PROCEDURAL LANGUAGE ", name, ";\n")
            };
            self.push(TocEntry {
                tag: Some(language.name.clone()),
                owner: Some(owner.into()),
                defn: Some(create),
                drop_stmt: Some(text!("DROP PROCEDURAL LANGUAGE ", name, ";\n")),
                ..self.entry(id, "PROCEDURAL LANGUAGE", Section::PreData)
            });
        }
        let on = CommentOn {
            kind: "LANGUAGE".into(),
            name: name.clone(),
            schema: None,
            owner,
            initial: None,
        };
        self.emit_comment(id, &on);
        self.emit_security_label(id, &on);
        if language.is_trusted {
            self.emit_acl(
                id,
                &AclOf {
                    kind: ObjectKind::Language,
                    name: &name,
                    schema: None,
                    owner,
                    acl: &language.acl,
                },
            )?;
        }
        Ok(())
    }

    /// The qualified name of a function, if it is in the archive.
    fn written_function(&self, function: Oid) -> Result<Option<BString>> {
        let node = self.plan.find_row(CatalogId {
            table: catalog_oid::PROC,
            oid: function,
        });
        match node.map(|node| self.plan.node(node)) {
            Some(node) if !node.components().is_empty() => match node.object {
                Object::Function(i) => {
                    let function = &self.catalog().functions[i];
                    Ok(Some(self.qualified(function.schema, &function.name)?))
                }
                _ => Ok(None),
            },
            _ => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests;
