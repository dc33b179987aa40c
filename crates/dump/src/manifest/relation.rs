//! Relations with their columns, constraints and indexes.

use std::collections::HashMap;

use tokio_postgres::Client;

use super::database::USER_SCHEMA;
use super::fields::query;
use super::model::{Column, Constraint, Index, Relation};
use crate::error::Result;

/// The relations of users' schemas, by schema and name, without their parts.
pub(super) async fn relations(client: &Client) -> Result<Vec<Relation>> {
    let time = |manual: &str, auto: &str| {
        format!(
            "pg_catalog.to_char(pg_catalog.timezone('UTC', greatest(s.{manual}, s.{auto})), 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
        )
    };
    let sql = format!(
        "select c.oid, n.nspname::pg_catalog.text, c.relname::pg_catalog.text, \
           pg_catalog.pg_get_userbyid(c.relowner)::pg_catalog.text, c.relpersistence::pg_catalog.text, \
           c.relkind::pg_catalog.text, t.spcname::pg_catalog.text, \
           greatest(c.reltuples, 0)::pg_catalog.int8, coalesce(s.n_live_tup, 0), \
           exists (select from pg_catalog.pg_constraint p where p.conrelid = c.oid and p.contype = 'p'), \
           c.relhastriggers, c.relrowsecurity, c.relforcerowsecurity, c.relispartition, \
           (select pn.nspname::pg_catalog.text || '.' || pc.relname::pg_catalog.text from pg_catalog.pg_inherits i \
              join pg_catalog.pg_class pc on pc.oid = i.inhparent \
              join pg_catalog.pg_namespace pn on pn.oid = pc.relnamespace \
              where i.inhrelid = c.oid order by i.inhseqno limit 1), \
           case p.partstrat when 'r' then 'range' when 'l' then 'list' when 'h' then 'hash' end, \
           c.reloptions, {last_vacuum}, {last_analyze} \
         from pg_catalog.pg_class c \
         join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
         left join pg_catalog.pg_tablespace t on t.oid = c.reltablespace \
         left join pg_catalog.pg_partitioned_table p on p.partrelid = c.oid \
         left join pg_catalog.pg_stat_user_tables s on s.relid = c.oid \
         where c.relkind in ('r', 'p', 'f', 'm', 'v', 'S') and {USER_SCHEMA} \
         order by n.nspname, c.relname",
        last_vacuum = time("last_vacuum", "last_autovacuum"),
        last_analyze = time("last_analyze", "last_autoanalyze"),
    );
    query(client, "relations", &sql, |f| {
        Ok(Relation {
            oid: f.take()?,
            schema: f.text()?,
            name: f.text()?,
            owner: f.text()?,
            persistence: f.text()?,
            kind: f.text()?,
            tablespace: f.text()?,
            row_estimate: f.take()?,
            live_row_estimate: f.take()?,
            has_primary_key: f.take()?,
            has_triggers: f.take()?,
            rls_enabled: f.take()?,
            rls_forced: f.take()?,
            is_partition: f.take()?,
            partition_parent: f.text()?,
            partition_strategy: f.text()?,
            storage_options: f.texts()?,
            last_vacuum: f.optional_text()?,
            last_analyze: f.optional_text()?,
            ..Relation::default()
        })
    })
    .await
}

/// Fills in columns, then constraints, then indexes; those before an error stay.
pub(super) async fn fill(client: &Client, relations: &mut [Relation]) -> Result<()> {
    let places: HashMap<_, _> = relations
        .iter()
        .enumerate()
        .map(|(place, relation)| (relation.oid, place))
        .collect();
    for (oid, column) in columns(client).await? {
        let Some(relation) = relation(relations, &places, oid) else {
            continue;
        };
        relation.columns.push(column);
        relation.column_count = relation.columns.len();
    }
    for (oid, constraint) in constraints(client).await? {
        let Some(relation) = relation(relations, &places, oid) else {
            continue;
        };
        relation.constraints.push(constraint);
    }
    for (oid, index) in indexes(client).await? {
        let Some(relation) = relation(relations, &places, oid) else {
            continue;
        };
        relation.indexes.push(index);
    }
    Ok(())
}

/// The relation of an OID, unless it was made after the relations were read.
fn relation<'a>(
    relations: &'a mut [Relation],
    places: &HashMap<u32, usize>,
    oid: u32,
) -> Option<&'a mut Relation> {
    relations.get_mut(*places.get(&oid)?)
}

async fn columns(client: &Client) -> Result<Vec<(u32, Column)>> {
    let sql = format!(
        "select a.attrelid, a.attnum, a.attname::pg_catalog.text, pg_catalog.format_type(a.atttypid, a.atttypmod), \
           not a.attnotnull, pg_catalog.pg_get_expr(d.adbin, d.adrelid) \
         from pg_catalog.pg_attribute a \
         join pg_catalog.pg_class c on c.oid = a.attrelid and c.relkind in ('r', 'p', 'f', 'm', 'v', 'S') \
         join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
         left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum \
         where a.attnum > 0 and not a.attisdropped and {USER_SCHEMA} \
         order by a.attrelid, a.attnum"
    );
    query(client, "columns", &sql, |f| {
        Ok((
            f.take()?,
            Column {
                position: f.take()?,
                name: f.text()?,
                r#type: f.text()?,
                nullable: f.take()?,
                default: f.text()?,
            },
        ))
    })
    .await
}

async fn constraints(client: &Client) -> Result<Vec<(u32, Constraint)>> {
    // Not-null constraints, which are rows of their own since 18, show in the columns.
    let sql = format!(
        "select o.conrelid, o.conname::pg_catalog.text, o.contype::pg_catalog.text, \
           (select pg_catalog.array_agg(a.attname::pg_catalog.text order by k.place) \
              from pg_catalog.unnest(o.conkey) with ordinality as k (attnum, place) \
              join pg_catalog.pg_attribute a on a.attrelid = o.conrelid and a.attnum = k.attnum) \
         from pg_catalog.pg_constraint o \
         join pg_catalog.pg_class c on c.oid = o.conrelid \
         join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
         where o.contype in ('p', 'u', 'f', 'c', 'x') and {USER_SCHEMA} \
         order by o.conrelid, o.conname"
    );
    query(client, "constraints", &sql, |f| {
        Ok((
            f.take()?,
            Constraint {
                name: f.text()?,
                r#type: f.text()?,
                columns: f.texts()?,
            },
        ))
    })
    .await
}

async fn indexes(client: &Client) -> Result<Vec<(u32, Index)>> {
    // A foreign key names the index that it relies on, too, but is no constraint of the index's table by this index.
    let sql = format!(
        "select x.indrelid, i.relname::pg_catalog.text, m.amname::pg_catalog.text, \
           pg_catalog.replace(pg_catalog.pg_get_indexdef(x.indexrelid), E'\\n', ' '), \
           x.indisunique, x.indisprimary, x.indisvalid, x.indpred is not null, \
           (select o.conname::pg_catalog.text from pg_catalog.pg_constraint o \
              where o.conindid = x.indexrelid and o.conrelid = x.indrelid and o.contype in ('p', 'u', 'x') \
              order by o.conname limit 1) \
         from pg_catalog.pg_index x \
         join pg_catalog.pg_class i on i.oid = x.indexrelid \
         join pg_catalog.pg_am m on m.oid = i.relam \
         join pg_catalog.pg_class c on c.oid = x.indrelid and c.relkind in ('r', 'p', 'm') \
         join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
         where {USER_SCHEMA} \
         order by x.indrelid, i.relname"
    );
    query(client, "indexes", &sql, |f| {
        Ok((
            f.take()?,
            Index {
                name: f.text()?,
                method: f.text()?,
                definition: f.text()?,
                is_unique: f.take()?,
                is_primary: f.take()?,
                is_valid: f.take()?,
                is_partial: f.take()?,
                constraint_name: f.text()?,
            },
        ))
    })
    .await
}
