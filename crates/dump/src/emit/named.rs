//! Entries of objects that `CREATE`, `DROP` and `COMMENT ON` name alike.

use bstr::{BStr, BString};
use pgark_archive::{Section, TocEntry};
use pgark_sql::{put, text};

use super::Emitter;
use super::comment::CommentOn;
use crate::plan::{Components, NodeId};

/// What an object is called.
pub(super) struct Named<'a> {
    /// The kind, in the archive and in SQL.
    pub(super) kind: &'static str,
    /// The name of the entry.
    pub(super) tag: BString,
    /// What `DROP` and `COMMENT ON` name the object by, without the schema; quoted.
    pub(super) identity: BString,
    /// The schema, not quoted.
    pub(super) schema: Option<&'a BString>,
    /// The owner, not quoted; `None` for kinds without owners.
    pub(super) owner: Option<&'a BStr>,
}

impl Emitter<'_> {
    /// The definition of an object that is made before data, with the comment and the security labels on it, as far as they are wanted.
    pub(super) fn emit_named(&mut self, id: NodeId, named: &Named<'_>, create: BString) {
        self.emit_named_in(Section::PreData, id, named, create);
    }

    /// As [`Self::emit_named`], in any section.
    pub(super) fn emit_named_in(
        &mut self,
        section: Section,
        id: NodeId,
        named: &Named<'_>,
        create: BString,
    ) {
        if self.is_wanted(id, Components::DEFINITION) {
            let mut drop = text!("DROP ", named.kind, " ");
            if let Some(schema) = named.schema {
                put!(drop, self.quoter.ident(schema), ".");
            }
            put!(drop, named.identity, ";\n");
            self.push(TocEntry {
                tag: Some(named.tag.clone()),
                namespace: named.schema.cloned(),
                owner: named.owner.map(Into::into),
                defn: Some(create),
                drop_stmt: Some(drop),
                ..self.entry(id, named.kind, section)
            });
        }
        let on = CommentOn {
            kind: named.kind.into(),
            name: named.identity.clone(),
            schema: named.schema,
            owner: named.owner.unwrap_or_default(),
            initial: None,
        };
        self.emit_comment(id, &on);
        self.emit_security_label(id, &on);
    }
}
