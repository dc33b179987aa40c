//! Security labels.

use bstr::BString;
use pgark_connect::Session;

use crate::error::Result;
use crate::fields::{Fields, fetch};
use crate::oid::CatalogId;
use crate::server::Server;

/// A security label.
#[derive(Clone, Debug)]
pub struct SecurityLabel {
    /// The object.
    pub id: CatalogId,
    /// The column, 0 for the object itself.
    pub column: i32,
    /// Who gives it a meaning.
    pub provider: BString,
    /// The label.
    pub label: BString,
}

impl SecurityLabel {
    fn take(f: &mut Fields<'_>) -> Result<Self> {
        Ok(Self {
            id: f.catalog_id()?,
            column: f.number("a column number")?,
            provider: f.text()?,
            label: f.text()?,
        })
    }
}

/// The security labels of the database's objects, ordered by object, column and provider.
#[derive(Clone, Debug, Default)]
pub struct SecurityLabels(Vec<SecurityLabel>);

impl SecurityLabels {
    /// Reads all labels but those of databases, roles and tablespaces. Subscriptions are shared as those are, but belong to a database.
    pub(crate) async fn fetch(session: &mut Session, server: &Server) -> Result<Self> {
        const WHAT: &str = "security labels";
        let mut labels = Vec::new();
        let sql = "select classoid, objoid, objsubid, provider, label from pg_catalog.pg_seclabel";
        if !server.leaves_empty("pg_seclabel") {
            labels = fetch(session, WHAT, sql, SecurityLabel::take).await?;
        }
        let sql = "select classoid, objoid, 0, provider, label from pg_catalog.pg_shseclabel \
            where classoid = 'pg_catalog.pg_subscription'::pg_catalog.regclass";
        if !server.leaves_empty("pg_shseclabel") {
            labels.append(&mut fetch(session, WHAT, sql, SecurityLabel::take).await?);
        }
        Ok(Self::new(labels))
    }

    /// Labels in any order.
    pub fn new(mut labels: Vec<SecurityLabel>) -> Self {
        labels.sort_by(|a, b| (a.id, a.column, &a.provider).cmp(&(b.id, b.column, &b.provider)));
        Self(labels)
    }

    /// The labels of an object and its columns.
    pub fn of(&self, id: CatalogId) -> &[SecurityLabel] {
        let start = self.0.partition_point(|label| label.id < id);
        let rest = self.0.get(start..).unwrap_or_default();
        &rest[..rest.partition_point(|label| label.id == id)]
    }

    /// All labels.
    pub fn iter(&self) -> impl Iterator<Item = &SecurityLabel> {
        self.0.iter()
    }
}
