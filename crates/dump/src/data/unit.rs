//! How the copying is cut into units, each of which one session reads.

use std::collections::HashMap;
use std::ops::Range;

use pgark_catalog::{Oid, TableSize};

use super::job::{Content, Job};

/// Blocks of a large table that are read at once: 8 MiB of the default size.
const BLOCKS: u32 = 1024;

/// A table of so few blocks is read together with others.
const SMALL: u32 = 16;

/// Rows of so many bytes on the disk come for long.
const LONG_BYTES: u64 = 1 << 20;

/// How many small tables are read together at most.
const TABLES: usize = 100;

/// How many large objects are read together at most.
const OBJECTS: usize = 2000;

/// What one session reads, and then takes the next.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Unit {
    /// One job, or several of small tables.
    pub(super) jobs: Range<usize>,
    pub(super) part: Part,
    /// Whether it is the first of its job.
    pub(super) is_first: bool,
    /// Whether it is the last of its job.
    pub(super) is_last: bool,
    /// Whether its rows come for so long that to wait a moment for more of them costs nothing.
    pub(super) is_long: bool,
}

/// Part of a job's content.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Part {
    Whole,
    /// The rows from one block on and before another.
    Blocks(Option<u32>, Option<u32>),
    /// These of the large objects.
    Objects(Range<usize>),
}

impl Unit {
    pub(super) fn whole(job: usize) -> Self {
        Self {
            jobs: job..job + 1,
            part: Part::Whole,
            is_first: true,
            is_last: true,
            is_long: false,
        }
    }
}

/// Cuts jobs into units, in their order, by how many blocks the tables have. For one session nothing is gained by parts of a table.
pub(super) fn units(jobs: &[Job], sizes: &HashMap<Oid, TableSize>, sessions: usize) -> Vec<Unit> {
    let mut units: Vec<Unit> = Vec::new();
    let mut small = 0..0;
    for (place, job) in jobs.iter().enumerate() {
        let blocks = job
            .table_by_blocks()
            .and_then(|oid| Some(sizes.get(&oid)?.blocks));
        if blocks.is_some_and(|blocks| blocks <= SMALL) {
            if small.len() < TABLES && small.end == place && !small.is_empty() {
                small.end = place + 1;
                if let Some(last) = units.last_mut() {
                    last.jobs = small.clone();
                }
            } else {
                small = place..place + 1;
                units.push(Unit::whole(place));
            }
            continue;
        }
        let parts: Vec<Part> = match (&job.content, blocks) {
            (Content::Rows { .. }, Some(blocks)) if sessions > 1 => {
                let starts = (0..blocks.max(1)).step_by(BLOCKS as usize);
                starts
                    .map(|from| {
                        let before = from.checked_add(BLOCKS).filter(|before| *before < blocks);
                        Part::Blocks((from > 0).then_some(from), before)
                    })
                    .collect()
            }
            (Content::LargeObjects(objects), _) if !objects.is_empty() => (0..objects.len())
                .step_by(OBJECTS)
                .map(|start| Part::Objects(start..objects.len().min(start + OBJECTS)))
                .collect(),
            _ => vec![Part::Whole],
        };
        let last = parts.len() - 1;
        let size = job.table.and_then(|oid| sizes.get(&oid));
        let is_long = size.is_some_and(|size| size.bytes() >= LONG_BYTES);
        units.extend(parts.into_iter().enumerate().map(|(number, part)| Unit {
            part,
            is_first: number == 0,
            is_last: number == last,
            is_long,
            ..Unit::whole(place)
        }));
    }
    units
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(job: usize, parts: &[Part]) -> Vec<Unit> {
        let last = parts.len() - 1;
        let unit = |(number, part): (usize, &Part)| Unit {
            part: part.clone(),
            is_first: number == 0,
            is_last: number == last,
            is_long: false,
            ..Unit::whole(job)
        };
        parts.iter().enumerate().map(unit).collect()
    }

    fn of_blocks(blocks: u32) -> TableSize {
        TableSize {
            blocks,
            ..TableSize::default()
        }
    }

    #[test]
    fn large_tables_are_cut_and_small_ones_go_together() {
        let table = |oid| Job::table(oid);
        let jobs = [
            table(Some(1)),
            table(Some(2)),
            table(None),
            table(Some(3)),
            table(Some(4)),
            table(Some(5)),
            Job::large_objects(OBJECTS + 1),
            Job::large_objects(1),
        ];
        let blocks = [
            (1, 0),
            (2, SMALL),
            (3, SMALL),
            (4, SMALL + 1),
            (5, 2 * BLOCKS + 1),
        ];
        let blocks: HashMap<Oid, TableSize> = blocks
            .map(|(oid, blocks)| (Oid(oid), of_blocks(blocks)))
            .into();
        let together = |jobs| Unit {
            jobs,
            ..Unit::whole(0)
        };
        let mut expected = vec![together(0..2), Unit::whole(2), Unit::whole(3)];
        let objects = [
            cut(
                6,
                &[
                    Part::Objects(0..OBJECTS),
                    Part::Objects(OBJECTS..OBJECTS + 1),
                ],
            ),
            cut(7, &[Part::Objects(0..1)]),
        ]
        .concat();
        let mut by_one = expected.clone();
        let long = |unit: Unit| Unit {
            is_long: true,
            ..unit
        };
        by_one.extend([Unit::whole(4), long(Unit::whole(5))]);
        by_one.extend(objects.clone());
        assert_eq!(units(&jobs, &blocks, 1), by_one);
        expected.extend(cut(4, &[Part::Blocks(None, None)]));
        let parts = [
            Part::Blocks(None, Some(BLOCKS)),
            Part::Blocks(Some(BLOCKS), Some(2 * BLOCKS)),
            Part::Blocks(Some(2 * BLOCKS), None),
        ];
        expected.extend(cut(5, &parts).into_iter().map(long));
        expected.extend(objects);
        assert_eq!(units(&jobs, &blocks, 2), expected);
    }

    #[test]
    fn not_too_many_small_tables_go_together() {
        let jobs: Vec<Job> = (0..=2 * TABLES).map(|_| Job::table(Some(1))).collect();
        let units = units(&jobs, &HashMap::from([(Oid(1), of_blocks(1))]), 2);
        let ranges: Vec<_> = units.into_iter().map(|unit| unit.jobs).collect();
        assert_eq!(
            ranges,
            [0..TABLES, TABLES..2 * TABLES, 2 * TABLES..2 * TABLES + 1]
        );
    }
}
