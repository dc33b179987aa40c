//! What the measurements share.

mod limit;
mod measure;
mod tables;

pub use limit::seconds_to_nowhere;
pub use measure::{Measured, major_of_arguments, measured, median, megabytes};
pub use tables::{WIDE_INDEXES, small_tables, wide_rows, wide_table};
