//! An archive as an SQL script: what `pg_restore -f` and `pg_dump -Fp` write.

mod dialect;
mod drop;
mod entry;
mod large_object;
mod options;
mod render;
mod restrict_key;
mod session;
mod statements;

use std::collections::HashMap;
use std::io::{BufWriter, Write};
use std::sync::Arc;

use bstr::{BString, ByteSlice};
use pgark_sql::Quoter;

use crate::created::local_zone;
use crate::line::one_line;
use crate::selection::{is_acl, tag};
use crate::{CreationTime, DumpId, Error, Header, Oid, Parts, Selection, TocEntry};

use dialect::Dialect;
pub use options::ScriptOptions;
pub use render::{render, render_stream};
pub use restrict_key::RestrictKey;
use session::Session;
pub(crate) use session::Settings;
pub use statements::Statements;

/// Writes a script: all that comes before the first data at once, and the rest as the data is handed over, in the order of
/// [`Script::next_data`].
///
/// The calls are those of [`Writer`](crate::Writer). What a script needs of an archive is header, entries and data, so that a dump can
/// be written as a script without an archive in between; [`render`] does the same with one.
#[derive(Debug)]
pub struct Script<W: Write> {
    out: BufWriter<W>,
    toc: Arc<[TocEntry]>,
    by_id: HashMap<DumpId, usize>,
    options: ScriptOptions,
    dialect: Dialect,
    quoter: Quoter,
    /// What the archive says of client_encoding and search_path.
    encoding: BString,
    search_path: Option<BString>,
    /// Whether large objects have entries of their own that make them.
    has_large_object_entries: bool,
    /// Whether definitions are restored at all.
    has_schema: bool,
    /// Whether the comments on entries tell where the data lies.
    tells_positions: bool,
    work: Vec<(usize, Parts)>,
    /// The next of the work, or the one whose data is being written.
    next: usize,
    state: State,
    session: Session,
    /// Statements of the open transaction, with a transaction size.
    in_transaction: u32,
    large_object: Vec<u8>,
    warnings: Vec<String>,
    /// How long each piece is, where they are wanted one by one and without comments.
    pieces: Option<Vec<usize>>,
}

/// Where in the sequence of calls a script is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    /// Before an entry.
    Between,
    /// The definition of the entry at hand is written, its data comes next.
    Due(DumpId),
    Data(DumpId),
    LargeObjects(DumpId),
    LargeObject(DumpId, Oid),
}

impl<W: Write> Script<W> {
    /// Writes the head of a script and, with `-c`, the statements that drop what is there.
    ///
    /// # Errors
    /// [`Error::Entry`] for an entry that makes no sense; [`Error::Io`].
    pub fn begin(
        sink: W,
        header: &Header,
        toc: Arc<[TocEntry]>,
        selection: &Selection,
        options: ScriptOptions,
    ) -> Result<Self, Error> {
        Self::begin_telling(sink, header, toc, selection, options, false)
    }

    fn begin_telling(
        sink: W,
        header: &Header,
        toc: Arc<[TocEntry]>,
        selection: &Selection,
        options: ScriptOptions,
        tells_positions: bool,
    ) -> Result<Self, Error> {
        let mut script = Self::prepare(
            sink,
            header,
            toc,
            Dialect::of(header),
            options,
            selection.has_schema(),
        )?;
        script.tells_positions = tells_positions;
        script.work = selection.in_passes(&script.toc);
        script.put_head(header)?;
        if script.options.clean {
            script.put_drops(selection)?;
        }
        Ok(script)
    }

    /// A script of nothing yet.
    fn prepare(
        sink: W,
        header: &Header,
        toc: Arc<[TocEntry]>,
        dialect: Dialect,
        options: ScriptOptions,
        has_schema: bool,
    ) -> Result<Self, Error> {
        let settings = Settings::read(&toc)?;
        Ok(Self {
            out: BufWriter::with_capacity(256 * 1024, sink),
            by_id: toc
                .iter()
                .enumerate()
                .map(|(place, entry)| (entry.dump_id, place))
                .collect(),
            quoter: Quoter {
                quote_all: options.quote_all_identifiers,
                std_strings: settings.std_strings,
                ..Quoter::new(dialect.major(), settings.structure)
            },
            dialect,
            encoding: settings.encoding,
            search_path: settings.search_path,
            has_large_object_entries: header.version.has_large_object_entries(),
            has_schema: options.schema && has_schema,
            tells_positions: false,
            work: Vec::new(),
            toc,
            options,
            next: 0,
            state: State::Between,
            session: Session::default(),
            in_transaction: 0,
            large_object: Vec::new(),
            warnings: Vec::new(),
            pieces: None,
        })
    }

    /// Writes what comes before the next data, and says whose it is. At the end there is none.
    ///
    /// # Errors
    /// [`Error::Entry`] for an entry that makes no sense; [`Error::Io`]; [`Error::Misuse`] while data is being written.
    pub fn next_data(&mut self) -> Result<Option<DumpId>, Error> {
        match self.state {
            State::Between => {}
            State::Due(id) => return Ok(Some(id)),
            _ => return Err(self.out_of_turn("the next data")),
        }
        while let Some(&(place, parts)) = self.work.get(self.next) {
            let toc = Arc::clone(&self.toc);
            let entry = &toc[place];
            self.warn_of(entry);
            if parts.schema {
                self.put_definition(entry)?;
            }
            if parts.data && entry.had_dumper {
                self.state = State::Due(entry.dump_id);
                return Ok(Some(entry.dump_id));
            }
            if parts.data && !parts.schema {
                self.put_entry(entry, "")?;
            }
            self.end_entry(entry, parts)?;
        }
        Ok(None)
    }

    /// What the user should know. Some of it comes up only as the script goes on.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Opens the data of an entry. All that [`Script::write`] is given until [`Script::end_data`] goes there.
    ///
    /// # Errors
    /// [`Error::Misuse`] when it is not the entry's turn; else as [`Script::next_data`].
    pub fn start_data(&mut self, dump_id: DumpId) -> Result<(), Error> {
        let toc = Arc::clone(&self.toc);
        let entry = self.due(&toc, dump_id)?;
        self.put_entry(entry, "Data for ")?;
        if entry.desc == "BLOB COMMENTS" {
            self.select_schema(Some(b"pg_catalog"))?;
        } else if entry.desc == "BLOBS" {
            return Err(Error::entry(entry, "rows where large objects are expected"));
        } else {
            self.switch_triggers(entry, "DISABLE")?;
            self.become_owner(entry)?;
            self.select_schema(entry.namespace.as_ref().map(|schema| schema.as_slice()))?;
            if let Some(copy) = &entry.copy_stmt {
                self.put(&[copy])?;
            }
        }
        self.state = State::Data(dump_id);
        Ok(())
    }

    /// Adds to the open data, or to the open large object. Any length will do.
    ///
    /// # Errors
    /// [`Error::Misuse`] when neither is open; [`Error::Io`].
    pub fn write(&mut self, data: &[u8]) -> Result<(), Error> {
        match self.state {
            State::Data(_) => self.put(&[&data]),
            State::LargeObject(..) => self.write_large_object(data),
            _ => Err(self.out_of_turn("data")),
        }
    }

    /// Closes what [`Script::start_data`] opened.
    ///
    /// # Errors
    /// [`Error::Misuse`] when that is not what is open; [`Error::Io`].
    pub fn end_data(&mut self) -> Result<(), Error> {
        let State::Data(dump_id) = self.state else {
            return Err(self.out_of_turn("the end of data"));
        };
        let toc = Arc::clone(&self.toc);
        if let Some(&place) = self.by_id.get(&dump_id)
            && toc[place].desc != "BLOB COMMENTS"
        {
            self.switch_triggers(&toc[place], "ENABLE")?;
        }
        self.end_block(&toc)
    }

    /// Ends the script: writes what follows the last data and the end, flushes, and returns the sink.
    ///
    /// # Errors
    /// [`Error::Misuse`] when data is missing; else as [`Script::next_data`].
    pub fn finish(self) -> Result<W, Error> {
        self.finish_telling().map(|(sink, _)| sink)
    }

    fn finish_telling(mut self) -> Result<(W, Vec<String>), Error> {
        if let Some(id) = self.next_data()? {
            return Err(Error::misuse(format!(
                "the data of entry {id} was not written"
            )));
        }
        self.put_end()?;
        let sink = self
            .out
            .into_inner()
            .map_err(|error| Error::writing_script(error.into_error()))?;
        Ok((sink, self.warnings))
    }

    /// The entry whose data comes next, which must be the one that is named.
    fn due<'a>(&mut self, toc: &'a [TocEntry], dump_id: DumpId) -> Result<&'a TocEntry, Error> {
        if self.next_data()? != Some(dump_id) {
            return Err(self.out_of_turn(&format!("the data of entry {dump_id}")));
        }
        let place = self.by_id.get(&dump_id).and_then(|place| toc.get(*place));
        place.ok_or_else(|| Error::misuse(format!("there is no entry {dump_id}")))
    }

    fn end_block(&mut self, toc: &[TocEntry]) -> Result<(), Error> {
        self.state = State::Between;
        match self.work.get(self.next) {
            Some(&(place, parts)) => self.end_entry(&toc[place], parts),
            None => Ok(()),
        }
    }

    /// After an entry's definition and data: its statistics, and the end of a transaction that is large enough.
    fn end_entry(&mut self, entry: &TocEntry, parts: Parts) -> Result<(), Error> {
        if parts.statistics {
            self.put_entry(entry, "Statistics for ")?;
        }
        self.count_action()?;
        self.next += 1;
        Ok(())
    }

    fn put_definition(&mut self, entry: &TocEntry) -> Result<(), Error> {
        let is_database = matches!(entry.desc.as_bytes(), b"DATABASE" | b"DATABASE PROPERTIES");
        if is_database && self.options.transaction_size.is_some() {
            self.put(&[&"COMMIT;\n\n"])?;
        }
        self.put_entry(entry, "")?;
        if is_database {
            self.reconnect(entry)?;
        }
        Ok(())
    }

    /// Notes what the program that made the archive wanted to be said of it.
    fn warn_of(&mut self, entry: &TocEntry) {
        if entry.desc != "WARNING" {
            return;
        }
        let texts = [
            entry.defn.as_ref().filter(|_| self.has_schema),
            entry.copy_stmt.as_ref(),
        ];
        let mut texts = texts.into_iter().flatten().filter(|text| !text.is_empty());
        if let Some(text) = texts.next() {
            self.warnings
                .push(format!("warning from the archive: {text}"));
        }
    }

    fn put_head(&mut self, header: &Header) -> Result<(), Error> {
        self.put(&[&"--\n-- PostgreSQL database dump\n--\n\n"])?;
        let key = self.options.restrict_key.clone();
        self.put(&[&"\\restrict ", &key, &"\n\n"])?;
        for (what, version) in [
            ("-- Dumped from database version ", &header.server_version),
            ("-- Dumped by pg_dump version ", &header.dump_version),
        ] {
            if let Some(version) = version {
                self.put(&[&what, &one_line(version), &"\n"])?;
            }
        }
        self.put(&[&"\n"])?;
        if self.options.verbose {
            self.put_time("Started on", header.created)?;
        }
        if self.options.single_transaction {
            self.put(&[&"BEGIN;\n\n"])?;
        }
        self.put_settings()
    }

    fn put_end(&mut self) -> Result<(), Error> {
        if self.options.single_transaction || self.options.transaction_size.is_some() {
            self.put(&[&"COMMIT;\n\n"])?;
        }
        if self.options.verbose {
            self.put_time("Completed on", CreationTime::now()?)?;
        }
        let key = self.options.restrict_key.clone();
        self.put(&[
            &"--\n-- PostgreSQL database dump complete\n--\n\n\\unrestrict ",
            &key,
            &"\n\n",
        ])
    }

    fn put_time(&mut self, what: &str, time: CreationTime) -> Result<(), Error> {
        match time.listed(&local_zone()) {
            Some(time) => self.put(&[&"-- ", &what, &" ", &time, &"\n\n"]),
            None => Ok(()),
        }
    }

    /// Counts a statement, with a transaction size; a transaction that is large enough is ended and another begun.
    fn count_action(&mut self) -> Result<(), Error> {
        self.count_and_commit("COMMIT;\nBEGIN;\n\n")
    }

    fn count_and_commit(&mut self, commit: &str) -> Result<(), Error> {
        let Some(size) = self.options.transaction_size else {
            return Ok(());
        };
        self.in_transaction = self.in_transaction.saturating_add(1);
        if self.in_transaction >= size.get() {
            self.put(&[&commit])?;
            self.in_transaction = 0;
        }
        Ok(())
    }

    fn ident(&self, name: impl AsRef<[u8]>) -> BString {
        self.quoter.ident(name)
    }

    /// The table of an entry, with its schema, quoted.
    fn qualified(&self, entry: &TocEntry) -> BString {
        let schema = entry.namespace.as_ref().map(|schema| schema.as_slice());
        self.quoter.qualified(schema, tag(entry))
    }

    fn out_of_turn(&self, what: &str) -> Error {
        let place = match self.state {
            State::Between => "between entries".to_owned(),
            State::Due(id) => format!("where the data of entry {id} has its turn"),
            State::Data(id) => format!("in the data of entry {id}"),
            State::LargeObjects(id) => format!("between the large objects of entry {id}"),
            State::LargeObject(id, oid) => format!("in large object {oid} of entry {id}"),
        };
        Error::misuse(format!("{what} came {place}"))
    }

    fn put(&mut self, pieces: &[&dyn AsRef<[u8]>]) -> Result<(), Error> {
        for piece in pieces {
            self.out
                .write_all(piece.as_ref())
                .map_err(Error::writing_script)?;
        }
        if let Some(lengths) = &mut self.pieces {
            lengths.push(pieces.iter().map(|piece| piece.as_ref().len()).sum());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
