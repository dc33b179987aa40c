//! What is in one database: extensions, schemas, relations.

use tokio_postgres::Client;

use super::fields::query;
use super::model::{Database, Extension, Schema};
use super::relation;
use crate::error::Result;

/// The schemas that belong to users.
pub(super) const USER_SCHEMA: &str = "n.nspname not in ('pg_catalog', 'information_schema') \
                                      and n.nspname !~ '^pg_(toast|temp)'";

/// Fills in the parts one after the other; those before an error stay.
pub(super) async fn fill(client: &Client, database: &mut Database) -> Result<()> {
    database.extensions = extensions(client).await?;
    database.schemas = schemas(client).await?;
    database.relations = relation::relations(client).await?;
    relation::fill(client, &mut database.relations).await
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
