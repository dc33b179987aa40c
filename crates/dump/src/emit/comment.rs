//! Comments.

use bstr::{BStr, BString};
use pgark_archive::{DumpId, Section, TocEntry};
use pgark_catalog::CatalogId;
use pgark_sql::{put, text};

use super::Emitter;
use crate::options::Omit;
use crate::plan::{Components, NodeId};

/// What a comment or a security label is on, as `COMMENT ON kind [schema.]name` names it.
pub(super) struct CommentOn<'a> {
    /// The kind in SQL, such as `TYPE` or `TRIGGER t ON`.
    pub(super) kind: BString,
    /// The name, quoted.
    pub(super) name: BString,
    /// The schema, not quoted.
    pub(super) schema: Option<&'a BString>,
    /// The owner, not quoted.
    pub(super) owner: &'a BStr,
    /// The comment that a new database has already: the same one is not written, and its absence is.
    pub(super) initial: Option<&'static str>,
}

impl Emitter<'_> {
    /// The comment on an object of the plan, if it is wanted and there is one.
    pub(super) fn emit_comment(&mut self, id: NodeId, on: &CommentOn<'_>) {
        if self.is_wanted(id, Components::COMMENT) {
            self.emit_comment_of(self.plan.node(id).id, 0, id.dump_id(), on);
        }
    }

    /// The comment on a row of the catalogues, or on one of its columns, for an entry that depends on `after`.
    pub(super) fn emit_comment_of(
        &mut self,
        row: CatalogId,
        column: i32,
        after: DumpId,
        on: &CommentOn<'_>,
    ) {
        let comment = match (self.catalog().comments.text(row, column), on.initial) {
            (Some(comment), Some(initial)) if comment == initial => return,
            (Some(comment), _) => comment,
            (None, Some(_)) => "".into(),
            (None, None) => return,
        };
        self.push_comment(comment, after, on);
    }

    /// Adds a comment's entry.
    pub(super) fn push_comment(&mut self, comment: &BStr, after: DumpId, on: &CommentOn<'_>) {
        if self.options.omits(Omit::COMMENTS) {
            return;
        }
        let mut statement = text!("COMMENT ON ", on.kind, " ");
        if let Some(schema) = on.schema {
            put!(statement, self.quoter.ident(schema), ".");
        }
        put!(
            statement,
            on.name,
            " IS ",
            self.quoter.literal(comment),
            ";\n"
        );
        let entry = self.extra_entry("COMMENT", Section::None, vec![after]);
        self.push(TocEntry {
            tag: Some(text!(on.kind, " ", on.name)),
            namespace: on.schema.cloned(),
            owner: Some(on.owner.into()),
            defn: Some(statement),
            ..entry
        });
    }
}
