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
        let sql = "select classoid, objoid, objsubid, description from pg_catalog.pg_description";
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
