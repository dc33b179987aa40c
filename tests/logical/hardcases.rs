//! A database that also holds objects of kinds that pgark does not write yet.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use bstr::{BString, ByteSlice};
use pgark_archive::{DumpId, Reader, TocEntry};
use support::{
    Major, Scratch, archdiff, dump_command, expect_no_archive, observe, shared_server, side_by_side,
};

use crate::matrix::print;

/// Kinds that pgark does not write: as an archive calls them and as a message to the user does. The members of a publication have
/// names of their own in messages.
const UNWRITTEN: [(&str, &str); 9] = [
    ("EVENT TRIGGER", "event trigger"),
    ("PUBLICATION", "publication"),
    ("PUBLICATION TABLE", "publication of table"),
    ("PUBLICATION TABLES IN SCHEMA", "publication of schema"),
    ("SUBSCRIPTION", "subscription"),
    ("TEXT SEARCH CONFIGURATION", "text search configuration"),
    ("TEXT SEARCH DICTIONARY", "text search dictionary"),
    ("TEXT SEARCH PARSER", "text search parser"),
    ("TEXT SEARCH TEMPLATE", "text search template"),
];

#[test]
fn what_is_missing_is_named_and_all_else_is_that_of_pg_dump() -> Result<()> {
    let figures = side_by_side(&Major::all(), |&major| {
        let server = shared_server(major);
        let db = server.fresh_database("hardcases", "")?;
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tools/hardcases.sql");
        server.psql_file(&db, &script)?;
        let scratch = Scratch::new()?;
        let (oracle, ours) = (scratch.join("oracle"), scratch.join("ours"));
        server.pg_dump(&db, ["-Fc"], &oracle)?;

        let refused = observe(dump_command(server, &db).arg("-f").arg(&ours))?;
        refused.expect_code(4)?;
        expect_no_archive(&ours)?;
        let partial = observe(
            dump_command(server, &db)
                .arg("--allow-incomplete")
                .arg("-f")
                .arg(&ours),
        )?;
        partial.expect_code(7)?;

        let (oracle_toc, our_toc) = (toc(&oracle)?, toc(&ours)?);
        let missing = missing(&oracle_toc, &our_toc);
        let diff = archdiff(&oracle, &ours, &["--show", "99"])?;
        let checks = [
            every_missing_object_is_named(&oracle_toc, &missing, &refused.stderr),
            every_missing_object_is_named(&oracle_toc, &missing, &partial.stderr),
            differences_come_from_what_is_missing(&oracle_toc, &our_toc, &missing),
            all_data_is_there(&diff.output),
        ];
        let failures = checks.into_iter().filter_map(Result::err);
        let figure = diff.output.lines().last().unwrap_or_default().to_owned();
        Ok((
            figure,
            failures
                .map(|error| format!("{major}: {error:#}"))
                .collect::<Vec<_>>(),
        ))
    });
    let mut failures = Vec::new();
    for (major, (figure, failed)) in Major::all().into_iter().zip(figures) {
        print(&format!("{major} hardcases --allow-incomplete: {figure}\n"))?;
        failures.extend(failed);
    }
    ensure!(failures.is_empty(), "{}", failures.join("\n"));
    Ok(())
}

/// Nothing is extra, the header is the same, and what entries have in common has the same rows.
fn all_data_is_there(diff: &str) -> Result<()> {
    for line in diff.lines() {
        let wrong = ["extra ", "header ", "data differs "];
        ensure!(!wrong.iter().any(|word| line.starts_with(word)), "{line}");
    }
    Ok(())
}

fn toc(path: &PathBuf) -> Result<Vec<TocEntry>> {
    let reader = Reader::new(BufReader::new(File::open(path)?))?;
    Ok(reader.toc().to_vec())
}

/// What one entry is known by: kind, schema, tag.
type Name<'a> = (&'a BString, Option<&'a BString>, Option<&'a BString>);

fn name(entry: &TocEntry) -> Name<'_> {
    (&entry.desc, entry.namespace.as_ref(), entry.tag.as_ref())
}

/// The entries of the oracle that ours has not.
fn missing(oracle: &[TocEntry], ours: &[TocEntry]) -> BTreeSet<DumpId> {
    let there: BTreeSet<_> = ours.iter().map(name).collect();
    let missing = oracle.iter().filter(|entry| !there.contains(&name(entry)));
    missing.map(|entry| entry.dump_id).collect()
}

fn noun(desc: &BString) -> Option<&'static str> {
    UNWRITTEN
        .iter()
        .find(|(kind, _)| *desc == *kind)
        .map(|(_, noun)| *noun)
}

fn find(entries: &[TocEntry], id: DumpId) -> Option<&TocEntry> {
    entries.iter().find(|entry| entry.dump_id == id)
}

/// Every missing entry is of an unwritten kind or belongs to one that is, and the message names each of their objects, and no others.
fn every_missing_object_is_named(
    oracle: &[TocEntry],
    missing: &BTreeSet<DumpId>,
    stderr: &str,
) -> Result<()> {
    let mut expected: Vec<(&str, Option<BString>)> = Vec::new();
    for entry in missing.iter().filter_map(|id| find(oracle, *id)) {
        let shown = format!("{} {:?} {:?}", entry.desc, entry.namespace, entry.tag);
        if matches!(&entry.desc[..], b"COMMENT" | b"ACL" | b"SECURITY LABEL") {
            ensure!(
                entry.dependencies.iter().any(|id| missing.contains(id)),
                "{shown} is missing though its object is there"
            );
            continue;
        }
        let kind = noun(&entry.desc)
            .with_context(|| format!("{shown} is missing, of a kind that is written"))?;
        let named = (kind, message_name(entry));
        expected.push(named);
    }
    let mut told: Vec<&str> = stderr
        .lines()
        .filter_map(|line| {
            line.strip_prefix("pgark: ")
                .unwrap_or(line)
                .strip_prefix("  ")
        })
        .collect();
    let mut unnamed = Vec::new();
    for (kind, name) in expected {
        let found = told.iter().position(|line| match &name {
            Some(name) => *line == format!("{kind} \"{name}\""),
            None => line.starts_with(&format!("{kind} \"")),
        });
        match found {
            Some(place) => drop(told.remove(place)),
            None => unnamed.push(format!("{kind} {name:?}")),
        }
    }
    ensure!(unnamed.is_empty(), "not named: {unnamed:?}, in\n{stderr}");
    ensure!(
        told.is_empty(),
        "named though the archive has them: {told:?}"
    );
    Ok(())
}

/// The name that a message gives the object; `None` where it is written otherwise than in the archive, so that the kind alone is
/// looked for.
fn message_name(entry: &TocEntry) -> Option<BString> {
    let tag = entry.tag.as_ref()?;
    let qualified = |name: &[u8]| match &entry.namespace {
        Some(schema) if !schema.is_empty() => BString::from(format!("{schema}.{}", name.as_bstr())),
        _ => name.into(),
    };
    match &entry.desc[..] {
        // PUBLICATION TABLE; its tag is "publication table".
        b"PUBLICATION TABLE" => Some(qualified(tag.split_once_str(" ")?.1)),
        b"PUBLICATION TABLES IN SCHEMA" => entry.namespace.clone(),
        _ => Some(qualified(tag)),
    }
}

/// What else differs differs in dependencies alone: where the oracle's lead to missing entries, ours lead to what those depend on.
fn differences_come_from_what_is_missing(
    oracle: &[TocEntry],
    ours: &[TocEntry],
    missing: &BTreeSet<DumpId>,
) -> Result<()> {
    let kept = || {
        oracle
            .iter()
            .filter(|entry| !missing.contains(&entry.dump_id))
    };
    ensure!(
        kept().map(name).eq(ours.iter().map(name)),
        "the order differs"
    );
    for (theirs, entry) in kept().zip(ours) {
        let shown = format!("{:?}", name(theirs));
        let rest = |entry: &TocEntry| {
            let mut rest = entry.clone();
            // Numbers and places follow from the order and from what is missing.
            rest.dump_id = DumpId(1);
            rest.dependencies.clear();
            rest.offset = pgark_archive::Offset::NotSet;
            rest
        };
        ensure!(
            rest(theirs) == rest(entry),
            "{shown} differs:\n{:?}\n{:?}",
            rest(theirs),
            rest(entry)
        );
        let expected = reachable(oracle, missing, theirs);
        let found: BTreeSet<_> = entry
            .dependencies
            .iter()
            .map(|id| find(ours, *id).map(name))
            .collect();
        ensure!(
            found == expected,
            "{shown} depends on {found:?} where {expected:?} is right"
        );
    }
    Ok(())
}

/// What an entry depends on when each missing one is replaced by what that depends on in turn.
fn reachable<'a>(
    oracle: &'a [TocEntry],
    missing: &BTreeSet<DumpId>,
    entry: &TocEntry,
) -> BTreeSet<Option<Name<'a>>> {
    let mut reached = BTreeSet::new();
    let mut open = entry.dependencies.clone();
    let mut seen = BTreeSet::new();
    while let Some(id) = open.pop() {
        if !seen.insert(id) {
            continue;
        }
        match find(oracle, id) {
            Some(dependency) if missing.contains(&id) => open.extend(&dependency.dependencies),
            dependency => {
                reached.insert(dependency.map(name));
            }
        }
    }
    reached
}
