//! The rows of a result, in one buffer.

use bstr::{BStr, BString, ByteSlice};
use bytes::Buf;

/// How many bytes of results one query may hold: what 32-bit offsets reach.
const LIMIT: usize = u32::MAX as usize;

/// The same where short answers are expected.
const SHORT_LIMIT: usize = 1 << 20;

/// The columns' names and the rows of one statement.
///
/// The values of all rows lie in one buffer as the server sent them, so that nothing is allocated for a row or
/// a value.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    columns: Vec<BString>,
    /// The columns' types.
    types: Vec<u32>,
    /// Whether the server described columns, be it none (`select`).
    described: bool,
    /// The rows' values, each after its length as a big-endian i32, -1 for NULL.
    data: Vec<u8>,
    /// Where each value's length stands in `data`, row after row.
    values: Vec<u32>,
    count: usize,
}

impl Rows {
    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The columns' names, in the session's encoding.
    pub fn columns(&self) -> &[BString] {
        &self.columns
    }

    /// The columns' types by OID.
    pub(crate) fn types(&self) -> &[u32] {
        &self.types
    }

    /// The rows in the server's order.
    pub fn iter(&self) -> RowsIter<'_> {
        RowsIter {
            rows: self,
            next: 0,
        }
    }

    /// The row at a place, counted from 0.
    pub fn row(&self, index: usize) -> Option<Row<'_>> {
        (index < self.count).then_some(Row { rows: self, index })
    }

    pub(crate) fn is_described(&self) -> bool {
        self.described
    }

    /// Reads a RowDescription.
    pub(crate) fn describe(mut body: &[u8]) -> Option<Self> {
        let count = usize::from(body.try_get_u16().ok()?);
        // Not reserved: the count is the server's word alone until the names have been read.
        let (mut columns, mut types) = (Vec::new(), Vec::new());
        for _ in 0..count {
            let (name, rest) = body.split_once_str(b"\0")?;
            // Table and column number; type; its size and modifier and the format, which say little where all values are text.
            let mut described = rest.get(6..)?;
            types.push(described.try_get_u32().ok()?);
            body = described.get(8..)?;
            columns.push(name.into());
        }
        body.is_empty().then_some(Self {
            columns,
            types,
            described: true,
            ..Self::default()
        })
    }

    /// Takes in a DataRow in place of all rows before.
    pub(crate) fn replace(&mut self, body: &[u8]) -> Option<()> {
        self.data.clear();
        self.values.clear();
        self.count = 0;
        self.push(body)
    }

    /// Takes in a DataRow whose size has been checked against the limit.
    fn push(&mut self, mut body: &[u8]) -> Option<()> {
        if usize::from(body.try_get_u16().ok()?) != self.columns.len() {
            return None;
        }
        let base = self.data.len();
        let whole = body;
        for _ in 0..self.columns.len() {
            let at = base + (whole.len() - body.len());
            self.values.push(u32::try_from(at).ok()?);
            let length = body.try_get_i32().ok()?;
            if length != -1 {
                body = body.get(usize::try_from(length).ok()?..)?;
            }
        }
        self.data.extend_from_slice(whole);
        self.count += 1;
        body.is_empty().then_some(())
    }
}

impl<'a> IntoIterator for &'a Rows {
    type Item = Row<'a>;
    type IntoIter = RowsIter<'a>;

    fn into_iter(self) -> RowsIter<'a> {
        self.iter()
    }
}

/// The rows of a result, one after the other.
#[derive(Debug, Clone)]
pub struct RowsIter<'a> {
    rows: &'a Rows,
    next: usize,
}

impl<'a> Iterator for RowsIter<'a> {
    type Item = Row<'a>;

    fn next(&mut self) -> Option<Row<'a>> {
        let row = self.rows.row(self.next)?;
        self.next += 1;
        Some(row)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.rows.len() - self.next;
        (left, Some(left))
    }
}

impl ExactSizeIterator for RowsIter<'_> {}

/// One row of a result.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    rows: &'a Rows,
    index: usize,
}

impl<'a> Row<'a> {
    /// How many columns there are.
    #[expect(
        clippy::len_without_is_empty,
        reason = "a row without columns is no special case to anyone"
    )]
    pub fn len(&self) -> usize {
        self.rows.columns.len()
    }

    /// The value of a column, counted from 0, as text in the session's encoding; `None` if it is NULL or if
    /// there is no such column.
    pub fn get(&self, column: usize) -> Option<&'a BStr> {
        if column >= self.len() {
            return None;
        }
        let at = *self.rows.values.get(self.index * self.len() + column)?;
        let mut value = self.rows.data.get(usize::try_from(at).ok()?..)?;
        let length = value.try_get_i32().ok()?;
        Some(value.get(..usize::try_from(length).ok()?)?.as_bstr())
    }
}

/// The results of a query while they arrive.
#[derive(Debug)]
pub(crate) struct ResultSets {
    done: Vec<Rows>,
    current: Option<Rows>,
    held: usize,
    limit: usize,
}

impl ResultSets {
    pub(crate) fn new(are_short: bool) -> Self {
        Self {
            done: Vec::new(),
            current: None,
            held: 0,
            limit: if are_short { SHORT_LIMIT } else { LIMIT },
        }
    }

    pub(crate) fn describe(&mut self, body: &[u8]) -> Result<(), String> {
        // A name of a few bytes costs a few times as much in memory.
        self.hold(body.len() * 3)?;
        match (Rows::describe(body), &self.current) {
            (Some(rows), None) => {
                self.current = Some(rows);
                Ok(())
            }
            (Some(_), Some(_)) => Err("a second RowDescription in one result".into()),
            (None, _) => Err("malformed RowDescription".into()),
        }
    }

    pub(crate) fn push(&mut self, body: &[u8]) -> Result<(), String> {
        self.hold(body.len())?;
        let Some(rows) = &mut self.current else {
            return Err("a DataRow before its RowDescription".into());
        };
        rows.push(body).ok_or_else(|| "malformed DataRow".into())
    }

    pub(crate) fn complete(&mut self) -> Result<(), String> {
        self.hold(size_of::<Rows>())?;
        self.done.push(self.current.take().unwrap_or_default());
        Ok(())
    }

    /// Gives the last result away, which is then no longer held.
    pub(crate) fn take_last(&mut self) -> Option<Rows> {
        self.held = 0;
        self.done.pop()
    }

    pub(crate) fn into_vec(self) -> Vec<Rows> {
        self.done
    }

    fn hold(&mut self, bytes: usize) -> Result<(), String> {
        self.held += bytes;
        if self.held > self.limit {
            return Err(format!("a result of more than {} bytes", self.limit));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn description(names: &[&[u8]]) -> Vec<u8> {
        let mut body = u16::try_from(names.len()).unwrap().to_be_bytes().to_vec();
        for name in names {
            body.extend([name, &b"\0"[..], &[0; 18]].concat());
        }
        body
    }

    fn data_row(values: &[Option<&[u8]>]) -> Vec<u8> {
        let mut body = u16::try_from(values.len()).unwrap().to_be_bytes().to_vec();
        for value in values {
            let length = value.map_or(-1, |value| i32::try_from(value.len()).unwrap());
            body.extend([&length.to_be_bytes(), value.unwrap_or_default()].concat());
        }
        body
    }

    #[test]
    fn values_come_out_as_they_went_in() {
        let table: [[Option<&[u8]>; 2]; 3] = [
            [Some(b"a"), None],
            [Some(b""), Some(b"\xff\0")],
            [None, Some(b"last")],
        ];
        let mut results = ResultSets::new(false);
        results.describe(&description(&[b"x", b"\xe4"])).unwrap();
        for row in &table {
            results.push(&data_row(row)).unwrap();
        }
        results.complete().unwrap();
        results.complete().unwrap();

        let results = results.into_vec();
        assert_eq!(results.len(), 2);
        let rows = &results[0];
        assert_eq!(
            rows.columns(),
            [BString::from("x"), BString::from(&b"\xe4"[..])]
        );
        let found: Vec<[Option<&[u8]>; 2]> = rows
            .iter()
            .map(|row| [0, 1].map(|column| row.get(column).map(AsRef::as_ref)))
            .collect();
        assert_eq!(found, table);
        assert_eq!((rows.len(), rows.iter().len()), (3, 3));
        assert!(rows.row(3).is_none());
        assert_eq!(rows.row(0).unwrap().get(2), None);
        assert!(
            results[1].is_empty() && results[1].columns().is_empty() && !results[1].is_described()
        );
    }

    #[test]
    fn rows_without_columns_are_counted() {
        let mut results = ResultSets::new(false);
        results.describe(&description(&[])).unwrap();
        for _ in 0..3 {
            results.push(&data_row(&[])).unwrap();
        }
        results.complete().unwrap();
        let rows = results.into_vec().remove(0);
        assert_eq!((rows.len(), rows.row(2).unwrap().len()), (3, 0));
    }

    #[test]
    fn malformed_messages_are_refused() {
        for body in [
            &b"\0"[..],
            b"\0\x01",
            b"\0\x01x\0",
            b"\0\x01x",
            b"\0\0x",
            b"\xff\xffx\0",
        ] {
            assert!(ResultSets::new(false).describe(body).is_err(), "{body:?}");
        }
        for body in [
            &b""[..],
            b"\0\0",
            b"\0\x02\0\0\0\0\0\0\0\0",
            b"\0\x01",
            b"\0\x01\0\0\0",
            b"\0\x01\0\0\0\x02x",
            b"\0\x01\x7f\xff\xff\xff",
            b"\0\x01\xff\xff\xff\xfe",
            b"\0\x01\0\0\0\x01xy",
        ] {
            let mut results = ResultSets::new(false);
            assert!(results.push(body).is_err());
            results.describe(&description(&[b"x"])).unwrap();
            assert!(results.push(body).is_err(), "{body:?}");
        }
    }

    #[test]
    fn more_than_the_limit_is_refused() {
        for (are_short, limit) in [(false, LIMIT), (true, SHORT_LIMIT)] {
            let mut results = ResultSets::new(are_short);
            results.describe(&description(&[b"x"])).unwrap();
            let row = data_row(&[Some(b"value")]);
            results.held = limit - row.len();
            results.push(&row).unwrap();
            let refused = results.push(&row).unwrap_err();
            assert_eq!(refused, format!("a result of more than {limit} bytes"));
        }
    }
}
