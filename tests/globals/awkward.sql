-- A cluster's worth of roles, settings, memberships and privileges that are awkward to write down.

set client_min_messages = error;
set standard_conforming_strings = on;

-- Names.
do $$
declare
  name text;
  names constant text[] := array[
    'quo"ted', 'back\slash', E'new\nline', E'carriage\r return', E'tab\tbed', 'Ümläut Größe', '日本語', 'select', 'user', 'table',
    'current_user', 'group', 'all', 'Mixed', 'with space', ' leading', 'trailing ', 'semi;colon', '--comment', '/* comment', '''apos''',
    '$dollar$', 'a.b', '1digit', '_under', 'per%cent', '\', '"', E'\x01\x7f', repeat('x', 63), repeat('ü', 31), 'pgpg_role', 'name', 'setof'];
begin
  foreach name in array names loop
    execute format('create role %I', name);
    execute format('comment on role %I is %L', name, 'of ' || name);
  end loop;
end
$$;
comment on role "quo""ted" is E'it''s a\ncomment \\ with "all" $$ \\connect x';
comment on role "back\slash" is '';

-- Attributes, one each, then all and none.
create role a_superuser superuser;
create role a_inherit noinherit;
create role a_createrole createrole;
create role a_createdb createdb;
create role a_login login;
create role a_replication replication;
create role a_bypassrls bypassrls;
create role a_all superuser inherit createrole createdb login replication bypassrls connection limit 3;
create role a_limit connection limit 0;

-- Ends.
create role u_infinity valid until 'infinity';
create role u_past valid until '-infinity';
create role u_date valid until '2031-02-03 04:05:06.789+00';
create role u_zone valid until '2030-07-01 12:00:00+05:30';
create role u_far valid until '12345-06-07 08:09:10+00';
create role u_bc valid until '0044-03-15 BC';
create role "u Ümläut" login valid until '2001-12-31' connection limit 1;

-- Passwords.
set password_encryption = 'scram-sha-256';
create role p_scram login password 'it''s \secret';
set password_encryption = 'md5';
create role p_md5 login password 'secret';
create role p_kept login password 'SCRAM-SHA-256$4096:c2FsdHNhbHRzYWx0c2E=$YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE=:YmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmI=';
create role p_none login password null;
reset password_encryption;

-- Settings: lists, empty ones, names that need quotes, values that need escapes.
alter role "quo""ted" set search_path = 'a b', "$user", public, 'quo"te', '';
alter role "back\slash" set search_path = '';
alter role "Mixed" set search_path to default;
alter role "Mixed" set temp_tablespaces = '', 'x y';
alter role a_login set session_preload_libraries = 'a', 'b c', '$libdir/d"e';
alter role a_login set local_preload_libraries = '';
alter role a_login set datestyle = 'SQL, DMY';
alter role a_login set application_name = E'ünï "x" \\ ''y'' \n z';
alter role a_login set work_mem = '7MB';
alter role a_login set "My_App"."Odd" = '';
alter role a_login set my.param = 'it''s \ "odd"';
alter role a_login set default_transaction_isolation = 'repeatable read';
alter role a_login set timezone = 'America/New_York';
alter role a_login set role = 'none';
alter role a_inherit in database template1 set statement_timeout = 18;
alter role all set log_min_duration_statement = -1;
alter database template1 set work_mem = '6MB';

-- Memberships: names in the order opposite to that of the grants.
create role z_first;
create role m_second;
create role b_third;
create role "A fourth";
create role r_group;
create role "R Group";
grant r_group to z_first with admin option;
set role z_first;
grant r_group to m_second with admin option;
set role m_second;
grant r_group to b_third with admin option;
set role b_third;
grant r_group to "A fourth", "quo""ted", "new
line";
reset role;
grant "R Group" to "select", "Ümläut Größe" with admin option;
grant a_all to "back\slash";
grant "with space" to "semi;colon";
grant pg_monitor to "Mixed", z_first with admin option;
grant r_group to pg_monitor;
