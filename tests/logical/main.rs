//! `pgark dump` against real servers, with their own pg_dump and pg_restore as judges.

mod concurrency;
mod e2e;
mod faults;
mod generated;
mod hardcases;
mod jobs;
mod matrix;
mod options;
mod pipe;
mod privilege;
mod regression;
mod report;
mod reproducible;
mod restore;
mod restore_script;
mod script;
mod session;
