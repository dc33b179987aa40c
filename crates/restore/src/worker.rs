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

/// What became of texts.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Those that failed.
    pub(crate) failed: Vec<Failed>,
    /// The first entry of which none was run, where the restore ended before.
    pub(crate) unreached: Option<usize>,
}

impl Outcome {
    /// All were run.
    fn whole(failed: Vec<Failed>) -> Self {
        Self {
            failed,
            unreached: None,
        }
    }

    /// The last one that was run is `texts[last]`, or of the same entry.
    fn up_to(texts: &[Text], last: usize, failed: Vec<Failed>) -> Self {
        let rest = texts.iter().skip(last);
        let mut others = rest.skip_while(|text| text.place == texts[last].place);
        Self {
            failed,
            unreached: others.next().map(|text| text.place),
        }
    }
}

impl Worker {
    /// The entries whose definitions make sense, and the texts of these. One that makes none is a failure of its own, and noted.
    pub(crate) fn definitions(&mut self, places: &[usize]) -> (Vec<usize>, Vec<Text>) {
        let (mut sound, mut texts) = (Vec::new(), Vec::new());
        for &place in places {
            match self.statements.definition(place) {
                Ok(found) => {
                    sound.push(place);
                    texts.extend(found.into_iter().map(|sql| Text { place, sql }));
                }
                Err(error) => self.note_error(place, &error),
            }
        }
        (sound, texts)
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
        let (places, texts) = self.definitions(places);
        self.run_and_note(&places, &texts).await
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
            Ok(Some(outcome)) => note_all(&run, places, outcome),
            Err(lost) => run.lose(places, &lost),
        }
        run.flow()
    }

    /// Runs texts in their order, and tells what became of them; nothing at all where the restore was stopped meanwhile and none of
    /// them counts.
    ///
    /// Many go in one message, which is one transaction; where that fails they are run again one by one, so that each fails or stays
    /// as if it had been sent alone.
    ///
    /// # Errors
    /// When the session is of no use any more.
    pub(crate) async fn execute(&mut self, texts: &[Text]) -> Result<Option<Outcome>, WireError> {
        if self.run.options.has_transactions() {
            return self.execute_in_transaction(texts).await.map(Some);
        }
        if texts.len() > 1 {
            match self.session.execute(joined(texts)).await {
                Ok(()) => return Ok(Some(Outcome::default())),
                Err(error) if !self.session.is_ready() => return Err(error),
                Err(_) if self.run.watch.is_stopped() => return Ok(None),
                Err(error) => tracing::debug!("a batch of {} failed: {error}", texts.len()),
            }
        }
        let mut failed = Vec::new();
        for (place, text) in texts.iter().enumerate() {
            if let Some(error) = self.execute_alone(text).await? {
                failed.push(Failed {
                    place: text.place,
                    text: text.sql.clone(),
                    error,
                });
                if self.run.options.stops_at_error() {
                    return Ok(Some(Outcome::up_to(texts, place, failed)));
                }
            }
            // An entry of which something was done is done to its end.
            let is_last = texts
                .get(place + 1)
                .is_none_or(|next| next.place != text.place);
            if is_last && self.run.watch.is_stopped() {
                return Ok(Some(Outcome::up_to(texts, place, failed)));
            }
        }
        Ok(Some(Outcome::whole(failed)))
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
    async fn execute_in_transaction(&mut self, texts: &[Text]) -> Result<Outcome, WireError> {
        let mut sent = 0;
        while sent < texts.len() {
            let now = &texts[sent..sent + portion(&texts[sent..])];
            let mut outcomes = Vec::new();
            self.session.pipeline(now, &mut outcomes).await?;
            for (place, outcome) in outcomes.into_iter().enumerate() {
                let place = sent + place;
                if let Err(error) = outcome {
                    let failed = Failed {
                        place: texts[place].place,
                        text: texts[place].sql.clone(),
                        error,
                    };
                    return Ok(Outcome::up_to(texts, place, vec![failed]));
                }
            }
            sent += now.len();
        }
        Ok(Outcome::default())
    }
}

/// Notes what became of entries: what failed of each, or nothing.
pub(crate) fn note_all(run: &Run, places: &[usize], outcome: Outcome) {
    let mut failed = outcome.failed.into_iter().peekable();
    let reached = places
        .iter()
        .take_while(|place| outcome.unreached != Some(**place));
    for &place in reached {
        let mut own = Vec::new();
        while let Some(next) = failed.next_if(|failed| failed.place == place) {
            own.push(next);
        }
        run.note(place, &own);
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
