//! What is in one database: extensions, schemas, relations.

use pgark_connect::Config;
use tokio_postgres::Client;

use super::failures::{Failures, Subject};
use super::fields::{query, query_one};
use super::model::{Database, Extension, Relation, Schema};
use super::relation::{self, Relations};
use crate::error::{Error, Result};
use crate::moment::Moment;

/// The schemas that belong to users.
pub(super) const USER_SCHEMA: &str = "n.nspname not in ('pg_catalog', 'information_schema') \
                                      and n.nspname !~ '^pg_(toast|temp)'";

/// A database in which one part after the other is read, all of one snapshot as long as none fails.
struct Reader<'a> {
    client: Client,
    of: Subject<'a>,
    failures: &'a Failures,
}

impl Reader<'_> {
    /// What was read, or `None` and a failure. After one the transaction goes on in a new snapshot.
    async fn note<T>(&self, reading: impl Future<Output = Result<T>>) -> Option<T> {
        // That the connection broke has been told.
        if self.client.is_closed() {
            return None;
        }
        let read = self.failures.note(self.of, reading.await);
        if read.is_none() && !self.client.is_closed() {
            let again = self.client.batch_execute("rollback").await;
            let what = "on after a failure";
            let again = again.map_err(|source| Error::Read { what, source });
            self.failures.note(self.of, again);
            self.failures.note(self.of, begin(&self.client).await);
        }
        read
    }

    /// As [`note`](Self::note), for what may be empty.
    async fn list<T>(&self, reading: impl Future<Output = Result<Vec<T>>>) -> Vec<T> {
        self.note(reading).await.unwrap_or_default()
    }
}

/// What is in a database, as far as it can be read, beside what is known of it.
pub(super) async fn describe(
    config: &Config,
    place: usize,
    database: &Database,
    failures: &Failures,
) -> Content {
    let of = Subject::Database(place, &database.name);
    let mut content = Content::default();
    let client = super::open(&config.with_dbname(&database.raw_name)).await;
    let Some(client) = failures.note(of, client) else {
        return content;
    };
    content.moment = failures.note(of, moment(&client).await);
    if failures.note(of, begin(&client).await).is_none() {
        return content;
    }
    let reader = Reader {
        client,
        of,
        failures,
    };
    let client = &reader.client;
    content.extensions = reader.list(extensions(client)).await;
    content.schemas = reader.list(schemas(client)).await;
    let mut relations = Relations::new(reader.list(relation::relations(client)).await);
    relations.add_sizes(reader.list(relation::sizes(client)).await);
    relations.add_activities(reader.list(relation::activities(client)).await);
    relations.add_columns(reader.list(relation::columns(client)).await);
    relations.add_constraints(reader.list(relation::constraints(client)).await);
    relations.add_indexes(reader.list(relation::indexes(client)).await);
    content.relations = relations.into_list();
    content
}

/// What is in a database, and when.
#[derive(Debug, Default)]
pub(super) struct Content {
    moment: Option<Moment>,
    extensions: Vec<Extension>,
    schemas: Vec<Schema>,
    relations: Vec<Relation>,
}

impl Content {
    /// Adds it to what is known of the database.
    pub(super) fn add_to(self, database: &mut Database) {
        if let Some(moment) = self.moment {
            database.set_moment(moment);
        }
        database.extensions = self.extensions;
        database.schemas = self.schemas;
        database.relations = self.relations;
    }
}

async fn begin(client: &Client) -> Result<()> {
    let begin = "begin isolation level repeatable read, read only";
    let begun = client.batch_execute(begin).await;
    let what = "the database in one snapshot";
    begun.map_err(|source| Error::Read { what, source })
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
