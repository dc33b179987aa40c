//! Subscriptions.

use bstr::BString;
use pgark_connect::Session;
use pgark_wire::Secret;

use crate::error::Result;
use crate::fields::fetch;
use crate::oid::{CatalogId, Oid};
use crate::server::Server;

/// A subscription of this database.
#[derive(Clone, Debug)]
pub struct Subscription {
    /// Its row in `pg_subscription`.
    pub id: CatalogId,
    /// Its name.
    pub name: BString,
    /// The owner.
    pub owner: Oid,
    /// How it connects to the publisher, password included.
    pub conninfo: Secret,
    /// The replication slot on the publisher, `None` for none.
    pub slot: Option<BString>,
    /// `synchronous_commit` of its workers.
    pub synchronous_commit: BString,
    /// The names of the publications.
    pub publications: Vec<BString>,
    /// Whether values travel in binary.
    pub binary: bool,
    /// Transactions in progress: `f` not streamed, `t` streamed, `p` streamed and applied in parallel.
    pub streaming: u8,
    /// Two-phase commit: `d`isabled, else to be enabled or enabled.
    pub two_phase: u8,
    /// Whether an error disables it.
    pub disable_on_error: bool,
    /// Whether a superuser's subscription does without a password.
    pub password_required: bool,
    /// Whether it works as its own owner, not as the owner of each table.
    pub run_as_owner: bool,
    /// Whether its slot is kept on the publisher's standbys.
    pub failover: bool,
    /// Changes of which origin are wanted: `any` or `none`.
    pub origin: BString,
}

impl Subscription {
    /// Reads the subscriptions of the database, which only a superuser may do.
    pub(crate) async fn fetch(session: &mut Session, server: &Server) -> Result<Vec<Self>> {
        if server.leaves_empty("pg_subscription") {
            return Ok(Vec::new());
        }
        let or = |has: bool, column: &'static str, default: &'static str| {
            if has { column } else { default }
        };
        let sql = format!(
            "select tableoid, oid, subname, subowner, subconninfo, subslotname, subsynccommit, subpublications, {}, {}, {}, {}, {}, {}, {}, \
               {} \
             from pg_catalog.pg_subscription \
             where subdbid = (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database())",
            or(server.has_streaming_subscriptions(), "subbinary", "false"),
            or(server.has_streaming_subscriptions(), "substream", "'f'"),
            or(
                server.has_two_phase_subscriptions(),
                "subtwophasestate",
                "'d'"
            ),
            or(
                server.has_two_phase_subscriptions(),
                "subdisableonerr",
                "false"
            ),
            or(
                server.has_subscription_origins(),
                "subpasswordrequired",
                "true"
            ),
            or(server.has_subscription_origins(), "subrunasowner", "false"),
            or(server.has_failover_subscriptions(), "subfailover", "false"),
            or(server.has_subscription_origins(), "suborigin", "'any'"),
        );
        fetch(session, "subscriptions", &sql, |f| {
            Ok(Self {
                id: f.catalog_id()?,
                name: f.text()?,
                owner: f.oid()?,
                conninfo: Secret::new(f.text()?),
                slot: f.optional_text(),
                synchronous_commit: f.text()?,
                publications: f.texts()?,
                binary: f.boolean()?,
                streaming: f.char(),
                two_phase: f.char(),
                disable_on_error: f.boolean()?,
                password_required: f.boolean()?,
                run_as_owner: f.boolean()?,
                failover: f.boolean()?,
                origin: f.text()?,
            })
        })
        .await
    }
}

/// Counts the subscriptions of the database, which any role may do.
pub(crate) async fn count_subscriptions(session: &mut Session, server: &Server) -> Result<u64> {
    if server.leaves_empty("pg_subscription") {
        return Ok(0);
    }
    let sql = "select pg_catalog.count(*) from pg_catalog.pg_subscription \
               where subdbid = (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database())";
    let counts = fetch(session, "subscriptions", sql, |f| {
        f.number::<u64>("a count")
    })
    .await?;
    Ok(counts.into_iter().sum())
}
