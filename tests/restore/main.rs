//! `pgark restore` into real servers, with their own pg_restore as the judge.

mod case;
mod cross;
mod deadlock;
mod failure;
mod faults;
mod fixture;
mod generated;
mod globals;
mod option;
mod rds;
mod stream;
mod together;
mod verify;
