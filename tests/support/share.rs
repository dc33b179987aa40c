//! How much of a suite a run takes.

use std::env;

/// Whether everything is tested that there is to test, whatever time that takes: `make test-long` says so by `PGARK_TESTS=long`. Other
/// runs take a share of the combinations of what is tested and where, always the same.
pub fn is_long_run() -> bool {
    env::var_os("PGARK_TESTS").is_some_and(|value| value == "long")
}

/// What of `all` the item at `place` is tested with: everything in a long run, else one of them, by turns.
pub fn by_turns<T>(place: usize, all: &[T]) -> &[T] {
    if is_long_run() || all.is_empty() {
        return all;
    }
    let turn = place % all.len();
    &all[turn..=turn]
}

/// Whether the item at `place` is tested with `one` of `all`.
pub fn is_turn<T: PartialEq>(place: usize, one: &T, all: &[T]) -> bool {
    by_turns(place, all).contains(one)
}
