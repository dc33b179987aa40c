-- The cluster whose backup is looked at from every side: roles, and databases of every kind of name. Databases are filled by other
-- scripts; each has a table, so that they can be told apart.

create role app_owner login password 'secret1' connection limit 7 valid until '2031-02-03 04:05:06+00';
create role readers nologin;
create role alice login password 'pw-alice' in role readers;
create role "Ünï ""quoted""" createdb createrole noinherit valid until 'infinity';
grant readers to app_owner with admin option;
grant app_owner to "Ünï ""quoted""";
alter role alice set search_path = app, public;
comment on role readers is 'they read';

create database appdb;
create database shop;
create database "odd-name DB";
create database "a/b";
create database "x=y";
create database "-dash";
create database "50%";
create database "..";
create database "Größe mit Blank";
create database closed;
create table pgnote (i int);
insert into pgnote values (42);

\connect a/b
create table "in a/b" (t text);
insert into "in a/b" values ('of a/b');
\connect -reuse-previous=on "dbname='x=y'"
create table "in x=y" (t text);
insert into "in x=y" values ('of x=y');
\connect -dash
create table "in -dash" (t text);
insert into "in -dash" values ('of -dash');
\connect 50%
create table "in 50%" (t text);
insert into "in 50%" values ('of 50%');
\connect ..
create table "in .." (t text);
insert into "in .." values ('of ..');
\connect "Größe mit Blank"
create table "in Größe" (t text);
insert into "in Größe" values ('ß');
\connect template1
create table in_template1 (t text);
\connect closed
create table in_closed (t text);
\connect postgres
update pg_database set datallowconn = false where datname = 'closed';
