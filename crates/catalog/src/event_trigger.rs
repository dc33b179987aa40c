//! Event triggers.

use bstr::BString;
use pgark_connect::Session;

use crate::error::Result;
use crate::fields::fetch;
use crate::oid::{CatalogId, Oid};
use crate::server::Server;

/// An event trigger.
#[derive(Clone, Debug)]
pub struct EventTrigger {
    /// Its row in `pg_event_trigger`.
    pub id: CatalogId,
    /// Its name.
    pub name: BString,
    /// The owner.
    pub owner: Oid,
    /// The event, such as `ddl_command_start`.
    pub event: BString,
    /// The commands that it is for as SQL text, each quoted; empty for all.
    pub tags: BString,
    /// The function that it calls.
    pub function: Oid,
    /// `O` as usual, `D` disabled, `A` always, `R` only on a replica.
    pub enabled: u8,
}

impl EventTrigger {
    pub(crate) async fn fetch(session: &mut Session, server: &Server) -> Result<Vec<Self>> {
        if server.leaves_empty("pg_event_trigger") {
            return Ok(Vec::new());
        }
        let sql = "select tableoid, oid, evtname, evtowner, evtevent, \
              pg_catalog.array_to_string(array(select pg_catalog.quote_literal(t.tag) \
                from pg_catalog.unnest(evttags) with ordinality t(tag, i) order by t.i), ', '), \
              evtfoid, evtenabled \
            from pg_catalog.pg_event_trigger order by oid";
        fetch(session, "event triggers", sql, |f| {
            Ok(Self {
                id: f.catalog_id()?,
                name: f.text()?,
                owner: f.oid()?,
                event: f.text()?,
                tags: f.text_or_empty(),
                function: f.oid()?,
                enabled: f.char(),
            })
        })
        .await
    }
}
