//! What is in one database: extensions, schemas, relations.

use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::{join, join_all};
use pgark_connect::{Config, Session};
use tokio_postgres::Client;

use super::failures::Failures;
use super::fields::{query, query_one};
use super::model::{Database, Extension, Relation, Schema};
use super::relation::{self, Parts, Premises};
use crate::error::{Error, Result};
use crate::moment::Moment;

/// The schemas that belong to users.
pub(super) const USER_SCHEMA: &str = "n.nspname not in ('pg_catalog', 'information_schema') \
                                      and n.nspname !~ '^pg_(toast|temp)'";

/// What is read of all relations by one query each, what takes longest first.
#[derive(Clone, Copy, Debug)]
enum Part {
    Indexes,
    Sizes,
    Columns,
    Constraints,
    Relations,
    Activities,
}

impl Part {
    const ALL: [Self; 6] = [
        Self::Indexes,
        Self::Sizes,
        Self::Columns,
        Self::Constraints,
        Self::Relations,
        Self::Activities,
    ];
}

/// What is in a database, and when.
#[derive(Debug, Default)]
pub(crate) struct Content {
    moment: Option<Moment>,
    extensions: Vec<Extension>,
    schemas: Vec<Schema>,
    relations: Vec<Relation>,
    /// Why parts of it are missing.
    failures: Vec<String>,
}

impl Content {
    /// Adds it to what is known of the database, and tells why parts of it are missing.
    pub(super) fn add_to(self, database: &mut Database) -> Vec<String> {
        if let Some(moment) = self.moment {
            database.set_moment(moment);
        }
        database.extensions = self.extensions;
        database.schemas = self.schemas;
        database.relations = self.relations;
        self.failures
    }
}

/// What is in the database that `config` leads to, as far as it can be read, by so many sessions at the most.
pub(super) async fn describe(config: &Config, sessions: usize) -> Content {
    let failures = Failures::default();
    let mut content = Content::default();
    if let Some(client) = failures.note(super::open(config).await) {
        let moment = failures.note(moment(&client).await);
        if failures.note(begin(&client).await).is_some() {
            content = read(client, &failures, config, sessions - 1).await;
        }
        content.moment = moment;
    }
    content.failures = failures.take();
    content
}

/// As [`describe`], in a session of that database whose transaction goes on, and which is over then.
pub(crate) async fn describe_in(session: Session, config: &Config) -> Content {
    /// A dump may have other ways of writing, and act for another.
    const AS_ITSELF: &str = "reset role; set client_encoding = 'UTF8'";
    let failures = Failures::default();
    let adopting = async {
        let client = pgark_connect::adopt(session, config.host()?).await?;
        super::set_up(&client, &[AS_ITSELF, super::ENCODING]).await?;
        Ok(client)
    };
    let mut content = Content::default();
    if let Some(client) = failures.note(adopting.await) {
        content = read(client, &failures, config, 0).await;
    }
    content.failures = failures.take();
    content
}

/// Reads all, with so many more sessions.
async fn read(client: Client, failures: &Failures, config: &Config, others: usize) -> Content {
    let others = others.min(Part::ALL.len() - 1);
    let next = AtomicUsize::new(0);
    let parts = async |reader: &Reader<'_>| {
        let mut parts = Parts::default();
        let premises = reader.list(Premises::read(&reader.client)).await;
        let premises = premises.into_iter().next().unwrap_or_default();
        while let Some(part) = Part::ALL.get(next.fetch_add(1, Ordering::Relaxed)) {
            reader.read(*part, &premises, &mut parts).await;
        }
        parts
    };
    let first = Reader { client, failures };
    let snapshot = match others {
        0 => Vec::new(),
        _ => first.list(snapshot(&first.client)).await,
    };
    let whole = async {
        let extensions = first.list(extensions(&first.client)).await;
        let schemas = first.list(schemas(&first.client)).await;
        (extensions, schemas, parts(&first).await)
    };
    let others = (0..others).zip(snapshot.iter().cycle());
    let others = others.map(async |(_, snapshot)| {
        let client = failures.note(super::open(config).await)?;
        let reader = Reader { client, failures };
        failures.note(begin(&reader.client).await)?;
        let as_first = format!("set transaction snapshot '{snapshot}'");
        failures.note(super::set_up(&reader.client, &[&as_first]).await)?;
        Some(parts(&reader).await)
    });
    let ((extensions, schemas, parts), others) = join(whole, join_all(others)).await;
    let parts = others.into_iter().flatten().chain([parts]).collect();
    Content {
        extensions,
        schemas,
        relations: relation::put_together(parts),
        ..Content::default()
    }
}

/// A database in which one part after the other is read, all of one snapshot as long as none fails.
struct Reader<'a> {
    client: Client,
    failures: &'a Failures,
}

impl Reader<'_> {
    /// Reads a part of all relations.
    async fn read(&self, part: Part, premises: &Premises, parts: &mut Parts) {
        let client = &self.client;
        match part {
            Part::Indexes => parts.indexes = self.list(relation::indexes(client, premises)).await,
            Part::Sizes => parts.sizes = self.list(relation::sizes(client, premises)).await,
            Part::Columns => parts.columns = self.list(relation::columns(client, premises)).await,
            Part::Constraints => {
                parts.constraints = self.list(relation::constraints(client, premises)).await
            }
            Part::Relations => {
                parts.relations = self.list(relation::relations(client, premises)).await
            }
            Part::Activities => {
                parts.activities = self.list(relation::activities(client, premises)).await
            }
        }
    }

    /// What was read, or nothing and a failure. After one the transaction goes on in a new snapshot.
    async fn list<T>(&self, reading: impl Future<Output = Result<Vec<T>>>) -> Vec<T> {
        // That the connection broke has been told.
        if self.client.is_closed() {
            return Vec::new();
        }
        let read = self.failures.note(reading.await);
        if read.is_none() && !self.client.is_closed() {
            let again = self.client.batch_execute("rollback").await;
            let what = "on after a failure";
            let again = again.map_err(|source| Error::Read { what, source });
            self.failures.note(again);
            self.failures.note(begin(&self.client).await);
        }
        read.unwrap_or_default()
    }
}

async fn begin(client: &Client) -> Result<()> {
    let begin = "begin isolation level repeatable read, read only";
    let begun = client.batch_execute(begin).await;
    let what = "the database in one snapshot";
    begun.map_err(|source| Error::Read { what, source })
}

/// By what name other sessions take the snapshot over.
async fn snapshot(client: &Client) -> Result<Vec<String>> {
    let sql = "select pg_catalog.pg_export_snapshot()";
    query(client, "the snapshot's name", sql, |f| f.text()).await
}

async fn moment(client: &Client) -> Result<Moment> {
    query_one(client, Moment::WHAT, Moment::SQL, |f| {
        Ok(Moment {
            time: f.text()?,
            lsn: f.text()?,
        })
    })
    .await
}

async fn extensions(client: &Client) -> Result<Vec<Extension>> {
    let sql = "select e.extname::pg_catalog.text, e.extversion, n.nspname::pg_catalog.text \
               from pg_catalog.pg_extension e \
               join pg_catalog.pg_namespace n on n.oid = e.extnamespace \
               order by e.extname";
    query(client, "extensions", sql, |f| {
        Ok(Extension {
            name: f.text()?,
            version: f.text()?,
            schema: f.text()?,
        })
    })
    .await
}

async fn schemas(client: &Client) -> Result<Vec<Schema>> {
    let sql = format!(
        "select n.nspname::pg_catalog.text, pg_catalog.pg_get_userbyid(n.nspowner)::pg_catalog.text \
         from pg_catalog.pg_namespace n where {USER_SCHEMA} order by n.nspname"
    );
    query(client, "schemas", &sql, |f| {
        Ok(Schema {
            name: f.text()?,
            owner: f.text()?,
        })
    })
    .await
}
