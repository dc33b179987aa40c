//! Making the archives of a comparison.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use bstr::ByteSlice;
use pgark_archive::{Reader, TocEntry};
use support::{
    Fixture, Major, Scratch, Server, archdiff, dump_command, is_turn, observe, shared_server,
    side_by_side,
};

use super::cell::{Cell, Corpus, cells};
use crate::matrix::print;
use crate::script;

/// Whether the archive is another than without the option, which is looked for in pg_dump's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    Changes,
    Nothing,
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = self.base.iter().chain(self.args).copied();
        write!(
            f,
            "{:?}: {}",
            self.corpus,
            words.collect::<Vec<_>>().join(" ")
        )?;
        if !self.filter.is_empty() {
            write!(f, " {:?}", self.filter)?;
        }
        Ok(())
    }
}

/// The majors with a module for foreign data.
const WITH_FOREIGN_DATA: [Major; 2] = [Major::V15, Major::V17];

/// Compares the archives of every cell that the major has something to compare with for.
pub(super) fn every_cell(major: Major) -> Result<()> {
    let mut cells = cells();
    cells.retain(|cell| cell.corpus != Corpus::Foreign || WITH_FOREIGN_DATA.contains(&major));
    let majors = Major::with_clients();
    let mut place = 0;
    cells.retain(|cell| {
        place += 1;
        // What few majors know is always tried on the first of them.
        let first = majors.iter().find(|major| major.number() >= cell.since);
        let is_new = cell.since > Major::V13.number() && first == Some(&major);
        is_new || cell.corpus == Corpus::Foreign || is_turn(place, &major, &majors)
    });
    let corpora: BTreeSet<Corpus> = cells.iter().map(|cell| cell.corpus).collect();
    let databases = corpora
        .into_iter()
        .map(|corpus| Ok((corpus, corpus.database(major)?)))
        .collect::<Result<BTreeMap<_, _>>>()?;
    let done = side_by_side(&cells, |cell| {
        compare(major, &databases[&cell.corpus], cell)
    });
    let figures = cells.iter().zip(done);
    let lines = figures.map(|(cell, figure)| format!("ok {major} {cell}: {figure}\n"));
    print(&lines.collect::<String>())
}

impl Corpus {
    /// The database that holds it.
    fn database(self, major: Major) -> Result<String> {
        let server = shared_server(major);
        let fixture = match self {
            Self::Selection => "options/selection",
            Self::Publications => "options/publications",
            Self::Labels => "options/labels",
            Self::Foreign => "options/foreign",
            Self::Analyzed => "options/statistics",
            Self::HardcasesAnalyzed => return analyzed(server, &Fixture::hard_cases()?),
            Self::ShopAnalyzed => return analyzed(server, &Fixture::named("shop")?),
            Self::Tablespace => {
                server.psql(
                    "postgres",
                    "set allow_in_place_tablespaces = on; create tablespace options_space location ''",
                )?;
                return server.fresh_database("tablespace", "tablespace options_space");
            }
        };
        Fixture::named(fixture)?.database(major)
    }
}

fn analyzed(server: &Server, fixture: &Fixture) -> Result<String> {
    let db = fixture.load(server)?;
    server.psql(&db, "analyze")?;
    Ok(db)
}

/// That the statistics of an older server are those that pg_dump 18 reads from it, which its own pg_dump cannot.
pub(super) fn same_statistics(major: Major) -> Result<()> {
    let db = Corpus::Analyzed.database(major)?;
    let server = shared_server(major);
    let scratch = Scratch::new()?;
    let [oracle, ours] = ["oracle", "ours"].map(|name| scratch.join(name));
    for args in [&["--statistics"][..], &["--statistics-only"]] {
        pg_dump(shared_server(Major::V18), server, &db, &[args], &oracle)?;
        pgark(server, &db, &[args], &ours)?;
        let [theirs, found] = [statistics(&oracle)?, statistics(&ours)?];
        ensure!(theirs.len() > 20, "{theirs:?}");
        ensure!(theirs == found, "{major} {args:?}: {theirs:#?}\n{found:#?}");
    }
    Ok(())
}

/// What an archive tells of the planner's statistics, in order.
fn statistics(path: &Path) -> Result<Vec<String>> {
    let reader = Reader::new(BufReader::new(File::open(path)?))?;
    let entries = reader
        .toc()
        .iter()
        .filter(|entry| entry.desc == "STATISTICS DATA");
    Ok(entries
        .map(|entry| {
            let TocEntry {
                namespace,
                tag,
                section,
                defn,
                ..
            } = entry;
            format!("{section:?} {namespace:?} {tag:?} {defn:?}")
        })
        .collect())
}

fn compare(major: Major, db: &str, cell: &Cell) -> Result<String> {
    let server = shared_server(major);
    let scratch = Scratch::new()?;
    let filter = scratch.write("filter", cell.filter)?.display().to_string();
    let args: Vec<&str> = cell
        .args
        .iter()
        .copied()
        .map(|arg| if arg == "FILTER" { &filter } else { arg })
        .collect();
    let oracle_args = if major.number() >= cell.since {
        Some(&args[..])
    } else {
        cell.before
    };
    match oracle_args {
        Some(oracle_args) => {
            let figure = same_archive(server, db, &args, oracle_args, cell.base, cell.effect)?;
            let [ours, oracle] = [&args, oracle_args].map(|args| [cell.base, args].concat());
            let bytes = script::compare(server, db, &ours, &oracle).context("as a script")?;
            Ok(format!("{figure}, a script of {bytes} bytes"))
        }
        None => same_difference(server, db, &args, cell.base),
    }
}

/// Dumps with pg_dump and `oracle_args` and with pgark and `args`, both with `base` too, and compares; also whether the option does
/// something at all. Returns the figure.
pub(super) fn same_archive(
    server: &Server,
    db: &str,
    args: &[&str],
    oracle_args: &[&str],
    base: &[&str],
    effect: Effect,
) -> Result<String> {
    let scratch = Scratch::new()?;
    let [without, oracle, ours] = ["without", "oracle", "ours"].map(|name| scratch.join(name));
    pg_dump(server, server, db, &[base], &without)?;
    let told = pg_dump(server, server, db, &[base, oracle_args], &oracle)?;
    let ran = pgark(server, db, &[base, args], &ours)?;
    ensure!(
        ran.is_empty() || !told.is_empty(),
        "a warning where pg_dump has none:\n{ran}"
    );
    let diff = archdiff(&oracle, &ours, &["--show", "5"])?;
    ensure!(
        diff.same && diff.identical == diff.total && diff.total > 0,
        "{}",
        diff.output
    );
    let changed = if archdiff(&without, &oracle, &[])?.same {
        Effect::Nothing
    } else {
        Effect::Changes
    };
    ensure!(
        changed == effect,
        "what it does to pg_dump's archive: {changed:?}"
    );
    Ok(format!("{}/{}", diff.identical, diff.total))
}

/// That the option takes the same entries from our archive and adds the same ones as pg_dump 18 does, where the major's own pg_dump
/// does not know it.
fn same_difference(server: &Server, db: &str, args: &[&str], base: &[&str]) -> Result<String> {
    let scratch = Scratch::new()?;
    let [without, oracle, ours_without, ours] =
        ["without", "oracle", "ours_without", "ours"].map(|name| scratch.join(name));
    let judge = shared_server(Major::V18);
    pg_dump(judge, server, db, &[base], &without)?;
    pg_dump(judge, server, db, &[base, args], &oracle)?;
    pgark(server, db, &[base], &ours_without)?;
    pgark(server, db, &[base, args], &ours)?;
    let theirs = difference(&without, &oracle)?;
    let found = difference(&ours_without, &ours)?;
    ensure!(theirs == found, "{theirs:?}\n{found:?}");
    Ok(format!("{} fewer, {} more", found.0.len(), found.1.len()))
}

type Names = BTreeSet<String>;

/// The entries that the first archive alone has, and those of the second.
fn difference(first: &Path, second: &Path) -> Result<(Names, Names)> {
    let [first, second] = [names(first)?, names(second)?];
    let but = |of: &Names, others: &Names| of.difference(others).cloned().collect();
    Ok((but(&first, &second), but(&second, &first)))
}

/// Kind, schema and tag of each entry, but for what pg_dump 18 does otherwise with older servers than their own pg_dump does:
/// large objects have other entries, the schema public has more, and partitions are attached by some of their own.
fn names(path: &Path) -> Result<Names> {
    let reader = Reader::new(BufReader::new(File::open(path)?))?;
    let is_of_public = |entry: &&TocEntry| {
        let tag = entry.tag.as_ref().map(|tag| tag.replace("\"", ""));
        tag.is_some_and(|tag| {
            tag == b"SCHEMA public" || (entry.desc == "SCHEMA" && tag == b"public")
        })
    };
    let shown = |entry: &TocEntry| {
        if entry.desc.starts_with(b"BLOB") {
            return "large objects".to_owned();
        }
        format!("{} {:?} {:?}", entry.desc, entry.namespace, entry.tag)
    };
    let entries = reader.toc().iter();
    let entries = entries.filter(|entry| !is_of_public(entry) && entry.desc != "TABLE ATTACH");
    Ok(entries.map(shown).collect())
}

/// What it told.
fn pg_dump(
    tools: &Server,
    server: &Server,
    db: &str,
    args: &[&[&str]],
    path: &Path,
) -> Result<String> {
    let mut command = tools.tool("pg_dump");
    command
        .arg("-Fc")
        .args(args.concat())
        .arg("-f")
        .arg(path)
        .arg("-d")
        .arg(server.conninfo(db));
    let ran = observe(&mut command)?;
    ran.expect_code(0)?;
    Ok(ran.stderr)
}

/// What it told.
fn pgark(server: &Server, db: &str, args: &[&[&str]], path: &Path) -> Result<String> {
    let mut command = dump_command(server, db);
    command.args(args.concat()).arg("-f").arg(path);
    let ran = observe(&mut command)?;
    ran.expect_code(0)?;
    Ok(ran.stderr)
}
