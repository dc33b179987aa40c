//! Every fixture on every major: the archive is the one that pg_dump writes.

use std::fmt::{self, Write as _};
use std::io::{self, Write as _};

use anyhow::{Result, ensure};
use support::{
    Fixture, Major, Scratch, Server, archdiff, by_turns, dump_command, is_turn, observe,
    shared_server,
};

/// What is dumped: everything, definitions, rows.
pub(crate) const MODES: [&[&str]; 3] = [&[], &["-s"], &["-a"]];

#[test]
fn archives_of_postgresql_13_are_those_of_its_pg_dump() -> Result<()> {
    every_fixture(Major::V13)
}

#[test]
fn archives_of_postgresql_15_are_those_of_its_pg_dump() -> Result<()> {
    every_fixture(Major::V15)
}

#[test]
fn archives_of_postgresql_16_are_those_of_its_pg_dump() -> Result<()> {
    every_fixture(Major::V16)
}

#[test]
fn archives_of_postgresql_17_are_those_of_its_pg_dump() -> Result<()> {
    every_fixture(Major::V17)
}

#[test]
fn archives_of_postgresql_18_are_those_of_its_pg_dump() -> Result<()> {
    every_fixture(Major::V18)
}

fn every_fixture(major: Major) -> Result<()> {
    let fixtures = fixtures(major)?;
    let rows = support::side_by_side(&fixtures, |fixture| {
        let db = fixture.database(major)?;
        let modes = by_turns(fixture.turn() + major as usize, &MODES);
        Ok(compare(shared_server(major), &db, modes))
    });
    let rows = fixtures.iter().zip(rows);
    report(rows.map(|(fixture, cells)| (format!("{major} {fixture}"), cells)))
}

/// The fixtures that this major can load, the hard cases among them.
pub(crate) fn fixtures(major: Major) -> Result<Vec<Fixture>> {
    let mut fixtures = Fixture::all()?;
    if major >= Major::V15 {
        fixtures.push(Fixture::hard_cases()?);
    }
    fixtures.retain(|fixture| fixture.applies_to(major));
    Ok(fixtures)
}

/// Those of them whose turn it is among majors.
pub(crate) fn fixtures_in_turn(major: Major, majors: &[Major]) -> Result<Vec<Fixture>> {
    let mut fixtures = fixtures(major)?;
    fixtures.retain(|fixture| {
        let able: Vec<Major> = majors
            .iter()
            .copied()
            .filter(|major| fixture.applies_to(*major))
            .collect();
        is_turn(fixture.turn(), &major, &able)
    });
    Ok(fixtures)
}

/// One comparison: its mode, its figure and what failed.
pub(crate) struct Cell {
    mode: String,
    figure: String,
    failure: Option<String>,
}

impl Cell {
    /// A comparison that failed where its result is an error.
    pub(crate) fn new<T>(mode: impl Into<String>, figure: String, result: Result<T>) -> Self {
        Self {
            mode: mode.into(),
            figure,
            failure: result.err().map(|error| format!("{error:#}")),
        }
    }
}

/// Dumps the database `db` with the options of every mode by the major's pg_dump and by pgark, and compares.
pub(crate) fn compare(server: &Server, db: &str, modes: &[&[&str]]) -> Vec<Cell> {
    let cells = modes.iter().map(|args| {
        let mut figure = "no figure".to_owned();
        let result = compare_mode(server, db, args, &mut figure);
        let mode = if args.is_empty() {
            "all".to_owned()
        } else {
            args.join(" ")
        };
        Cell::new(mode, figure, result)
    });
    cells.collect()
}

fn compare_mode(server: &Server, db: &str, args: &[&str], figure: &mut String) -> Result<()> {
    let scratch = Scratch::new()?;
    let (oracle, ours) = (scratch.join("oracle"), scratch.join("ours"));
    let judged = observe(
        server
            .tool("pg_dump")
            .arg("-Fc")
            .args(args)
            .arg("-f")
            .arg(&oracle)
            .arg("-d")
            .arg(server.conninfo(db)),
    )?;
    judged.expect_code(0)?;
    let ran = observe(dump_command(server, db).args(args).arg("-f").arg(&ours))?;
    ran.expect_code(0)?;
    ensure!(
        ran.stderr.is_empty() || !judged.stderr.is_empty(),
        "{} warns where pg_dump does not:\n{}",
        ran.command,
        ran.stderr
    );
    let diff = archdiff(&oracle, &ours, &["--show", "5"])?;
    diff.output
        .lines()
        .last()
        .unwrap_or_default()
        .clone_into(figure);
    ensure!(
        diff.same && diff.identical == diff.total && diff.total > 0,
        "{}",
        diff.output
    );
    // Before 15 pg_dump numbers some objects in the order in which the server happens to join catalogues.
    ensure!(
        diff.same_dump_ids || server.major() < Major::V15,
        "other dump ids: {figure}"
    );
    Ok(())
}

/// What failed, each with its mode.
pub(crate) fn failures(cells: Vec<Cell>) -> Vec<String> {
    cells
        .into_iter()
        .filter_map(|cell| Some(format!("{}: {}", cell.mode, cell.failure?)))
        .collect()
}

/// Prints a line for each cell and fails with the differences.
pub(crate) fn report(rows: impl IntoIterator<Item = (impl fmt::Display, Vec<Cell>)>) -> Result<()> {
    let (mut table, mut failures) = (String::new(), Vec::new());
    for (name, cells) in rows {
        let name = name.to_string();
        for Cell {
            mode,
            figure,
            failure,
        } in cells
        {
            let verdict = if failure.is_some() { "FAILED" } else { "ok" };
            writeln!(table, "{verdict:6} {name:32} {mode:4} {figure}")?;
            failures.extend(failure.map(|failure| format!("{name} {mode}: {failure}")));
        }
    }
    print(&table)?;
    ensure!(
        failures.is_empty(),
        "{} cells differ:\n{}",
        failures.len(),
        failures.join("\n")
    );
    Ok(())
}

/// Prints figures, which the harness would hide where the test passes.
pub(crate) fn print(text: &str) -> Result<()> {
    io::stdout().lock().write_all(text.as_bytes())?;
    Ok(())
}
