//! Relations with their columns, constraints and indexes.

use std::collections::HashMap;
use std::mem::take;

use tokio_postgres::Client;

use super::database::USER_SCHEMA;
use super::fields::query;
use super::model::{Column, Constraint, Index, Relation};
use crate::error::Result;

/// What is to be known of a database before its relations are asked about: conditions on `c`, a row of `pg_class`.
#[derive(Debug)]
pub(super) struct Premises {
    /// That it is a user's.
    users: String,
    /// That no other session keeps it to itself: asking for a size, an expression or an index's definition opens the table, and would wait.
    free: String,
    /// Whether the database is so large that listing its files is faster than asking for the sizes of its relations, each of which the
    /// server has to get to know; and whether the role may.
    lists_files: bool,
}

impl Default for Premises {
    /// Where nothing is known.
    fn default() -> Self {
        Self {
            users: format!(
                "c.relnamespace in (select n.oid from pg_catalog.pg_namespace n where {USER_SCHEMA})"
            ),
            free: "true".into(),
            lists_files: false,
        }
    }
}

impl Premises {
    /// Gives one.
    pub(super) async fn read(client: &Client) -> Result<Vec<Self>> {
        let sql = format!(
            "select array(select n.oid from pg_catalog.pg_namespace n where not ({USER_SCHEMA})), \
               array(select l.relation from pg_catalog.pg_locks l \
                 where l.mode = 'AccessExclusiveLock' and l.relation is not null \
                 and l.database = (select d.oid from pg_catalog.pg_database d \
                   where d.datname = pg_catalog.current_database())), \
               pg_catalog.pg_relation_size('pg_catalog.pg_class') > 2097152 \
                 and pg_catalog.has_function_privilege('pg_catalog.pg_ls_dir(pg_catalog.text)', 'execute') \
                 and pg_catalog.has_function_privilege('pg_catalog.pg_stat_file(pg_catalog.text, pg_catalog.bool)', 'execute')"
        );
        query(client, "the locks", &sql, |f| {
            Ok(Self {
                users: none_of("c.relnamespace", &f.take::<Vec<_>>()?),
                free: none_of("c.oid", &f.take::<Vec<_>>()?),
                lists_files: f.take()?,
            })
        })
        .await
    }
}

/// The condition that an OID is none of some.
fn none_of(column: &str, oids: &[u32]) -> String {
    let oids: Vec<_> = oids.iter().map(ToString::to_string).collect();
    format!(
        "{column} <> all ('{{{}}}'::pg_catalog.oid[])",
        oids.join(",")
    )
}

/// The relations of users' schemas, by schema and name, without their parts.
pub(super) async fn relations(client: &Client, premises: &Premises) -> Result<Vec<Relation>> {
    let sql = format!(
        "select c.oid, n.nspname::pg_catalog.text, c.relname::pg_catalog.text, \
           pg_catalog.pg_get_userbyid(c.relowner)::pg_catalog.text, c.relpersistence::pg_catalog.text, \
           c.relkind::pg_catalog.text, t.spcname::pg_catalog.text, \
           greatest(c.reltuples, 0)::pg_catalog.int8, \
           exists (select from pg_catalog.pg_constraint p where p.conrelid = c.oid and p.contype = 'p'), \
           c.relhastriggers, c.relrowsecurity, c.relforcerowsecurity, c.relispartition, \
           (select pn.nspname::pg_catalog.text || '.' || pc.relname::pg_catalog.text from pg_catalog.pg_inherits i \
              join pg_catalog.pg_class pc on pc.oid = i.inhparent \
              join pg_catalog.pg_namespace pn on pn.oid = pc.relnamespace \
              where i.inhrelid = c.oid order by i.inhseqno limit 1), \
           case p.partstrat when 'r' then 'range' when 'l' then 'list' when 'h' then 'hash' end, \
           c.reloptions \
         from pg_catalog.pg_class c \
         join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
         left join pg_catalog.pg_tablespace t on t.oid = c.reltablespace \
         left join pg_catalog.pg_partitioned_table p on p.partrelid = c.oid \
         where c.relkind in ('r', 'p', 'f', 'm', 'v', 'S') and {} \
         order by n.nspname, c.relname",
        premises.users
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
            has_primary_key: f.take()?,
            has_triggers: f.take()?,
            rls_enabled: f.take()?,
            rls_forced: f.take()?,
            is_partition: f.take()?,
            partition_parent: f.text()?,
            partition_strategy: f.text()?,
            storage_options: f.texts()?,
            ..Relation::default()
        })
    })
    .await
}

/// The relations of a database, to which parts are added that were read in sets. A part of a relation that is not among them, since it
/// was made after they were read, is left out.
struct Relations {
    list: Vec<Relation>,
    places: HashMap<u32, usize>,
}

impl Relations {
    fn new(list: Vec<Relation>) -> Self {
        let oids = list.iter().map(|relation| relation.oid);
        Self {
            places: oids.enumerate().map(|(place, oid)| (oid, place)).collect(),
            list,
        }
    }

    fn add_each<T>(&mut self, parts: Vec<(u32, T)>, add: impl Fn(&mut Relation, T)) {
        for (oid, part) in parts {
            let place = self.places.get(&oid);
            if let Some(relation) = place.and_then(|place| self.list.get_mut(*place)) {
                add(relation, part);
            }
        }
    }

    fn add(&mut self, parts: Parts) {
        self.add_each(parts.sizes, |relation, bytes| relation.bytes = bytes);
        self.add_each(parts.activities, |relation, activity| {
            relation.live_row_estimate = activity.live_rows;
            relation.last_vacuum = activity.last_vacuum;
            relation.last_analyze = activity.last_analyze;
        });
        self.add_each(parts.columns, |relation, column| {
            relation.columns.push(column);
            relation.column_count = relation.columns.len();
        });
        self.add_each(parts.constraints, |relation, constraint| {
            relation.constraints.push(constraint);
        });
        self.add_each(parts.indexes, |relation, index| {
            relation.indexes.push(index)
        });
    }
}

/// What is read of relations in sets, each with its relation's OID.
#[derive(Debug, Default)]
pub(super) struct Parts {
    pub(super) relations: Vec<Relation>,
    pub(super) activities: Vec<(u32, Activity)>,
    pub(super) columns: Vec<(u32, Column)>,
    pub(super) constraints: Vec<(u32, Constraint)>,
    pub(super) indexes: Vec<(u32, Index)>,
    pub(super) sizes: Vec<(u32, Option<i64>)>,
}

/// The relations with their parts, each part of which is in one of `read`.
pub(super) fn put_together(mut read: Vec<Parts>) -> Vec<Relation> {
    let list = read.iter_mut().map(|parts| take(&mut parts.relations));
    let mut relations = Relations::new(list.flatten().collect());
    for parts in read {
        relations.add(parts);
    }
    relations.list
}

/// Bytes on the disk, with TOAST and indexes.
pub(super) async fn sizes(client: &Client, premises: &Premises) -> Result<Vec<(u32, Option<i64>)>> {
    let sql = if premises.lists_files {
        sizes_of_files(&premises.users)
    } else {
        sizes_asked_for(premises)
    };
    query(client, "the sizes of relations", &sql, |f| {
        Ok((f.take()?, f.take()?))
    })
    .await
}

/// A relation that another session keeps to itself has no size.
fn sizes_asked_for(premises: &Premises) -> String {
    let Premises { users, free, .. } = premises;
    format!(
        "select c.oid, pg_catalog.pg_total_relation_size(c.oid) \
         from pg_catalog.pg_class c \
         where c.relkind in ('r', 'p', 'f', 'm', 'v', 'S') and {users} \
         and {free}"
    )
}

/// Adds up files: a relation's folder is that of its tablespace, and their names begin with its number.
///
/// Source: "Database File Layout" in the manual.
fn sizes_of_files(users: &str) -> String {
    format!(
        "with relations (oid, node, space, toast) as ( \
           select c.oid, c.relfilenode, c.reltablespace, c.reltoastrelid from pg_catalog.pg_class c \
           where c.relkind in ('r', 'p', 'f', 'm', 'v', 'S') and {users}), \
         indexes (table_oid, node, space) as ( \
           select x.indrelid, i.relfilenode, i.reltablespace \
           from pg_catalog.pg_index x join pg_catalog.pg_class i on i.oid = x.indexrelid), \
         parts (oid, node, space) as ( \
           select oid, node, space from relations \
           union all select r.oid, i.node, i.space from relations r join indexes i on i.table_oid = r.oid \
           union all select r.oid, t.relfilenode, t.reltablespace \
             from relations r join pg_catalog.pg_class t on t.oid = r.toast \
           union all select r.oid, i.node, i.space from relations r join indexes i on i.table_oid = r.toast), \
         folders (space, path) as ( \
           select s.space, pg_catalog.regexp_replace(pg_catalog.pg_relation_filepath(s.one), '/[^/]*$', '') \
           from (select c.reltablespace, pg_catalog.min(c.oid) from pg_catalog.pg_class c \
             where c.relfilenode <> 0 and c.relpersistence <> 't' group by c.reltablespace) s (space, one)), \
         files (space, node, bytes) as ( \
           select f.space, pg_catalog.substring(name, '^[0-9]+')::pg_catalog.oid, \
             (pg_catalog.pg_stat_file(f.path || '/' || name, true)).size \
           from folders f cross join lateral pg_catalog.pg_ls_dir(f.path) name where name ~ '^[0-9]') \
         select p.oid, coalesce(pg_catalog.sum(f.bytes), 0)::pg_catalog.int8 \
         from parts p left join files f on f.space = p.space and f.node = p.node group by p.oid"
    )
}

/// What the server's statistics say of a table.
#[derive(Debug)]
pub(super) struct Activity {
    live_rows: i64,
    last_vacuum: Option<String>,
    last_analyze: Option<String>,
}

/// What `pg_stat_user_tables` shows, from the functions under it: the view takes much longer.
pub(super) async fn activities(
    client: &Client,
    premises: &Premises,
) -> Result<Vec<(u32, Activity)>> {
    let time = |what: &str| {
        format!(
            "pg_catalog.to_char(pg_catalog.timezone('UTC', greatest(pg_catalog.pg_stat_get_last_{what}_time(c.oid), \
               pg_catalog.pg_stat_get_last_auto{what}_time(c.oid))), 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
        )
    };
    let sql = format!(
        "select c.oid, pg_catalog.pg_stat_get_live_tuples(c.oid), {last_vacuum}, {last_analyze} \
         from pg_catalog.pg_class c \
         where c.relkind in ('r', 'm', 'p') and {users}",
        users = premises.users,
        last_vacuum = time("vacuum"),
        last_analyze = time("analyze"),
    );
    query(client, "the statistics of tables", &sql, |f| {
        Ok((
            f.take()?,
            Activity {
                live_rows: f.take()?,
                last_vacuum: f.optional_text()?,
                last_analyze: f.optional_text()?,
            },
        ))
    })
    .await
}

/// Columns; defaults of a relation that another session keeps to itself are left out.
pub(super) async fn columns(client: &Client, premises: &Premises) -> Result<Vec<(u32, Column)>> {
    let Premises { users, free, .. } = premises;
    let sql = format!(
        "select a.attrelid, a.attnum, a.attname::pg_catalog.text, pg_catalog.format_type(a.atttypid, a.atttypmod), \
           not a.attnotnull, \
           case when {free} then pg_catalog.pg_get_expr(d.adbin, d.adrelid) end \
         from pg_catalog.pg_attribute a \
         join pg_catalog.pg_class c on c.oid = a.attrelid and c.relkind in ('r', 'p', 'f', 'm', 'v', 'S') \
         left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum \
         where a.attnum > 0 and not a.attisdropped and {users} \
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

pub(super) async fn constraints(
    client: &Client,
    premises: &Premises,
) -> Result<Vec<(u32, Constraint)>> {
    let users = &premises.users;
    // Not-null constraints, which are rows of their own since 18, show in the columns.
    let sql = format!(
        "select o.conrelid, o.conname::pg_catalog.text, o.contype::pg_catalog.text, \
           (select pg_catalog.array_agg(a.attname::pg_catalog.text order by k.place) \
              from pg_catalog.unnest(o.conkey) with ordinality as k (attnum, place) \
              join pg_catalog.pg_attribute a on a.attrelid = o.conrelid and a.attnum = k.attnum) \
         from pg_catalog.pg_constraint o \
         join pg_catalog.pg_class c on c.oid = o.conrelid \
         where o.contype in ('p', 'u', 'f', 'c', 'x') and {users} \
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

/// Indexes; definitions of those of a table that another session keeps to itself are left out.
pub(super) async fn indexes(client: &Client, premises: &Premises) -> Result<Vec<(u32, Index)>> {
    let Premises { users, free, .. } = premises;
    // A foreign key names the index that it relies on, too, but is no constraint of the index's table by this index.
    let sql = format!(
        "select x.indrelid, i.relname::pg_catalog.text, m.amname::pg_catalog.text, \
           case when {free} \
             then pg_catalog.replace(pg_catalog.pg_get_indexdef(x.indexrelid), E'\\n', ' ') end, \
           x.indisunique, x.indisprimary, x.indisvalid, x.indpred is not null, \
           (select o.conname::pg_catalog.text from pg_catalog.pg_constraint o \
              where o.conindid = x.indexrelid and o.conrelid = x.indrelid and o.contype in ('p', 'u', 'x') \
              order by o.conname limit 1) \
         from pg_catalog.pg_index x \
         join pg_catalog.pg_class i on i.oid = x.indexrelid \
         join pg_catalog.pg_am m on m.oid = i.relam \
         join pg_catalog.pg_class c on c.oid = x.indrelid and c.relkind in ('r', 'p', 'm') \
         where {users} \
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
