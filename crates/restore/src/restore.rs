//! A restore from beginning to end.

use std::sync::Arc;
use std::time::Duration;

use bstr::ByteSlice;
use pgark_archive::{Parts, Pass, Section, Selection, Statements, TocEntry};
use pgark_connect::Config;

use crate::parallel::{self, Sizes};
use crate::report::{Ended, Report};
use crate::run::{Failed, Flow, Run};
use crate::serial;
use crate::session;
use crate::source::Archive;
use crate::worker::{Text, Worker};
use crate::{Error, Options, Phase, Preflight, Result, Watch, preflight};

/// How many statements that drop go together.
const DROPS_AT_ONCE: usize = 100;

/// Work in the order in which pg_restore does it.
type Work = Vec<(usize, Parts)>;

/// Restores chosen entries of an archive into a database.
///
/// # Errors
/// Where nothing was changed: the server cannot be reached, the session not be set up, the options not be followed. What goes wrong
/// later stands in the report.
///
/// Not cancel safe: dropping the future leaves the server at work until it finds the connections gone. [`Watch::stop`] ends a restore.
pub async fn restore(
    config: &Config,
    mut archive: Archive,
    selection: &Selection,
    options: Options,
    watch: Arc<Watch>,
) -> Result<Report> {
    let jobs = options.jobs.get();
    if jobs > 1 && options.has_transactions() {
        return Err(Error::Options(
            "a restore in transactions is one of a single session: no jobs beside it".into(),
        ));
    }
    if jobs > 1 && !archive.is_file() {
        return Err(Error::Options(
            "several jobs need an archive whose data can be read in any order".into(),
        ));
    }
    if jobs > 1 {
        archive.reader.locate_blocks()?;
    }
    let wanted = selection.iter().count();
    watch.want(wanted);
    let toc = archive.reader.shared_toc();
    let run = Arc::new(Run::new(toc, options, Arc::clone(&watch)));
    let ended = {
        let going = Box::pin(go(config, archive, selection, &run));
        let cancelling = cancel_when_stopped(config, &watch);
        tokio::select! {
            ended = going => ended,
            () = cancelling => Ok(()),
        }
    };
    ended?;
    let run = Arc::try_unwrap(run)
        .map_err(|_| Error::Stopped("it still holds what it restores".into()))?;
    Ok(run.into_report(wanted))
}

/// Has the server cancel what it does for a restore that is stopped, and goes on: the sessions tell how it ended. One that was about to
/// send a statement is missed at first.
async fn cancel_when_stopped(config: &Config, watch: &Watch) {
    watch.stopped().await;
    loop {
        for key in watch.sessions() {
            if let Err(error) = pgark_connect::cancel(config, &key).await {
                tracing::warn!("could not cancel what the server is doing: {error}");
            }
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

async fn go(
    config: &Config,
    archive: Archive,
    selection: &Selection,
    run: &Arc<Run>,
) -> Result<()> {
    let mut opening = Opening {
        config: config.clone(),
        archive,
        run: Arc::clone(run),
        has_schema: selection.has_schema(),
    };
    let mut first = opening.open().await?;
    if run.options.preflight != Preflight::Off {
        let foreseen = preflight::look(
            &mut first.session,
            first.server,
            opening.archive.header(),
            &run.toc,
            selection,
            &run.options,
        );
        run.foresee(foreseen.await?);
        if run.options.preflight == Preflight::Only {
            run.end(Ended::Preflight);
            return end(first).await;
        }
    }
    if run.options.has_transactions() {
        session::execute(&mut first.session, "begin the transaction", "begin").await?;
    }
    if run.options.script.clean {
        run.watch.enter(Phase::Drops);
        if drop_all(&mut first, selection).await == Flow::Stop {
            return end(first).await;
        }
    }
    let Some(mut first) = create_database(&mut opening, first, selection).await? else {
        return Ok(());
    };
    let sizes = Sizes::of(&opening.archive, &run.by_id, opening.joins_small());
    let is_parallel = run.options.jobs.get() > 1;
    let phases = phases(&run.toc, selection, is_parallel);
    if !is_parallel {
        first.reader = Some(opening.archive.reader);
        for (phase, work) in &phases {
            run.watch.enter(*phase);
            if serial::restore(&mut first, work, &sizes).await == Flow::Stop {
                break;
            }
        }
        return end(first).await;
    }
    first.reader = opening.archive.another();
    let mut workers = vec![first];
    while workers.len() < run.options.jobs.get() {
        match opening.open().await {
            Ok(worker) => workers.push(worker),
            // How many there are is a wish: a server, a role or a pooler may allow fewer.
            Err(Error::Connect(error)) => {
                tracing::info!(
                    "{error}; the restore goes on with fewer sessions: {}",
                    workers.len()
                );
                break;
            }
            Err(error) => return Err(error),
        }
    }
    for (phase, work) in &phases {
        run.watch.enter(*phase);
        let flow = match phase {
            Phase::PreData => parallel::restore_pre_data(&mut workers, work, &sizes).await?,
            // Who may grant on may hang on what another entry grants, which an entry does not say.
            Phase::Privileges => parallel::restore_guessing(&mut workers, work, &sizes).await?,
            _ => parallel::restore_together(&mut workers, work, &sizes).await?,
        };
        if flow == Flow::Stop {
            break;
        }
    }
    for worker in workers {
        end(worker).await?;
    }
    Ok(())
}

/// What it takes to open sessions that restore.
struct Opening {
    config: Config,
    archive: Archive,
    run: Arc<Run>,
    has_schema: bool,
}

impl Opening {
    /// Opens a session and sets it up.
    async fn open(&self) -> Result<Worker> {
        let (session, server) = session::open(&self.config, &self.run.watch).await?;
        let statements = Statements::new(
            self.archive.header(),
            Arc::clone(&self.run.toc),
            self.run.options.script.clone(),
            server.major,
            self.has_schema,
        )?;
        let mut worker = Worker {
            session,
            statements,
            reader: self.archive.another(),
            run: Arc::clone(&self.run),
            server,
            in_transaction: 0,
        };
        let settings = worker.statements.settings()?;
        session::execute(&mut worker.session, "set up the session", settings).await?;
        if self.run.options.script.create {
            // The properties that come back with the database, or with roles, are for those who use it later.
            let writable = "set default_transaction_read_only = off";
            session::execute(&mut worker.session, "set up the session", writable).await?;
        }
        Ok(worker)
    }

    /// Whether the data of several tables may go in one exchange.
    fn joins_small(&self) -> bool {
        let script = &self.run.options.script;
        let has_search_path = self.run.toc.iter().any(|entry| entry.desc == "SEARCHPATH");
        self.archive.is_file()
            && has_search_path
            && !self.run.options.has_transactions()
            && !script.disable_triggers
            && !script.use_set_session_authorization
    }
}

/// Ends a session in good order, and a transaction of ours as the restore went.
async fn end(mut worker: Worker) -> Result<()> {
    if worker.run.options.has_transactions() && worker.session.is_ready() {
        if worker.run.flow() == Flow::Go {
            serial::commit(&mut worker, "commit").await;
        } else if let Err(error) = worker.session.execute("rollback").await {
            tracing::debug!("could not roll back: {error}");
        }
    }
    worker.run.warn(worker.statements.take_warnings());
    if worker.session.is_ready() {
        // It has done all that it was to do.
        let _ = worker.session.close().await;
    }
    Ok(())
}

/// Drops what is chosen, the last first. What fails is tried once more at the end, when what held it is gone, and perhaps it too: the
/// key of a partition goes with that of its table only. What fails then is told; the objects themselves are still to be restored.
async fn drop_all(worker: &mut Worker, selection: &Selection) -> Flow {
    let mut texts: Vec<Text> = Vec::new();
    let mut failed = Vec::new();
    let order: Work = selection.iter().rev().collect();
    for (place, parts) in order {
        let is_alone = is_run_alone(&worker.run.toc[place]);
        if is_alone && drop_some(worker, &mut texts, &mut failed).await == Flow::Stop {
            return Flow::Stop;
        }
        match worker.statements.drop(place, parts) {
            Ok(drops) => texts.extend(drops.into_iter().map(|sql| Text { place, sql })),
            Err(error) => {
                worker.run.end(Ended::Archive(error.to_string()));
                return Flow::Stop;
            }
        }
        if (is_alone || texts.len() >= DROPS_AT_ONCE)
            && drop_some(worker, &mut texts, &mut failed).await == Flow::Stop
        {
            return Flow::Stop;
        }
    }
    worker.statements.forget_schema();
    if drop_some(worker, &mut texts, &mut failed).await == Flow::Stop {
        return Flow::Stop;
    }
    drop_again(worker, failed).await
}

/// Entries whose statements take no others beside them.
fn is_run_alone(entry: &TocEntry) -> bool {
    matches!(
        entry.desc.as_bytes(),
        b"DATABASE" | b"DATABASE PROPERTIES" | b"SUBSCRIPTION"
    )
}

async fn drop_some(worker: &mut Worker, texts: &mut Vec<Text>, failed: &mut Vec<Failed>) -> Flow {
    let run = Arc::clone(&worker.run);
    match worker.execute(&std::mem::take(texts)).await {
        Ok(Some(now)) if run.options.stops_at_error() => run.note_drops(&now.failed),
        Ok(now) => failed.extend(now.unwrap_or_default().failed),
        Err(lost) => run.lose(&[], &lost),
    }
    run.flow()
}

async fn drop_again(worker: &mut Worker, failed: Vec<Failed>) -> Flow {
    let run = Arc::clone(&worker.run);
    let mut still = Vec::new();
    for first in failed {
        let again = [Text {
            place: first.place,
            sql: first.text.clone(),
        }];
        match worker.execute(&again).await {
            Ok(second) => {
                let has_failed = second.unwrap_or_default().failed.pop();
                if has_failed.is_some_and(|second| !is_gone(&second) || is_gone(&first)) {
                    still.push(first);
                }
            }
            Err(lost) => run.lose(&[], &lost),
        }
        if run.flow() == Flow::Stop {
            break;
        }
    }
    run.note_drops(&still);
    run.flow()
}

/// Whether what was to be dropped is not there.
fn is_gone(failed: &Failed) -> bool {
    // undefined_table, undefined_object, undefined_function, invalid_schema_name (appendix A of the manual).
    const GONE: [&str; 4] = ["42P01", "42704", "42883", "3F000"];
    let server = failed.error.server();
    server.is_some_and(|server| GONE.contains(&server.sqlstate.as_str()))
}

/// With `-C`, makes the database, connects to it, and gives it its properties.
async fn create_database(
    opening: &mut Opening,
    mut worker: Worker,
    selection: &Selection,
) -> Result<Option<Worker>> {
    let toc = Arc::clone(&worker.run.toc);
    let of_database = selection
        .iter()
        .filter(|(place, _)| is_of_database(&toc[*place]));
    for (place, _) in of_database {
        // CREATE DATABASE takes no other statement beside it.
        let (sound, texts) = worker.definitions(&[place]);
        let flow = match sound.first() {
            Some(place) => worker.run_and_note_singly(*place, &texts).await,
            None => worker.run.flow(),
        };
        if flow == Flow::Stop {
            end(worker).await?;
            return Ok(None);
        }
        let name = toc[place].tag.clone().unwrap_or_default();
        opening.config = opening.config.with_dbname(name);
        end(worker).await?;
        worker = match opening.open().await {
            Ok(worker) => worker,
            Err(error) => {
                opening.run.end(Ended::ConnectionLost(error.to_string()));
                return Ok(None);
            }
        };
        if opening.run.options.has_transactions() {
            session::execute(&mut worker.session, "begin the transaction", "begin").await?;
        }
    }
    Ok(Some(worker))
}

fn is_of_database(entry: &TocEntry) -> bool {
    matches!(entry.desc.as_bytes(), b"DATABASE" | b"DATABASE PROPERTIES")
}

/// The chosen entries, without those of the database itself, in the order in which they are restored. One session keeps to the
/// archive's order within each pass; for several, what belongs to one phase is put together.
fn phases(toc: &[TocEntry], selection: &Selection, is_parallel: bool) -> Vec<(Phase, Work)> {
    let mut passes: [Vec<(Phase, Work)>; 3] = Default::default();
    let mut section = Section::PreData;
    for (place, parts) in selection.iter() {
        let entry = &toc[place];
        // What has no section belongs to that of the entry before it.
        if entry.section != Section::None {
            section = entry.section;
        }
        let (pass, phase) = match Pass::of(entry) {
            _ if is_of_database(entry) => continue,
            Pass::Main if section == Section::PreData => (0, Phase::PreData),
            Pass::Main => (0, Phase::Data),
            Pass::Acl => (1, Phase::Privileges),
            Pass::PostAcl => (2, Phase::Last),
        };
        let runs = &mut passes[pass];
        let joins = |(known, _): &&mut (Phase, Work)| *known == phase;
        let run = match runs.last_mut().filter(joins) {
            Some(_) => runs.len() - 1,
            None => match runs
                .iter()
                .position(|(known, _)| is_parallel && *known == phase)
            {
                Some(run) => run,
                None => {
                    runs.push((phase, Vec::new()));
                    runs.len() - 1
                }
            },
        };
        runs[run].1.push((place, parts));
    }
    let mut phases: Vec<(Phase, Work)> = passes.into_iter().flatten().collect();
    if is_parallel {
        phases.sort_by_key(|(phase, _)| *phase);
    }
    phases
}

#[cfg(test)]
mod tests {
    use super::*;
    use pgark_archive::DumpId;

    #[test]
    fn one_session_keeps_to_the_order_and_several_to_the_sections() {
        let entry = |id: i32, desc: &str, section| TocEntry {
            desc: desc.into(),
            section,
            defn: Some("SQL".into()),
            ..TocEntry::new(DumpId(id))
        };
        let toc = [
            entry(1, "TABLE", Section::PreData),
            entry(2, "COMMENT", Section::None),
            entry(3, "ACL", Section::None),
            entry(4, "INDEX", Section::PostData),
            entry(5, "DEFAULT", Section::PreData),
            entry(6, "EVENT TRIGGER", Section::PostData),
        ];
        let selection = Selection::all(&toc);
        let found = |is_parallel| -> Vec<(Phase, Vec<usize>)> {
            let places = |work: Work| work.into_iter().map(|(place, _)| place).collect();
            let phases = phases(&toc, &selection, is_parallel).into_iter();
            phases.map(|(phase, work)| (phase, places(work))).collect()
        };
        use Phase::{Data, Last, PreData, Privileges};
        let expected = [
            (PreData, vec![0, 1]),
            (Data, vec![3]),
            (PreData, vec![4]),
            (Privileges, vec![2]),
            (Last, vec![5]),
        ];
        assert_eq!(found(false), expected);
        let expected = [
            (PreData, vec![0, 1, 4]),
            (Data, vec![3]),
            (Privileges, vec![2]),
            (Last, vec![5]),
        ];
        assert_eq!(found(true), expected);
    }
}
