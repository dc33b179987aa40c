//! What belongs to a cluster as a whole: the globals' script, the manifest, the dump of everything, judged by pg_dumpall and by the server's own answers.

mod awkward;
mod called;
mod catalog;
mod golden;
mod layout;
mod manifest;
mod option;
mod printed;
mod round_trip;
mod schema;
mod script;
mod whole;

use std::future::Future;

use anyhow::Result;
use pgark_connect::Config;
use support::Server;

/// How pgark is told the way to the database `db`.
fn config(server: &Server, db: &str) -> Result<Config> {
    Ok(Config::parse(server.conninfo(db))?)
}

fn block_on<T>(future: impl Future<Output = T>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    Ok(runtime.block_on(future))
}
