//! Dumps that last longer than tokens.

use std::io::Read;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use support::{Rds, Scratch};

/// How long a token is good.
const LIFETIME: Duration = Duration::from_secs(5);

/// How often a session is taken away.
const LOSSES: u32 = 2;

/// What is read of a dump at a time.
const PIECE_BYTES: usize = 256 << 10;

#[test]
fn a_dump_outlasts_its_tokens() -> Result<()> {
    dump_for(Duration::from_secs(16))
}

#[test]
#[ignore = "long: a dump of a minute"]
fn a_dump_of_a_minute_outlasts_its_tokens() -> Result<()> {
    dump_for(Duration::from_mins(1))
}

/// Dumps by 4 sessions to a slow reader, takes sessions away after each has outlived its token, and restores what came.
fn dump_for(time: Duration) -> Result<()> {
    let rds = Rds::start()?;
    let server = rds.server();
    server.psql("postgres", "create role patient superuser login")?;
    server.psql(
        "postgres",
        "create table big as select n, repeat(md5(n::text), 30) from generate_series(1, 60000) n;
         create table other as select * from big; create table third as select * from big",
    )?;
    rds.set_lifetime(LIFETIME);

    let mut dump = rds.login("dump", "patient", "postgres");
    dump.args(["-j", "4", "-Z", "none", "--memory", "1MB"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = dump.spawn()?;
    let mut stdout = child.stdout.take().context("its output")?;
    let started = Instant::now();
    // All tables have about 180 MB.
    let pieces = u32::try_from((180 << 20) / PIECE_BYTES)?;
    let pause = time / pieces;
    let mut archive = Vec::new();
    let mut losses = 0;
    loop {
        let read = stdout
            .by_ref()
            .take(PIECE_BYTES as u64)
            .read_to_end(&mut archive)?;
        if read == 0 {
            break;
        }
        thread::sleep(pause);
        if losses < LOSSES && started.elapsed() > (LIFETIME + Duration::from_secs(1)) * (losses + 1)
        {
            losses += u32::from(take_a_session(&rds)?);
        }
    }
    let output = child.wait_with_output()?;
    let told = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{}: {told}", output.status);
    ensure!(started.elapsed() > LIFETIME * 2, "it took no time");
    ensure!(losses == LOSSES, "{losses} sessions were lost: {told}");

    let shown = rds.shown("patient");
    ensure!(
        shown.iter().all(|shown| shown.problem.is_none()),
        "{shown:?}"
    );
    let late = shown
        .iter()
        .filter(|late| late.at.duration_since(shown[0].at).as_secs_f64() > LIFETIME.as_secs_f64());
    ensure!(late.count() >= LOSSES as usize, "{shown:?}");

    let scratch = Scratch::new()?;
    let file = scratch.write("archive", archive)?;
    let restored = server.fresh_database("restored", "")?;
    server.pg_restore(&restored, [] as [&str; 0], &file)?;
    let sums = "select sum(hashtext(b::text)) from big b union all select sum(hashtext(b::text)) from other b union all select sum(hashtext(b::text)) from third b";
    ensure!(server.psql(&restored, sums)? == server.psql("postgres", sums)?);
    Ok(())
}

/// Ends the youngest session that copies, which is none that the others depend on; whether there was one.
fn take_a_session(rds: &Rds) -> Result<bool> {
    let ended = rds.server().psql(
        "postgres",
        "select pg_terminate_backend(pid) from (
           select pid, row_number() over (order by backend_start) as place
           from pg_stat_activity where usename = 'patient' order by 2 desc limit 1
         ) last where place > 1",
    )?;
    Ok(ended == "t")
}
