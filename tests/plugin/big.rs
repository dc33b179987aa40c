//! A backup that takes long enough to be disturbed.

use std::os::unix::process::CommandExt;

use anyhow::{Result, ensure};
use support::{Host, Running, Server, wait_until};

/// 250 MB in a table, beside another table.
const BIG: &str = "
create table big (id int, a text);
alter table big alter a set storage plain;
insert into big select i, repeat(md5(i::text), 195) from generate_series(1, 40000) i;
create table small (id int);
insert into small values (1);
";

/// Makes a database `big`.
pub(crate) fn load(server: &Server) -> Result<()> {
    server.create_database("big", "")?;
    server.psql("big", BIG).map(drop)
}

/// Starts a backup, in a process group of its own, and returns when rows of the big table are on their way.
pub(crate) fn start_backup(host: &Host, server: &Server, source: &str) -> Result<Running> {
    let mut running = Running::start(host.backup_command(source, &[]).process_group(0))?;
    // Several sessions read it in parts, of 8 MiB each.
    let rows = "select count(*) > 0 from pg_stat_progress_copy where datname = 'big' and bytes_processed > 1000000";
    wait_until("rows of the big table are on their way", || {
        ensure!(
            !running.has_ended()?,
            "the backup ended before it could be disturbed"
        );
        Ok(server.psql("postgres", rows)? == "t")
    })?;
    Ok(running)
}
