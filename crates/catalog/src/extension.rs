//! Extensions and what belongs to them.

use std::collections::HashMap;

use bstr::BString;
use pgark_connect::Session;

use crate::error::Result;
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
    /// The tables whose content belongs to the user (`extconfig`).
    pub config_tables: Vec<Oid>,
    /// A condition for the rows of each of them (`extcondition`), as array text.
    pub config_conditions: Option<BString>,
}

impl Extension {
    pub(crate) async fn fetch(session: &mut Session) -> Result<Vec<Self>> {
        let sql = "select x.tableoid, x.oid, x.extname, n.nspname, x.extconfig, x.extcondition \
                   from pg_catalog.pg_extension x join pg_catalog.pg_namespace n on n.oid = x.extnamespace";
        fetch(session, "extensions", sql, |f| {
            Ok(Self {
                id: f.catalog_id()?,
                name: f.text()?,
                schema: f.text()?,
                config_tables: f.numbers()?.into_iter().map(Oid).collect(),
                config_conditions: f.optional_text(),
            })
        })
        .await
    }
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
