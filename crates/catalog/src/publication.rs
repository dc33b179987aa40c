//! Publications.

use bstr::BString;
use pgark_connect::Session;

use crate::error::Result;
use crate::fields::fetch;
use crate::oid::{CatalogId, Oid};
use crate::server::Server;

/// A publication; its tables and schemas are objects of their own.
#[derive(Clone, Debug)]
pub struct Publication {
    /// Its row in `pg_publication`.
    pub id: CatalogId,
    /// Its name.
    pub name: BString,
    /// The owner.
    pub owner: Oid,
    /// Whether it is for all tables that there are and will be.
    pub all_tables: bool,
    /// Whether INSERT is published.
    pub insert: bool,
    /// Whether UPDATE is published.
    pub update: bool,
    /// Whether DELETE is published.
    pub delete: bool,
    /// Whether TRUNCATE is published.
    pub truncate: bool,
    /// Whether a partition's changes are published as its root's.
    pub via_root: bool,
    /// `s` where stored generated columns are published, `n` where none are.
    pub generated_columns: u8,
}

impl Publication {
    pub(crate) async fn fetch(session: &mut Session, server: &Server) -> Result<Vec<Self>> {
        if server.leaves_empty("pg_publication") {
            return Ok(Vec::new());
        }
        let generated_columns = if server.has_published_generated_columns() {
            "pubgencols"
        } else {
            "'n'"
        };
        let sql = format!(
            "select tableoid, oid, pubname, pubowner, puballtables, pubinsert, pubupdate, pubdelete, pubtruncate, pubviaroot, \
               {generated_columns} \
             from pg_catalog.pg_publication"
        );
        fetch(session, "publications", &sql, |f| {
            Ok(Self {
                id: f.catalog_id()?,
                name: f.text()?,
                owner: f.oid()?,
                all_tables: f.boolean()?,
                insert: f.boolean()?,
                update: f.boolean()?,
                delete: f.boolean()?,
                truncate: f.boolean()?,
                via_root: f.boolean()?,
                generated_columns: f.char(),
            })
        })
        .await
    }
}
