//! Large objects: what they hold.

use std::fmt::Write;

use bstr::ByteSlice;
use pgark_archive::Oid;
use pgark_wire::Error as WireError;

use super::{MESSAGE_BYTES, Text, Worker};
use crate::feed::{Fed, Feed};
use crate::run::Failed;

/// How much is written with one statement: a multiple of what the server keeps in one row (`LOBLKSIZE` in
/// src/include/storage/large_object.h).
const PIECE: usize = 32 * 1024;

/// How many statements go into one message.
const STATEMENTS: usize = 100;

/// Large objects being written.
struct Writing {
    place: usize,
    oid: Option<Oid>,
    position: u64,
    texts: Vec<Text>,
    bytes: usize,
}

impl Writing {
    fn put(&mut self, sql: String) {
        self.bytes += sql.len();
        self.texts.push(Text {
            place: self.place,
            sql: sql.into(),
        });
    }

    fn is_full(&self) -> bool {
        self.bytes >= MESSAGE_BYTES || self.texts.len() >= STATEMENTS
    }
}

impl Worker {
    /// Writes the large objects of an entry.
    pub(super) async fn write_large_objects(
        &mut self,
        place: usize,
        feed: &mut Feed,
        failed: &mut Vec<Failed>,
    ) -> Result<(), WireError> {
        let mut writing = Writing {
            place,
            oid: None,
            position: 0,
            texts: Vec::new(),
            bytes: 0,
        };
        while let Some(fed) = feed.next().await {
            match fed {
                Fed::Object(oid) => self.begin_large_object(&mut writing, oid),
                Fed::Data { bytes, .. } => {
                    self.run.watch.add_bytes(bytes.len() as u64);
                    for piece in bytes.chunks(PIECE) {
                        writing.put(write_statement(&writing, piece));
                        writing.position += piece.len() as u64;
                        if writing.is_full() && !self.flush_writing(&mut writing, failed).await? {
                            return Ok(());
                        }
                    }
                }
            }
            if writing.is_full() && !self.flush_writing(&mut writing, failed).await? {
                return Ok(());
            }
        }
        self.flush_writing(&mut writing, failed).await?;
        Ok(())
    }

    /// In archives that have no entries for them, large objects are made here.
    fn begin_large_object(&self, writing: &mut Writing, oid: Oid) {
        writing.oid = Some(oid);
        writing.position = 0;
        let is_made_here = !self
            .run
            .toc
            .iter()
            .any(|entry| matches!(entry.desc.as_bytes(), b"BLOB" | b"BLOB METADATA"));
        if is_made_here {
            if self.run.options.script.clean {
                writing.put(format!(
                    "SELECT pg_catalog.lo_unlink(oid) FROM pg_catalog.pg_largeobject_metadata WHERE oid = '{oid}';\n"
                ));
            }
            writing.put(format!("SELECT pg_catalog.lo_create('{oid}');\n"));
        }
    }

    async fn flush_writing(
        &mut self,
        writing: &mut Writing,
        failed: &mut Vec<Failed>,
    ) -> Result<bool, WireError> {
        writing.bytes = 0;
        self.flush(&mut writing.texts, failed).await
    }
}

/// Writes a piece at its place. It is sent as digits, which no setting reads otherwise.
fn write_statement(writing: &Writing, piece: &[u8]) -> String {
    let oid = writing.oid.unwrap_or(Oid(0));
    let position = writing.position;
    let mut sql = format!("SELECT pg_catalog.lo_put('{oid}', {position}, pg_catalog.decode('");
    sql.reserve(2 * piece.len() + 16);
    for byte in piece {
        // A string takes all that is written to it.
        let _ = write!(sql, "{byte:02x}");
    }
    sql.push_str("', 'hex'));\n");
    sql
}
