//! Servers, judges and folders for the test suites.
//!
//! The judges are PostgreSQL's own programs, one folder a major below `pg/` in the kept folder ([`kept_folder`]);
//! `make prerequisites` fills it. A missing judge is an error that names it, never a skipped test.
//!
//! A test takes a [`shared_server`] and a database of its own on it ([`Server::fresh_database`]), or starts a [`Server`]
//! with options where it needs one to itself. Servers listen on a free port of 127.0.0.1 and on a socket in their own
//! temporary folder, run as a user other than root, and stop when the test program ends, however it ends.

mod archdiff;
mod dump;
mod fixture;
mod generator;
mod host;
mod kept;
mod major;
mod program;
mod rds;
mod running;
mod scratch;
mod server;
mod share;
mod side_by_side;
mod text;
mod tls;
mod user;
mod wait;

pub use archdiff::{ArchDiff, archdiff};
pub use dump::{dump_command, dump_command_as, expect_no_archive};
pub use fixture::{Fixture, Restore};
pub use generator::generated_schema;
pub use host::{
    Backup, Host, Process, STAYING_HELPER, end_processes_at, expect_refusal, lay_out, told,
};
pub use kept::kept_folder;
pub use major::Major;
pub use program::{command_line, pgark, pgark_as, plakar, python, run, run_with_input};
pub use rds::{Rds, Shown, TokenRules, digest, signature, without_aws};
pub use running::{Ran, Running, interrupt_at_any_moment, observe, send_signal};
pub use scratch::Scratch;
pub use server::{Options, Server, StopMode, judge_folder, shared_server};
pub use share::{by_turns, is_long_run, is_turn};
pub use side_by_side::{side_by_side, side_by_side_waiting};
pub use text::{database_text, ensure_same_text, sorted_text};
pub use tls::Certificates;
pub use user::{User, is_root, server_user};
pub use wait::wait_until;
