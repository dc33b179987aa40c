//! Reading large objects.

use std::fmt::Write;

use bytes::Bytes;
use pgark_catalog::Oid;
use pgark_connect::Session;
use pgark_wire::Row;

use super::output::{Output, Piece};
use crate::error::{Error, Result};

/// How much of each object comes with the first answer; most have no more.
const HEAD_BYTES: i64 = 64 * 1024;

/// How many heads come with one answer: 4 MiB of data, 8 MiB as it is sent.
const HEADS_AT_ONCE: usize = 64;

/// How much more comes at once of an object that is larger.
const PIECE_BYTES: i64 = 1024 * 1024;

/// Sends large objects to the writer one after the other.
///
/// `lo_get` follows the transaction's snapshot, and takes no privilege but that to read the object. Hexadecimal digits do not depend on
/// the session's `bytea_output`, which must stay as it is for the rows of tables.
pub(super) async fn send_large_objects(
    session: &mut Session,
    objects: &[Oid],
    output: &mut Output,
) -> Result<()> {
    for batch in objects.chunks(HEADS_AT_ONCE) {
        let mut oids = String::new();
        for oid in batch {
            let _ = write!(oids, "{}{oid}", if oids.is_empty() { "" } else { "," });
        }
        let sql = format!(
            "select r.oid, pg_catalog.encode(pg_catalog.lo_get(r.oid, 0, {HEAD_BYTES}), 'hex') \
             from pg_catalog.unnest('{{{oids}}}'::pg_catalog.oid[]) with ordinality r(oid, place) order by r.place"
        );
        let heads = session
            .rows(sql)
            .await
            .map_err(|source| Error::LargeObjects {
                of: oids.clone(),
                source,
            })?;
        if heads.len() != batch.len() {
            return Err(Error::Dropped(format!("one of the large objects {oids}")));
        }
        for (oid, head) in batch.iter().zip(&heads) {
            output.mark(Piece::StartLargeObject(*oid)).await?;
            let head = decode(*oid, head)?;
            let mut offset = i64::try_from(head.len()).unwrap_or(i64::MAX);
            let mut is_whole = offset < HEAD_BYTES;
            output.rows(Bytes::from(head)).await?;
            while !is_whole {
                let sql = format!(
                    "select {oid}, pg_catalog.encode(pg_catalog.lo_get({oid}, {offset}, {PIECE_BYTES}), 'hex')"
                );
                let rows = session
                    .rows(sql)
                    .await
                    .map_err(|source| Error::LargeObjects {
                        of: oid.to_string(),
                        source,
                    })?;
                let piece = rows
                    .row(0)
                    .map_or_else(|| Ok(Vec::new()), |row| decode(*oid, row))?;
                let length = i64::try_from(piece.len()).unwrap_or(i64::MAX);
                output.rows(Bytes::from(piece)).await?;
                offset += length;
                is_whole = length < PIECE_BYTES;
            }
            output.mark(Piece::EndLargeObject).await?;
        }
    }
    Ok(())
}

/// The bytes that stand as hexadecimal digits in the second column.
fn decode(oid: Oid, row: Row<'_>) -> Result<Vec<u8>> {
    let digit = |digit: u8| {
        char::from(digit)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    row.get(1)
        .filter(|digits| digits.len() % 2 == 0)
        .and_then(|digits| {
            digits
                .chunks_exact(2)
                .map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?))
                .collect()
        })
        .ok_or_else(|| Error::Dropped(format!("large object {oid}")))
}
