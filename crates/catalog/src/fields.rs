//! Turning the rows of a query into objects.
//!
//! A query and the struct that it fills stand side by side, in the same order: the struct's fields are taken from the row one after the
//! other.

use std::collections::HashMap;

use bstr::{BStr, BString, ByteSlice};
use pgark_connect::Session;
use pgark_wire::Row;

use crate::error::{Error, Result};
use crate::oid::{CatalogId, Oid};

/// The values of one row, taken from left to right.
pub(crate) struct Fields<'a> {
    row: Row<'a>,
    next: usize,
    what: &'static str,
}

impl<'a> Fields<'a> {
    pub(crate) fn new(row: Row<'a>, what: &'static str) -> Self {
        Self { row, next: 0, what }
    }

    /// The next value; `None` is SQL NULL.
    pub(crate) fn optional(&mut self) -> Option<&'a BStr> {
        let value = self.row.get(self.next);
        self.next += 1;
        value
    }

    /// The next value as a byte string; `None` is SQL NULL.
    pub(crate) fn optional_text(&mut self) -> Option<BString> {
        self.optional().map(ToOwned::to_owned)
    }

    /// The next value, which may not be NULL.
    pub(crate) fn text(&mut self) -> Result<BString> {
        Ok(self.value()?.to_owned())
    }

    /// The next value, the empty string standing for NULL.
    pub(crate) fn text_or_empty(&mut self) -> BString {
        self.optional_text().unwrap_or_default()
    }

    /// What one of the server's `pg_get_…` functions tells of the object that this row shows. They answer from the present and not from
    /// the snapshot: with NULL once the object is gone.
    pub(crate) fn definition(&mut self, kind: &'static str, name: &BStr) -> Result<BString> {
        self.optional_text().ok_or_else(|| Error::Dropped {
            kind,
            name: name.to_owned(),
        })
    }

    /// A boolean, `t` or `f`; NULL is false.
    pub(crate) fn boolean(&mut self) -> Result<bool> {
        match self.optional().map(|value| value.as_bytes()) {
            Some(b"t") => Ok(true),
            Some(b"f") | None => Ok(false),
            _ => Err(self.unexpected("a boolean")),
        }
    }

    /// A value of type `"char"`; NULL and the zero byte, which the server shows as the empty string, are 0.
    pub(crate) fn char(&mut self) -> u8 {
        self.optional()
            .and_then(|value| value.first().copied())
            .unwrap_or(0)
    }

    /// An object identifier.
    pub(crate) fn oid(&mut self) -> Result<Oid> {
        self.number("an OID").map(Oid)
    }

    /// An object identifier, NULL being [`Oid::INVALID`].
    pub(crate) fn oid_or_invalid(&mut self) -> Result<Oid> {
        Ok(self.optional_number("an OID")?.map_or(Oid::INVALID, Oid))
    }

    /// The row of a catalogue: OID of the catalogue, then OID of the row.
    pub(crate) fn catalog_id(&mut self) -> Result<CatalogId> {
        Ok(CatalogId {
            table: self.oid()?,
            oid: self.oid()?,
        })
    }

    /// A number.
    pub(crate) fn number<N: std::str::FromStr>(&mut self, expected: &'static str) -> Result<N> {
        self.optional_number(expected)?
            .ok_or_else(|| self.unexpected(expected))
    }

    /// A number; `None` is SQL NULL.
    pub(crate) fn optional_number<N: std::str::FromStr>(
        &mut self,
        expected: &'static str,
    ) -> Result<Option<N>> {
        self.optional()
            .map(|value| {
                value
                    .to_str()
                    .ok()
                    .and_then(|text| text.parse().ok())
                    .ok_or_else(|| self.unexpected(expected))
            })
            .transpose()
    }

    /// A list of numbers in the text form of `oidvector`, `int2vector` (blanks between) or of an array (braces and commas).
    pub(crate) fn numbers<N: std::str::FromStr>(&mut self) -> Result<Vec<N>> {
        let Some(value) = self.optional() else {
            return Ok(Vec::new());
        };
        value
            .trim_with(|c| c == '{' || c == '}')
            .split(|byte| matches!(byte, b' ' | b','))
            .filter(|item| !item.is_empty())
            .map(|item| {
                item.to_str()
                    .ok()
                    .and_then(|text| text.parse().ok())
                    .ok_or_else(|| self.unexpected("a list of numbers"))
            })
            .collect()
    }

    /// The elements of a text array; NULL is the empty list.
    pub(crate) fn texts(&mut self) -> Result<Vec<BString>> {
        let Some(value) = self.optional() else {
            return Ok(Vec::new());
        };
        let elements = pgark_sql::parse_array(value).map_err(|_| self.unexpected("an array"))?;
        Ok(elements.into_iter().flatten().collect())
    }

    fn value(&mut self) -> Result<&'a BStr> {
        self.optional().ok_or_else(|| self.unexpected("a value"))
    }

    /// The error for the value that was taken last.
    fn unexpected(&self, expected: &'static str) -> Error {
        Error::Value {
            what: self.what,
            column: self.next,
            found: self
                .row
                .get(self.next.saturating_sub(1))
                .map(ToOwned::to_owned),
            expected,
        }
    }
}

/// Runs one query and makes an object of each row as it arrives. After an error the session is of no use.
pub(crate) async fn fetch<T>(
    session: &mut Session,
    what: &'static str,
    sql: impl AsRef<[u8]>,
    mut object: impl FnMut(&mut Fields<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    tracing::debug!("reading {what}");
    let failed = |source| Error::Query { what, source };
    let mut rows = session.row_stream(sql).await.map_err(failed)?;
    let mut objects = Vec::new();
    while let Some(row) = rows.next().await.map_err(failed)? {
        objects.push(object(&mut Fields::new(row, what))?);
    }
    objects.shrink_to_fit();
    Ok(objects)
}

/// As [`fetch`], for a query about some objects, made with the array of their OIDs. The server is not asked about none.
pub(crate) fn fetch_of<T>(
    session: &mut Session,
    what: &'static str,
    oids: impl IntoIterator<Item = Oid>,
    sql: impl FnOnce(&str) -> String,
    object: impl FnMut(&mut Fields<'_>) -> Result<T>,
) -> impl Future<Output = Result<Vec<T>>> {
    let mut oids = oids.into_iter().peekable();
    let is_asked = oids.peek().is_some();
    let sql = is_asked.then(|| sql(&oid_array(oids)));
    async move {
        match sql {
            Some(sql) => fetch(session, what, sql, object).await,
            None => Ok(Vec::new()),
        }
    }
}

/// As [`fetch_of`], for OIDs and what one of the server's `pg_get_…` functions tells of their objects. Those that are gone meanwhile, of
/// which the functions tell NULL, are left out; who looks one up in vain can name it.
pub(crate) async fn fetch_definitions(
    session: &mut Session,
    what: &'static str,
    oids: impl IntoIterator<Item = Oid>,
    sql: impl FnOnce(&str) -> String,
) -> Result<HashMap<Oid, BString>> {
    let row = |f: &mut Fields<'_>| Ok((f.oid()?, f.optional_text()));
    let rows = fetch_of(session, what, oids, sql, row).await?;
    Ok(rows
        .into_iter()
        .filter_map(|(oid, definition)| Some((oid, definition?)))
        .collect())
}

/// The text of an `oid[]` literal, for `= any` and `unnest`.
pub(crate) fn oid_array(oids: impl IntoIterator<Item = Oid>) -> String {
    let mut text = String::from("'{");
    for (i, oid) in oids.into_iter().enumerate() {
        if i > 0 {
            text.push(',');
        }
        text.push_str(&oid.0.to_string());
    }
    text.push_str("}'::pg_catalog.oid[]");
    text
}

#[cfg(test)]
mod tests;
