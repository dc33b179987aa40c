//! Restores that are disturbed, in each phase: what is said of them is what is there, and a second run completes them.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use support::{
    Major, Ran, Running, Scratch, Server, database_text, ensure_same_text, observe, run,
    server_user, sorted_text, wait_until,
};

/// So many tables, each with rows, a view and an index.
const TABLES: u64 = 20;

const SCHEMA: &str = "
do $$ begin for i in 1..20 loop
  execute format('create table t%s (a int, b text)', lpad(i::text, 2, '0'));
  execute format('insert into t%s select i, md5(i::text) from generate_series(1, 100) i', lpad(i::text, 2, '0'));
  execute format('create view v%1$s as select a from t%1$s', lpad(i::text, 2, '0'));
  execute format('create index i%1$s on t%1$s (a)', lpad(i::text, 2, '0'));
end loop; end $$;
";

/// Makes the session pause when the object of a phase is made, or at the rows of table t07.
const SNAGS: &str = "
create schema snags;
create function snags.rows() returns trigger language plpgsql as 'begin perform PAUSE; return new; end';
create function snags.made() returns event_trigger language plpgsql as $$
declare made record; begin
  for made in select object_identity from pg_event_trigger_ddl_commands() where command_tag in ('CREATE TABLE', 'CREATE VIEW', 'CREATE INDEX') loop
    if made.object_identity <> 'public.OBJECT' then continue; end if;
    if made.object_identity <> 'public.t07' then perform PAUSE; end if;
    create trigger snag before insert on public.t07 for each row execute function snags.rows();
  end loop; end $$;
create event trigger snag on ddl_command_end execute function snags.made();
";

const WITHOUT_SNAGS: &str = "drop event trigger snag; drop schema snags cascade;";

/// Sessions that hang at a snag.
const HANGING: &str = "from pg_stat_activity where datname = 'DB' and wait_event = 'PgSleep'";

/// Each table, view and index, and the rows of each table if they are whole; and how many tables have some of their rows only.
const THERE: &str = "
create function pg_temp.rows(name regclass) returns bigint language plpgsql as $$
declare found bigint; begin execute format('select count(*) from %s', name) into found; return found; end $$;
select (select count(*) from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'v', 'i')) + count(*) filter (where rows = 100)
  || '|' || count(*) filter (where rows not in (0, 100))
from pg_class c, pg_temp.rows(c.oid) where relnamespace = 'public'::regnamespace and relkind = 'r'";

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    /// The session that hangs is ended.
    Cut,
    /// A process of the server dies, and with it all sessions.
    Restart,
    /// The statement is cancelled on the server, as often as it is tried.
    Statement,
    /// The user interrupts the program.
    Interrupt,
}

#[test]
fn a_disturbed_restore_tells_what_is_there_and_can_be_completed() -> Result<()> {
    // A server that confirms what it may lose would make the report wrong.
    let server = Server::with(Major::V16)
        .conf("synchronous_commit = on")
        .start()?;
    let (scratch, archive, whole) = archive_of(&server, "")?;
    for fault in [
        Fault::Cut,
        Fault::Restart,
        Fault::Statement,
        Fault::Interrupt,
    ] {
        for (object, entry) in [("v07", "v07"), ("t07", "t07"), ("i07", "i07")] {
            for jobs in ["-j1", "-j3"] {
                let case = format!("{fault:?} at {object} with {jobs}");
                let db = server.fresh_database("disturbed", "")?;
                server.psql(&db, snags(object, "pg_sleep(600)"))?;
                let restore = |args: &[&str]| {
                    let mut command = support::pgark();
                    command.args(["restore", jobs, "-d", &server.conninfo(&db)]);
                    command.args(args).arg(&archive);
                    command
                };
                let report = scratch.join("report.json");
                let report_option = format!("--report={}", report.display());
                let running = Running::start(&mut restore(&[&report_option]))?;
                let ran = disturb(&server, &db, fault, running).context(case.clone())?;
                let report: Value = serde_json::from_slice(&std::fs::read(&report)?)?;
                check(&server, &db, fault, entry, &ran, &report)
                    .with_context(|| format!("{case}: {report:#}\n{}", ran.stderr))?;

                server.psql(&db, WITHOUT_SNAGS)?;
                run(&mut restore(&["-c", "--if-exists"])).context(case.clone())?;
                let text = database_text(&server, &db, &[])?;
                ensure_same_text(&sorted_text(&whole), &sorted_text(&text)).context(case)?;
            }
        }
    }
    Ok(())
}

/// A folder with an archive of the tables and of what `more` makes, the archive, and its database as text.
fn archive_of(server: &Server, more: &str) -> Result<(Scratch, PathBuf, Vec<u8>)> {
    let source = server.fresh_database("source", "")?;
    server.psql(&source, SCHEMA)?;
    server.psql(&source, more)?;
    let scratch = Scratch::new()?;
    let archive = scratch.join("archive");
    server.pg_dump(&source, ["-Fc"], &archive)?;
    let whole = database_text(server, &source, &[])?;
    Ok((scratch, archive, whole))
}

fn snags(object: &str, pause: &str) -> String {
    SNAGS.replace("OBJECT", object).replace("PAUSE", pause)
}

/// Lets the fault happen once the restore hangs, and sees its end.
fn disturb(server: &Server, db: &str, fault: Fault, mut running: Running) -> Result<Ran> {
    let hanging = HANGING.replace("DB", db);
    let count = format!("select count(*) > 0 {hanging}");
    wait_until("the restore hangs", || {
        ensure!(!running.has_ended()?, "it ended before it was disturbed");
        Ok(server.psql("postgres", &count)? == "t")
    })?;
    match fault {
        Fault::Cut => {
            server.psql(
                "postgres",
                format!("select pg_terminate_backend(pid) {hanging}"),
            )?;
        }
        Fault::Restart => {
            let pid = server.psql("postgres", format!("select pid {hanging} limit 1"))?;
            let before = restarts(server)?;
            run(Command::new("sh").args(["-c", "kill -s KILL \"$0\"", &pid]))?;
            // The session is lost at once, before the server sees why and ends all others.
            wait_until("the server has begun anew", || {
                Ok(restarts(server)? > before)
            })?;
        }
        Fault::Statement => wait_until("the restore ends", || {
            server.psql(
                "postgres",
                format!("select pg_cancel_backend(pid) {hanging}"),
            )?;
            running.has_ended()
        })?,
        Fault::Interrupt => running.signal("INT")?,
    }
    let ran = running.finish()?;
    wait_until("the server is ready", || {
        Ok(server.psql(db, "select 1").is_ok())
    })?;
    Ok(ran)
}

/// How often the server has begun anew after one of its processes died.
fn restarts(server: &Server) -> Result<usize> {
    Ok(server.log()?.matches("terminated; reinitializing").count())
}

fn check(
    server: &Server,
    db: &str,
    fault: Fault,
    entry: &str,
    ran: &Ran,
    report: &Value,
) -> Result<()> {
    let (code, how) = match fault {
        Fault::Cut | Fault::Restart => (8, "connection_lost"),
        Fault::Statement => (7, "complete"),
        Fault::Interrupt => (5, "cancelled"),
    };
    ran.expect_code(code)?;
    ensure!(report["exit_code"] == code && report["ended"]["how"] == how);
    let number = |key: &str| report[key].as_u64().context("a number");
    let length = |key: &str| {
        report[key]
            .as_array()
            .context("a list")
            .map(|list| list.len() as u64)
    };
    let (restored, unknown) = (number("restored")?, length("unknown")?);
    let others = number("failed")? + length("skipped")? + unknown + number("not_reached")?;
    ensure!(
        restored + others == number("wanted")?,
        "the counts do not add up"
    );

    let there = server.psql(db, THERE)?;
    let (there, in_part) = there.split_once('|').context("two numbers")?;
    let there: u64 = there.parse()?;
    ensure!(in_part == "0", "{in_part} tables have some of their rows");
    // Of the entries those about the session and the schema are no objects.
    let settings = number("wanted")? - 4 * TABLES;
    ensure!(
        there <= restored + unknown && restored <= there + settings,
        "{there} objects are there"
    );
    if fault == Fault::Statement {
        ensure!(number("failed")? == 1 && there == 4 * TABLES - 1);
        let failure = &report["failures"][0];
        ensure!(failure["sqlstate"] == "57014" && failure["entry"]["name"] == entry);
    }
    Ok(())
}

#[test]
fn what_was_interrupted_is_not_begun_again() -> Result<()> {
    let server = Server::start(Major::V16)?;
    let (_scratch, archive, _) = archive_of(&server, "")?;
    let db = server.fresh_database("interrupted", "")?;
    let restore = |args: &[&str]| {
        let mut command = support::pgark();
        command.args(["restore", "-d", &server.conninfo(&db)]);
        command.args(args).arg(&archive);
        command
    };
    run(&mut restore(&["-t", "t06", "-t", "t07", "-t", "t08"]))?;
    server.psql(&db, snags("v07", "pg_sleep(600)"))?;
    // What fails is tried again when all else is done.
    let views = ["-j3", "-O", "-t", "v06", "-t", "v07", "-t", "v08"];
    let running = Running::start(&mut restore(&views))?;
    disturb(&server, &db, Fault::Interrupt, running)?.expect_code(5)?;
    let there = server.psql(&db, "select to_regclass('v07') is not null")?;
    ensure!(there == "f", "the view is there");
    Ok(())
}

#[test]
fn the_victim_of_a_deadlock_is_restored_all_the_same() -> Result<()> {
    let server = Server::start(Major::V17)?;
    let (_scratch, archive, whole) = archive_of(&server, "")?;
    for object in ["t07", "i07"] {
        for jobs in ["-j1", "-j3"] {
            let db = server.fresh_database("locked", "")?;
            server.psql(&db, snags(object, "pg_advisory_xact_lock(1)"))?;
            // It has what the restore waits for, and asks for what the restore has; the restore's session is the one that looks.
            let other = [
                "set deadlock_timeout = '10min'",
                "begin",
                "select pg_advisory_xact_lock(1)",
                "do $$ begin while not exists (select from pg_locks where locktype = 'advisory' and not granted) loop perform pg_sleep(0.01); end loop; end $$",
                "lock table t07",
                "commit",
            ];
            let mut psql = server.tool("psql");
            psql.args(["-qX", "-v", "ON_ERROR_STOP=1", "-d", &db]);
            let other = Running::start(psql.args(other.iter().flat_map(|text| ["-c", text])))?;
            wait_until("the lock is held", || {
                Ok(server.psql(
                    &db,
                    "select count(*) from pg_locks where locktype = 'advisory' and granted",
                )? == "1")
            })?;
            let mut restore = support::pgark();
            restore.args(["restore", jobs, "-d", &server.conninfo(&db)]);
            run(restore.arg(&archive)).with_context(|| format!("{object} with {jobs}"))?;
            other.finish()?.expect_code(0)?;
            ensure!(
                server.log()?.contains("deadlock detected"),
                "there was no deadlock"
            );
            server.psql(&db, WITHOUT_SNAGS)?;
            let text = database_text(&server, &db, &[])?;
            ensure_same_text(&sorted_text(&whole), &sorted_text(&text))?;
        }
    }
    Ok(())
}

#[test]
fn sessions_outlast_what_a_server_allows_others() -> Result<()> {
    let server = Server::start(Major::V17)?;
    // When the rows of t07 are there, every session has something to do again.
    let more = "do $$ begin for i in 1..6 loop execute format('create index more%s on t07 (a)', i); end loop; end $$";
    let (_scratch, archive, whole) = archive_of(&server, more)?;
    for jobs in ["-j1", "-j3"] {
        let db = server.fresh_database("impatient", "")?;
        server.psql(&db, snags("t07", "pg_sleep(0.01)"))?;
        for timeout in [
            "idle_session_timeout",
            "idle_in_transaction_session_timeout",
            "statement_timeout",
            "transaction_timeout",
            "lock_timeout",
        ] {
            server.psql(&db, format!("alter database {db} set {timeout} = '200ms'"))?;
        }
        let mut restore = support::pgark();
        restore.args(["restore", jobs, "-d", &server.conninfo(&db)]);
        run(restore.arg(&archive)).with_context(|| jobs.to_owned())?;
        server.psql(&db, WITHOUT_SNAGS)?;
        server.psql("postgres", format!("alter database {db} reset all"))?;
        let text = database_text(&server, &db, &[])?;
        ensure_same_text(&sorted_text(&whole), &sorted_text(&text))?;
    }
    Ok(())
}

#[test]
fn a_server_that_can_write_no_more_fails_what_it_cannot_write() -> Result<()> {
    let server = Server::start(Major::V15)?;
    let large =
        "create table large as select i, repeat('x', 1000) from generate_series(1, 40000) i";
    let (scratch, archive, whole) = archive_of(&server, large)?;
    let pid = std::fs::read_to_string(server.data_dir().join("postmaster.pid"))?;
    let pid = pid.lines().next().context("a pid")?;
    // New processes of the server write no file larger than that; one of the log is just as large.
    let limit = |size: &str| {
        let mut prlimit = Command::new("prlimit");
        if let Some(user) = server_user() {
            user.lend_to(&mut prlimit);
        }
        run(prlimit.args([&format!("--fsize={size}:"), "--pid", pid]))
    };
    for jobs in ["-j1", "-j3"] {
        let db = server.fresh_database("full", "")?;
        let mut restore = support::pgark();
        restore.args(["restore", jobs, "-d", &server.conninfo(&db)]);
        let report = scratch.join("report.json");
        limit("16777216")?;
        let ran = observe(restore.arg("--report").arg(&report).arg(&archive))?;
        limit("unlimited")?;
        ran.expect_code(7)?;
        let report: Value = serde_json::from_slice(&std::fs::read(&report)?)?;
        ensure!(report["failed"] == 1, "{report:#}");
        let failure = &report["failures"][0];
        ensure!(
            failure["entry"]["kind"] == "TABLE DATA" && failure["entry"]["name"] == "large",
            "{failure:#}"
        );
        ensure!(
            failure["message"]
                .as_str()
                .is_some_and(|said| said.contains("File too large")),
            "{failure:#}"
        );
        ensure!(server.psql(&db, "select count(*) from large")? == "0");
        ensure!(server.psql(&db, THERE)? == format!("{}|0", 4 * TABLES + 1));

        let mut again = support::pgark();
        again.args([
            "restore",
            jobs,
            "-c",
            "--if-exists",
            "-d",
            &server.conninfo(&db),
        ]);
        run(again.arg(&archive))?;
        let text = database_text(&server, &db, &[])?;
        ensure_same_text(&sorted_text(&whole), &sorted_text(&text))?;
    }
    Ok(())
}
