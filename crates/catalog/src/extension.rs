//! Extensions and what belongs to them.

use std::collections::HashMap;

use bstr::{BStr, BString};
use pgark_connect::Session;

use crate::error::{Error, Result};
use crate::fields::fetch;
use crate::oid::{CatalogId, Oid};

/// An extension.
#[derive(Clone, Debug)]
pub struct Extension {
    /// Its row in `pg_extension`.
    pub id: CatalogId,
    /// Its name.
    pub name: BString,
    /// The schema that holds its objects.
    pub schema: BString,
    /// The tables whose content belongs to the user.
    pub config_tables: Vec<ConfigTable>,
}

/// A table of an extension whose content belongs to the user.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ConfigTable {
    /// The table (`extconfig`).
    pub table: Oid,
    /// A condition for the rows that belong to the user, from the word WHERE on (`extcondition`); `None` for all rows.
    pub condition: Option<BString>,
}

impl Extension {
    pub(crate) async fn fetch(session: &mut Session) -> Result<Vec<Self>> {
        let sql = "select x.tableoid, x.oid, x.extname, n.nspname, x.extconfig, x.extcondition \
                   from pg_catalog.pg_extension x join pg_catalog.pg_namespace n on n.oid = x.extnamespace";
        fetch(session, "extensions", sql, |f| {
            let (id, name, schema) = (f.catalog_id()?, f.text()?, f.text()?);
            let tables: Vec<u32> = f.numbers()?;
            let config_tables =
                config_tables(&tables, f.optional()).ok_or_else(|| Error::ConfigConditions {
                    extension: name.clone(),
                })?;
            Ok(Self {
                id,
                name,
                schema,
                config_tables,
            })
        })
        .await
    }
}

/// Puts each table and its condition together. `None` unless there is a condition, if only an empty one, for each of them: a table
/// whose condition is not known would be dumped with rows that the extension makes itself.
fn config_tables(tables: &[u32], conditions: Option<&BStr>) -> Option<Vec<ConfigTable>> {
    let conditions = match conditions {
        Some(array) => pgark_sql::parse_array(array).ok()?,
        None => Vec::new(),
    };
    if tables.len() != conditions.len() {
        return None;
    }
    let pairs = tables.iter().zip(conditions);
    let config_table = |(table, condition): (&u32, Option<BString>)| ConfigTable {
        table: Oid(*table),
        condition: condition.filter(|condition| !condition.is_empty()),
    };
    Some(pairs.map(config_table).collect())
}

/// Which tables with a foreign key refer to which tables of an extension, as pg_dump asks it (processExtensionTables in
/// src/bin/pg_dump/pg_dump.c). Such keys are there when the rows of configuration tables are restored.
pub(crate) async fn fetch_foreign_keys(session: &mut Session) -> Result<Vec<(Oid, Oid)>> {
    let sql = "select c.conrelid, c.confrelid from pg_catalog.pg_constraint c join pg_catalog.pg_depend d on d.objid = c.confrelid \
               where c.contype = 'f' and d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass \
                 and d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass order by c.oid";
    fetch(session, "foreign keys of extensions", sql, |f| {
        Ok((f.oid()?, f.oid()?))
    })
    .await
}

/// Which extension an object belongs to, as an index into the extensions.
pub type Members = HashMap<CatalogId, usize>;

/// Reads the members of all extensions.
pub(crate) async fn fetch_members(
    session: &mut Session,
    extensions: &[Extension],
) -> Result<Members> {
    let by_oid: HashMap<Oid, usize> = extensions
        .iter()
        .enumerate()
        .map(|(i, extension)| (extension.id.oid, i))
        .collect();
    let sql = "select classid, objid, refobjid from pg_catalog.pg_depend \
               where refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass and deptype = 'e' order by 3";
    let rows = fetch(session, "extension members", sql, |f| {
        Ok((f.catalog_id()?, f.oid()?))
    })
    .await?;
    Ok(rows
        .into_iter()
        .filter_map(|(member, extension)| Some((member, *by_oid.get(&extension)?)))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::{ConfigTable, config_tables};
    use crate::oid::Oid;

    #[test]
    fn each_configuration_table_has_its_condition() {
        let table = |table, condition: Option<&str>| ConfigTable {
            table: Oid(table),
            condition: condition.map(Into::into),
        };
        for (tables, conditions, expected) in [
            (&[][..], None, Some(vec![])),
            (&[], Some("{}"), Some(vec![])),
            (
                &[1, 2, 3],
                Some(r#"{"",NULL,"WHERE \"a\" > 0"}"#),
                Some(vec![
                    table(1, None),
                    table(2, None),
                    table(3, Some("WHERE \"a\" > 0")),
                ]),
            ),
            (&[1], None, None),
            (&[1, 2], Some(r#"{""}"#), None),
            (&[1], Some(r#"{"",""}"#), None),
            (&[1], Some("{"), None),
            (&[1], Some("[2:2]={x}"), None),
        ] {
            assert_eq!(
                config_tables(tables, conditions.map(Into::into)),
                expected,
                "{conditions:?}"
            );
        }
    }
}
