//! The command line, of `pgark dump` and `pgark list` above all.

mod bad_input;
mod called;
mod connection;
mod help;
mod list;
mod newer_server;
mod output;
mod secret;
mod verify;
