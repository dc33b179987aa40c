//! The statements of a script one by one, for whoever runs them at a server.

use std::sync::Arc;

use bstr::{BString, ByteSlice};

use super::dialect::Dialect;
use super::{Script, ScriptOptions, session};
use crate::{Error, Header, Parts, TocEntry};

/// What restores entries, as texts that pg_restore would send to a server one at a time. Comments are left out.
///
/// It keeps in mind what the texts given out so far have set in their session, so that each session needs one of its own, and runs
/// them in the order in which they were given out.
#[derive(Debug)]
pub struct Statements {
    script: Script<Vec<u8>>,
}

impl Statements {
    /// Statements for a server of a major, which are those of a script but for what the options say of transactions.
    /// `has_schema` says whether any definition is restored.
    ///
    /// # Errors
    /// [`Error::Entry`] for entries about the session that make no sense.
    pub fn new(
        header: &Header,
        toc: Arc<[TocEntry]>,
        mut options: ScriptOptions,
        server_major: u32,
        has_schema: bool,
    ) -> Result<Self, Error> {
        options.transaction_size = None;
        let dialect = Dialect::of_major(server_major);
        let mut script = Script::prepare(Vec::new(), header, toc, dialect, options, has_schema)?;
        script.pieces = Some(Vec::new());
        Ok(Self { script })
    }

    /// What sets up a session, as one text. All is forgotten that earlier statements had set.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn settings(&mut self) -> Result<BString, Error> {
        self.script.session = session::Session::default();
        self.script.put_settings()?;
        Ok(self.take()?.concat().into())
    }

    /// What drops the object of an entry; nothing where it is not to be dropped.
    ///
    /// # Errors
    /// As [`Statements::definition`].
    pub fn drop(&mut self, place: usize, parts: Parts) -> Result<Vec<BString>, Error> {
        let toc = Arc::clone(&self.script.toc);
        let entry = entry_at(&toc, place)?;
        if let Some(drop) = self.script.dropped(entry, parts) {
            self.script.put_drop_of(entry, drop)?;
        }
        self.take()
    }

    /// Schemas may have been dropped.
    pub fn forget_schema(&mut self) {
        self.script.session.forget_schema();
    }

    /// What makes the object of an entry and gives it to its owner, sets what an entry is about, or is data without a block.
    ///
    /// # Errors
    /// [`Error::Entry`] for an entry that makes no sense; [`Error::Misuse`] for a place where none is.
    pub fn definition(&mut self, place: usize) -> Result<Vec<BString>, Error> {
        let toc = Arc::clone(&self.script.toc);
        let entry = entry_at(&toc, place)?;
        self.script.put_entry(entry, "")?;
        self.take()
    }

    /// What comes before the data of an entry and what after it.
    ///
    /// # Errors
    /// As [`Statements::definition`].
    pub fn around_data(&mut self, place: usize) -> Result<[Vec<BString>; 2], Error> {
        let toc = Arc::clone(&self.script.toc);
        let entry = entry_at(&toc, place)?;
        let schema = match entry.desc.as_bytes() {
            b"BLOBS" | b"BLOB COMMENTS" => Some(&b"pg_catalog"[..]),
            _ => entry.namespace.as_ref().map(|schema| schema.as_slice()),
        };
        let has_triggers = entry.desc == "TABLE DATA";
        if has_triggers {
            self.script.switch_triggers(entry, "DISABLE")?;
            self.script.become_owner(entry)?;
        }
        self.script.select_schema(schema)?;
        let before = self.take()?;
        if has_triggers {
            self.script.switch_triggers(entry, "ENABLE")?;
        }
        Ok([before, self.take()?])
    }

    /// The table of an entry with its schema, quoted.
    ///
    /// # Errors
    /// [`Error::Misuse`] for a place where no entry is.
    pub fn table(&self, place: usize) -> Result<BString, Error> {
        let toc = Arc::clone(&self.script.toc);
        Ok(self.script.qualified(entry_at(&toc, place)?))
    }

    /// Whether backslashes mean nothing in the archive's plain strings.
    pub fn has_standard_strings(&self) -> bool {
        self.script.quoter.std_strings
    }

    /// What the user should know of the texts given out since the last call.
    pub fn take_warnings(&mut self) -> Vec<String> {
        std::mem::take(&mut self.script.warnings)
    }

    /// The texts since the last call, without those that are blank.
    fn take(&mut self) -> Result<Vec<BString>, Error> {
        use std::io::Write;
        self.script.out.flush().map_err(Error::writing_script)?;
        let text = std::mem::take(self.script.out.get_mut());
        let lengths = self.script.pieces.replace(Vec::new()).unwrap_or_default();
        let mut rest = &text[..];
        let pieces = lengths.into_iter().map(|length| {
            let (piece, after) = rest.split_at(length);
            rest = after;
            BString::from(piece)
        });
        Ok(pieces
            .filter(|piece| !piece.trim_ascii().is_empty())
            .collect())
    }
}

fn entry_at(toc: &[TocEntry], place: usize) -> Result<&TocEntry, Error> {
    toc.get(place)
        .ok_or_else(|| Error::misuse(format!("there is no entry at place {place}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Compression, CreationTime, DumpId, RestrictKey, Version};

    fn statements(entry: TocEntry, change: impl Fn(&mut ScriptOptions)) -> Statements {
        let created = CreationTime::now().unwrap();
        let header = Header::new(Version::V1_16, Compression::None, created);
        let key: RestrictKey = "x".parse().unwrap();
        let mut options = ScriptOptions::new(key);
        change(&mut options);
        Statements::new(&header, [entry].into(), options, 18, true).unwrap()
    }

    fn table() -> TocEntry {
        TocEntry {
            tag: Some("t".into()),
            desc: "TABLE".into(),
            namespace: Some("s".into()),
            tablespace: Some("".into()),
            owner: Some("Ann".into()),
            defn: Some("CREATE TABLE s.t ();\n".into()),
            drop_stmt: Some("DROP TABLE s.t;\n".into()),
            ..TocEntry::new(DumpId(1))
        }
    }

    #[test]
    fn texts_are_those_of_a_script_one_by_one() {
        let mut statements = statements(table(), |_| {});
        // No entry says what the search path is, as in old archives.
        let expected = [
            "SET search_path = s, pg_catalog;",
            "SET default_tablespace = '';",
            "CREATE TABLE s.t ();",
            "ALTER TABLE s.t OWNER TO \"Ann\";",
        ];
        let found = statements.definition(0).unwrap();
        assert_eq!(
            found
                .iter()
                .map(|t| t.trim_ascii().as_bstr())
                .collect::<Vec<_>>(),
            expected
        );
        let again = statements.definition(0).unwrap();
        assert_eq!(again, found[2..]);
        statements.settings().unwrap();
        assert_eq!(statements.definition(0).unwrap().len(), 4);
        assert!(statements.definition(1).is_err());
    }

    #[test]
    fn only_what_is_chosen_is_dropped() {
        let parts = Parts {
            schema: true,
            ..Parts::default()
        };
        let mut dropping = statements(table(), |options| options.if_exists = true);
        let found = dropping.drop(0, parts).unwrap();
        assert_eq!(found.last().unwrap(), "DROP TABLE IF EXISTS s.t;\n");
        assert!(dropping.drop(0, Parts::default()).unwrap().is_empty());
        let mut creating = statements(table(), |options| options.create = true);
        assert!(creating.drop(0, parts).unwrap().is_empty());
    }

    #[test]
    fn triggers_are_switched_where_data_alone_is_restored() {
        let data = TocEntry {
            desc: "TABLE DATA".into(),
            had_dumper: true,
            ..table()
        };
        let mut statements = statements(data, |options| {
            options.disable_triggers = true;
            options.schema = false;
        });
        let [before, after] = statements.around_data(0).unwrap();
        assert!(before.iter().any(|t| t.contains_str("DISABLE TRIGGER ALL")));
        assert!(after[0].contains_str("ENABLE TRIGGER ALL"));
    }
}
