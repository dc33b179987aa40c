//! One session that restores entries.

pub(crate) mod data;
mod large_object;
pub(crate) mod together;

use std::sync::Arc;
use std::time::Duration;

use bstr::BString;
use pgark_archive::{EntryName, Reader, Statements};
use pgark_connect::Session;
use pgark_wire::Error as WireError;

use crate::report::Failure;
use crate::run::{Failed, Flow, Run};
use crate::session::Server;
use crate::source::Source;

/// How much text goes into one message.
pub(crate) const MESSAGE_BYTES: usize = 64 * 1024;

/// How often a statement is tried that others keep from being run.
const TRIES: u32 = 4;

/// A session with what it needs to restore entries one after the other.
pub(crate) struct Worker {
    pub(crate) session: Session,
    pub(crate) statements: Statements,
    /// Away while a block is being read, and for good where the session is not to restore data.
    pub(crate) reader: Option<Reader<Source>>,
    pub(crate) run: Arc<Run>,
    pub(crate) server: Server,
    /// Entries in the open transaction, where it is to hold no more than so many.
    pub(crate) in_transaction: usize,
}

/// A text to be run, and the entry it belongs to.
#[derive(Clone, Debug)]
pub(crate) struct Text {
    pub(crate) place: usize,
    pub(crate) sql: BString,
}

impl AsRef<[u8]> for Text {
    fn as_ref(&self) -> &[u8] {
        &self.sql
    }
}

impl Worker {
    /// The texts of entries' definitions. An entry that makes no sense is a failure of its own.
    pub(crate) fn definitions(&mut self, places: &[usize]) -> Vec<Text> {
        let mut texts = Vec::new();
        for &place in places {
            match self.statements.definition(place) {
                Ok(found) => texts.extend(found.into_iter().map(|sql| Text { place, sql })),
                Err(error) => self.note_error(place, &error),
            }
        }
        texts
    }

    fn note_error(&self, place: usize, error: &pgark_archive::Error) {
        let entry = &self.run.toc[place];
        let statement = entry.defn.as_ref().map_or(&[][..], |defn| defn.as_slice());
        self.run.note_failure(Failure {
            entry: Some(EntryName::of(entry)),
            ..Failure::refused(statement, &error.to_string())
        });
    }

    /// Restores the definitions of entries, and notes what became of them.
    pub(crate) async fn define(&mut self, places: &[usize]) -> Flow {
        let texts = self.definitions(places);
        self.run_and_note(places, &texts).await
    }

    /// As [`Worker::run_and_note`] for one entry, each of whose texts takes no other beside it, nor a transaction.
    pub(crate) async fn run_and_note_singly(&mut self, place: usize, texts: &[Text]) -> Flow {
        let run = Arc::clone(&self.run);
        let mut failed = Vec::new();
        for text in texts {
            match self.session.execute(text).await {
                Ok(()) => {}
                Err(error) if !self.session.is_ready() => {
                    run.lose(&[place], &error);
                    return Flow::Stop;
                }
                Err(error) => failed.push(Failed {
                    place,
                    text: text.sql.clone(),
                    error,
                }),
            }
        }
        run.note(place, &failed);
        run.flow()
    }

    /// Runs the texts of entries, and notes what became of them.
    pub(crate) async fn run_and_note(&mut self, places: &[usize], texts: &[Text]) -> Flow {
        let run = Arc::clone(&self.run);
        match self.execute(texts).await {
            Ok(None) => return run.flow(),
            Ok(Some(failed)) => note_all(&run, places, failed),
            Err(lost) => run.lose(places, &lost),
        }
        run.flow()
    }

    /// Runs texts in their order, and gives back those that failed; nothing at all where the restore was stopped meanwhile and none of
    /// them counts.
    ///
    /// Many go in one message, which is one transaction; where that fails they are run again one by one, so that each fails or stays
    /// as if it had been sent alone.
    ///
    /// # Errors
    /// When the session is of no use any more.
    pub(crate) async fn execute(
        &mut self,
        texts: &[Text],
    ) -> Result<Option<Vec<Failed>>, WireError> {
        if self.run.options.has_transactions() {
            return self.execute_in_transaction(texts).await.map(Some);
        }
        if texts.len() > 1 {
            match self.session.execute(joined(texts)).await {
                Ok(()) => return Ok(Some(Vec::new())),
                Err(_) if self.run.watch.is_stopped() => return Ok(None),
                Err(error) if !self.session.is_ready() => return Err(error),
                Err(error) => tracing::debug!("a batch of {} failed: {error}", texts.len()),
            }
        }
        let mut failed = Vec::new();
        for text in texts {
            if let Some(error) = self.execute_alone(text).await? {
                failed.push(Failed {
                    place: text.place,
                    text: text.sql.clone(),
                    error,
                });
                if self.run.options.stops_at_error() {
                    break;
                }
            }
            if self.run.watch.is_stopped() {
                break;
            }
        }
        Ok(Some(failed))
    }

    /// Runs one text, again where it was the victim of a deadlock.
    async fn execute_alone(&mut self, text: &Text) -> Result<Option<WireError>, WireError> {
        for attempt in 1.. {
            match self.session.execute(text).await {
                Ok(()) => break,
                Err(error) if !self.session.is_ready() => return Err(error),
                Err(error) if attempt < TRIES && is_deadlock(&error) => {
                    tokio::time::sleep(Duration::from_millis(50) * attempt).await;
                }
                Err(error) => return Ok(Some(error)),
            }
        }
        Ok(None)
    }

    /// Runs texts in the open transaction, all of which fail from the first on that does.
    async fn execute_in_transaction(&mut self, texts: &[Text]) -> Result<Vec<Failed>, WireError> {
        let mut rest = texts;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(portion(rest));
            let mut outcomes = Vec::new();
            self.session.pipeline(now, &mut outcomes).await?;
            for (text, outcome) in now.iter().zip(outcomes) {
                if let Err(error) = outcome {
                    return Ok(vec![Failed {
                        place: text.place,
                        text: text.sql.clone(),
                        error,
                    }]);
                }
            }
            rest = later;
        }
        Ok(Vec::new())
    }
}

/// Notes what became of entries: what failed of each, or nothing. An entry behind one that ended the restore was not come to.
pub(crate) fn note_all(run: &Run, places: &[usize], failed: Vec<Failed>) {
    let mut failed = failed.into_iter().peekable();
    for &place in places {
        let mut own = Vec::new();
        while let Some(next) = failed.next_if(|failed| failed.place == place) {
            own.push(next);
        }
        run.note(place, &own);
        if run.flow() == Flow::Stop {
            break;
        }
    }
}

fn is_deadlock(error: &WireError) -> bool {
    error
        .server()
        .is_some_and(|server| server.sqlstate == "40P01")
}

/// How many of the texts go into one message.
fn portion(texts: &[Text]) -> usize {
    let mut bytes = 0;
    let fitting = texts.iter().take_while(|text| {
        bytes += text.sql.len();
        bytes <= MESSAGE_BYTES
    });
    fitting.count().max(1)
}

/// Texts as one, each on lines of its own.
pub(crate) fn joined(texts: &[Text]) -> Vec<u8> {
    let mut all = Vec::new();
    for text in texts {
        all.extend_from_slice(&text.sql);
        all.push(b'\n');
    }
    all
}
