//! Collations.

use std::collections::HashMap;

use bstr::BString;
use pgark_connect::Session;

use crate::error::Result;
use crate::fields::{fetch, fetch_of};
use crate::oid::{CatalogId, Oid};
use crate::server::Server;

/// A collation.
#[derive(Clone, Debug)]
pub struct Collation {
    /// Its row in `pg_collation`.
    pub id: CatalogId,
    /// Its name.
    pub name: BString,
    /// The schema's OID.
    pub schema: Oid,
    /// The owner.
    pub owner: Oid,
    /// The number of the encoding that it is for, -1 for all.
    pub encoding: i32,
}

impl Collation {
    /// Reads all collations, built-in ones included, since columns name them.
    pub(crate) async fn fetch(session: &mut Session) -> Result<Vec<Self>> {
        let sql = "select tableoid, oid, collname, collnamespace, collowner, collencoding from pg_catalog.pg_collation";
        fetch(session, "collations", sql, |f| {
            Ok(Self {
                id: f.catalog_id()?,
                name: f.text()?,
                schema: f.oid()?,
                owner: f.oid()?,
                encoding: f.number("an encoding")?,
            })
        })
        .await
    }
}

/// The definition of a collation.
#[derive(Clone, Debug)]
pub struct CollationDefinition {
    /// `b`uiltin, lib`c` or `i`cu; `d` for the database's default.
    pub provider: u8,
    /// Whether strings that compare equal are the same bytes.
    pub is_deterministic: bool,
    /// `LC_COLLATE` of libc.
    pub collate: Option<BString>,
    /// `LC_CTYPE` of libc.
    pub ctype: Option<BString>,
    /// The locale of another provider.
    pub locale: Option<BString>,
    /// Rules added to an ICU locale.
    pub rules: Option<BString>,
}

impl CollationDefinition {
    /// The definitions by OID.
    pub(crate) async fn fetch(
        session: &mut Session,
        server: &Server,
        collations: impl IntoIterator<Item = Oid>,
    ) -> Result<HashMap<Oid, Self>> {
        let locales = if server.has_collation_locale() {
            "collcollate, collctype, colllocale"
        } else if server.has_collation_icu_locale() {
            "collcollate, collctype, colliculocale"
        } else {
            // One pair of columns for all providers, never NULL.
            "case when collprovider = 'c' then collcollate end, case when collprovider = 'c' then collctype end, \
             case when collprovider = 'i' then collcollate end"
        };
        let rules = if server.has_icu_rules() {
            "collicurules"
        } else {
            "null"
        };
        let sql = |oids: &str| {
            format!(
                "select oid, collprovider, collisdeterministic, {locales}, {rules} from pg_catalog.pg_collation where oid = any ({oids})"
            )
        };
        let rows = fetch_of(session, "collation definitions", collations, sql, |f| {
            Ok((
                f.oid()?,
                Self {
                    provider: f.char(),
                    is_deterministic: f.boolean()?,
                    collate: f.optional_text(),
                    ctype: f.optional_text(),
                    locale: f.optional_text(),
                    rules: f.optional_text(),
                },
            ))
        })
        .await?;
        Ok(rows.into_iter().collect())
    }
}
