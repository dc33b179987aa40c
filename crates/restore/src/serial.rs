//! Entries one after the other, by one session.

use pgark_archive::Parts;

use crate::parallel::Sizes;
use crate::report::Ended;
use crate::run::Flow;
use crate::session;
use crate::worker::Worker;

/// How many entries' definitions go together.
const AT_ONCE: usize = 50;

/// Restores entries in the given order.
pub(crate) async fn restore(worker: &mut Worker, work: &[(usize, Parts)], sizes: &Sizes) -> Flow {
    let most = match worker.run.options.script.transaction_size {
        Some(size) => AT_ONCE.min(usize::try_from(size.get()).unwrap_or(usize::MAX)),
        None => AT_ONCE,
    };
    let mut waiting = Waiting::default();
    for &(place, parts) in work {
        let entry = &worker.run.toc[place];
        let has_block = parts.data && entry.had_dumper;
        let is_definition = parts.schema || parts.statistics || parts.data && !has_block;
        if is_definition {
            if waiting.flush_data(worker).await == Flow::Stop {
                return Flow::Stop;
            }
            waiting.definitions.push(place);
            if waiting.definitions.len() >= most
                && waiting.flush_definitions(worker).await == Flow::Stop
            {
                return Flow::Stop;
            }
        }
        if has_block {
            if waiting.flush_definitions(worker).await == Flow::Stop {
                return Flow::Stop;
            }
            if sizes.is_small(place) {
                waiting.data.push(place);
                if waiting.data.len() < AT_ONCE {
                    continue;
                }
            }
            if waiting.flush_data(worker).await == Flow::Stop {
                return Flow::Stop;
            }
            if !sizes.is_small(place)
                && (worker.fill(place, None).await == Flow::Stop
                    || count(worker, 1).await == Flow::Stop)
            {
                return Flow::Stop;
            }
        }
    }
    if waiting.flush_definitions(worker).await == Flow::Stop {
        return Flow::Stop;
    }
    waiting.flush_data(worker).await
}

/// Entries that are to go together.
#[derive(Default)]
struct Waiting {
    definitions: Vec<usize>,
    data: Vec<usize>,
}

impl Waiting {
    async fn flush_definitions(&mut self, worker: &mut Worker) -> Flow {
        let places = std::mem::take(&mut self.definitions);
        if places.is_empty() {
            return Flow::Go;
        }
        if worker.define(&places).await == Flow::Stop {
            return Flow::Stop;
        }
        count(worker, places.len()).await
    }

    async fn flush_data(&mut self, worker: &mut Worker) -> Flow {
        let places = std::mem::take(&mut self.data);
        if places.is_empty() {
            return Flow::Go;
        }
        worker.fill_small(&places).await
    }
}

/// Counts entries in the open transaction, and begins another where there are enough.
async fn count(worker: &mut Worker, entries: usize) -> Flow {
    let Some(size) = worker.run.options.script.transaction_size else {
        return Flow::Go;
    };
    worker.in_transaction += entries;
    if worker.in_transaction < usize::try_from(size.get()).unwrap_or(usize::MAX) {
        return Flow::Go;
    }
    worker.in_transaction = 0;
    commit(worker, "commit; begin").await
}

/// Commits what was done so far.
pub(crate) async fn commit(worker: &mut Worker, sql: &str) -> Flow {
    match session::execute(&mut worker.session, "commit", sql).await {
        Ok(()) => {
            worker.run.commit();
            worker.run.flow()
        }
        Err(error) => {
            let ended = if worker.session.is_ready() {
                Ended::AtError
            } else {
                Ended::ConnectionLost(error.to_string())
            };
            worker.run.warn(vec![error.to_string()]);
            worker.run.end(ended);
            Flow::Stop
        }
    }
}
