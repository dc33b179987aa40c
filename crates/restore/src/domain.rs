//! What entries lock: trees of partitions and of inheritance, each of which counts as one.

use std::collections::HashMap;

use bstr::ByteSlice;
use pgark_archive::{DumpId, TocEntry};

/// How an entry's statements lock a tree.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Lock {
    /// Beside others of this kind: rows come in, an index is built, something is read.
    Shared,
    /// Alone.
    Exclusive,
}

/// Which tree each relation belongs to, by its root's place in the table of contents.
#[derive(Debug)]
pub(crate) struct Domains<'a> {
    toc: &'a [TocEntry],
    by_id: &'a HashMap<DumpId, usize>,
    /// The place of another relation of the same tree, or its own.
    parents: Vec<usize>,
}

impl<'a> Domains<'a> {
    pub(crate) fn new(toc: &'a [TocEntry], by_id: &'a HashMap<DumpId, usize>) -> Self {
        let mut domains = Self {
            toc,
            by_id,
            parents: (0..toc.len()).collect(),
        };
        for (place, entry) in toc.iter().enumerate() {
            let relations = match entry.desc.as_bytes() {
                b"TABLE" | b"FOREIGN TABLE" => {
                    let mut relations = domains.needed_tables(place);
                    relations.push(place);
                    relations
                }
                b"TABLE ATTACH" | b"INDEX ATTACH" => domains.relations(place),
                _ => continue,
            };
            for pair in relations.windows(2) {
                domains.join(pair[0], pair[1]);
            }
        }
        domains
    }

    /// The trees that an entry locks.
    pub(crate) fn locks(&mut self, place: usize) -> Vec<(usize, Lock)> {
        let lock = match self.toc[place].desc.as_bytes() {
            b"TABLE DATA" | b"INDEX" | b"VIEW" | b"MATERIALIZED VIEW DATA" => Lock::Shared,
            b"BLOBS" | b"BLOB" | b"BLOB METADATA" | b"SEQUENCE SET" => return Vec::new(),
            _ => Lock::Exclusive,
        };
        let mut roots: Vec<usize> = self.relations(place);
        for root in &mut roots {
            *root = self.root(*root);
        }
        roots.sort_unstable();
        roots.dedup();
        roots.into_iter().map(|root| (root, lock)).collect()
    }

    /// The relations that an entry is about: itself, those it depends on, and those of the indexes it depends on.
    pub(crate) fn relations(&self, place: usize) -> Vec<usize> {
        let mut relations = Vec::new();
        if is_relation(&self.toc[place]) {
            relations.push(place);
        }
        for needed in self.needed(place) {
            match self.toc[needed].desc.as_bytes() {
                b"INDEX" | b"CONSTRAINT" => {
                    let tables = self.needed(needed);
                    relations.extend(tables.filter(|table| is_relation(&self.toc[*table])));
                }
                _ if is_relation(&self.toc[needed]) => relations.push(needed),
                _ => {}
            }
        }
        relations
    }

    /// The tree of a relation.
    pub(crate) fn root(&mut self, mut place: usize) -> usize {
        while self.parents[place] != place {
            self.parents[place] = self.parents[self.parents[place]];
            place = self.parents[place];
        }
        place
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.root(one), self.root(other));
        self.parents[one.max(other)] = one.min(other);
    }

    fn needed(&self, place: usize) -> impl Iterator<Item = usize> {
        let ids = self.toc[place].dependencies.iter();
        ids.filter_map(|id| self.by_id.get(id).copied())
    }

    fn needed_tables(&self, place: usize) -> Vec<usize> {
        let is_table = |place: &usize| {
            matches!(
                self.toc[*place].desc.as_bytes(),
                b"TABLE" | b"FOREIGN TABLE"
            )
        };
        self.needed(place).filter(is_table).collect()
    }
}

fn is_relation(entry: &TocEntry) -> bool {
    matches!(
        entry.desc.as_bytes(),
        b"TABLE" | b"FOREIGN TABLE" | b"VIEW" | b"MATERIALIZED VIEW" | b"SEQUENCE"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_of_partitions_is_one() {
        let entry = |id: i32, desc: &str, needs: &[i32]| TocEntry {
            desc: desc.into(),
            dependencies: needs.iter().copied().map(DumpId).collect(),
            ..TocEntry::new(DumpId(id))
        };
        let toc = [
            entry(1, "TABLE", &[]),
            entry(2, "TABLE", &[]),
            entry(3, "TABLE", &[]),
            entry(4, "TABLE ATTACH", &[1, 2]),
            entry(5, "INDEX", &[1]),
            entry(6, "INDEX", &[2]),
            entry(7, "INDEX ATTACH", &[5, 6]),
            entry(8, "FK CONSTRAINT", &[3, 2, 99]),
            entry(9, "SEQUENCE SET", &[3]),
        ];
        let by_id = toc
            .iter()
            .enumerate()
            .map(|(i, e)| (e.dump_id, i))
            .collect();
        let mut domains = Domains::new(&toc, &by_id);
        use Lock::{Exclusive, Shared};
        assert_eq!(domains.locks(5), [(0, Shared)]);
        assert_eq!(domains.locks(6), [(0, Exclusive)]);
        assert_eq!(domains.locks(7), [(0, Exclusive), (2, Exclusive)]);
        assert_eq!(domains.locks(8), []);
    }
}
