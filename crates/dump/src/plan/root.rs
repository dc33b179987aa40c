//! Where the rows of a partition are restored.

use crate::options::Options;
use crate::plan::Plan;

impl Plan<'_> {
    /// The partitioned table that a partition's rows are restored through: because that was asked for, or because their place among
    /// the partitions can change (`forcePartitionRootLoad` in src/bin/pg_dump/pg_dump.c).
    pub(crate) fn restore_root(&self, place: usize, options: &Options) -> Option<usize> {
        let relations = &self.catalog.relations;
        let parent = |place: usize| {
            self.parents[place]
                .first()
                .copied()
                .filter(|_| relations[place].is_partition)
        };
        let ancestors: Vec<usize> =
            std::iter::successors(parent(place), |ancestor| parent(*ancestor)).collect();
        let is_unsafe = |place: &usize| {
            self.catalog
                .unsafe_partitioned
                .contains(&relations[*place].id.oid)
        };
        ancestors
            .last()
            .copied()
            .filter(|_| options.load_via_partition_root || ancestors.iter().any(is_unsafe))
    }
}
