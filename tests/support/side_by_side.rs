//! Work in parallel threads.

use std::fmt::Display;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{panic, thread};

use anyhow::Result;

/// How many pieces of work are done at once. Each waits a part of its time for a server or a program.
const AT_ONCE: usize = 4;

/// How many that do nothing but wait.
const WAITING_AT_ONCE: usize = 16;

/// Does `work` for every item, several at once, and returns the results in the items' order.
///
/// # Panics
/// When all are done and some have failed, with every failure and the item's name.
#[track_caller]
pub fn side_by_side<I: Display + Sync, R: Send>(
    items: &[I],
    work: impl Fn(&I) -> Result<R> + Sync,
) -> Vec<R> {
    at_once(AT_ONCE, items, work)
}

/// As [`side_by_side`], for work that mostly waits until some time has passed.
///
/// # Panics
/// As [`side_by_side`].
#[track_caller]
pub fn side_by_side_waiting<I: Display + Sync, R: Send>(
    items: &[I],
    work: impl Fn(&I) -> Result<R> + Sync,
) -> Vec<R> {
    at_once(WAITING_AT_ONCE, items, work)
}

#[track_caller]
fn at_once<I: Display + Sync, R: Send>(
    most: usize,
    items: &[I],
    work: impl Fn(&I) -> Result<R> + Sync,
) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    let step = || {
        while let Some((place, item)) = {
            let place = next.fetch_add(1, Ordering::Relaxed);
            items.get(place).map(|item| (place, item))
        } {
            let result = work(item);
            done.lock()
                .expect("no panic holds it")
                .push((place, result));
        }
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..most.min(items.len()))
            .map(|_| scope.spawn(step))
            .collect();
        for thread in threads {
            if let Err(cause) = thread.join() {
                panic::resume_unwind(cause);
            }
        }
    });
    let mut done = done.into_inner().expect("no panic holds it");
    done.sort_by_key(|(place, _)| *place);
    let (mut results, mut failures) = (Vec::new(), Vec::new());
    for (place, result) in done {
        match result {
            Ok(result) => results.push(result),
            Err(error) => failures.push(format!("{}: {error:#}", items[place])),
        }
    }
    assert!(
        failures.is_empty(),
        "{} of {} failed:\n{}",
        failures.len(),
        items.len(),
        failures.join("\n")
    );
    results
}

#[cfg(test)]
mod tests {
    use anyhow::ensure;

    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_items() {
        let items: Vec<u64> = (0..20).collect();
        let doubled = side_by_side(&items, |item| {
            thread::sleep(std::time::Duration::from_millis(20 - item));
            Ok(item * 2)
        });
        assert_eq!(doubled, items.iter().map(|i| i * 2).collect::<Vec<_>>());
    }

    #[test]
    #[should_panic(expected = "2 of 3 failed:\n2: even\n4: even")]
    fn every_failure_is_told() {
        side_by_side(&[2, 3, 4], |item| {
            ensure!(item % 2 == 1, "even");
            Ok(())
        });
    }
}
