//! Rows as INSERT statements (`dumpTableData_insert` in src/bin/pg_dump/pg_dump.c).

use bstr::{BString, ByteSlice};
use bytes::Bytes;
use pgark_catalog::Column;
use pgark_connect::Session;
use pgark_sql::{Quoter, put, text};
use pgark_wire::{Error as WireError, Row};

use super::output::Output;
use crate::error::{Error, Result};
use crate::options::Inserts;

/// How much text is gathered before it is handed on.
const PIECE_BYTES: usize = 64 * 1024;

/// What is to be read of a table, and the statements that its rows become.
#[derive(Clone, Debug)]
pub(super) struct InsertJob {
    /// Declares the cursor over the rows: other than a query it is never read in parallel, which would change their order.
    declare: BString,
    /// What each statement begins with.
    start: BString,
    /// Whether each value is generated, so that the column's place is kept by the word DEFAULT.
    is_generated: Vec<bool>,
    inserts: Inserts,
    quoter: Quoter,
}

impl InsertJob {
    /// Of `table`, for `target`; both are quoted.
    pub(super) fn new(
        quoter: Quoter,
        table: &BString,
        target: &BString,
        columns: &[Column],
        condition: Option<&BString>,
        inserts: Inserts,
    ) -> Self {
        let written: Vec<&Column> = columns
            .iter()
            .filter(|column| !column.is_dropped)
            .filter(|column| column.generated == 0 || !inserts.column_names)
            .collect();
        let names = || written.iter().map(|column| quoter.ident(&column.name));
        let values: Vec<BString> = names()
            .zip(&written)
            .map(|(name, column)| match column.generated {
                0 => name,
                _ => "NULL".into(),
            })
            .collect();
        let mut declare = BString::from("DECLARE _pg_dump_cursor CURSOR FOR SELECT ");
        if values.is_empty() {
            put!(declare, "NULL");
        }
        put!(declare, bstr::join(", ", values), " FROM ONLY ", table);
        if let Some(condition) = condition {
            put!(declare, " ", condition);
        }
        let mut start = text!("INSERT INTO ", target, " ");
        if written.is_empty() {
            put!(start, "DEFAULT VALUES;\n");
        } else {
            if inserts.column_names {
                let names: Vec<BString> = names().collect();
                put!(start, "(", bstr::join(", ", names), ") ");
            }
            if columns.iter().any(|column| column.identity == b'a') {
                put!(start, "OVERRIDING SYSTEM VALUE ");
            }
            put!(start, "VALUES");
        }
        Self {
            declare,
            start,
            is_generated: written.iter().map(|column| column.generated != 0).collect(),
            inserts,
            quoter,
        }
    }

    /// Reads the rows and sends the statements to the writer; tells how many rows there are.
    pub(super) async fn send(
        &self,
        session: &mut Session,
        table: &BString,
        output: &mut Output,
    ) -> Result<u64> {
        let failed = |source| Error::Table {
            table: table.clone(),
            source,
        };
        session.execute(&self.declare).await.map_err(failed)?;
        let mut rows = session
            .row_stream("FETCH ALL FROM _pg_dump_cursor")
            .await
            .map_err(failed)?;
        let types = rows.types().to_vec();
        if types.len() != self.is_generated.len().max(1) {
            return Err(failed(WireError::UnexpectedResult {
                expected: "the columns that were asked for",
                found: format!("{} columns", types.len()),
            }));
        }
        let mut statements = Statements::new(self);
        let mut count = 0;
        while let Some(row) = rows.next().await.map_err(failed)? {
            statements.put_row(row, &types);
            count += 1;
            if statements.text.len() >= PIECE_BYTES {
                output.rows(statements.take()).await?;
            }
        }
        statements.finish();
        output.rows(statements.take()).await?;
        session
            .execute("CLOSE _pg_dump_cursor")
            .await
            .map_err(failed)?;
        Ok(count)
    }
}

/// Statements being put together.
struct Statements<'a> {
    job: &'a InsertJob,
    text: BString,
    rows_in_statement: u32,
}

impl<'a> Statements<'a> {
    fn new(job: &'a InsertJob) -> Self {
        Self {
            job,
            text: BString::default(),
            rows_in_statement: 0,
        }
    }

    fn take(&mut self) -> Bytes {
        Bytes::from(Vec::from(std::mem::take(&mut self.text)))
    }

    fn put_row(&mut self, row: Row<'_>, types: &[u32]) {
        let InsertJob {
            start,
            is_generated,
            inserts,
            quoter,
            ..
        } = self.job;
        if self.rows_in_statement == 0 {
            put!(self.text, start);
        }
        // The statement of a table without columns is whole.
        if is_generated.is_empty() {
            return;
        }
        let rows = inserts.rows_per_statement.get();
        let before = match self.rows_in_statement {
            _ if rows == 1 => " (",
            0 => "\n\t(",
            _ => ",\n\t(",
        };
        put!(self.text, before);
        for (i, (is_generated, type_oid)) in is_generated.iter().zip(types).enumerate() {
            if i > 0 {
                put!(self.text, ", ");
            }
            if *is_generated {
                put!(self.text, "DEFAULT");
            } else {
                put_value(
                    &mut self.text,
                    *quoter,
                    *type_oid,
                    row.get(i).map(AsRef::as_ref),
                );
            }
        }
        put!(self.text, ")");
        self.rows_in_statement += 1;
        if self.rows_in_statement >= rows {
            self.end_statement();
        }
    }

    fn end_statement(&mut self) {
        if self.job.inserts.on_conflict_do_nothing {
            put!(self.text, " ON CONFLICT DO NOTHING");
        }
        put!(self.text, ";\n");
        self.rows_in_statement = 0;
    }

    fn finish(&mut self) {
        if self.rows_in_statement > 0 {
            self.end_statement();
        }
        put!(self.text, "\n\n");
    }
}

/// A value as a literal of its type.
fn put_value(text: &mut BString, quoter: Quoter, type_oid: u32, value: Option<&[u8]>) {
    // src/include/catalog/pg_type.dat
    const BOOL: u32 = 16;
    /// int8, int2, int4, oid, float4, float8, numeric
    const NUMBERS: [u32; 7] = [20, 21, 23, 26, 700, 701, 1700];
    /// bit, varbit
    const BITS: [u32; 2] = [1560, 1562];
    let Some(value) = value else {
        put!(text, "NULL");
        return;
    };
    if NUMBERS.contains(&type_oid) {
        // Infinity and NaN are words.
        if value.iter().all(|byte| b"0123456789 +-eE.".contains(byte)) {
            put!(text, value);
        } else {
            put!(text, "'", value, "'");
        }
    } else if BITS.contains(&type_oid) {
        put!(text, "B'", value, "'");
    } else if type_oid == BOOL {
        put!(text, if value == b"t" { "true" } else { "false" });
    } else {
        put!(text, quoter.literal(value.as_bstr()));
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use pgark_sql::Encoding;

    use super::*;
    use crate::testing::Fixture;

    fn inserts(column_names: bool) -> Inserts {
        Inserts {
            rows_per_statement: NonZeroU32::MIN,
            column_names,
            on_conflict_do_nothing: false,
        }
    }

    /// Columns by name, dropped, generated, identity.
    fn job(columns: &[(&str, bool, u8, u8)], inserts: Inserts) -> InsertJob {
        let mut f = Fixture::new(18);
        let table = f.table("t");
        for (name, is_dropped, generated, identity) in columns {
            let column = f.column(table, name, "integer");
            column.is_dropped = *is_dropped;
            column.generated = *generated;
            column.identity = *identity;
        }
        let (table, root) = ("s.t".into(), "s.root".into());
        InsertJob::new(f.quoter(), &table, &root, &f.details.columns, None, inserts)
    }

    #[test]
    fn columns_are_read_and_written_as_their_sort_asks() {
        type Columns = &'static [(&'static str, bool, u8, u8)];
        let cases: [(Columns, bool, &str, &str); 8] = [
            (
                &[("a", false, 0, 0), ("B", false, 0, 0)],
                false,
                "a, \"B\"",
                "VALUES",
            ),
            (
                &[("a", false, 0, 0), ("B", false, 0, 0)],
                true,
                "a, \"B\"",
                "(a, \"B\") VALUES",
            ),
            (
                &[("a", false, b's', 0), ("b", false, 0, 0)],
                false,
                "NULL, b",
                "VALUES",
            ),
            (
                &[("a", false, b'v', 0), ("b", false, 0, 0)],
                true,
                "b",
                "(b) VALUES",
            ),
            (
                &[("a", false, 0, b'a')],
                false,
                "a",
                "OVERRIDING SYSTEM VALUE VALUES",
            ),
            (&[("a", false, 0, b'd')], true, "a", "(a) VALUES"),
            // pg_dump does not look whether the identity was dropped.
            (
                &[("a", true, 0, b'a'), ("b", false, 0, 0)],
                false,
                "b",
                "OVERRIDING SYSTEM VALUE VALUES",
            ),
            (&[("a", false, b's', 0)], true, "NULL", "DEFAULT VALUES;\n"),
        ];
        for (columns, column_names, read, written) in cases {
            let job = job(columns, inserts(column_names));
            assert_eq!(
                job.declare,
                format!("DECLARE _pg_dump_cursor CURSOR FOR SELECT {read} FROM ONLY s.t")
            );
            assert_eq!(job.start, format!("INSERT INTO s.root {written}"));
        }
    }

    #[test]
    fn values_are_literals_of_their_types() {
        let quoter = Quoter::new(18, Encoding::UTF8);
        for (type_oid, value, expected) in [
            (23, None, "NULL"),
            (23, Some("-1"), "-1"),
            (701, Some("1.5e-10"), "1.5e-10"),
            (1700, Some("NaN"), "'NaN'"),
            (700, Some("-Infinity"), "'-Infinity'"),
            (16, Some("t"), "true"),
            (16, Some("f"), "false"),
            (1560, Some("010"), "B'010'"),
            (1562, Some(""), "B''"),
            (25, Some("it's \\ 1"), "'it''s \\ 1'"),
            (17, Some("\\x00"), "'\\x00'"),
            (1082, Some("2024-01-01"), "'2024-01-01'"),
        ] {
            let mut text = BString::default();
            put_value(&mut text, quoter, type_oid, value.map(str::as_bytes));
            assert_eq!(text, expected, "{type_oid}");
        }
    }
}
