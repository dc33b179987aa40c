//! The parts of relations and domains that take part in the order of a dump.

use std::ops::Range;

use pgark_connect::Session;

use crate::catalog::Catalog;
use crate::column::{Column, ColumnDefault};
use crate::constraint::{Check, ForeignKey};
use crate::error::Result;
use crate::index::Index;
use crate::oid::Oid;
use crate::policy::Policy;
use crate::relation::Relation;
use crate::sessions::{Part, Sessions};
use crate::trigger::Trigger;

/// Whose details are wanted, each list ordered by OID. All of them must be locked where they can be.
#[derive(Clone, Debug, Default)]
pub struct DetailsOf {
    /// Relations whose columns, defaults, constraints and indexes are wanted.
    pub relations: Vec<Oid>,
    /// Relations whose foreign keys are wanted.
    pub foreign_keys: Vec<Oid>,
    /// Relations whose triggers are wanted.
    pub triggers: Vec<Oid>,
    /// Tables whose policies are wanted.
    pub policies: Vec<Oid>,
    /// Domains whose constraints are wanted.
    pub domains: Vec<Oid>,
    /// Whether defaults and constraints are wanted at all, which a dump of data does without.
    pub definitions: bool,
}

impl DetailsOf {
    /// Cuts the lists into `count` parts. They are ordered by OID, and so are the details of all parts one after the other. Policies come
    /// in no order but the server's, as pg_dump takes them, and are left in one part.
    fn parts(&self, count: usize) -> Vec<Self> {
        let part = |list: &[Oid], i: usize| {
            let at = |i: usize| list.len() * i / count;
            list[at(i)..at(i + 1)].to_vec()
        };
        (0..count)
            .map(|i| Self {
                relations: part(&self.relations, i),
                foreign_keys: part(&self.foreign_keys, i),
                triggers: part(&self.triggers, i),
                policies: if i == 0 {
                    self.policies.clone()
                } else {
                    Vec::new()
                },
                domains: part(&self.domains, i),
                definitions: self.definitions,
            })
            .collect()
    }
}

/// Columns, defaults, constraints, indexes, triggers and policies.
#[derive(Clone, Debug, Default)]
pub struct Details {
    /// Columns, ordered by relation and number.
    pub columns: Vec<Column>,
    /// Defaults, ordered by relation and column.
    pub defaults: Vec<ColumnDefault>,
    /// NOT NULL constraints that are not valid, ordered by table and name.
    pub invalid_not_null: Vec<Check>,
    /// CHECK constraints of tables, ordered by table and name.
    pub checks: Vec<Check>,
    /// Constraints of domains, ordered by domain and name.
    pub domain_constraints: Vec<Check>,
    /// Indexes, ordered by relation and name.
    pub indexes: Vec<Index>,
    /// Foreign keys, ordered by table and name.
    pub foreign_keys: Vec<ForeignKey>,
    /// Triggers, ordered by relation and name.
    pub triggers: Vec<Trigger>,
    /// Policies.
    pub policies: Vec<Policy>,
}

impl Details {
    /// Reads the details of what the caller has chosen and locked.
    ///
    /// # Errors
    /// What the server said. Not cancel safe: a dropped future leaves the sessions broken.
    pub async fn fetch(sessions: &mut Sessions, catalog: &Catalog, of: &DetailsOf) -> Result<Self> {
        // More parts would take longer: some of their queries read a whole catalogue each time.
        let parts: Vec<_> = of
            .parts(sessions.count())
            .into_iter()
            .map(|of| PartOfDetails { catalog, of })
            .collect();
        let parts = sessions.fetch_parts(&parts).await?;
        let mut all = Self::default();
        for mut part in parts {
            all.columns.append(&mut part.columns);
            all.defaults.append(&mut part.defaults);
            all.invalid_not_null.append(&mut part.invalid_not_null);
            all.checks.append(&mut part.checks);
            all.domain_constraints.append(&mut part.domain_constraints);
            all.indexes.append(&mut part.indexes);
            all.foreign_keys.append(&mut part.foreign_keys);
            all.triggers.append(&mut part.triggers);
            all.policies.append(&mut part.policies);
        }
        Ok(all)
    }

    /// The columns of a relation, dropped ones included, so that column `n` stands at `n - 1`.
    pub fn columns_of(&self, relation: Oid) -> &[Column] {
        &self.columns[span(&self.columns, relation, |column| column.relation)]
    }

    /// Where the CHECK constraints of a table stand in [`Self::checks`].
    pub fn checks_of(&self, table: Oid) -> Range<usize> {
        span(&self.checks, table, |check| check.on)
    }

    /// Where the constraints of a domain stand in [`Self::domain_constraints`].
    pub fn domain_constraints_of(&self, domain: Oid) -> Range<usize> {
        span(&self.domain_constraints, domain, |check| check.on)
    }

    /// Where the indexes of a relation stand in [`Self::indexes`].
    pub fn indexes_of(&self, relation: Oid) -> Range<usize> {
        span(&self.indexes, relation, |index| index.relation)
    }

    /// The default of a column.
    pub fn default_of(&self, relation: Oid, column: i16) -> Option<usize> {
        self.defaults
            .binary_search_by_key(&(relation, column), |default| {
                (default.relation, default.column)
            })
            .ok()
    }
}

/// Some of the relations whose details are wanted.
struct PartOfDetails<'a> {
    catalog: &'a Catalog,
    of: DetailsOf,
}

impl Part for PartOfDetails<'_> {
    type Fetched = Details;

    async fn fetch(&self, session: &mut Session) -> Result<Details> {
        let Self { catalog, of } = self;
        let server = &catalog.server;
        let relations = |is_wanted: fn(&Relation) -> bool| -> Vec<Oid> {
            let relations = of.relations.iter().filter_map(|oid| catalog.relation(*oid));
            let wanted = relations.filter(|relation| is_wanted(relation));
            wanted.map(|relation| relation.id.oid).collect()
        };
        let columns = Column::fetch(session, server, of.relations.iter().copied()).await?;
        let mut details = Details::default();
        if of.definitions {
            let mut with_defaults: Vec<Oid> = columns
                .iter()
                .filter(|column| column.has_default)
                .map(|column| column.relation)
                .collect();
            with_defaults.dedup();
            details.defaults = ColumnDefault::fetch(session, with_defaults).await?;
            let invalid: Vec<Oid> = columns
                .iter()
                .filter_map(|column| column.not_null.as_ref()?.invalid)
                .collect();
            details.invalid_not_null = Check::fetch_not_null(session, invalid).await?;
            let checked = relations(|relation| relation.checks > 0);
            details.checks = Check::fetch_of_tables(session, checked).await?;
        }
        details.domain_constraints =
            Check::fetch_of_domains(session, server, of.domains.iter().copied()).await?;
        let indexed = relations(|relation| relation.has_indexes);
        details.indexes = Index::fetch(session, server, indexed).await?;
        details.foreign_keys = ForeignKey::fetch(session, of.foreign_keys.iter().copied()).await?;
        details.triggers = Trigger::fetch(session, of.triggers.iter().copied()).await?;
        details.policies = Policy::fetch(session, server, of.policies.iter().copied()).await?;
        details.columns = columns;
        Ok(details)
    }
}

/// The run of items that belong to `owner` in a list that is ordered by owner.
fn span<T>(items: &[T], owner: Oid, owner_of: impl Fn(&T) -> Oid) -> Range<usize> {
    let start = items.partition_point(|item| owner_of(item) < owner);
    let length = items[start..].partition_point(|item| owner_of(item) == owner);
    start..start + length
}

#[cfg(test)]
mod tests {
    use super::{Details, span};
    use crate::column::ColumnDefault;
    use crate::oid::{CatalogId, Oid};

    #[test]
    fn a_run_is_found_wherever_it_stands() {
        let owners = [2, 2, 5, 7, 7, 7];
        for (owner, expected) in [
            (1, 0..0),
            (2, 0..2),
            (3, 2..2),
            (5, 2..3),
            (7, 3..6),
            (8, 6..6),
        ] {
            assert_eq!(span(&owners, Oid(owner), |owner| Oid(*owner)), expected);
        }
        assert_eq!(span(&[], Oid(1), |owner: &u32| Oid(*owner)), 0..0);
    }

    #[test]
    fn a_default_is_found_by_relation_and_column() {
        let mut details = Details::default();
        for (relation, column) in [(2, 1), (2, 3), (4, 2)] {
            details.defaults.push(ColumnDefault {
                id: CatalogId::NONE,
                relation: Oid(relation),
                column,
                expression: "1".into(),
            });
        }
        for (relation, column, expected) in [
            (2, 1, Some(0)),
            (2, 2, None),
            (2, 3, Some(1)),
            (4, 2, Some(2)),
            (3, 1, None),
        ] {
            assert_eq!(details.default_of(Oid(relation), column), expected);
        }
    }
}
