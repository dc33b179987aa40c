//! Turning rows into parts of the manifest. A query and the struct that it fills stand side by side, in the same order.

use std::error::Error as StdError;
use std::iter;
use std::pin::pin;

use bstr::BString;
use futures_util::TryStreamExt;
use tokio_postgres::types::{FromSql, Type};
use tokio_postgres::{Client, Row};

use crate::error::{Error, Result};

/// The values of one row, taken from left to right.
pub(super) struct Fields<'a> {
    row: &'a Row,
    next: usize,
}

impl Fields<'_> {
    pub(super) fn take<'a, T: FromSql<'a>>(
        &'a mut self,
    ) -> std::result::Result<T, tokio_postgres::Error> {
        let value = self.row.try_get(self.next);
        self.next += 1;
        value
    }

    /// A text, the empty one for NULL. JSON holds no other bytes than UTF-8, so those of another encoding, as a name in an
    /// `SQL_ASCII` database may have, are shown as U+FFFD.
    pub(super) fn text(&mut self) -> std::result::Result<String, tokio_postgres::Error> {
        Ok(self.optional_text()?.unwrap_or_default())
    }

    pub(super) fn optional_text(
        &mut self,
    ) -> std::result::Result<Option<String>, tokio_postgres::Error> {
        Ok(self.take::<Option<Text>>()?.map(|text| text.0.to_string()))
    }

    /// A value of type `bytea`.
    pub(super) fn bytes(&mut self) -> std::result::Result<BString, tokio_postgres::Error> {
        Ok(self.take::<Vec<u8>>()?.into())
    }

    /// An array of texts, the empty one for NULL.
    pub(super) fn texts(&mut self) -> std::result::Result<Vec<String>, tokio_postgres::Error> {
        let texts = self.take::<Option<Vec<Text>>>()?.unwrap_or_default();
        Ok(texts.into_iter().map(|text| text.0.to_string()).collect())
    }
}

/// A value of type `text` as its bytes.
struct Text(BString);

impl<'a> FromSql<'a> for Text {
    fn from_sql(
        _: &Type,
        raw: &'a [u8],
    ) -> std::result::Result<Self, Box<dyn StdError + Sync + Send>> {
        Ok(Self(raw.into()))
    }

    fn accepts(of: &Type) -> bool {
        *of == Type::TEXT
    }
}

/// Runs one query and makes something of each row as it arrives.
pub(super) async fn query<T>(
    client: &Client,
    what: &'static str,
    sql: &str,
    make: impl Fn(&mut Fields<'_>) -> std::result::Result<T, tokio_postgres::Error>,
) -> Result<Vec<T>> {
    let read = |source| Error::Read { what, source };
    let no_parameters = iter::empty::<(bool, Type)>();
    let rows = client.query_typed_raw(sql, no_parameters).await;
    let mut rows = pin!(rows.map_err(read)?);
    let mut made = Vec::new();
    while let Some(row) = rows.try_next().await.map_err(read)? {
        made.push(make(&mut Fields { row: &row, next: 0 }).map_err(read)?);
    }
    Ok(made)
}

/// As [`query`], for a query of one row.
pub(super) async fn query_one<T>(
    client: &Client,
    what: &'static str,
    sql: &str,
    make: impl Fn(&mut Fields<'_>) -> std::result::Result<T, tokio_postgres::Error>,
) -> Result<T> {
    let read = |source| Error::Read { what, source };
    let row = client.query_typed_one(sql, &[]).await.map_err(read)?;
    make(&mut Fields { row: &row, next: 0 }).map_err(read)
}
