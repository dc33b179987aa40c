//! Threads that work on the pieces of a stream side by side.

use std::collections::VecDeque;
use std::fmt;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

/// Threads, each with a state of its own, whose results come back in the order of the pieces.
pub(crate) struct Pool<P, R> {
    threads: Vec<JoinHandle<()>>,
    /// Gone when the threads are to end.
    pieces: Option<Sender<(P, Sender<R>)>>,
    results: VecDeque<Receiver<R>>,
}

impl<P: Send + 'static, R: Send + 'static> Pool<P, R> {
    /// Starts one thread a processor. Each works with what `worker` makes for it.
    pub(crate) fn start<W: FnMut(P) -> R + 'static>(
        worker: impl Fn() -> W + Send + Clone + 'static,
    ) -> Self {
        let count = thread::available_parallelism().map_or(1, usize::from);
        let (pieces, waiting) = channel();
        let waiting = Arc::new(Mutex::new(waiting));
        let threads = (0..count).map(|_| {
            let (worker, waiting) = (worker.clone(), Arc::clone(&waiting));
            thread::spawn(move || work(worker(), &waiting))
        });
        Self {
            threads: threads.collect(),
            pieces: Some(pieces),
            results: VecDeque::new(),
        }
    }

    /// Hands on a piece.
    pub(crate) fn push(&mut self, piece: P) {
        let (answer, result) = channel();
        if let Some(pieces) = &self.pieces {
            // Where no thread is left to take it, there will be no result either.
            let _ = pieces.send((piece, answer));
        }
        self.results.push_back(result);
    }

    /// Whether so much is under way that it is time to wait for some of it.
    pub(crate) fn is_full(&self) -> bool {
        self.results.len() > self.threads.len() * 2
    }

    /// Waits for the result of the first piece under way. None where nothing is; an error where its thread has ended.
    pub(crate) fn pop(&mut self) -> Option<Result<R, std::sync::mpsc::RecvError>> {
        Some(self.results.pop_front()?.recv())
    }
}

fn work<P, R>(mut worker: impl FnMut(P) -> R, waiting: &Mutex<Receiver<(P, Sender<R>)>>) {
    loop {
        let next = {
            let waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
            waiting.recv()
        };
        let Ok((piece, answer)) = next else { return };
        // Nobody may be waiting for it any more.
        let _ = answer.send(worker(piece));
    }
}

impl<P, R> Drop for Pool<P, R> {
    fn drop(&mut self) {
        self.pieces = None;
        for thread in self.threads.drain(..) {
            // One that panicked gave no result, which was an error.
            let _ = thread.join();
        }
    }
}

impl<P, R> fmt::Debug for Pool<P, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("threads", &self.threads.len())
            .finish_non_exhaustive()
    }
}
