//! Entries side by side, by several sessions.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bstr::{BStr, BString, ByteSlice};
use pgark_archive::{DumpId, Parts, Section, TocEntry};
use pgark_sql::text;
use pgark_wire::Error as WireError;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::domain::{Domains, Lock};
use crate::graph::{Graph, Kind, Task};
use crate::run::{Flow, Run};
use crate::serial;
use crate::source::Archive;
use crate::worker::data::SMALL;
use crate::worker::together::Offers;
use crate::worker::{Outcome, Text, Worker};
use crate::{Error, Result};

/// A table's data of so many bytes in the archive is worth the work of several sessions.
const SHARED: u64 = 4 * 1024 * 1024;

/// How many bytes of the archive each entry's data takes.
#[derive(Debug, Default)]
pub(crate) struct Sizes {
    by_place: HashMap<usize, u64>,
    /// Whether small data may go together.
    joins_small: bool,
}

impl Sizes {
    /// Sizes, as far as the archive says where its blocks lie.
    pub(crate) fn of(archive: &Archive, by_id: &HashMap<DumpId, usize>, joins_small: bool) -> Self {
        let with_data = archive.toc().iter().filter(|entry| entry.had_dumper);
        let mut blocks: Vec<(u64, usize)> = with_data
            .filter_map(|entry| {
                let position = archive.reader.block_position(entry.dump_id)?;
                Some((position, *by_id.get(&entry.dump_id)?))
            })
            .collect();
        blocks.sort_unstable();
        let ends = blocks.iter().skip(1).map(|(position, _)| *position);
        let ends: Vec<u64> = ends.chain([archive.length()]).collect();
        let sizes = blocks.iter().zip(ends);
        Self {
            by_place: sizes
                .map(|((position, place), end)| (*place, end.saturating_sub(*position)))
                .collect(),
            joins_small,
        }
    }

    fn get(&self, place: usize) -> u64 {
        self.by_place.get(&place).copied().unwrap_or(0)
    }

    /// Whether the data of an entry is so small that it goes together with that of others.
    pub(crate) fn is_small(&self, place: usize) -> bool {
        let size = self.by_place.get(&place);
        self.joins_small && size.is_some_and(|size| *size <= SMALL as u64)
    }
}

/// Restores entries of the section before the data. Runs of tables and what belongs to them are made side by side, all else one by one.
pub(crate) async fn restore_pre_data(
    workers: &mut Vec<Worker>,
    work: &[(usize, Parts)],
    sizes: &Sizes,
) -> Result<Flow> {
    let Some(run) = workers.first().map(|worker| Arc::clone(&worker.run)) else {
        return Ok(Flow::Stop);
    };
    let has_free_order = workers
        .iter()
        .all(|worker| worker.server.major < 18 || !has_named_not_null(&run.toc));
    let is_parallel = |place: &usize| has_free_order && is_table_like(&run.toc[*place]);
    let mut rest = work;
    while let Some((first, _)) = rest.first() {
        let is_run = is_parallel(first);
        let length = rest
            .iter()
            .take_while(|(place, _)| is_parallel(place) == is_run);
        let (now, later) = rest.split_at(length.count());
        rest = later;
        let flow = match workers.first_mut() {
            Some(first) if !is_run => serial::restore(first, now, sizes).await,
            _ => restore_guessing(workers, now, sizes).await?,
        };
        if flow == Flow::Stop {
            return Ok(Flow::Stop);
        }
    }
    Ok(Flow::Go)
}

/// As [`restore_together`], but in the archive's order where an error is the end: one that only another order has made must not be.
pub(crate) async fn restore_guessing(
    workers: &mut Vec<Worker>,
    work: &[(usize, Parts)],
    sizes: &Sizes,
) -> Result<Flow> {
    match workers.first_mut() {
        Some(first) if first.run.options.stops_at_error() || work.len() < 2 => {
            Ok(serial::restore(first, work, sizes).await)
        }
        _ => restore_together(workers, work, sizes).await,
    }
}

/// Whether a table has a NOT NULL constraint whose name is said. Names that are not said are chosen by PostgreSQL 18 and later so that they
/// are free (`ChooseConstraintName` in src/backend/catalog/pg_constraint.c), and so by the order in which tables are made.
fn has_named_not_null(toc: &[TocEntry]) -> bool {
    toc.iter()
        .filter(|entry| entry.desc == "TABLE")
        .filter_map(|entry| entry.defn.as_ref())
        .any(|defn| defn.contains_str("_not_null"))
}

/// How a statement begins that adds a check to a domain.
const ALTER_DOMAIN: &[u8] = b"ALTER DOMAIN ";

/// Kinds whose entries say all that they need.
fn is_table_like(entry: &TocEntry) -> bool {
    matches!(
        entry.desc.as_bytes(),
        b"TABLE"
            | b"SEQUENCE"
            | b"SEQUENCE OWNED BY"
            | b"DEFAULT"
            | b"VIEW"
            | b"TABLE ATTACH"
            | b"FOREIGN TABLE"
            | b"COMMENT"
            | b"BLOB"
    )
}

/// Restores entries by all workers. Entries may not say all that must be there before them, so one whose definition fails is tried once
/// more when all others are done, unless an error is the end.
pub(crate) async fn restore_together(
    workers: &mut Vec<Worker>,
    work: &[(usize, Parts)],
    sizes: &Sizes,
) -> Result<Flow> {
    let Some(run) = workers.first().map(|worker| Arc::clone(&worker.run)) else {
        return Ok(Flow::Stop);
    };
    let graph = build(&run, work, sizes, workers.len());
    let changed = Arc::new(Notify::new());
    let board = Arc::new(Board {
        graph: Mutex::new(graph),
        offers: Offers::new(Arc::clone(&changed)),
        changed,
        later: Mutex::default(),
    });
    let mut set = JoinSet::new();
    for mut worker in workers.drain(..) {
        let board = Arc::clone(&board);
        set.spawn(async move {
            worker.serve(&board).await;
            worker
        });
    }
    while let Some(worker) = set.join_next().await {
        workers.push(worker.map_err(|error| Error::Stopped(error.to_string()))?);
    }
    let later = std::mem::take(&mut *lock(&board.later));
    retry(workers, later).await;
    Ok(run.flow())
}

/// What workers share while they restore together.
struct Board {
    graph: Mutex<Graph>,
    offers: Offers,
    changed: Arc<Notify>,
    /// Entries to be tried when all others are done, each with the texts that need not be run any more.
    later: Mutex<Vec<(usize, HashSet<BString>)>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Worker {
    /// Does work from the board until there is none left.
    async fn serve(&mut self, board: &Board) {
        loop {
            let changed = board.changed.notified();
            if self.run.flow() == Flow::Stop {
                break;
            }
            let (task, is_done) = {
                let mut graph = lock(&board.graph);
                (graph.take(), graph.is_done())
            };
            let Some(task) = task else {
                if let Some(offer) = board.offers.take() {
                    self.help(offer).await;
                    continue;
                }
                if is_done {
                    break;
                }
                changed.await;
                continue;
            };
            self.perform(&task, board).await;
            lock(&board.graph).finish(&task);
            board.changed.notify_waiters();
        }
        board.changed.notify_waiters();
    }

    async fn perform(&mut self, task: &Task, board: &Board) {
        match task.kind {
            Kind::Definition => {
                let is_check = |place: &usize| is_check_of_domain(&self.run.toc[*place]);
                let (checks, places): (Vec<_>, Vec<_>) =
                    task.places.iter().copied().partition(is_check);
                lock(&board.later).extend(checks.into_iter().map(|place| (place, HashSet::new())));
                if self.run.options.stops_at_error() {
                    self.define(&places).await;
                } else {
                    self.define_or_defer(&places, board).await;
                }
            }
            Kind::SmallData => {
                self.fill_small(&task.places).await;
            }
            Kind::Data => {
                let offers = Some(&board.offers).filter(|_| task.cost >= SHARED);
                for place in &task.places {
                    if self.fill(*place, offers).await == Flow::Stop {
                        break;
                    }
                }
            }
            Kind::Gate => {}
        }
    }

    /// As [`Worker::define`], but puts off what failed.
    async fn define_or_defer(&mut self, places: &[usize], board: &Board) {
        let (places, texts) = self.definitions(places);
        let Outcome { failed, unreached } = match self.execute(&texts).await {
            Ok(Some(outcome)) => outcome,
            Ok(None) => return,
            Err(lost) => return self.run.lose(&places, &lost),
        };
        let failed_places: HashSet<usize> = failed.iter().map(|failed| failed.place).collect();
        let reached = places
            .into_iter()
            .take_while(|place| unreached != Some(*place));
        for place in reached.filter(|place| !failed_places.contains(place)) {
            self.run.note(place, &[]);
        }
        for place in failed_places {
            let is_failed = |text: &Text| {
                failed
                    .iter()
                    .any(|failed| failed.place == place && failed.text == text.sql)
            };
            let done = texts
                .iter()
                .filter(|text| text.place == place && !is_failed(text));
            let done = done.map(|text| text.sql.clone()).collect();
            lock(&board.later).push((place, done));
        }
    }
}

/// Whether an entry adds a check to a domain. See [`Worker::use_domain`] for why such entries are left to one session.
fn is_check_of_domain(entry: &TocEntry) -> bool {
    let defn = entry.defn.as_ref();
    entry.desc == "CHECK CONSTRAINT" && defn.is_some_and(|defn| defn.starts_with(ALTER_DOMAIN))
}

/// Tries what was put off, in the order of the archive.
async fn retry(workers: &mut [Worker], mut later: Vec<(usize, HashSet<BString>)>) {
    let Some(worker) = workers.first_mut() else {
        return;
    };
    later.sort_unstable_by_key(|(place, _)| *place);
    for (place, done) in later {
        // It may have failed because the restore was stopped.
        if worker.run.flow() == Flow::Stop {
            return;
        }
        let (places, mut texts) = worker.definitions(&[place]);
        for text in &texts {
            if let Err(lost) = worker.use_domain(text.sql.as_bstr()).await {
                return worker.run.lose(&places, &lost);
            }
        }
        // What sets up the session is needed anew.
        texts.retain(|text| text.sql.starts_with(b"SET ") || !done.contains(&text.sql));
        worker.run_and_note(&places, &texts).await;
    }
}

impl Worker {
    /// Has the session know the checks of the domain that a statement adds a check to.
    ///
    /// A check that reaches its own domain makes whoever reads the domain's checks for the first time go round in a circle, be it the
    /// session that adds it or one that adds another check afterwards. Only a session that has read them before comes through, such as
    /// the one session of a serial restore often is (load_domaintype_info in utils/cache/typcache.c).
    async fn use_domain(&mut self, sql: &BStr) -> Result<(), WireError> {
        let altered = sql.strip_prefix(ALTER_DOMAIN);
        let Some((domain, _)) = altered.and_then(|rest| rest.split_once_str("\n")) else {
            return Ok(());
        };
        match self
            .session
            .execute(text!("SELECT NULL::", domain, " WHERE false"))
            .await
        {
            Err(error) if !self.session.is_ready() => Err(error),
            // Where there is no such domain, the statement itself will say so.
            _ => Ok(()),
        }
    }
}

/// Puts entries into a graph by what they say they need, and what they lock.
fn build(run: &Run, work: &[(usize, Parts)], sizes: &Sizes, sessions: usize) -> Graph {
    let mut graph = Graph::new(sessions);
    let mut domains = Domains::new(&run.toc, &run.by_id);
    // By place, and the nodes of rows by the tree that they belong to and by their table.
    let mut nodes: HashMap<usize, usize> = HashMap::new();
    let mut rows_of_tree: HashMap<usize, Vec<usize>> = HashMap::new();
    let mut rows_of_table: HashMap<usize, Vec<usize>> = HashMap::new();
    for &(place, parts) in work {
        let entry = &run.toc[place];
        let kind = match parts.data && entry.had_dumper {
            true if sizes.is_small(place) => Kind::SmallData,
            true => Kind::Data,
            false => Kind::Definition,
        };
        let relations = domains.relations(place);
        let cost = relations
            .iter()
            .filter_map(|table| rows_of_table.get(table))
            .flatten()
            .map(|node| sizes.get(graph.place(*node)))
            .chain([sizes.get(place)])
            .sum();
        let node = graph.add(place, kind, domains.locks(place), cost);
        nodes.insert(place, node);
        if entry.desc == "TABLE DATA" {
            for table in relations {
                rows_of_tree
                    .entry(domains.root(table))
                    .or_default()
                    .push(node);
                rows_of_table.entry(table).or_default().push(node);
            }
        }
    }
    let gates: HashMap<usize, usize> = rows_of_tree
        .into_iter()
        .map(|(tree, rows)| {
            let gate = graph.add(usize::MAX, Kind::Gate, Vec::new(), 0);
            for node in rows {
                graph.wait(gate, node);
            }
            (tree, gate)
        })
        .collect();
    let mut alone: HashMap<usize, usize> = HashMap::new();
    for &(place, _) in work {
        let node = nodes[&place];
        let entry = &run.toc[place];
        for id in &entry.dependencies {
            if let Some(needed) = run.by_id.get(id).and_then(|place| nodes.get(place)) {
                graph.wait(node, *needed);
            }
        }
        if entry.desc == "TABLE DATA" || entry.section == Section::PreData {
            continue;
        }
        // Rows come before all that is made of them; what concerns a whole tree waits for all rows of it.
        for table in domains.relations(place) {
            for rows in rows_of_table.get(&table).into_iter().flatten() {
                graph.wait(node, *rows);
            }
        }
        for (tree, lock) in domains.locks(place) {
            if lock != Lock::Exclusive {
                continue;
            }
            if let Some(gate) = gates.get(&tree) {
                graph.wait(node, *gate);
            }
            // They cannot be done at once, so they are done in the archive's order.
            if let Some(before) = alone.insert(tree, node) {
                graph.wait(node, before);
            }
        }
    }
    graph.begin();
    graph
}
