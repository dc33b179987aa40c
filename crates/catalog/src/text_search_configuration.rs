//! Text search configurations.

use std::collections::HashMap;

use bstr::BString;
use pgark_connect::Session;

use crate::definition::grouped;
use crate::error::Result;
use crate::fields::{fetch, fetch_of};
use crate::oid::{CatalogId, Oid};

/// A text search configuration.
#[derive(Clone, Debug)]
pub struct TextSearchConfiguration {
    /// Its row in `pg_ts_config`.
    pub id: CatalogId,
    /// Its name.
    pub name: BString,
    /// The schema's OID.
    pub schema: Oid,
    /// The owner.
    pub owner: Oid,
    /// The parser's OID.
    pub parser: Oid,
}

/// One of the dictionaries that a configuration looks tokens of a type up in.
#[derive(Clone, Debug)]
pub struct TextSearchMapping {
    /// The name of the token's type; `None` where the parser knows it no more.
    pub token: Option<BString>,
    /// The dictionary's name as SQL text.
    pub dictionary: BString,
}

impl TextSearchConfiguration {
    pub(crate) async fn fetch(session: &mut Session) -> Result<Vec<Self>> {
        let sql = "select tableoid, oid, cfgname, cfgnamespace, cfgowner, cfgparser from pg_catalog.pg_ts_config";
        fetch(session, "text search configurations", sql, |f| {
            Ok(Self {
                id: f.catalog_id()?,
                name: f.text()?,
                schema: f.oid()?,
                owner: f.oid()?,
                parser: f.oid()?,
            })
        })
        .await
    }
}

impl TextSearchMapping {
    /// The mappings of configurations by OID, by type of token and, within one, in the order in which they are tried.
    pub(crate) async fn fetch(
        session: &mut Session,
        configurations: impl IntoIterator<Item = Oid>,
    ) -> Result<HashMap<Oid, Vec<Self>>> {
        let sql = |wanted: &str| {
            format!(
                "select m.mapcfg, t.alias, m.mapdict::pg_catalog.regdictionary \
                 from pg_catalog.pg_ts_config_map m \
                 left join (select c.oid as cfg, t.tokid, t.alias \
                            from pg_catalog.pg_ts_config c, pg_catalog.ts_token_type(c.cfgparser) t \
                            where c.oid = any ({wanted})) t on t.cfg = m.mapcfg and t.tokid = m.maptokentype \
                 where m.mapcfg = any ({wanted}) \
                 order by m.mapcfg, m.maptokentype, m.mapseqno"
            )
        };
        let rows = fetch_of(
            session,
            "text search configurations",
            configurations,
            sql,
            |f| {
                Ok((
                    f.oid()?,
                    Self {
                        token: f.optional_text(),
                        dictionary: f.text()?,
                    },
                ))
            },
        )
        .await?;
        Ok(grouped(rows))
    }
}
