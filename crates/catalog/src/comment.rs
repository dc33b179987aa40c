//! Comments on objects.

use bstr::{BStr, BString};
use pgark_connect::Session;

use crate::error::Result;
use crate::fields::fetch;
use crate::oid::CatalogId;

/// A comment.
#[derive(Clone, Debug)]
pub struct Comment {
    /// The object.
    pub id: CatalogId,
    /// The column, 0 for the object itself.
    pub column: i32,
    /// The text.
    pub text: BString,
}

/// All comments of the database, ordered by object and column.
#[derive(Clone, Debug, Default)]
pub struct Comments(Vec<Comment>);

impl Comments {
    pub(crate) async fn fetch(session: &mut Session) -> Result<Self> {
        // Of what is pinned (FirstUnpinnedObjectId in src/include/access/transam.h), thousands of rows, only a schema's comment matters.
        // A large object has the number that its maker likes.
        let sql = "select classoid, objoid, objsubid, description from pg_catalog.pg_description \
                   where objoid >= 12000 or classoid in ('pg_catalog.pg_namespace'::pg_catalog.regclass, \
                     'pg_catalog.pg_largeobject'::pg_catalog.regclass)";
        let comments = fetch(session, "comments", sql, |f| {
            Ok(Comment {
                id: f.catalog_id()?,
                column: f.number("a column number")?,
                text: f.text()?,
            })
        })
        .await?;
        Ok(Self::new(comments))
    }

    /// Comments in any order.
    pub fn new(mut comments: Vec<Comment>) -> Self {
        comments.sort_by_key(|comment| (comment.id, comment.column));
        Self(comments)
    }

    /// Everything said of an object and its columns.
    pub fn of(&self, id: CatalogId) -> &[Comment] {
        let start = self.0.partition_point(|comment| comment.id < id);
        let rest = self.0.get(start..).unwrap_or_default();
        &rest[..rest.partition_point(|comment| comment.id == id)]
    }

    /// What is said of an object itself (column 0) or of one of its columns.
    pub fn text(&self, id: CatalogId, column: i32) -> Option<&BStr> {
        self.of(id)
            .iter()
            .find(|comment| comment.column == column)
            .map(|comment| comment.text.as_ref())
    }

    /// All comments.
    pub fn iter(&self) -> impl Iterator<Item = &Comment> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::{Comment, Comments};
    use crate::oid::{CatalogId, Oid};

    fn id(table: u32, oid: u32) -> CatalogId {
        CatalogId {
            table: Oid(table),
            oid: Oid(oid),
        }
    }

    fn comments() -> Comments {
        let comment = |(table, oid, column, text): (u32, u32, i32, &str)| Comment {
            id: id(table, oid),
            column,
            text: text.into(),
        };
        Comments::new(
            [
                (1259, 20, 2, "second"),
                (1247, 20, 0, "a type"),
                (1259, 30, 0, "other"),
                (1259, 20, 0, "itself"),
                (1259, 20, 1, "first"),
            ]
            .map(comment)
            .into(),
        )
    }

    #[test]
    fn an_object_s_comments_stand_together_by_column() {
        let comments = comments();
        for (object, expected) in [
            (id(1259, 20), &["itself", "first", "second"][..]),
            (id(1247, 20), &["a type"]),
            (id(1259, 30), &["other"]),
            (id(1259, 25), &[]),
            (id(1259, 40), &[]),
            (id(1, 20), &[]),
        ] {
            let found: Vec<_> = comments.of(object).iter().map(|c| &c.text).collect();
            assert_eq!(found, expected, "{object:?}");
        }
        assert!(Comments::default().of(id(1259, 20)).is_empty());
        assert_eq!(comments.iter().count(), 5);
    }

    #[test]
    fn a_comment_is_found_by_column() {
        let comments = comments();
        for (object, column, expected) in [
            (id(1259, 20), 0, Some("itself")),
            (id(1259, 20), 2, Some("second")),
            (id(1259, 20), 3, None),
            (id(1247, 20), 1, None),
            (id(1259, 25), 0, None),
        ] {
            assert_eq!(comments.text(object, column), expected.map(Into::into));
        }
    }
}
