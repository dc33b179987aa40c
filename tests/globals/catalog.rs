//! The server's answers, as psql gets them.

use anyhow::{Context, Result};
use serde_json::Value;
use support::Server;

use crate::layout::leave_out_empty;

/// Asks for one JSON value in the database `db`.
fn ask(server: &Server, db: &str, sql: &str) -> Result<Value> {
    let script = format!("set search_path = '';\n{sql};\n");
    let answer = server.psql(db, script)?;
    serde_json::from_str(&answer).with_context(|| format!("no JSON: {answer:?}"))
}

/// What is in the database `db`: extensions, schemas, relations.
pub(crate) fn content(server: &Server, db: &str) -> Result<Value> {
    let mut content = ask(server, db, include_str!("catalog.sql"))?;
    leave_out_empty("databases", &mut content)?;
    Ok(content)
}

/// The roles, without the time at which they end.
pub(crate) fn roles(server: &Server) -> Result<Value> {
    let sql = "select json_agg(json_build_object(
        'name', rolname, 'superuser', rolsuper, 'replication', rolreplication, 'can_login', rolcanlogin,
        'create_db', rolcreatedb, 'create_role', rolcreaterole, 'inherit', rolinherit, 'bypass_rls', rolbypassrls,
        'connection_limit', rolconnlimit,
        'member_of', (
          select json_agg(distinct of.rolname::text order by of.rolname::text)
          from pg_auth_members join pg_roles of on of.oid = roleid where member = r.oid)
      ) order by rolname) from pg_roles r";
    let mut roles = ask(server, "postgres", sql)?;
    leave_out_empty("roles", &mut roles)?;
    Ok(roles)
}

/// The tablespaces.
pub(crate) fn tablespaces(server: &Server) -> Result<Value> {
    let sql = "select json_agg(json_build_object(
        'name', spcname, 'owner', (select rolname from pg_roles where oid = spcowner),
        'location', pg_tablespace_location(oid), 'options', spcoptions
      ) order by spcname) from pg_tablespace";
    let mut tablespaces = ask(server, "postgres", sql)?;
    leave_out_empty("tablespaces", &mut tablespaces)?;
    Ok(tablespaces)
}

/// The databases, without what is in them.
pub(crate) fn databases(server: &Server) -> Result<Value> {
    let sql = "select json_agg(json_build_object(
        'name', datname, 'owner', (select rolname from pg_roles where oid = datdba),
        'encoding', pg_encoding_to_char(encoding), 'collate', datcollate, 'ctype', datctype,
        'allow_conn', datallowconn, 'is_template', datistemplate,
        'default_tablespace', (select spcname from pg_tablespace where oid = dattablespace),
        'connection_limit', datconnlimit
      ) order by datname) from pg_database";
    ask(server, "postgres", sql)
}

/// The settings, as `show` tells them; those that this major does not have are empty.
pub(crate) fn cluster_config(server: &Server) -> Result<Value> {
    let sql = "select json_build_object(
        'data_directory', current_setting('data_directory'),
        'timezone', current_setting('timezone'),
        'max_connections', current_setting('max_connections')::int,
        'wal_level', current_setting('wal_level'),
        'server_encoding', current_setting('server_encoding'),
        'data_checksums', current_setting('data_checksums')::bool,
        'block_size', current_setting('block_size')::int,
        'wal_block_size', current_setting('wal_block_size')::int,
        'shared_preload_libraries', current_setting('shared_preload_libraries'),
        'lc_collate', current_setting('lc_collate', true),
        'lc_ctype', current_setting('lc_ctype', true),
        'archive_mode', current_setting('archive_mode'),
        'archive_command_set', current_setting('archive_command') not in ('', '(disabled)'))";
    let mut config = ask(server, "postgres", sql)?;
    leave_out_empty("cluster_config", &mut config)?;
    Ok(config)
}
