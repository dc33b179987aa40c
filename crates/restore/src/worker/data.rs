//! Rows: COPY, many small ones in one exchange, or INSERT statements.

use std::sync::Arc;

use bstr::{BString, ByteSlice};
use pgark_archive::{DumpId, Error as ArchiveError};
use pgark_sql::{Piece, Splitter, put};
use pgark_wire::Error as WireError;

use super::together::Offers;
use super::{MESSAGE_BYTES, Outcome, Text, Worker, note_all};
use crate::feed::{Fed, Feed, read_small};
use crate::report::Ended;
use crate::run::{Failed, Flow, Run, Table};

/// How much of a script is looked at once.
const PORTION: usize = 16 * 1024;

/// A table's data of at most so many bytes goes with that of others.
pub(crate) const SMALL: usize = 32 * 1024;

/// How many statements of a table's data go into one message.
const STATEMENTS: usize = 100;

/// How an entry's data ended.
enum Data {
    Done(Vec<Failed>),
    /// The archive cannot be read on.
    Damaged(ArchiveError),
    /// The restore was stopped.
    Stopped,
}

/// How the rows of a COPY went to the server.
pub(super) enum Sent {
    /// All of them, or as many as it took.
    Ended(Result<(), WireError>),
    /// The archive cannot be read on.
    Damaged(ArchiveError),
    /// The restore was stopped.
    Stopped,
}

impl Worker {
    /// Restores the data of an entry, and notes what became of it. With `offers`, others may help.
    pub(crate) async fn fill(&mut self, place: usize, offers: Option<&Offers>) -> Flow {
        let run = Arc::clone(&self.run);
        if self.is_left_out(place) {
            return run.flow();
        }
        match self.try_fill(place, offers).await {
            Ok(Data::Done(failed)) => note_data(&run, place, &failed),
            Ok(Data::Damaged(error)) => run.end(Ended::Archive(error.to_string())),
            Ok(Data::Stopped) => {}
            Err(lost) => run.lose(&[place], &lost),
        }
        run.flow()
    }

    /// Leaves data out whose table is not to get any: one of which anything failed (`restore_toc_entry` in
    /// src/bin/pg_dump/pg_backup_archiver.c).
    fn is_left_out(&self, place: usize) -> bool {
        let is_left_out = self.run.options.no_data_for_failed_tables
            && self
                .run
                .table_of(place)
                .is_some_and(|table| table != Table::Made);
        if is_left_out {
            self.run.skip(place, "its table failed");
        }
        is_left_out
    }

    async fn try_fill(&mut self, place: usize, offers: Option<&Offers>) -> Result<Data, WireError> {
        let [before, after] = match self.statements.around_data(place) {
            Ok(around) => around,
            Err(error) => return Ok(Data::Damaged(error)),
        };
        let mut failed = Vec::new();
        if !self.run_around(place, before, &mut failed).await? {
            return Ok(Data::Stopped);
        }
        let run = Arc::clone(&self.run);
        let entry = &run.toc[place];
        let Some(reader) = self.reader.take() else {
            return Ok(Data::Damaged(ArchiveError::OutOfOrder {
                entry: entry.dump_id.to_string(),
            }));
        };
        let mut feed = Feed::begin(reader, entry.dump_id);
        let sent = match (entry.desc.as_bytes(), &entry.copy_stmt) {
            (b"BLOBS", _) => {
                self.write_large_objects(place, &mut feed, &mut failed)
                    .await
            }
            (_, Some(copy)) => {
                let copy = self.copy_statement(place, copy);
                return self.copy(place, &copy, feed, after, failed, offers).await;
            }
            (_, None) => self.insert(place, &mut feed, &mut failed).await,
        };
        let read = self.close(feed).await;
        sent?;
        if let Err(error) = read {
            return Ok(Data::Damaged(error));
        }
        if !self.run_around(place, after, &mut failed).await? {
            return Ok(Data::Stopped);
        }
        Ok(Data::Done(failed))
    }

    /// Runs what comes before or after data; whether the restore is to go on.
    async fn run_around(
        &mut self,
        place: usize,
        texts: Vec<BString>,
        failed: &mut Vec<Failed>,
    ) -> Result<bool, WireError> {
        let texts: Vec<Text> = texts.into_iter().map(|sql| Text { place, sql }).collect();
        match self.execute(&texts).await? {
            Some(outcome) => failed.extend(outcome.failed),
            None => return Ok(false),
        }
        Ok(failed.is_empty() || !self.run.options.stops_at_error())
    }

    /// Takes the reader back.
    pub(super) async fn close(&mut self, feed: Feed) -> Result<(), ArchiveError> {
        match feed.close().await {
            Ok((reader, read)) => {
                self.reader = Some(reader);
                read
            }
            Err(error) => Err(not_read(error)),
        }
    }

    /// The COPY of an entry. Where that saves logging the rows, its table, which is new and empty, is emptied before.
    fn copy_statement(&self, place: usize, copy: &BString) -> BString {
        let entry = &self.run.toc[place];
        let is_new = self.run.table_of(place).is_some_and(Table::is_new);
        let is_via_root = entry.defn.as_ref().is_some_and(|defn| !defn.is_empty());
        let mut text = BString::default();
        if self.server.has_minimal_wal
            && is_new
            && !is_via_root
            && !self.run.options.has_transactions()
            && let Ok(table) = self.statements.table(place)
        {
            put!(text, "TRUNCATE TABLE ONLY ", table, ";\n");
        }
        put!(text, copy);
        text
    }

    /// Copies rows into a table, and runs what comes after them.
    async fn copy(
        &mut self,
        place: usize,
        sql: &BString,
        feed: Feed,
        after: Vec<BString>,
        mut failed: Vec<Failed>,
        offers: Option<&Offers>,
    ) -> Result<Data, WireError> {
        let shared = offers.filter(|_| self.is_shared(place));
        let sent = match (shared, self.statements.table(place)) {
            (Some(offers), Ok(table)) => self.send_together(sql, &table, feed, offers).await?,
            _ => self.send(sql, feed).await?,
        };
        match sent {
            Sent::Damaged(error) => return Ok(Data::Damaged(error)),
            Sent::Stopped => return Ok(Data::Stopped),
            Sent::Ended(Ok(())) => {}
            Sent::Ended(Err(_)) if self.run.watch.is_stopped() => return Ok(Data::Stopped),
            Sent::Ended(Err(error)) if !self.session.is_ready() => return Err(error),
            Sent::Ended(Err(error)) => {
                failed.push(Failed {
                    place,
                    text: sql.clone(),
                    error,
                });
                if self.run.options.stops_at_error() {
                    return Ok(Data::Done(failed));
                }
            }
        }
        if !self.run_around(place, after, &mut failed).await? {
            return Ok(Data::Stopped);
        }
        Ok(Data::Done(failed))
    }

    /// Whether others may help with the rows of a table: this run has made it, and nothing locks it for one session alone.
    fn is_shared(&self, place: usize) -> bool {
        let entry = &self.run.toc[place];
        self.run.table_of(place).is_some_and(Table::is_new)
            && entry.defn.as_ref().is_none_or(|defn| defn.is_empty())
            && !self.server.has_minimal_wal
            && !self.run.options.script.use_set_session_authorization
    }

    /// Copies rows by this session alone.
    async fn send(&mut self, sql: &BString, mut feed: Feed) -> Result<Sent, WireError> {
        let mut copy = match self.session.copy_in(sql).await {
            Ok(copy) => copy,
            // Its data, of which nothing was read yet, stays where it is.
            Err(refused) => {
                return Ok(match self.close(feed).await {
                    Ok(()) => Sent::Ended(Err(refused)),
                    Err(error) => Sent::Damaged(error),
                });
            }
        };
        while let Some(fed) = feed.next().await {
            if let Fed::Data { bytes, .. } = fed {
                self.run.watch.add_bytes(bytes.len() as u64);
                if !copy.send(&bytes).await? {
                    break;
                }
            }
            if self.run.watch.is_stopped() {
                break;
            }
        }
        let read = match feed.close().await {
            Ok((reader, read)) => {
                self.reader = Some(reader);
                read
            }
            Err(error) => Err(not_read(error)),
        };
        if let Err(error) = read {
            copy.abort("the archive cannot be read on").await?;
            return Ok(Sent::Damaged(error));
        }
        if self.run.watch.is_stopped() {
            copy.abort("the restore was stopped").await?;
            return Ok(Sent::Stopped);
        }
        Ok(Sent::Ended(copy.finish().await))
    }

    /// Runs the statements that stand in a block.
    async fn insert(
        &mut self,
        place: usize,
        feed: &mut Feed,
        failed: &mut Vec<Failed>,
    ) -> Result<(), WireError> {
        let mut splitter = Splitter::new(self.statements.has_standard_strings());
        let mut texts: Vec<Text> = Vec::new();
        let mut bytes = 0;
        let mut is_over = false;
        while !is_over {
            let data = match feed.next().await {
                Some(Fed::Data { bytes, .. }) => bytes,
                Some(Fed::Object(_)) => continue,
                None => {
                    is_over = true;
                    Vec::new()
                }
            };
            self.run.watch.add_bytes(data.len() as u64);
            let mut portions = data.chunks(PORTION);
            loop {
                let portion = portions.next();
                splitter.push(portion.unwrap_or_default());
                let next = |splitter: &mut Splitter| {
                    if is_over {
                        splitter.finish()
                    } else {
                        splitter.next_piece()
                    }
                };
                while let Some(Piece::Statement(sql) | Piece::Command(sql)) = next(&mut splitter) {
                    bytes += sql.len();
                    texts.push(Text { place, sql });
                    if texts.len() >= STATEMENTS || bytes >= MESSAGE_BYTES {
                        if !self.flush(&mut texts, failed).await? {
                            return Ok(());
                        }
                        bytes = 0;
                    }
                }
                if portion.is_none() {
                    break;
                }
            }
        }
        self.flush(&mut texts, failed).await?;
        Ok(())
    }

    /// Runs texts of data; whether to go on.
    pub(super) async fn flush(
        &mut self,
        texts: &mut Vec<Text>,
        failed: &mut Vec<Failed>,
    ) -> Result<bool, WireError> {
        match self.execute(&std::mem::take(texts)).await? {
            Some(outcome) => failed.extend(outcome.failed),
            None => return Ok(false),
        }
        Ok(!self.run.watch.is_stopped()
            && (failed.is_empty() || !self.run.options.stops_at_error()))
    }

    /// Restores the data of several tables, each of which is likely to be small, in one exchange; those that are not, one by one.
    pub(crate) async fn fill_small(&mut self, places: &[usize]) -> Flow {
        let run = Arc::clone(&self.run);
        let places: Vec<usize> = places
            .iter()
            .copied()
            .filter(|place| !self.is_left_out(*place))
            .collect();
        let Some(reader) = self.reader.take() else {
            run.end(Ended::Archive("its data cannot be read".into()));
            return Flow::Stop;
        };
        let ids: Vec<DumpId> = places.iter().map(|place| run.toc[*place].dump_id).collect();
        let contents = match read_small(reader, ids, SMALL).await {
            Ok((reader, contents)) => {
                self.reader = Some(reader);
                contents.map_err(|error| error.to_string())
            }
            Err(error) => Err(error.to_string()),
        };
        let contents = match contents {
            Ok(contents) => contents,
            Err(error) => {
                run.end(Ended::Archive(error));
                return Flow::Stop;
            }
        };
        let (mut small, mut large) = (Vec::new(), Vec::new());
        for (place, content) in places.into_iter().zip(contents) {
            match content {
                Some(content) => small.push((place, content)),
                None => large.push(place),
            }
        }
        if self.copy_small(&small).await == Flow::Stop {
            return Flow::Stop;
        }
        for place in large {
            if self.fill(place, None).await == Flow::Stop {
                return Flow::Stop;
            }
        }
        run.flow()
    }

    async fn copy_small(&mut self, small: &[(usize, Vec<u8>)]) -> Flow {
        let run = Arc::clone(&self.run);
        let mut sql = BString::default();
        for (place, _) in small {
            if let Some(copy) = &run.toc[*place].copy_stmt {
                put!(sql, self.copy_statement(*place, copy), "\n");
            }
        }
        let contents: Vec<&[u8]> = small.iter().map(|(_, content)| &content[..]).collect();
        let places: Vec<usize> = small.iter().map(|(place, _)| *place).collect();
        match self.session.copy_in_all(&sql, &contents).await {
            Ok(()) => {
                let bytes: usize = contents.iter().map(|content| content.len()).sum();
                run.watch.add_bytes(bytes as u64);
                note_all(&run, &places, Outcome::default());
            }
            Err(error) if !self.session.is_ready() => run.lose(&places, &error),
            Err(_) if run.watch.is_stopped() => {}
            Err(_) => {
                for place in places {
                    if self.fill(place, None).await == Flow::Stop {
                        break;
                    }
                }
            }
        }
        run.flow()
    }
}

/// Notes what became of an entry's data. Where its table is not there because this run could not make it, it was left out.
fn note_data(run: &Run, place: usize, failed: &[Failed]) {
    let is_without_table = run.table_of(place) == Some(Table::NotMade)
        && !failed.is_empty()
        && failed.iter().all(|failed| {
            let server = failed.error.server();
            server.is_some_and(|server| server.sqlstate == "42P01")
        });
    if is_without_table && !run.options.stops_at_error() {
        run.skip(place, "its table could not be made");
    } else {
        run.note(place, failed);
    }
}

pub(super) fn not_read(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> ArchiveError {
    ArchiveError::Io {
        doing: "reading the archive",
        source: std::io::Error::other(error),
    }
}
