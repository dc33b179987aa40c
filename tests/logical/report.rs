//! What a dump tells of itself while it runs and afterwards, and how it is held back.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use support::{
    Major, Scratch, Server, dump_command, expect_no_archive, observe, run, run_with_input,
    shared_server, side_by_side,
};

/// Tables of which rows and bytes differ, one with line ends in its rows, one that is larger than a session reads at once and out of
/// line, one without rows; and large objects.
const SCRIPT: &str = r"
create table lines (a int, b text, c int generated always as (a * 2) stored);
insert into lines values (1, E'one\ntwo\n'), (2, null), (3, E'\\.');
create table wide (id int, filling text);
alter table wide alter filling set storage external;
insert into wide select i, repeat(md5(i::text), 100) from generate_series(1, 4000) i;
create table none (a int);
create table parted (a int) partition by range (a);
create table parted_1 partition of parted for values from (0) to (10);
insert into parted select generate_series(0, 9);
select lo_from_bytea(0, convert_to(repeat('x', 100000), 'UTF8')), lo_from_bytea(0, ''::bytea);
";

fn database(server: &Server) -> Result<String> {
    let db = server.fresh_database("report", "")?;
    server.psql(&db, SCRIPT)?;
    Ok(db)
}

/// Runs a dump and reads its report.
fn report(command: &mut Command, scratch: &Scratch) -> Result<Value> {
    let path = scratch.join("report.json");
    observe(command.arg("--report").arg(&path))?.expect_silence()?;
    Ok(serde_json::from_slice(&fs::read(path)?)?)
}

fn sha256(bytes: &[u8]) -> Result<String> {
    let told = run_with_input(&mut Command::new("sha256sum"), bytes)?;
    let told = String::from_utf8(told)?;
    Ok(told.split(' ').next().unwrap_or_default().to_owned())
}

#[test]
fn a_report_tells_what_copy_gives() {
    side_by_side(&Major::servers(), |&major| {
        let server = shared_server(major);
        let db = database(server)?;
        let scratch = Scratch::new()?;
        let archive = scratch.join("archive");
        let dump = |jobs: &str| {
            let mut command = dump_command(server, &db);
            command.args(["-j", jobs, "-f"]).arg(&archive);
            report(&mut command, &scratch)
        };
        let told = dump("1")?;
        let size = fs::metadata(&archive)?.len();
        ensure!(
            told["written_bytes"] == size,
            "the archive has {size} bytes: {told:#}"
        );
        ensure!(told["warnings"] == serde_json::json!([]) && told["seconds"].as_f64() > Some(0.0));
        let data = told["data"].as_array().context("no data")?;
        let names: Vec<_> = data.iter().map(|data| data["name"].as_str()).collect();
        let tables = ["lines", "none", "parted_1", "wide"];
        ensure!(
            tables.iter().all(|table| names.contains(&Some(table))),
            "{names:?}"
        );
        let mut sums = [0, 0];
        for data in data {
            let name = data["name"].as_str().unwrap_or_default();
            let (rows, bytes) = if data["kind"] == "TABLE DATA" {
                ensure!(data["schema"] == "public", "{data}");
                let columns = if name == "lines" { "(a, b)" } else { "" };
                let copy = format!("copy {name} {columns} to stdout");
                let copied =
                    run(server
                        .tool("psql")
                        .args(["-XAtqc", &copy, "-d", &server.conninfo(&db)]))?;
                ensure!(data["sha256"] == sha256(&copied)?, "{data}");
                let rows = server.psql(&db, format!("select count(*) from only {name}"))?;
                (rows.trim().parse()?, copied.len() as u64)
            } else {
                let content = "x".repeat(100_000);
                ensure!(data["sha256"] == sha256(content.as_bytes())?, "{data}");
                (2, 100_000)
            };
            ensure!(
                data["rows"] == rows && data["bytes"] == bytes,
                "{rows}, {bytes}: {data}"
            );
            sums = [sums[0] + rows, sums[1] + bytes];
        }
        ensure!(
            told["rows"] == sums[0] && told["bytes"] == sums[1],
            "{sums:?}: {told:#}"
        );
        ensure!(told["tables"] == tables.len());
        ensure!(
            told["data"] == dump("3")?["data"],
            "three sessions tell otherwise"
        );

        // A pipe knows its length as well, and a script its rows.
        let piped = format!(
            "{} | wc -c",
            support::command_line(
                dump_command(server, &db)
                    .args(["-Fp", "--inserts", "--report"])
                    .arg(scratch.join("report.json")),
            )
        );
        let length = String::from_utf8(run(Command::new("sh").args(["-c", &piped]))?)?;
        let told: Value = serde_json::from_slice(&fs::read(scratch.join("report.json"))?)?;
        let length: u64 = length.trim().parse()?;
        ensure!(
            told["written_bytes"] == length && told["rows"] == sums[0],
            "{told:#}"
        );
        Ok(())
    });
}

#[test]
fn progress_ends_where_the_report_does() -> Result<()> {
    let server = shared_server(Major::V17);
    let db = database(server)?;
    let scratch = Scratch::new()?;
    let mut command = dump_command(server, &db);
    let path = scratch.join("report.json");
    command.args(["--progress", "json", "--max-rate", "10MB", "-f"]);
    command
        .arg(scratch.join("archive"))
        .arg("--report")
        .arg(&path);
    let ran = observe(&mut command)?;
    ran.expect_code(0)?;
    let lines: Vec<Value> = ran
        .stderr
        .lines()
        .map(|line| Ok(serde_json::from_str(line)?))
        .collect::<Result<_>>()?;
    let (last, before) = lines.split_last().context("no progress was told")?;
    let report: Value = serde_json::from_slice(&fs::read(path)?)?;
    ensure!(before.iter().all(|line| line["ended"] == false) && last["ended"] == true);
    let bytes = |line: &Value| line["bytes"].as_u64();
    ensure!(lines.is_sorted_by_key(bytes), "{lines:?}");
    ensure!(
        before
            .iter()
            .any(|line| line["table"]["name"] == "public.wide"
                && bytes(line) > Some(0)
                && line["estimated_bytes"].as_u64() >= bytes(line)),
        "nothing was told in the middle of the largest table: {before:?}"
    );
    for (ours, theirs) in [
        ("bytes", "bytes"),
        ("estimated_bytes", "bytes"),
        ("rows", "rows"),
    ] {
        ensure!(last[ours] == report[theirs], "{ours}: {last}, {report:#}");
    }
    ensure!(
        last["tables"] == last["of_tables"] && last["table"].is_null(),
        "{last}"
    );
    Ok(())
}

#[test]
fn the_rate_is_kept_by_all_sessions_together() -> Result<()> {
    let server = shared_server(Major::V16);
    let db = database(server)?;
    let scratch = Scratch::new()?;
    let dump = |name: &str, args: &[&str]| {
        let archive = scratch.join(name);
        let begun = Instant::now();
        observe(
            dump_command(server, &db)
                .env("SOURCE_DATE_EPOCH", "1700000000")
                .args(args)
                .arg("-f")
                .arg(&archive),
        )?
        .expect_silence()?;
        anyhow::Ok((begun.elapsed(), fs::read(archive)?))
    };
    let (_, free) = dump("free", &["-j1"])?;
    // 13 MB are to be read.
    let (slow, held) = dump("held", &["-j3", "--max-rate", "6MB"])?;
    ensure!(slow >= Duration::from_millis(1900), "it took {slow:?}");
    ensure!(free == held, "the archive is another");
    Ok(())
}

#[test]
fn a_dump_that_takes_too_long_leaves_nothing() -> Result<()> {
    let server = shared_server(Major::V17);
    let db = database(server)?;
    let scratch = Scratch::new()?;
    let archive = scratch.join("archive");
    observe(
        dump_command(server, &db)
            .args(["--max-rate", "1MB", "--max-duration", "1500ms", "-f"])
            .arg(&archive),
    )?
    .expect_code(1)?
    .expect_one_line(["the dump took longer than 1.5 s"])?;
    expect_no_archive(&archive)?;
    for bad in ["0", "1 week", "soon"] {
        observe(dump_command(server, &db).args(["--max-duration", bad]))?
            .expect_code(2)?
            .expect_words(["--max-duration", bad])?;
    }
    Ok(())
}

#[test]
fn a_summary_is_told_to_whoever_wants_to_know() -> Result<()> {
    let server = shared_server(Major::V15);
    let db = database(server)?;
    let scratch = Scratch::new()?;
    let ran = observe(
        dump_command(server, &db)
            .args(["-v", "-f"])
            .arg(scratch.join("archive")),
    )?;
    ran.expect_code(0)?;
    ran.expect_words([
        "TABLE DATA public.wide",
        "4000 rows",
        "dumped ",
        " bytes were written",
    ])?;
    Ok(())
}
