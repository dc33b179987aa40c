-- What the manifest says of one database, as the server's own views and functions tell it. Run in that database as a superuser
-- with an empty search_path.
with schemas as (
  select oid, nspname, nspowner from pg_namespace
  where nspname <> all ('{pg_catalog,information_schema}') and not starts_with(nspname, 'pg_toast') and not starts_with(nspname, 'pg_temp')
), relations as (
  select c.*, nspname, c.oid::regclass as id
  from pg_class c join schemas s on s.oid = relnamespace where relkind = any ('{r,p,f,m,v,S}')
)
select json_build_object(
  'extensions', (
    select json_agg(json_build_object('name', extname, 'version', extversion, 'schema', extnamespace::regnamespace::text)
                    order by extname)
    from pg_extension),
  'schemas', (
    select json_agg(json_build_object('name', nspname, 'owner', r.rolname) order by nspname)
    from schemas join pg_roles r on r.oid = nspowner),
  'relations', (
    select json_agg(json_build_object(
      'schema', nspname,
      'name', relname,
      'owner', (select rolname from pg_roles where oid = relowner),
      'persistence', relpersistence,
      'kind', relkind,
      'tablespace', (select spcname from pg_tablespace where oid = reltablespace),
      'row_estimate', case when reltuples < 0 then 0 else reltuples::bigint end,
      'live_row_estimate', coalesce(case when relkind = any ('{r,m,p}') then pg_stat_get_live_tuples(c.oid) end, 0),
      'bytes', pg_table_size(c.oid) + pg_indexes_size(c.oid),
      'column_count', (select count(*) from pg_attribute where attrelid = c.oid and attnum > 0 and not attisdropped),
      'has_primary_key', coalesce((select bool_or(indisprimary) from pg_index where indrelid = c.oid), false),
      'has_triggers', relhastriggers,
      'rls_enabled', relrowsecurity,
      'rls_forced', relforcerowsecurity,
      'is_partition', relispartition,
      'partition_parent', (
        select format('%s.%s', p.relnamespace::regnamespace::name, p.relname)
        from pg_inherits join pg_class p on p.oid = inhparent where inhrelid = c.oid and inhseqno = 1),
      'partition_strategy', (
        select case when starts_with(pg_get_partkeydef(c.oid), 'RANGE') then 'range'
                    when starts_with(pg_get_partkeydef(c.oid), 'LIST') then 'list'
                    when starts_with(pg_get_partkeydef(c.oid), 'HASH') then 'hash' end),
      'storage_options', reloptions,
      'last_vacuum', (select to_char(last_vacuum at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') from pg_stat_user_tables t where t.relid = c.oid),
      'last_analyze', (select to_char(last_analyze at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') from pg_stat_user_tables t where t.relid = c.oid),
      'columns', (
        select json_agg(json_build_object(
          'position', attnum,
          'name', attname,
          'type', format_type(atttypid, atttypmod),
          'nullable', not attnotnull,
          'default', (select pg_get_expr(adbin, adrelid) from pg_attrdef where adrelid = attrelid and adnum = attnum)
        ) order by attnum)
        from pg_attribute where attrelid = c.oid and attnum > 0 and not attisdropped),
      'constraints', (
        select json_agg(json_build_object(
          'name', conname,
          'type', contype,
          'columns', (
            select json_agg(attname order by array_position(conkey, attnum))
            from pg_attribute where attrelid = c.oid and attnum = any (conkey))
        ) order by conname)
        from pg_constraint where conrelid = c.oid and contype = any ('{p,u,f,c,x}')),
      'indexes', (
        select json_agg(json_build_object(
          'name', x.relname,
          'method', (select amname from pg_am where oid = x.relam),
          'definition', replace(pg_get_indexdef(indexrelid), chr(10), ' '),
          'is_unique', indisunique,
          'is_primary', indisprimary,
          'is_valid', indisvalid,
          'is_partial', pg_get_expr(indpred, indrelid) is not null,
          'constraint_name', (
            select conname from pg_constraint
            where conindid = indexrelid and conrelid = indrelid and contype = any ('{p,u,x}'))
        ) order by x.relname)
        from pg_index join pg_class x on x.oid = indexrelid where indrelid = c.oid)
    ) order by nspname, relname)
    from relations c)
)
