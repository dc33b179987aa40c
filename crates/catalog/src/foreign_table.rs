//! Where the rows of foreign tables are.

use std::collections::HashMap;

use bstr::BString;
use pgark_connect::Session;

use crate::error::Result;
use crate::fields::fetch_of;
use crate::foreign_options::options_as_text;
use crate::oid::Oid;

/// What a foreign table is beyond a table.
#[derive(Clone, Debug)]
pub struct ForeignTable {
    /// The name of its server.
    pub server: BString,
    /// Options as SQL text, empty if none.
    pub options: BString,
}

impl ForeignTable {
    /// By the OID of the table.
    pub(crate) async fn fetch(
        session: &mut Session,
        tables: impl IntoIterator<Item = Oid>,
    ) -> Result<HashMap<Oid, Self>> {
        let sql = |oids: &str| {
            format!(
                "select t.ftrelid, s.srvname, {} \
                 from pg_catalog.pg_foreign_table t join pg_catalog.pg_foreign_server s on s.oid = t.ftserver \
                 where t.ftrelid = any ({})",
                options_as_text("t.ftoptions"),
                oids
            )
        };
        let rows = fetch_of(session, "foreign tables", tables, sql, |f| {
            Ok((
                f.oid()?,
                Self {
                    server: f.text()?,
                    options: f.text_or_empty(),
                },
            ))
        })
        .await?;
        Ok(rows.into_iter().collect())
    }
}
