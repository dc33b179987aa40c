//! A cluster of many small databases on a server that allows few connections.

use std::env;
use std::io::{self, Write};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use support::{Host, Major, Running, Server, run, wait_until};

/// What a server allows.
const CONNECTIONS: usize = 20;

/// Counts the connections of others, every few milliseconds, until there is a table `done`.
const SAMPLES: &str = "
do $$
declare most int := 0; now_there int;
begin
  create temp table sampling ();
  loop
    perform pg_sleep(0.005), pg_stat_clear_snapshot();
    select count(*) into now_there from pg_stat_activity
    where backend_type = 'client backend' and pid <> pg_backend_pid();
    most := greatest(most, now_there);
    exit when exists (select from pg_class where relname = 'done');
  end loop;
  create table most_connections as select most;
end
$$";

/// A server with this many databases of three tables beside its own.
fn start(databases: usize) -> Result<Server> {
    let server = Server::with(Major::V17)
        .conf(&format!("max_connections = {CONNECTIONS}"))
        .start()?;
    server.psql(
        "template1",
        "create table a (id int primary key, t text not null default 'x', n int check (n > 0));
         create table b (id int primary key, a int references a, at timestamptz default now());
         create table c (t text); create index on c (t);
         insert into a select i, 'row ' || i, i from generate_series(1, 100) i;
         insert into b select i, i from generate_series(1, 100) i;
         insert into c select md5(i::text) from generate_series(1, 100) i;",
    )?;
    let all = (1..=databases).map(|number| format!("create database d{number};\n"));
    let script: String = all.collect();
    server.psql("postgres", script)?;
    Ok(server)
}

/// Backs up all databases through Plakar, which reads `concurrency` records at once. Returns seconds.
fn back_up(server: &Server, databases: usize, concurrency: usize) -> Result<f64> {
    let host = Host::new()?;
    let begin = Instant::now();
    let concurrency = concurrency.to_string();
    let mut backup = host.plakar(["-concurrency", &concurrency, "at", &host.store(), "backup"]);
    run(backup.arg(server.uri("")))?;
    let seconds = begin.elapsed().as_secs_f64();
    let snapshot = host.snapshots()?.pop().context("a snapshot")?;
    let listing = host.run_at_store(&["ls", &format!("{snapshot}:/")])?;
    let dumps = String::from_utf8(listing)?;
    let dumps = dumps.lines().filter(|line| line.contains(".dump")).count();
    ensure!(dumps == databases + 2, "{dumps} dumps");
    Ok(seconds)
}

/// How many connections such a backup has at the most. Counting takes the server's time, and so is done in a backup of its own.
fn most_connections(server: &Server, databases: usize, concurrency: usize) -> Result<usize> {
    server.psql("postgres", "drop table if exists done, most_connections")?;
    let mut psql = server.tool("psql");
    let mut sampler = Running::start(psql.args(["-X", "-d", "postgres", "-c", SAMPLES]))?;
    wait_until("connections are counted", || {
        ensure!(!sampler.has_ended()?, "nothing is counted");
        let sql = "select count(*) from pg_stat_activity where query like '%sampling%' and pid <> pg_backend_pid()";
        Ok(server.psql("postgres", sql)? == "1")
    })?;
    back_up(server, databases, concurrency)?;
    server.psql("postgres", "create table done ()")?;
    sampler.finish()?.expect_code(0)?;
    let most = server.psql("postgres", "select most from most_connections")?;
    Ok(most.parse()?)
}

#[test]
fn many_databases_take_no_more_connections_than_a_server_allows() -> Result<()> {
    const DATABASES: usize = 30;
    let server = start(DATABASES)?;
    for concurrency in [1, 30] {
        let most = most_connections(&server, DATABASES, concurrency)?;
        ensure!(
            most <= 8,
            "{most} connections, {concurrency} records at once"
        );
    }
    Ok(())
}

/// Time is compared where `PGARK` names the program: the one that is built for tests is not optimised.
#[test]
#[ignore = "long: 300 databases, beside pg_dump of each"]
fn three_hundred_databases_take_half_the_time_of_as_many_pg_dumps() -> Result<()> {
    const DATABASES: usize = 300;
    let server = start(DATABASES)?;
    let most = most_connections(&server, DATABASES, 1)?;
    ensure!(most <= 8, "{most} connections");
    if env::var_os("PGARK").is_none() {
        return Ok(());
    }
    let ours = back_up(&server, DATABASES, 1)?;
    let begin = Instant::now();
    for number in 1..=DATABASES {
        let mut pg_dump = server.tool("pg_dump");
        run(pg_dump.args(["-Fc", "-Z0", "-d", &format!("d{number}")]))?;
    }
    let theirs = begin.elapsed().as_secs_f64();
    writeln!(
        io::stdout(),
        "Plakar's backup {ours:.1} s, pg_dump {theirs:.1} s"
    )?;
    ensure!(
        ours <= 0.5 * theirs,
        "{ours:.1} s where pg_dump takes {theirs:.1} s"
    );
    Ok(())
}
