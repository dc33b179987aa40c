//! The objects that the names of the options mean.

use std::collections::HashSet;

use bstr::{BStr, BString};
use pgark_catalog::{Named, Oid, find_foreign_tables, find_relations};
use pgark_connect::Session;
use pgark_sql::{Pattern, Quoter};

use crate::error::{Error, Result};
use crate::options::{NameOptions, TablePattern};

/// Objects that are dumped, and that are not.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    /// Only what is named is dumped.
    pub(crate) is_partial: bool,
    /// The schemas that are dumped, if some are named.
    pub(crate) schemas: Option<HashSet<Oid>>,
    pub(crate) excluded_schemas: HashSet<Oid>,
    /// The relations that are dumped, if some are named.
    pub(crate) tables: Option<HashSet<Oid>>,
    pub(crate) excluded_tables: HashSet<Oid>,
    /// Relations whose data is not dumped.
    pub(crate) excluded_data: HashSet<Oid>,
    /// The extensions that are dumped, if some are named.
    pub(crate) extensions: Option<HashSet<Oid>>,
    pub(crate) excluded_extensions: HashSet<Oid>,
    /// Foreign tables whose rows are dumped.
    pub(crate) foreign_tables: HashSet<Oid>,
}

impl Names {
    /// Looks for what the options name, in the session's database, which is called `database`.
    ///
    /// # Errors
    /// [`Error::NoMatch`] where an option finds nothing to dump; what is not to be dumped need not be there. [`Error::OtherDatabase`]
    /// for a pattern of another database.
    pub(crate) async fn find(
        session: &mut Session,
        database: &BStr,
        options: &NameOptions,
        quoter: Quoter,
    ) -> Result<Self> {
        let mut finder = Finder {
            session,
            database,
            quoter,
            is_strict: options.is_strict,
        };
        let schemas = finder.named(Named::Schema, &options.schemas, true).await?;
        let excluded_schemas = finder
            .named(Named::Schema, &options.excluded_schemas, false)
            .await?;
        let [tables, excluded_tables, excluded_data] = finder
            .relations([
                &options.tables,
                &options.excluded_tables,
                &options.excluded_data,
            ])
            .await?;
        let servers = finder
            .named(Named::ForeignServer, &options.foreign_data, true)
            .await?;
        let mut foreign_tables = HashSet::new();
        if !servers.is_empty() {
            foreign_tables.extend(find_foreign_tables(finder.session, servers).await?);
        }
        let extensions = finder
            .named(Named::Extension, &options.extensions, true)
            .await?;
        let excluded_extensions = finder
            .named(Named::Extension, &options.excluded_extensions, false)
            .await?;
        Ok(Self {
            is_partial: options.is_partial,
            schemas: Some(schemas).filter(|_| !options.schemas.is_empty()),
            excluded_schemas,
            tables: Some(tables).filter(|_| !options.tables.is_empty()),
            excluded_tables,
            excluded_data,
            extensions: Some(extensions).filter(|_| !options.extensions.is_empty()),
            excluded_extensions,
            foreign_tables,
        })
    }
}

struct Finder<'a> {
    session: &'a mut Session,
    database: &'a BStr,
    quoter: Quoter,
    is_strict: bool,
}

impl Finder<'_> {
    async fn named(
        &mut self,
        kind: Named,
        texts: &[BString],
        must_match: bool,
    ) -> Result<HashSet<Oid>> {
        // A schema's database may be named, but pg_dump takes none, not even the right one.
        let may_name_database = matches!(kind, Named::Schema);
        let patterns = texts
            .iter()
            .map(|text| Pattern::of_name(text, may_name_database, self.quoter.encoding))
            .collect::<pgark_sql::Result<Vec<_>>>()
            .map_err(Error::Pattern)?;
        if let Some(pattern) = patterns.iter().find(|pattern| pattern.database.is_some()) {
            return Err(Error::OtherDatabase(pattern.text.clone()));
        }
        let found = kind
            .find(
                self.session,
                self.quoter,
                &patterns.iter().collect::<Vec<_>>(),
            )
            .await?;
        if must_match {
            let what = match kind {
                Named::Schema => "schemas",
                Named::Extension => "extensions",
                Named::ForeignServer => "foreign servers",
            };
            // Each pattern of foreign servers must match, whatever the others do.
            let is_strict = self.is_strict || matches!(kind, Named::ForeignServer);
            check(
                what,
                is_strict,
                patterns.iter().map(|pattern| &pattern.text),
                &found,
            )?;
        }
        Ok(found.into_iter().flatten().collect())
    }

    /// The first list must match something.
    async fn relations<const N: usize>(
        &mut self,
        lists: [&[TablePattern]; N],
    ) -> Result<[HashSet<Oid>; N]> {
        let mut patterns = Vec::new();
        for table in lists.iter().copied().flatten() {
            let pattern = Pattern::of_relation(&table.pattern, self.quoter.encoding);
            patterns.push((pattern.map_err(Error::Pattern)?, table.with_children));
        }
        let is_other = |name: &BString| *name != *self.database;
        if let Some((pattern, _)) = patterns
            .iter()
            .find(|(pattern, _)| pattern.database.as_ref().is_some_and(is_other))
        {
            return Err(Error::OtherDatabase(pattern.text.clone()));
        }
        let asked: Vec<_> = patterns
            .iter()
            .map(|(pattern, with_children)| (pattern, *with_children))
            .collect();
        let mut found = find_relations(self.session, self.quoter, &asked)
            .await?
            .into_iter();
        let found = lists.map(|list| found.by_ref().take(list.len()).collect::<Vec<_>>());
        if let (Some(wanted), Some(found)) = (lists.first(), found.first()) {
            let texts = wanted.iter().map(|table| &table.pattern);
            check("tables", self.is_strict, texts, found)?;
        }
        Ok(found.map(|found| found.into_iter().flatten().collect()))
    }
}

/// That something was found; if strict, by each pattern.
fn check<'a>(
    what: &'static str,
    is_strict: bool,
    patterns: impl ExactSizeIterator<Item = &'a BString>,
    found: &[Vec<Oid>],
) -> Result<()> {
    let is_any_named = patterns.len() > 0;
    let without = patterns
        .zip(found)
        .find(|(_, found)| found.is_empty())
        .map(|(pattern, _)| pattern.clone());
    match without {
        Some(pattern) if is_strict => Err(Error::NoMatch {
            what,
            pattern: Some(pattern),
        }),
        _ if is_any_named && found.iter().all(Vec::is_empty) => Err(Error::NoMatch {
            what,
            pattern: None,
        }),
        _ => Ok(()),
    }
}
